"""The frame: header, footer, help, filter, too small a terminal, hostile text, no colour."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual import events
from textual.binding import Binding
from textual.geometry import Size

from app.model.instance import InstanceKey
from app.operations.editing import edit_blank, rendered
from app.screens.actions import ACTIONS
from app.screens.dashboard import Dashboard
from app.screens.registering import RegisterScreen
from app.screens.tidying import CALM, EVERY, Tidier
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard
from widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

Act = Callable[[int, "subprocess.Popen[bytes]"], object]
ROOT = Path(__file__).resolve().parents[3]


async def test_help_names_every_shown_key_of_the_screen(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("question_mark")
        await until_shown(pilot, r"Keys of this screen")
        text = screen_text(app)
        for key, words in (("n", "Make a cluster"), ("a", "Register a Docker Engine"), ("q", "Quit Moorage")):
            assert re.search(rf"\b{key} +{words}", text), f"{key}: {words}\n{text}"
        await pilot.press("escape")
        await until_gone(pilot, r"Keys of this screen")


async def test_a_cluster_is_made_by_keys_and_a_bad_name_is_refused_in_the_dialog(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("n")
        await until_shown(pilot, r"New cluster")
        await pilot.press("ctrl+u", *"no/slash", "enter")
        await until_shown(pilot, r"no/slash.*\n.*(letters|characters|valid)|'no/slash'")
        assert not (tmp_path / "clusters" / "no").exists()
        await pilot.press("ctrl+u", *"edge", "enter")
        await until_shown(pilot, r"^.edge +0")
        assert (tmp_path / "clusters" / "edge.toml").exists()


async def test_an_instance_that_does_not_answer_is_refused_with_the_reason(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("a")
        await until_shown(pilot, r"Add a container instance")
        await pilot.press("tab", "ctrl+u", *"unix:///nowhere.sock", "tab", "enter")
        await until_shown(pilot, r"cannot register.*no Docker Engine is")
        await pilot.press("escape")
        await until_gone(pilot, r"Add a container instance")


async def test_the_filter_shows_only_what_matches_and_esc_clears_it(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    for name in ("red-apple", "green-pear"):
        engine.run(["sleep", "1000"], name=name, stop_signal="KILL")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"red-apple")
        await pilot.press("slash", *"!red", "enter")
        await until_gone(pilot, r"red-apple")
        assert "green-pear" in screen_text(app)
        await pilot.press("escape")
        await until_shown(pilot, r"red-apple")


@pytest.mark.parametrize("size", [(35, 8), (1, 1), (20, 5)])
async def test_a_terminal_that_is_too_small_says_so_and_survives(tmp_path: Path, size: tuple[int, int]) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.screen.has_class("-tiny"), "the notice")
        await pilot.resize_terminal(*SIZE)
        await until_shown(pilot, r"moorage › fleet")


async def test_a_terminal_that_is_too_small_shows_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Panes that a screen turns over by itself, too."""
    app = still_dashboard(tmp_path, monkeypatch)
    register(app.desk.session, b'{"family": "a", "containerDefinitions": [{"name": "a", "image": "b", "memory": 9}]}')

    def nothing_else() -> bool:
        return " ".join(screen_text(app).split()) == "Too small: 40 x 10 at least"

    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for keys in ([], ["enter"], ["2", "enter"], ["r"], ["3", "enter"], ["4"], ["5"]):
            await pilot.press(*keys)
            await pilot.pause()
            await pilot.resize_terminal(39, 9)
            await until(pilot, nothing_else, f"the notice alone after {keys}", within=3)
            await pilot.resize_terminal(*SIZE)
            await until(pilot, lambda: not app.screen.has_class("-tiny"), "the screen again")


async def test_no_text_of_a_host_is_markup_or_reaches_the_terminal_as_a_command(engine: Daemon, tmp_path: Path) -> None:
    """Labels, names of networks, logs and errors are foreign; a container's command shows in its start error."""
    session = session_with(tmp_path, engine.endpoint)
    hostile = "[/foo][@click=app.quit]x[/]\x1b]0;pwned\x07\x9b31m\u202e"
    document = {
        "family": "hostile",
        "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 16, "command": [hostile]}],
    }
    register(session, json.dumps(document).encode())
    engine.run(["sh", "-c", f"echo '{hostile}'; sleep 1000"], name="by-hand", labels={"moorage.task": hostile})
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"by-hand.*damaged")
        await pilot.press("enter")
        await until_shown(pilot, r"Unmanaged")
        await pilot.press("escape", "4")
        await until_shown(pilot, r"hostile")
        await pilot.press("r")
        await until_shown(pilot, r"fits 1 of 1")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run hostile:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"✕ STOPPED +start: a: .*failed")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", screen_text(app))
        await pilot.press("1")
        await until_shown(pilot, r"✕ hostile:1")


async def test_keys_that_come_before_a_screen_is_there_do_no_harm(tmp_path: Path) -> None:
    """ctrl+s twice in a row, say: the second one is for a screen that has nothing in it yet."""
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        text = rendered({"family": "a", "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 16}]})
        doors = app.desk.doors
        made = (
            doors.events(),
            doors.editor(edit_blank()),
            RegisterScreen(app.desk, text, edit_blank(), lambda _: None),
        )
        for screen in made:
            app.push_screen(screen)
            actions = [made.action for made in screen.BINDINGS if isinstance(made, Binding)]
            for action in actions:
                if not action.startswith("app."):
                    await app.run_action(action, screen)
            assert app.screen is screen
        await until_shown(pilot, r"› a › register")


def test_every_action_has_an_id_a_key_and_a_sentence() -> None:
    for id_, action in ACTIONS.items():
        assert action.id == id_
        assert action.keys
        assert action.title
        assert len(action.help) > 8


def run_in_pty(
    home: Path, act: Callable[[int, subprocess.Popen[bytes]], object], **environment: str
) -> tuple[bytes, int]:
    """Run the real program in a pty of 100x24; after its first frame ``act`` on the terminal or the process.

    Returns all that was written, and the exit code.
    """
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "moorage.py"), "--home", str(home)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        start_new_session=True,
        # Its controlling terminal, so that it is hung up when we close our end.
        preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one ioctl, no lock
    )
    os.close(follower)
    output, deadline, acted = b"", time.monotonic() + 30, False
    while time.monotonic() < deadline:
        ready, _, _ = select.select([leader], [], [], 0.1)
        if ready:
            try:
                data = os.read(leader, 65536)
            except OSError:
                break  # the last one to hold the other end has closed it
            output += data
        if not acted and b"Needs a look" in output:
            acted = True
            if act(leader, process) == "hang up":
                break
    os.close(leader)
    return output, process.wait(timeout=30)


def press_q(terminal: int, _: object) -> None:
    os.write(terminal, b"q")


def test_the_program_in_a_real_terminal_quits_at_once_and_restores_it(tmp_path: Path) -> None:
    session_with(tmp_path)
    output, code = run_in_pty(tmp_path, press_q)
    assert code == 0
    assert b"\x1b[?1049h" in output
    assert b"\x1b[?1049l" in output[-400:]
    assert b"\x1b[?25h" in output[-400:]


def test_without_colour_no_colour_code_is_sent(tmp_path: Path) -> None:
    session_with(tmp_path)
    output, code = run_in_pty(tmp_path, press_q, NO_COLOR="1")
    assert code == 0
    colours = re.findall(rb"\x1b\[[0-9;]*?(?:3[0-7]|38|4[0-7]|48|9[0-7]|10[0-7])(?:;[0-9;]*)?m", output)
    assert colours == []


def test_sigterm_restores_the_terminal(tmp_path: Path) -> None:
    session_with(tmp_path)
    output, code = run_in_pty(tmp_path, lambda _, process: process.terminate())
    assert code == 143
    assert b"\x1b[?1049l" in output[-400:]


def test_a_terminal_that_is_gone_ends_the_program(tmp_path: Path) -> None:
    """Textual's writer waits for ever for a terminal that is gone; a dashboard must not stay behind."""
    session_with(tmp_path)
    _, code = run_in_pty(tmp_path, lambda *_: "hang up")
    assert code == 129
    assert not list((tmp_path / "state").glob("fault-*"))


def test_the_registered_samples_are_those_of_the_package(tmp_path: Path) -> None:
    from app.screens.samples import register_samples, sample_files

    session = session_with(tmp_path)
    names = register_samples(session)
    assert len(names) == len(sample_files()) >= 6
    assert register_samples(session) == []
    assert sorted(session.definitions.families()) == sorted(names)


def test_keys_of_a_person_are_checked() -> None:
    from app.screens.actions import checked_keys

    good, findings = checked_keys({"run": "R", "stp": "X", "logs": "r,y"})
    assert good == {"run": "R"}
    assert [str(finding) for finding in findings] == [
        "keys.stp: is no action; did you mean 'stop'?",
        "keys.logs: 'y' is the key of 'json' already; choose another key for one of them",
    ]


async def test_a_key_in_the_configuration_is_used(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[keys]\nhelp = "f1"\n')
    config.chmod(0o600)
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("f1")
        await until_shown(pilot, r"Keys of this screen")


async def test_what_supervision_did_is_told_in_one_notice(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for number in range(30):
            app._supervised(InstanceKey("prod", "edge-1"), f"stopped web:{number}")
        await until_shown(pilot, r"edge-1: stopped web:0")
        assert re.search(r"and 27 more", screen_text(app))
        assert "stopped web:3" not in screen_text(app)


async def test_time_in_a_shell_is_no_calm_to_tidy_up_in(tmp_path: Path) -> None:
    app, now, tidied = Dashboard(session_with(tmp_path)), [0.0], []
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        app.tidier = Tidier(lambda: now[0], lambda: tidied.append(now[0]), lambda: None, lambda: None, lambda: None)
        now[0] = 60.0
        app.app_resume_signal.publish(app)  # as at the end of App.suspend
        app.tidier.tick()
        assert tidied == []
        now[0] += CALM + EVERY
        app.tidier.tick()
        assert tidied == [now[0]]


async def test_esc_at_home_does_not_end_the_program(tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2", "escape")
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("escape", "escape", "2")
        await until_shown(pilot, r"moorage › tasks")


async def test_another_family_begins_with_its_latest_revision(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    for family, revisions in (("alpha", 1), ("beta", 3)):
        document = {"family": family, "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 16}]}
        for _ in range(revisions):
            register(session, json.dumps(document).encode())
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        await until_shown(pilot, r"definitions › alpha:1")
        await pilot.press("j")
        await until_shown(pilot, r"definitions › beta:3")


async def test_a_definition_broken_by_hand_is_shown_as_broken(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    document = {"family": "alpha", "containerDefinitions": [{"name": "a", "image": "busybox", "memory": 16}]}
    register(session, json.dumps(document).encode())
    path = tmp_path / "task-definitions" / "alpha" / "1.json"
    path.chmod(0o600)
    path.write_text('{"family": "alpha", ')
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        await until_shown(pilot, r"✕ BROKEN")
        await until_shown(pilot, r"line 1, column")


async def test_a_slip_in_a_file_leaves_what_the_cluster_said_last(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        with (tmp_path / "clusters" / "prod.toml").open("a") as file:
            file.write("zzz\n")
        await until_shown(pilot, r"✕ prod.toml")
        await until_shown(pilot, r"prod +1 +● 1")


async def test_a_burst_of_keys_behind_the_filter_key_is_text(engine: Daemon, tmp_path: Path) -> None:
    """A paste or a slow line brings many keys at once; none of them may act on the row at the cursor."""
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    engine.run(["sleep", "1000"], name="by-hand", stop_signal="KILL")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await until_shown(pilot, r"by-hand")
        for key, character in (("slash", "/"), ("x", "x"), ("y", "y"), ("l", "l")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: app.screen.query_one(FilterBar).value == "xyl", "xyl in the filter")
        assert "moorage › tasks" in screen_text(app)


async def test_a_file_that_is_broken_from_the_start_is_no_empty_cluster(tmp_path: Path) -> None:
    session = session_with(tmp_path)
    broken = tmp_path / "clusters" / "edge.toml"
    broken.write_text("zzz\n")
    broken.chmod(0o600)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"edge +✕ broken file")
        assert app.desk.fleet.clusters == ("prod",)


async def test_sizes_that_come_faster_than_they_are_laid_out_end_at_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual's screens turned from one to the other for ever, without a pause in which a key could be answered."""
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        screen, laid_out = app.screen, []
        resized = screen._screen_resized

        def counted(size: Size) -> None:
            laid_out.append(size)
            assert len(laid_out) < 50, "it goes on for ever"
            resized(size)

        monkeypatch.setattr(screen, "_screen_resized", counted)
        with app.batch_update():  # then each layout leaves a message of its own between two sizes
            for size in (Size(80, 24), Size(*SIZE), Size(80, 24), Size(*SIZE)):
                screen.post_message(events.Resize(size, size))
                screen.call_later(lambda: None)
            await until(pilot, screen._message_queue.empty, "that nothing waits")
        assert screen.size == Size(*SIZE)
        assert laid_out[-1] == Size(*SIZE)
