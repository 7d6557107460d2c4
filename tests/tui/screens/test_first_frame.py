"""The frame that is drawn before Textual is there: the very cells that the dashboard then paints, in its colours."""

from __future__ import annotations

import re
import signal
import sys
import termios
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyte
import pytest
from rich.cells import cell_len

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.container import PortBinding
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.first_frame.drawing import DRAWN, first_frame
from app.screens.first_frame.held import ENTER, LEAVE, HeldTerminal
from app.screens.first_frame.ink import ink_for
from app.screens.first_frame.opening import Opening, can_draw, open_at_once
from app.screens.frame import FrameScreen
from app.store.table_memory import Arrangement
from tests.engine_bed import Daemon
from tests.engine_bed.waiting import wait_until
from tests.terminal import TerminalProgram
from tests.tui.screens.driving import home_at, session_with, until_shown
from tests.unit.builders import NOW, at, container, tag
from widgets.live_table import LiveTable

ROOT = Path(__file__).resolve().parents[3]
CLOCK = at(200)
TRUE_COLOUR = {"COLORTERM": "truecolor"}
SIZES = ((120, 36), (80, 24), (200, 50), (40, 10))


class Look(NamedTuple):
    """One cell: of a blank the ground alone counts."""

    text: str
    colour: str
    ground: str
    bold: bool
    reverse: bool


def known_at_a_glance() -> Fleet:
    """Two clusters, tasks and other containers; no host is live yet."""
    fleet = Fleet()
    keys = [InstanceKey("prod", f"edge-{number}") for number in range(2)]
    fleet.register(["edge", "prod"], [Instance(key, "0" * 32, "unix:///s", "ACTIVE", NOW) for key in keys])
    for number, key in enumerate(keys):
        info = EngineInfo("ID", SafeText("x"), SafeText("28"), "1.51", "linux", "x86_64", Resources(4096, 8000))
        tasks = [
            tag("web", task_id=f"{number}{one}" * 16, cluster="prod", family="web", reservation=Resources(256, 512))
            for one in range(3)
        ]
        tasks[1] = replace(tasks[1], container="db", health_checked=True)
        containers = [
            container(tasks[0], started_at=None, ports=(PortBinding(80, 8080 + number),)),
            container(tasks[1], started_at=None, health="healthy"),
            container(tasks[2], "paused", started_at=None),
            *(
                replace(container(), id=f"{number}{one:063}", name=safe_line(f"by-hand-{one}"), tag=None)
                for one in range(40)
            ),
        ]
        fleet.apply([InfoRead(key, info, timedelta(0)), HostRead(key, tuple(containers), ())])
    return fleet


def drawn(text: str, width: int, height: int) -> list[list[Look]]:
    screen = pyte.Screen(width, height)
    pyte.Stream(screen).feed(text)
    return [
        [
            Look(cell.data, "" if cell.data == " " else cell.fg, cell.bg, cell.bold and cell.data != " ", cell.reverse)
            for cell in (screen.buffer[y][x] for x in range(width))
        ]
        for y in range(height)
    ]


def painted(app: Dashboard) -> list[list[Look]]:
    """What Textual has painted."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        line: list[Look] = []
        for text, style, _ in strip:
            assert style is not None
            colour, ground = (
                found.triplet.hex[1:] if found is not None and found.triplet is not None else "default"
                for found in (style.color, style.bgcolor)
            )
            for one in text:
                seen = one != " "
                line.append(Look(one, colour if seen else "", ground, bool(style.bold) and seen, bool(style.reverse)))
        lines.append(line)
    return lines


def still(folder: Path, monkeypatch: pytest.MonkeyPatch, screen: str) -> Dashboard:
    app = Dashboard(Session(home_at(folder)), opening=Opening(screen, known_at_a_glance()))
    monkeypatch.setattr(app.desk.monitor, "refresh", ChangeSet)
    monkeypatch.setattr(app._supervision, "consider", lambda *_: None)
    monkeypatch.setattr(FrameScreen, "now", lambda _: CLOCK)
    return app


def frame_of(
    screen: str,
    size: tuple[int, int],
    theme: str = "moorage-dark",
    environ: Mapping[str, str] = TRUE_COLOUR,
    *,
    simulated: bool = False,
) -> str:
    ink = ink_for(theme, environ)
    return first_frame(screen, known_at_a_glance(), CLOCK, size, Arrangement(), ink, simulated=simulated)


def lines_of(screen: str, height: int) -> int:
    """How many lines are to be the same: all but the line of keys, and on the fleet what needs a look."""
    return height - 1 if screen == "tasks" else 4


@pytest.mark.parametrize("screen", DRAWN)
@pytest.mark.parametrize("size", SIZES)
async def test_it_is_what_the_dashboard_paints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: str, size: tuple[int, int]
) -> None:
    app = still(tmp_path, monkeypatch, screen)
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "▌")
        real = painted(app)
    mine = drawn(frame_of(screen, size), *size)
    for number in range(lines_of(screen, size[1])):
        # The last column is the scroll bar's.
        one, other = real[number][:-1], mine[number][:-1]
        assert "".join(cell.text for cell in other) == "".join(cell.text for cell in one)
        assert other == one


@pytest.mark.parametrize("size", SIZES)
async def test_a_demo_is_marked_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    app = still(tmp_path, monkeypatch, "tasks")
    app.desk.session.simulated = True
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "SIMULATED")
        real = painted(app)
    assert drawn(frame_of("tasks", size, simulated=True), *size)[0] == real[0]


async def test_the_cursor_stays_where_it_was_moved_while_hosts_are_still_connecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still(tmp_path, monkeypatch, "tasks")
    async with app.run_test(size=(120, 36)) as pilot:
        await until_shown(pilot, "▌")
        await pilot.press("j")
        table = app.screen.query_one("#tasks", LiveTable)
        second = table.cursor_key
        for key in app.desk.fleet.instances:
            app._show(app.desk.fleet.apply([FreshnessTold(key, Freshness("live", CLOCK))]))
        assert table.cursor_key == second
        assert table.rows[1].key == second


@pytest.mark.parametrize("theme", ["moorage-light", "moorage-safe"])
async def test_it_has_the_colours_of_the_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    (tmp_path / "config.toml").write_text(f'theme = "{theme}"\n')
    app = still(tmp_path, monkeypatch, "tasks")
    async with app.run_test(size=(100, 24)) as pilot:
        await until_shown(pilot, "▌")
        real = painted(app)
    mine = drawn(frame_of("tasks", (100, 24), theme), 100, 24)
    assert [line[:-1] for line in mine[:-1]] == [line[:-1] for line in real[:-1]]


@pytest.mark.parametrize(
    ("theme", "environ"),
    [
        ("moorage-dark", {"NO_COLOR": "", "COLORTERM": "truecolor"}),
        ("nord", {"COLORTERM": "truecolor"}),
        ("moorage-dark", {"TERM": "xterm"}),
    ],
)
def test_without_known_colours_there_are_none(theme: str, environ: dict[str, str]) -> None:
    frame = frame_of("tasks", (100, 24), theme, environ)
    assert set(re.findall(r"\x1b\[([0-9;]*)m", frame)) <= {"0", "0;1", "0;7"}
    with_colours = frame_of("tasks", (100, 24))
    assert [[cell.text for cell in line] for line in drawn(frame, 100, 24)] == [
        [cell.text for cell in line] for line in drawn(with_colours, 100, 24)
    ]


def test_a_terminal_of_256_colours_gets_the_nearest() -> None:
    frame = frame_of("tasks", (100, 24), environ={"TERM": "xterm-256color"})
    assert re.search(r"38;5;\d+;48;5;\d+", frame)
    assert not re.search("[34]8;2;", frame)


@pytest.mark.parametrize("screen", DRAWN)
def test_each_line_fills_the_terminal_and_nothing_of_others_reaches_it(screen: str) -> None:
    fleet = known_at_a_glance()
    state = fleet.instances[InstanceKey("prod", "edge-0")]
    bad = "a\x1b[2J\x9b\u202e[/foo]\r\n\t世界" * 4
    containers = [
        replace(one, name=SafeText(bad), image=SafeText(bad), ports=(PortBinding(1, 2, SafeText(bad)),))
        for one in state.containers.values()
    ]
    fleet.register([SafeText(bad), "prod"], [state.instance])
    fleet.apply([HostRead(state.instance.key, tuple(containers), ())])
    for width in (40, 61, 80, 133):
        frame = first_frame(screen, fleet, CLOCK, (width, 24), Arrangement(), ink_for("moorage-dark", TRUE_COLOUR))
        lines = re.split(r"\x1b\[\d+;1H", frame)[1:]
        texts = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
        assert [cell_len(text) for text in texts] == [width] * 24
        assert all(text.isprintable() for text in texts), [text for text in texts if not text.isprintable()]


def test_the_columns_are_the_persons_and_rows_in_an_order_of_theirs_wait() -> None:
    hidden = Arrangement("age", True, frozenset({"health", "by"}))
    frame = first_frame("tasks", known_at_a_glance(), CLOCK, (120, 24), hidden, ink_for("nord", {}))
    text = "\n".join("".join(cell.text for cell in line) for line in drawn(frame, 120, 24))
    assert "AGE▼" in text
    assert "HEALTH" not in text
    assert "by-hand" not in text


@pytest.mark.parametrize(
    ("environ", "can"), [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({}, False), ({"TERM": ""}, False)]
)
def test_it_is_drawn_only_where_it_can_be(environ: dict[str, str], can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        encoding = "UTF-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "__stderr__", Stream())
    assert can_draw(environ) is can
    monkeypatch.setattr(Stream, "encoding", "ascii")
    assert can_draw(environ) is False


@pytest.mark.parametrize(
    ("environ", "drawn_there"),
    [
        ({}, True),
        ({"COLUMNS": "50", "LINES": "12"}, True),
        ({"COLUMNS": "39"}, False),
        ({"LINES": "9"}, False),
        ({"COLUMNS": "1000000000"}, False),
        ({"COLUMNS": "wide"}, True),
    ],
)
def test_it_has_the_size_that_the_dashboard_will_have(
    tmp_path: Path, environ: dict[str, str], drawn_there: bool
) -> None:
    session_with(tmp_path)
    argv = [sys.executable, "-c", AT_ONCE.format(root=str(ROOT), home=str(tmp_path))]
    with TerminalProgram(argv, rows=24, columns=80, **environ) as terminal:
        assert terminal.end() == 0
        assert (b"moorage" in terminal.seen) is drawn_there
        if "LINES" in environ and drawn_there:
            assert b"\x1b[12;1H" in terminal.seen
            assert b"\x1b[13;1H" not in terminal.seen


def test_what_runs_on_a_real_engine_is_known_at_once(tmp_path: Path, engine: Daemon) -> None:
    session_with(tmp_path, engine.endpoint)
    engine.run(["sleep", "100"], name="svc-by-hand", network_mode="none")
    opening = open_at_once(home_at(tmp_path), "tasks", HeldTerminal(), 20)
    (state,) = opening.fleet.instances.values()
    assert [one.name for one in state.unmanaged] == ["svc-by-hand"]
    assert (state.freshness.reach, state.registered.cpu > 0) == ("connecting", True)
    assert opening.screen == "tasks"


# --- in a real terminal -----------------------------------------------------------------------------------------------

SLOW = """
import sys, time
sys.path.insert(0, {root!r})
from app.screens.first_frame.held import HeldTerminal
with HeldTerminal() as held:
    held.show("first frame stands")
    {then}
"""


AT_ONCE = """
import sys
sys.path.insert(0, {root!r})
from app.screens.first_frame.held import HeldTerminal
from app.screens.first_frame.opening import open_at_once
from app.store.home import resolve_home
with HeldTerminal() as held:
    open_at_once(resolve_home({home!r}, {{}}), "tasks", held)
"""


def program(then: str) -> list[str]:
    return [sys.executable, "-c", SLOW.format(root=str(ROOT), then=then)]


def shown_and_gone(seen: bytes) -> bool:
    return ENTER.encode() in seen and LEAVE.encode() in seen


@pytest.mark.parametrize("then", ["raise ImportError('no textual')", "sys.exit(3)", "pass"])
def test_what_fails_before_the_dashboard_leaves_the_terminal_as_it_was(then: str) -> None:
    with TerminalProgram(program(then)) as terminal:
        assert terminal.end() in (0, 1, 3)
        assert shown_and_gone(terminal.seen)
        assert terminal.modes() == terminal.modes_before


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda one: one.process.send_signal(signal.SIGTERM), -signal.SIGTERM),
        (lambda one: one.process.send_signal(signal.SIGHUP), -signal.SIGHUP),
        (lambda one: one.press(b"\x03"), -signal.SIGINT),
    ],
)
def test_ended_before_the_dashboard_is_there_it_leaves_the_terminal_as_it_was(
    end: Callable[[TerminalProgram], Any], code: int
) -> None:
    with TerminalProgram(program("time.sleep(100)")) as terminal:
        terminal.until(b"first frame stands")
        end(terminal)
        assert terminal.end() == code
        assert shown_and_gone(terminal.seen)
        assert terminal.modes() == terminal.modes_before


@pytest.mark.parametrize(("then", "number", "code"), [("pass", 0, 0), ("time.sleep(100)", signal.SIGTERM, -15)])
def test_a_terminal_that_takes_nothing_holds_nobody_up(then: str, number: int, code: int) -> None:
    stuck = SLOW.replace('"first frame stands"', '"x" * 10_000_000').format(root=str(ROOT), then=then)
    with TerminalProgram([sys.executable, "-c", stuck]) as terminal:
        wait_until(lambda: not terminal.modes()[3] & termios.ECHO or terminal.process.poll() is not None)
        if number:
            terminal.process.send_signal(number)
        # Nobody reads what it writes.
        assert terminal.process.wait(30) == code
        assert terminal.modes() == terminal.modes_before


def test_keys_typed_early_are_the_dashboards_and_the_terminal_is_left_once(tmp_path: Path) -> None:
    session_with(tmp_path)
    argv = [sys.executable, str(ROOT / "moorage.py"), "--home", str(tmp_path)]
    with TerminalProgram(argv, COLORTERM="truecolor") as terminal:
        terminal.until(b"INSTANCES")
        assert not terminal.modes()[3] & termios.ECHO
        terminal.press(b"2")
        terminal.until(b"No tasks yet")
        terminal.press(b"qq")
        assert terminal.end() == 0
        assert terminal.seen.count(b"\x1b[?1049h") == 1, "entered again, it would be cleared"
        assert terminal.seen.count(b"\x1b[?1049l") == 1
        assert terminal.modes() == terminal.modes_before


def test_a_screen_can_be_asked_for(tmp_path: Path) -> None:
    session_with(tmp_path)
    argv = [sys.executable, str(ROOT / "moorage.py"), "--home", str(tmp_path)]
    for options, settings, pattern in (
        (["--screen", "events"], "", b"events"),
        (["--screen=tasks"], 'screen = "events"', b"No tasks yet"),
        ([], 'screen = "definitions"', b"definitions"),
    ):
        (tmp_path / "config.toml").write_text(settings)
        with TerminalProgram([*argv, *options]) as terminal:
            terminal.until(pattern)
            terminal.press(b"qq")
            assert terminal.end() == 0
