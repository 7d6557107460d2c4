"""``s``, ``!`` and ctrl-z: the dashboard as a program in a terminal, beside a real engine."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.model.progress import Progress
from app.model.requests import RunTaskRequest
from app.operations.launch import run_task
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.cli.process import command
from tests.engine_bed import Daemon, wait_until
from tests.shell_less import load_shell_less
from tests.terminal import TerminalProgram
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_shown


def ignored(_: Progress) -> None:
    """Nobody looks."""


def run(session: Session, family: str, *names: str) -> str:
    containers = [
        {"name": name, "image": "busybox", "memory": 16, "command": ["sleep", "99999"], "stopTimeout": 2}
        for name in names
    ]
    register(session, json.dumps({"family": family, "containerDefinitions": containers}).encode())
    launched = run_task(session, RunTaskRequest(cluster="prod", task_definition=family), ignored)
    (task,) = launched.tasks
    assert launched.succeeded
    return task.id


@pytest.fixture
def session(engine: Daemon, tmp_path: Path) -> Session:
    return session_with(tmp_path, engine.endpoint)


@pytest.fixture
def dashboard(session: Session, tmp_path: Path) -> Iterator[Callable[[], TerminalProgram]]:
    """Starts the program on the table of tasks."""
    started: list[TerminalProgram] = []

    def start() -> TerminalProgram:
        program = TerminalProgram(command(tmp_path), rows=30, columns=120)
        started.append(program)
        program.until_shown("moorage › fleet")
        program.press(b"2")
        program.until_shown("moorage › tasks")
        return program

    yield start
    for program in started:
        program.__exit__(None, None, None)


def commands_in(engine: Daemon) -> list[str]:
    """What runs in all containers, but their main processes."""
    found = [line[-1] for entry in engine.api.containers() for line in engine.api.top(entry["Id"])["Processes"]]
    return [line for line in found if line != "sleep 99999"]


def stopped(program: TerminalProgram) -> bool:
    return Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


# --- s -------------------------------------------------------------------------------------------------------------


def test_a_shell_and_back_to_the_live_screen(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram]
) -> None:
    task = run(session, "web", "app")
    program = dashboard()
    program.until_shown(rf"{task[:8]} web:1 +● RUNNING")
    program.press(b"s")
    program.until_shown(rf"^── prod › web:1 › {task[:8]} › app on \S+ ── exit or ctrl-d comes back")
    assert f"moorage execute-command --cluster prod --task {task} --container app --interactive" in program.screen()
    program.press(b"stty size; hostname\r")
    program.until_shown(r"^30 120")
    program.resize(100, 28)
    program.signal(signal.SIGWINCH)
    program.press(b"sleep 0.5; stty size\r")
    program.until_shown(r"^28 100")
    # What happens meanwhile is on the screen at once when it is back, in its new size.
    engine.run(["sleep", "1000"], name="born-meanwhile", stop_signal="KILL")
    program.press(b"exit 3\r")
    program.until_shown(r"moorage › tasks(.*\n)+.*born-meanwhile")
    program.press(b"?")
    program.until_shown("Keys of this screen")
    program.press(b"\x1bq")
    wait_until(lambda: commands_in(engine) == ["sleep 1000"])


def test_a_ctrl_c_too_many_at_the_end_of_a_shell_does_not_end_the_dashboard(
    session: Session, dashboard: Callable[[], TerminalProgram]
) -> None:
    run(session, "web", "main")
    program = dashboard()
    program.until_shown("web:1 +● RUNNING")
    for _ in range(3):
        program.press(b"s")
        program.until_shown(r"exit or ctrl-d comes back(.|\n)*#$")
        program.forget()
        program.press(b"exit\r")
        deadline = time.monotonic() + 20
        # A ctrl-c takes away what a terminal has not handed over yet: the shell has to have the line before.
        while b"exit\r\n" not in program.seen:
            assert time.monotonic() < deadline, "the shell has its last line"
            program.read_for(0.002)
        while b"\x1b[?1049h" not in program.seen:
            assert time.monotonic() < deadline, "the dashboard is back"
            assert program.process.poll() is None
            program.press(b"\x03")
            program.read_for(0.002)
        program.until_shown("moorage › tasks")
        program.until_shown("web:1 +● RUNNING")


def test_one_of_several_containers_is_chosen(
    session: Session, dashboard: Callable[[], TerminalProgram], engine: Daemon
) -> None:
    run(session, "shop", "front", "db")
    program = dashboard()
    program.until_shown("shop:1 +● RUNNING")
    program.press(b"s")
    program.until_shown(r"A shell in which container\?(.*\n)+.*front(.*\n)+.*db")
    program.press(b"j\r")
    program.until_shown(r"› db on \S+ ──")
    program.press(b"\x04")
    program.until_shown("moorage › tasks")
    # On the screen of the task it is the container at the cursor.
    program.press(b"\r")
    program.until_shown("Containers")
    program.press(b"s")
    program.until_shown(r"› front on \S+ ──")
    program.press(b"\x04")
    program.until_shown("Containers")


def test_a_container_without_a_shell_says_so(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram]
) -> None:
    made = engine.api.create_container(load_shell_less(engine), ["sleep", "9"], name="bare", stop_signal="KILL")
    engine.api.start(made["Id"])
    program = dashboard()
    program.until_shown("bare")
    program.press(b"s")
    program.until_shown(r"container 'bare' on \S+ has no\b")
    assert "[shell]" in program.screen()


def test_a_slow_engine_holds_nothing_up_and_keys_meanwhile_are_no_commands(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    engine = fresh_engine(name="edge-1")
    session = session_with(tmp_path, engine.endpoint)
    run(session, "web", "app")
    with TerminalProgram(command(tmp_path), rows=30, columns=120) as program:
        program.until_shown("moorage › fleet")
        program.press(b"2")
        program.until_shown("web:1 +● RUNNING")
        engine.pause()
        program.press(b"s")
        program.until_shown(r"Opening a shell(.*\n)+.*› app on edge-1")
        program.press(b"x")
        program.press(b"\x1b")
        program.until_gone("Opening a shell")
        assert "Stop task" not in program.screen()
        engine.resume()
        program.until_shown("● 1 live")
        # What was on its way when nobody waited for it any more is ended.
        wait_until(lambda: commands_in(engine) == [], within=20)
        assert "moorage › tasks" in program.screen()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_shell_ends_all_and_restores_the_terminal(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram], number: signal.Signals
) -> None:
    run(session, "web", "app")
    program = dashboard()
    program.until_shown("web:1 +● RUNNING")
    program.press(b"s")
    program.until_shown(r"exit or ctrl-d comes back")
    program.press(b"sleep 4441\r")
    wait_until(lambda: "sleep 4441" in commands_in(engine))
    program.signal(number)
    assert program.end() == 128 + number
    assert program.modes() == program.modes_before
    assert program.seen.rfind(b"\x1b[?1049l") > program.seen.rfind(b"\x1b[?1049h")
    assert program.seen.rfind(b"\x1b[?1003l") > program.seen.rfind(b"\x1b[?1003h")
    wait_until(lambda: commands_in(engine) == [])


def test_kill_9_of_the_dashboard_leaves_no_shell_behind(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram]
) -> None:
    run(session, "web", "app")
    program = dashboard()
    program.until_shown("web:1 +● RUNNING")
    program.press(b"s")
    program.until_shown(r"exit or ctrl-d comes back")
    program.press(b"sleep 4442\r")
    wait_until(lambda: "sleep 4442" in commands_in(engine))
    program.process.kill()
    wait_until(lambda: commands_in(engine) == [])


def test_a_lost_engine_brings_the_dashboard_back_with_one_line(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    engine = fresh_engine(name="edge-1", live_restore=True)
    session = session_with(tmp_path, engine.endpoint)
    run(session, "web", "app")
    with TerminalProgram(command(tmp_path), rows=30, columns=120) as program:
        program.until_shown("moorage › fleet")
        program.press(b"2")
        program.until_shown("web:1 +● RUNNING")
        program.press(b"s")
        program.until_shown(r"exit or ctrl-d comes back")
        program.press(b"sleep 4443\r")
        wait_until(lambda: "sleep 4443" in commands_in(engine))
        engine.kill()
        program.until_shown(r"lost edge-1: no Docker Engine")
        program.until_shown(r"moorage › tasks")
        engine.start()
        # What outlived the engine is ended once it is back.
        wait_until(lambda: "sleep 4443" not in commands_in(engine), within=30)


def test_supervision_goes_on_during_a_shell(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram]
) -> None:
    run(session, "web", "app")
    other = run(session, "shop", "front", "db")
    program = dashboard()
    program.until_shown("web:1 +● RUNNING")
    program.press(b"/web\r")
    program.until_shown(r"^▌\S+ web:1")
    program.press(b"s")
    program.until_shown(r"exit or ctrl-d comes back")
    ours = [entry for entry in engine.api.containers() if "shop" in json.dumps(entry["Labels"])]
    engine.api.kill(next(entry["Id"] for entry in ours if "front" in entry["Names"][0]))
    # An essential container has ended: the whole task is stopped, although nobody sees the dashboard.
    wait_until(
        lambda: not [entry for entry in engine.api.containers() if other in json.dumps(entry["Labels"])], within=20
    )
    program.press(b"\x04")
    program.until_shown("moorage › tasks")


# --- ! -------------------------------------------------------------------------------------------------------------


async def test_a_commands_output_is_shown_with_its_exit_code(session: Session, engine: Daemon) -> None:
    task = run(session, "web", "app")
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"web:1 +● RUNNING")
        await pilot.press("exclamation_mark")
        await until_shown(pilot, rf"Run a command(.*\n)+.*prod › web:1 › {task[:8]} › app")
        await pilot.press(*"nosuch", "enter")
        await until_shown(pilot, r"there is no program 'nosuch' in the container")
        line = r"sh -c 'printf \"\033[31mred\033[0m\033]0;x\007\n\"; echo oops >&2; exit 4'".replace('\\"', '"')
        app.screen.query_one("#field-command").value = line  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until_shown(pilot, r"✕ exit 4 .* 2 lines")
        text = screen_text(app)
        assert re.search(r"red␛\]0;x␇", text)
        assert re.search(r"! *oops", text)
        await pilot.press("Y")
        await until_shown(pilot, r"Copied command: moorage")
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › tasks")
    wait_until(lambda: commands_in(engine) == [])


async def test_leaving_the_output_ends_the_command(session: Session, engine: Daemon) -> None:
    run(session, "web", "app")
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"web:1 +● RUNNING")
        await pilot.press("exclamation_mark")
        await until_shown(pilot, r"Run a command")
        await pilot.press(*"yes", "enter")
        await until_shown(pilot, r"◌ running .* lines \(20,000 kept\)")
        assert "yes" in commands_in(engine)
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › tasks")
        await until(pilot, lambda: commands_in(engine) == [], "an empty container")


async def test_nothing_to_run_in(session: Session, engine: Daemon) -> None:
    engine.api.create_container("busybox", ["true"], name="never-started")
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"never-started")
        await pilot.press("s")
        await until_shown(pilot, r"container 'never-started' is created")
        engine.api.remove_container("never-started")
        await until_shown(pilot, r"No tasks yet")
        app.clear_notifications()
        await pilot.press("s")
        await until_shown(pilot, r"No task or container is chosen")


# --- ctrl-z --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_key", [True, False])
def test_a_stopped_dashboard_holds_no_event_stream_and_is_right_at_once(
    session: Session, engine: Daemon, dashboard: Callable[[], TerminalProgram], by_key: bool
) -> None:
    """An engine waits for those who listen: one that is stopped would slow everything on it."""

    def listeners() -> int:
        return int(engine.api.info()["NEventsListener"])

    run(session, "web", "app")
    program = dashboard()
    program.until_shown("web:1 +● RUNNING")
    wait_until(lambda: listeners() == 1)
    for round_ in range(2):
        if by_key:
            program.press(b"\x1a")
        else:
            program.signal(signal.SIGTSTP)
        wait_until(lambda: stopped(program))
        assert listeners() == 0
        program.read_for(0.1)
        assert program.modes() == program.modes_before
        engine.run(["sleep", "1000"], name=f"born-{round_}", stop_signal="KILL")
        program.signal(signal.SIGCONT)
        began = time.monotonic()
        program.until_shown(rf"moorage › tasks(.*\n)+.*born-{round_}")
        assert time.monotonic() - began < 5
        wait_until(lambda: listeners() == 1)
    program.press(b"q")
    program.until_shown("moorage › fleet")
