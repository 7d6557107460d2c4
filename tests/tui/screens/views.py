"""Every screen and dialog there is, how to get there, and what must be seen: shared by all tests that look at all.

``furnished`` is a dashboard that stands still and has something for each of them, plain or hostile.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.hosts.logs import LogEntry
from app.hosts.sampler_round import Told
from app.hosts.stats import Counters
from app.model.endpoint import Endpoint
from app.model.event import Event, event_key
from app.model.safe_text import SafeText
from app.operations import log_reader, log_sources
from app.operations.editing import edit_members
from app.operations.session import Session
from app.operations.shell.ending import Outcome
from app.operations.shell.target import Target
from app.operations.stats import StatsFeed
from app.screens.contexts_dialog import ContextsDialog
from app.screens.dashboard import Dashboard
from app.screens.doors import CLUSTER_IMAGES
from app.screens.images.works import Work
from app.screens.inside import output
from app.screens.inside.handing import OpeningDialog
from app.store.definitions import DefinitionStore
from app.store.drafts import DraftStore
from app.store.events import EventStore
from app.store.history import HistoryStore
from tests.tui.screens import deploys, imaging
from tests.tui.screens.driving import home_at, until_shown
from tests.tui.screens.still import CLOCK, HOSTS, still_dashboard
from tests.unit.builders import at
from tests.unit.store.past_tasks import TASK_ID, past_container, past_task
from widgets.live_table import LiveTable
from widgets.log_view import LogLine

T = TypeVar("T")
Act = Callable[[Pilot[Any]], Awaitable[object]]
WEB, SHOP = "3f" * 16, "c0" * 16
MIB = 1 << 20
SPOIL = [""]
"""What the dashboard that was furnished last has behind its texts."""

NASTY = (
    "[/x][@click=app.quit]q[/]\x1b[2J\x1b]0;pwned\x07\x1b]52;c;cHduZWQ=\x07\x1b]8;;http://evil\x1b\\x"
    "\x1bP+q\x1b\\\x9b31m\x9d0;pwned\x9c\x00\x08\x7f\u202e\u2066\u200b\ufeff\ud800e\u0301\u0301\u0301\u0301\u0301\u0301"
)
"""Escapes of all kinds, markup, controls, bidirectional and invisible characters, a lone surrogate, stacked marks."""


@dataclass(frozen=True, slots=True)
class View:
    """``shown``: what stands on the screen when one is there; ``act`` gets there after the keys were pressed.

    ``lives``: it shows what no test can hold still: numbers of this process, a notice that goes.
    """

    name: str
    shown: str
    keys: tuple[str, ...] = ()
    act: Act | None = None
    lives: bool = False


def _pushed(make: Callable[[Dashboard], Any]) -> Act:
    async def act(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, Dashboard)
        await app.push_screen(make(app))

    return act


def _then(first: Act, shown: str, *keys: str) -> Act:
    """Get there, see something, and press more."""

    async def act(pilot: Pilot[Any]) -> None:
        await first(pilot)
        await until_shown(pilot, shown)
        await pilot.press(*keys)

    return act


def _at(table_id: str, row: str, *keys: str) -> Act:
    """Put the cursor of a table on a row, and press keys."""

    async def act(pilot: Pilot[Any]) -> None:
        table = pilot.app.screen.query_one(f"#{table_id}", LiveTable)
        key = next(one.key for one in table.rows if one.key.startswith(row))
        table.move_to(key)
        await pilot.pause()
        await pilot.press(*keys)

    return act


def _typed(field: str, text: str) -> Act:
    """Into a field of a dialog."""

    async def act(pilot: Pilot[Any]) -> None:
        pilot.app.screen.query_one(f"#field-{field}", Input).value = text
        await pilot.pause()

    return act


def _target() -> Target:
    return Target(HOSTS[0], Endpoint("unix:///run/edge-1.sock"), "ab" * 32, "web", WEB, "web:7")


# --- what there is to see --------------------------------------------------------------------------------------------


def furnished(folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: str = "") -> Dashboard:
    """A dashboard at rest with definitions, a draft, events, a past, numbers, logs and contexts.

    ``spoil`` is put behind every text that comes from elsewhere, without having been made safe.
    """
    SPOIL[0] = spoil
    _definitions(folder, spoil)
    _drafts(folder)
    _contexts(folder, monkeypatch, spoil)
    app = still_dashboard(folder, monkeypatch, lambda update: _spoilt(update, spoil))
    _past(app.desk.session, spoil)
    monkeypatch.setattr(Session, "now", staticmethod(lambda: CLOCK))
    app.desk.session.operator = "ops"
    _numbers(app.desk.stats, app, monkeypatch)
    _logs(monkeypatch, spoil)
    imaging.put_images(monkeypatch, spoil)
    monkeypatch.setattr(output, "_Output", lambda _desk, _opened, screen: _Wrote(screen, spoil))
    return app


def _spoilt(value: T, spoil: str) -> T:
    """The same with something behind each SafeText in it, however deep."""
    if not spoil:
        return value
    if isinstance(value, tuple):
        return tuple(_spoilt(one, spoil) for one in value) if type(value) is tuple else value  # type: ignore[return-value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if isinstance(old, str) and "SafeText" in str(field.type):
            changed[field.name] = SafeText(old + spoil)
        elif isinstance(old, tuple) or is_dataclass(old):
            changed[field.name] = _spoilt(old, spoil)
    return dataclasses.replace(value, **changed)


def _definition(memory: int, spoil: str) -> dict[str, Any]:
    web = {
        "name": "web",
        "image": "nginx:1.28",
        "memory": memory,
        "portMappings": [{"containerPort": 80, "hostPort": 8080}],
        "environment": [{"name": "LOG_LEVEL", "value": f"info{spoil}"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
        "command": ["nginx", "-g", f"daemon off;{spoil}"],
        "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
    }
    db = {
        "name": "db",
        "image": "postgres:17",
        "memory": 512,
        "healthCheck": {"command": ["CMD-SHELL", "pg_isready"], "interval": 10},
    }
    return {"family": "web", "containerDefinitions": [web, db], "tags": [{"key": "team", "value": "blue"}]}


def _definitions(folder: Path, spoil: str) -> None:
    store = DefinitionStore(home_at(folder))
    # A document with a lone surrogate is refused when it is read.
    spoil = spoil.replace("\ud800", "")
    for number, memory in enumerate((128, 128, 192, 256, 256, 384, 512)):
        document = json.dumps(_definition(memory, spoil)).encode()
        store.register("web", document, "ops", at(-3600 + 60 * number), note=f"step {number + 1}")
    for family in ("batch", "shop"):
        plain = {"family": family, "containerDefinitions": [{"name": "main", "image": f"{family}:2", "memory": 256}]}
        store.register(family, json.dumps(plain).encode(), "ops", at(-7200))


def _drafts(folder: Path) -> None:
    held = DraftStore(home_at(folder)).new()
    held.save(json.dumps(_definition(640, ""), indent=4), ("web", 7), 7, at(-60))
    held.close()


def _contexts(folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    made = {"edge-4": "unix:///run/edge-4.sock", f"far{spoil}": f"ssh://me@far{spoil}", "open": "tcp://10.0.0.7:2375"}
    for name, host in made.items():
        meta = folder / "docker" / "contexts" / "meta" / hashlib.sha256(name.encode(errors="replace")).hexdigest()
        meta.mkdir(parents=True)
        told = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}
        (meta / "meta.json").write_text(json.dumps(told))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def _past(session: Session, spoil: str) -> None:
    text = SafeText(f"so it ends{spoil}")
    part = past_container("app", exit_code=3, last_lines=(SafeText("begin"), text), finished_at=at(-60))
    old = past_task(
        cluster=SafeText("prod"), containers=(part,), created_at=at(-180), stopped_at=at(-60), stopped_reason=text
    )
    HistoryStore(session.home).remember(old)
    told: list[tuple[str, float, dict[str, Any]]] = [
        ("connected", 170, {}),
        ("launch", 120, {"task_id": WEB, "family": SafeText("web"), "revision": 7, "by": SafeText("ops")}),
        ("started", 119, {"container": SafeText(f"by-hand{spoil}")}),
        ("died", 60, {"container": SafeText(f"job{spoil}"), "exit_code": 137, "detail": text}),
        ("oom", 59, {"container": SafeText("job")}),
        ("died", 40, {"task_id": TASK_ID, "family": SafeText("web"), "revision": 7, "exit_code": 3}),
        ("silent", 30, {"instance": SafeText("edge-3"), "detail": text}),
        ("call", 20, {"command": SafeText(f"moorage run-task web{spoil}"), "by": SafeText("ops"), "source": "here"}),
    ]
    events = [
        dataclasses.replace(
            Event(event_key(what, ago), at(200 - ago), what, "event", SafeText("prod"), SafeText(f"edge-1{spoil}")),
            **members,
        )
        for what, ago, members in told
    ]
    EventStore(session.home).add(events)


def _numbers(feed: StatsFeed, app: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    feed.clock = lambda: now
    monkeypatch.setattr(feed, "want", lambda *_: None)
    used = {"web": (160, 12.0), "db": (21, 0.4), "by-hand": (300, 150.0), "shop": (64, 3.0)}
    for state in app.desk.fleet.instances.values():
        for container in state.containers.values():
            name = str(container.tag.container if container.tag else "by-hand")
            if name not in used or not container.up:
                continue
            memory, percent = used[name]
            worked = 0.0
            for place in range(31):
                moment = now - 2.0 * (30 - place)
                counters = Counters(
                    at=moment,
                    cpu=round(worked),
                    system=round(moment * 4e9),
                    cores=4,
                    memory=(memory + place % 7) * MIB,
                    limit=512 * MIB,
                    received=round(moment * 1024),
                    sent=round(moment * 300),
                    pids=3,
                )
                feed._take(Told(container.id, counters, every=2.0), now)
                worked += (percent + place % 5) / 100 * 2e9


class _Told:
    """A log that is told once, and then followed in silence."""

    def __init__(self, entries: list[LogEntry]) -> None:
        self._entries = entries
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[list[LogEntry]]:
        yield self._entries
        self._closed.wait(60)

    def close(self) -> None:
        self._closed.set()


def _logs(monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    lines = (
        "listening on :80",
        f"GET /harbour/1 200 12ms{spoil}",
        '{"level":"warn","msg":"slow query","ms":812}',
        f'{{"level":"error","msg":"no answer from db","attempt":3,"why":{json.dumps(spoil)}}}',
        "\x1b[32mready\x1b[0m for more",
        "x" * 300,
    )

    def told(_engine: object, container: str, **_options: object) -> _Told:
        shift = int(container[:2], 16) % 5
        entries = [
            LogEntry("stderr" if number == 3 else "stdout", SafeText(line), at(100 + number * 7 + shift))
            for number, line in enumerate(lines)
        ]
        return _Told(entries)

    monkeypatch.setattr(log_reader, "read_logs", told)
    for module in (log_sources,):
        if hasattr(module, "read_logs"):
            monkeypatch.setattr(module, "read_logs", told)


class _Wrote:
    """The output of a command that has ended."""

    def __init__(self, screen: output.OutputScreen, spoil: str) -> None:
        self._lines = [
            LogLine("PID   USER     COMMAND"),
            LogLine(f"    1 root     nginx -g daemon off;{spoil}"),
            LogLine(f"ps: cannot look into 7{spoil}", mark="stderr"),
        ]
        screen.call_later(self._end, screen)

    def _end(self, screen: output.OutputScreen) -> None:
        screen._began = screen._began - 0.04
        screen.ended(Outcome(2))
        screen._took = 0.4
        screen.refresh_now(None)

    def taken(self) -> list[LogLine]:
        lines, self._lines = self._lines, []
        return lines

    def stop(self) -> None:
        """It has ended already."""


class _Ran:
    def __init__(self, target: Target) -> None:
        self.target = target


# --- where it is to be seen ------------------------------------------------------------------------------------------

_EDITOR = _pushed(lambda app: app.desk.doors.editor(edit_members(_definition(256, ""))))
_TASK = _pushed(lambda app: app.desk.doors.task(WEB, HOSTS[0]))
_IMAGES = _pushed(lambda app: app.desk.doors.cluster("prod", CLUSTER_IMAGES))
_IMAGE = _pushed(lambda app: app.desk.doors.image("prod", str(imaging.survey(SPOIL[0]).rows[1].name)))


def _of_image(*keys: str) -> Act:
    """The keys with the cursor on the second image."""
    return _then(_IMAGES, "busybox", "j", *keys)


def _work(make: Callable[[Dashboard, str], Work]) -> Act:
    """The screen of something that is under way."""
    return _pushed(lambda app: app.desk.doors.work(make(app, SPOIL[0])))


async def _works(pilot: Pilot[Any]) -> None:
    """All that is under way, with two in it."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    imaging.pull_in_the_middle(app, SPOIL[0])
    imaging.build_in_the_middle(app, SPOIL[0])
    await app.push_screen(app.desk.doors.works())


_RUN = _pushed(lambda app: app.desk.doors.run("web:7", "prod"))

VIEWS: tuple[View, ...] = (
    View("fleet", r"Needs a look(.|\n)*edge-3"),
    View("tasks", r"by-hand", ("2",)),
    View("instances", r"edge-3", ("3",)),
    View("definitions", r"definitions › batch:1", ("4",)),
    View("definition", r"definitions › web:7(.|\n)*step 6", ("4", "G")),
    View("events", r"silent", ("5",)),
    View("alerts", r"› alerts(.|\n)*edge-3", ("6",)),
    View("cluster", r"prod › tasks(.|\n)*by-hand", ("G", "enter")),
    View("cluster-instances", r"prod › instances(.|\n)*edge-3", ("G", "enter", "tab")),
    View("cluster-stowage", r"prod › stowage(.|\n)*edge-3", ("G", "enter", "tab", "tab")),
    View("cluster-events", r"prod › events(.|\n)*silent", ("G", "enter", "tab", "tab", "tab")),
    View("cluster-images", r"prod › images(.|\n)*busybox(.|\n)*BUILD CACHE", ("G", "enter", *["tab"] * 4)),
    View("image", r"Copies(.|\n)*differs", act=_IMAGE),
    View("image-pull", r"Pull an image in prod", act=_of_image("p")),
    View("image-build", r"Build in prod", act=_of_image("b")),
    View("image-copy", r"Copy registry.lan/web:7", act=_of_image("C")),
    View("image-push", r"Push registry.lan/web:7", act=_of_image("P")),
    View("image-tag", r"Tag registry.lan/web:7", act=_of_image("T")),
    View("image-remove", r"Remove registry.lan/web:7", act=_of_image("x")),
    View("image-prune", r"Prune images of prod", act=_of_image("X")),
    View("image-prune-list", r"Remove 2 images", act=_then(_of_image("X"), "Prune images", "enter", "tab", "enter")),
    View("pull-going", r"registry.lan/web:7(.|\n)*Layers of edge-1", act=_work(imaging.pull_in_the_middle)),
    View("build-going", r"registry.lan/web:8(.|\n)*RUN make", act=_work(imaging.build_in_the_middle)),
    View("build-failed", r"✕ step 3 of 5", act=_work(imaging.failed_build)),
    View("deploy", r"First the plan is shown", ("W",)),
    View("deploy-plan", r"deploys, after a question", act=_pushed(lambda app: deploys.plan_screen(app, SPOIL[0]))),
    View("deploy-going", r"deploy › web:8(.|\n)*edge-2", act=_work(deploys.deploy_in_the_middle)),
    View("deploy-failed", r"✕ failed(.|\n)*to go on, deploy again", act=_work(deploys.failed_deploy)),
    View("works", r"› under way(.|\n)*build registry.lan/web:8", act=_works),
    View("quit", r"under way are broken off", act=_then(_works, "under way", "ctrl+q")),
    View("instance", r"prod › edge-1(.|\n)*web:7", ("3",), _at("instances", "prod/edge-1", "enter")),
    View("budget", r"› budget(.|\n)*edge-1", act=_pushed(lambda app: app.desk.doors.budget()), lives=True),
    View("notice", r"Nothing runs in batch:7", ("2",), _at("tasks", "77", "s"), lives=True),
    View("task-logs", r"web:7 › 3f3f3f3f(.|\n)*web +x{9}", act=_TASK),
    View("task-stats", r"net received", act=_then(_TASK, "Timeline", "tab", "tab")),
    View("task-timeline", r"Timeline(.|\n)*launch", act=_then(_TASK, "Timeline", "tab", "tab", "tab")),
    View("task-details", r"Task id(.|\n)*Task id", act=_then(_TASK, "Timeline", "tab", "tab", "tab", "tab")),
    View("task-stopped", r"batch:7 › 77777777", act=_pushed(lambda app: app.desk.doors.task("77" * 16, HOSTS[1]))),
    View("past-task", r"of the past|ended", act=_pushed(lambda app: app.desk.doors.past_task(TASK_ID, "prod"))),
    View("container", r"Unmanaged", ("2",), _at("tasks", "container:", "enter")),
    View("logs", r"› logs(.|\n)*web +x{9}", ("2",), _at("tasks", WEB, "l")),
    View("logs-sources", r"Sources(.|\n)*edge-1", ("2",), _then(_at("tasks", WEB, "l"), "web +x{9}", "i")),
    View(
        "logs-filtered",
        r"minus|exclude|no answer",
        ("2",),
        _then(_at("tasks", WEB, "l"), "web +x{9}", "plus", *"db", "enter"),
    ),
    View("json", r'"taskArn"', ("2",), _at("tasks", WEB, "y")),
    View("describe", r"edge-1", ("2",), _at("tasks", WEB, "d")),
    View("stop", r"Stop task 3f3f3f3f", ("2",), _at("tasks", WEB, "x")),
    View("shell-choice", r"A shell in which container", ("2",), _at("tasks", WEB, "s")),
    View("shell-opening", r"Opening a shell", act=_pushed(lambda _: OpeningDialog(_target().where))),
    View("command", r"Run a command", ("2",), _then(_at("tasks", WEB, "exclamation_mark"), "in which", "enter")),
    View(
        "output",
        r"exit 2",
        act=_pushed(lambda app: output.OutputScreen(app.desk, _Ran(_target()), "ps aux")),  # type: ignore[arg-type]
    ),
    View("sort", r"[Ss]ort", ("2", "o")),
    View("columns", r"[Cc]olumns", ("2", "O")),
    View("filter", r"state:run", ("2", "slash", *"state:run")),
    View("command-bar", r"^ : *ta", ("colon", *"ta")),
    View("palette", r"tasks", ("ctrl+p", *"ta")),
    View("help", r"Keys of this screen", ("2", "question_mark")),
    View("new-cluster", r"New cluster", ("n",)),
    View("add-instance", r"Add a container instance", ("G", "a")),
    View("add-instance-tcp", r"Insecure", ("G", "a"), _typed("endpoint", "tcp://edge-9:2376")),
    View("contexts", r"edge-4", act=_pushed(lambda app: ContextsDialog(app.desk, "prod"))),
    View("drain", r"Drain edge-1", ("3", "D")),
    View("deregister-instance", r"Deregister edge-1", ("3", "x")),
    View("run", r"fits|placed|edge-1", act=_RUN),
    View("run-images", r"Images that are missing", act=_then(_RUN, r"1 of 2 hosts have nginx", "b")),
    View("plan", r"› plan", act=_then(_RUN, "edge-1", "p")),
    View("editor", r"definitions › new", act=_EDITOR),
    View("editor-json", r'"family"', act=_then(_EDITOR, "definitions › new", "f6")),
    View("register", r"[Rr]egister", act=_then(_EDITOR, "definitions › new", "ctrl+s")),
    View("comparison", r"web:7 › diff", ("4", "G"), _then(_at("families", "web"), "web:7", "d")),
    View("new-definition", r"New task definition", ("4", "n")),
    View("drafts", r"[Dd]raft", ("4", "D")),
    View("deregister-definition", r"Deregister web:7", ("4", "G", "x")),
)


async def go_to(pilot: Pilot[Any], view: View) -> None:
    """From the fleet, where a dashboard begins."""
    await until_shown(pilot, r"moorage › fleet")
    for key in view.keys:
        await pilot.press(key)
    if view.act is not None:
        await pilot.pause()
        await view.act(pilot)
    await until_shown(pilot, view.shown)
