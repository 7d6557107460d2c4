"""Events on the screen: live, filtered, opened and copied; what one has missed; timelines; tasks of the past."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

import pytest

from app.model.event import Event, event_key
from app.model.requests import RunTaskRequest
from app.model.safe_text import SafeText
from app.operations.launch import run_task
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.store.event_rows import micros
from app.store.events import FILE_NAME, EventQuery, EventStore
from app.store.history import HistoryStore
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard
from tests.unit.store.past_tasks import TASK_ID, past_container, past_task

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

ONE = {
    "family": "one",
    "containerDefinitions": [
        {"name": "main", "image": "busybox", "memory": 16, "command": ["sleep", "1000"], "stopTimeout": 2}
    ],
}


def quiet(_: object) -> None:
    return None


def event(session: Session, what: str, ago: float, **members: Any) -> Event:
    made = Event(
        key=event_key(what, ago),
        at=session.now() - timedelta(seconds=ago),
        what=what,
        source="event",
        cluster=SafeText("prod"),
        instance=SafeText("edge-1"),
        container=SafeText("by-hand"),
        container_id="c" * 64,
    )
    return replace(made, **members)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(Dashboard, "copy_to_clipboard", lambda _, text: texts.append(text))
    return texts


async def test_what_is_done_by_hand_shows_at_once_newest_first(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    app = Dashboard(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("5")
        await until_shown(pilot, r"moorage › events")
        await until_shown(pilot, rf"● connected +{engine.name}")
        made = engine.run(["sleep", "1000"], name="mayfly")
        await until_shown(pilot, rf"▌\d\d:\d\d:\d\d +● started +{engine.name} +mayfly")
        engine.api.kill(made)
        await until_shown(pilot, rf"▌\d\d:\d\d:\d\d +✕ died +{engine.name} +mayfly +exit 137")
        await pilot.press("slash", *"kind:died mayfly", "enter")
        await until_gone(pilot, r"started")
        await until_shown(pilot, r"1 of \d+ /kind:died mayfly")
        await pilot.press("enter")
        await until_shown(pilot, r"State +exited")


async def test_an_event_is_copied_shown_as_json_and_its_command_repeats_it(
    engine: Daemon, tmp_path: Path, copied: list[str]
) -> None:
    session = session_with(tmp_path, engine.endpoint)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("5")
        await until_shown(pilot, r"▸ done here +prod +create-cluster +by \w+: prod")
        await pilot.press("slash", *"create-cluster", "enter")
        await until_gone(pilot, r"connected")
        await until_shown(pilot, r"\d\d:\d\d:\d\d +moorage create-cluster --cluster-name prod")
        await pilot.press("c", "Y")
        await until(pilot, lambda: len(copied) == 2, "two copies")
        assert copied[0].endswith(f"call  prod/  by {session.operator}: create-cluster: prod")
        assert copied[1] == "moorage create-cluster --cluster-name prod"
        await pilot.press("y")
        await until_shown(pilot, r'"command": "moorage create-cluster --cluster-name prod"')


async def test_a_cluster_has_its_own_events_as_a_tab(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    store = EventStore(session.home)
    store.add([event(session, "oom", 5), event(session, "paused", 4, cluster=SafeText("other"))])
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▌prod")
        await pilot.press("enter")
        await until_shown(pilot, r"Tasks 0 +Instances 0 +Stowage +Events")
        await pilot.press("tab", "tab", "tab")
        await until_shown(pilot, r"✕ OOM kill +edge-1 +by-hand")
        assert "paused" not in screen_text(app)
        # Another process writes; it shows within two looks.
        store.add([event(session, "unhealthy", 0)])
        await until_shown(pilot, r"▌.*✗ unhealthy +edge-1")


async def test_what_happened_while_one_was_away_is_told_at_home_and_marked(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    # An engine that nobody has used: what others did on one is remembered by it, and told.
    session = session_with(tmp_path, fresh_engine(name="edge-1").endpoint)
    store = EventStore(session.home)
    before = [event(session, "started", 10_000, container=SafeText("before"))]
    while_away = [event(session, "started", 3000), event(session, "died", 2000, exit_code=1), event(session, "oom", 9)]
    store.add([*before, *while_away])
    with closing(connect(session.home.state / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("DELETE FROM event WHERE what = 'call'")
        connection.execute("INSERT INTO mark VALUES ('dashboard', ?)", [micros(session.now() - timedelta(hours=1))])
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▸ while you were away +3 events, 2 of them bad in 1 h")
        await pilot.press("tab")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "needs", "the lower table")
        await pilot.press("enter")
        await until_shown(pilot, r"▌─+ +─+ +─+ +while you were away +3 events")
        in_order = ("connected", "▌.*while you were away", "OOM kill", "✕ died", "before that", "started.* before")
        await until_shown(pilot, r"(.*\n)+?.*".join(in_order))
        await pilot.press("1")
        await until_shown(pilot, r"moorage › fleet")
        await until_gone(pilot, r"while you were away")


async def test_a_task_has_a_timeline_that_goes_on(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(ONE).encode())
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        task = run_task(Session(session.home), RunTaskRequest(cluster="prod", task_definition="one"), quiet).tasks[0]
        await pilot.press("2")
        await until_shown(pilot, rf"▌{task.id[:8]} +one:1 +● RUNNING")
        await pilot.press("enter")
        await until_shown(pilot, r"Timeline")
        screen = app.screen
        assert isinstance(screen.query_one("#timeline").display, bool)
        while not screen.query_one("#timeline").display:
            await pilot.press("tab")
            await pilot.pause()
        await until_shown(pilot, r"▸ launch.*\n.*▾ pulled.*\n.*◌ created +main.*\n.*● started +main.*\n.*● RUNNING")
        runtime = task.containers[0].runtime
        assert runtime is not None
        engine.api.kill(runtime.id)
        await until_shown(pilot, r"\+\S+ +◐ signalled +main +SIGKILL\n.*✕ died +main +exit 137, ran \S+")
        await until_shown(pilot, r"✕ STOPPED +Essential container in task exited")


async def test_a_task_of_the_past_is_found_and_opened(tmp_path: Path, copied: list[str]) -> None:
    session = session_with(tmp_path)
    lines = tuple(SafeText(line) for line in ("begin", "cannot find the harbour"))
    ended = session.now() - timedelta(hours=2)
    parts = (
        past_container(
            "app", exit_code=3, last_lines=lines, started_at=ended - timedelta(seconds=90), finished_at=ended
        ),
        past_container("side", exit_code=None, oom_killed=True, essential=False),
    )
    HistoryStore(session.home).remember(
        past_task(
            cluster=SafeText("prod"), containers=parts, created_at=ended - timedelta(seconds=95), stopped_at=ended
        )
    )
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▌prod")
        await pilot.press("2")
        await until_shown(pilot, r"No tasks yet")
        await pilot.press("slash", *"state:stopped harbour", "enter")
        await until_shown(pilot, rf"{TASK_ID[:8]} +web:7 +✕ STOPPED.*prod +edge.*exit 3 of app.*ops +2h")
        await until_shown(pilot, r"1 of 1 /state:stopped harbour")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › prod › web:7 › 01234567 +✕ STOPPED +was on edge, ended 2h ago")
        await until_shown(pilot, r"app +✕ STOPPED +3 +1m30s +busybox")
        await until_shown(pilot, r"side +not essential +✕ STOPPED.*OOM killed")
        await until_shown(pilot, r"app +begin\n.*app +cannot find the harbour")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"▸ launch +by ops\n(.*\n)*.*✕ died +app +exit 3, ran 1m30s")
        await pilot.press("tab")
        await until_shown(pilot, r"Why +Essential container in task exited")
        await pilot.press("tab")
        await until_shown(pilot, r'"lastStatus": "STOPPED"')
        await pilot.press("c")
        await until(pilot, lambda: copied, "a copy")
        assert copied == [f"arn:aws:ecs:local-1:000000000000:task/prod/{TASK_ID}"]


async def test_an_event_of_a_task_that_is_gone_opens_it_as_it_is_remembered(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    of_task = {"task_id": TASK_ID, "family": SafeText("web"), "revision": 7, "container": SafeText("main")}
    EventStore(session.home).add([event(session, "died", 60, exit_code=1, **of_task)])
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"▌prod")
        await pilot.press("5", "slash", *"task:0123", "enter")
        await until_shown(pilot, r"✕ died +edge-1 +prod +web:7 01234567 main +exit 1")
        await pilot.press("enter")
        # The history was lost, or nobody watched its end: its events are left.
        await until_shown(pilot, r"moorage › prod › 01234567 +of the past")
        await until_shown(pilot, r"✕ died +main +exit 1")


async def test_hostile_names_and_a_spoilt_file_do_no_harm(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    nasty = SafeText("\x1b[2J[bold]x[/]\u202eevil")
    EventStore(session.home).add([event(session, "died", 1, container=nasty, detail=nasty, instance=nasty)])
    with closing(connect(session.home.state / FILE_NAME, isolation_level=None)) as connection:
        # As a program other than ours would write it.
        connection.execute("UPDATE event SET container = ? WHERE what = 'died'", ["\x1b]0;title\x07[red]"])
    app = Dashboard(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, r"▌prod")
        await pilot.press("5")
        await until_shown(pilot, r"○ ended.*\[red\]")
        assert "\x1b" not in screen_text(app)
        (session.home.state / FILE_NAME).write_bytes(b"no database" * 100)
        await pilot.press("1", "5")
        await until(pilot, (session.home.state / f"{FILE_NAME}.broken-1").exists, "it is set aside")
        await until_shown(pilot, r"was moved to|No events yet")
    assert EventStore(session.home).find(EventQuery()) == []


async def test_sorting_is_for_a_table_in_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("G", "enter", "tab", "tab", "o")
        await until_shown(pilot, r"prod › stowage(.|\n)*edge-3")
        assert len(app.screen_stack) == 2, "there is no table here"
        await pilot.press("tab", "o")
        await until_shown(pilot, r"Sort events by")


async def test_events_are_sorted_by_a_column_without_lines_between(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    names = {3600 * 30: "alpha-10", 60: "alpha-9", 30: "beta"}
    EventStore(session.home).add(
        [event(session, "started", ago, container=SafeText(name)) for ago, name in names.items()]
    )
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await until_shown(pilot, r"beta(.|\n)*alpha-9(.|\n)*────(.|\n)*alpha-10")
        await pilot.press("o")
        await until_shown(pilot, r"Sort events by")
        await pilot.press("j", "j", "j", "j", "j", "enter")
        await until_shown(pilot, r"SUBJECT▲|TASK, CONTAINER▲")
        await until_shown(pilot, r"alpha-9(.|\n)*alpha-10(.|\n)*beta")
        assert "────" not in screen_text(app)
        await pilot.press("colon", *"sort time", "enter")
        await until_shown(pilot, r"alpha-10(.|\n)*alpha-9(.|\n)*beta")
        await pilot.press("o", "g", "enter")
        await until_shown(pilot, r"beta(.|\n)*alpha-9(.|\n)*────(.|\n)*alpha-10")
