"""``execute-command`` by pipes and in a terminal, on a real engine."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.cli.calling import Cli
from tests.cli.process import command
from tests.engine_bed import Daemon, wait_until
from tests.terminal import TerminalProgram

MARKER = "sleep 1000000"
TAKEN = re.escape(b"\x1b[22;0t")
"""What a terminal gets first when it is handed over."""


@pytest.fixture
def task(clustered: Callable[..., Cli], engine: Daemon) -> tuple[Cli, str]:
    """A home, and a running task of one container."""
    cli = clustered(engine.endpoint)
    cli.register({"name": "app", "command": MARKER.split()})
    return cli, cli.run("web")


def container_of(engine: Daemon) -> str:
    (found,) = [entry["Id"] for entry in engine.api.containers() if entry["Command"] == MARKER]
    return str(found)


def left_in(engine: Daemon) -> list[str]:
    """What runs in the container beside its main process."""
    everything = [line[-1] for line in engine.api.top(container_of(engine))["Processes"]]
    return [line for line in everything if line != MARKER]


def piped(cli: Cli, task: str, line: str, stdin: bytes = b"", *more: str) -> subprocess.CompletedProcess[bytes]:
    argv = command(cli.home, "execute-command", "--task", task, "--command", line, *more)
    return subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=60)


def in_terminal(cli: Cli, task: str, line: str) -> TerminalProgram:
    return TerminalProgram(
        command(cli.home, "execute-command", "--task", task, "--interactive", "--command", line), rows=31, columns=97
    )


# --- pipes ---------------------------------------------------------------------------------------------------------


def test_streams_are_apart_and_the_code_is_the_commands_own(task: tuple[Cli, str]) -> None:
    ran = piped(*task, "sh -c 'echo out; echo err >&2; exit 42'")
    assert (ran.returncode, ran.stdout, ran.stderr) == (42, b"out\n", b"err\n")


def test_a_pipe_goes_through_with_every_byte(task: tuple[Cli, str]) -> None:
    every = bytes(range(256)) * 20_000
    ran = piped(*task, "cat", every)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout == every


def test_much_output_comes_whole(task: tuple[Cli, str], engine: Daemon) -> None:
    ran = piped(*task, "sh -c 'yes 0123456789abcdef | head -c 50000000'")
    assert (ran.returncode, len(ran.stdout)) == (0, 50_000_000)
    wait_until(lambda: left_in(engine) == [])


def test_a_reader_that_leaves_ends_the_command(task: tuple[Cli, str], engine: Daemon) -> None:
    cli, task_id = task
    argv = command(cli.home, "execute-command", "--task", task_id, "--command", "yes flood")
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"flood\n"
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr.read() == b""
    wait_until(lambda: left_in(engine) == [])


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("nosuch", 127, "moorage: app on edge-1: there is no program 'nosuch' in the container\n"),
        ("/etc/passwd", 126, "permission denied"),
        ("sh -c 'kill -9 $$'", 137, ""),
        ("'", 1, "moorage: the command cannot be split into words: No closing quotation\n"),
        (" ", 1, "moorage: the command is empty\n"),
    ],
)
def test_what_does_not_work_is_one_line_and_a_code(task: tuple[Cli, str], line: str, code: int, told: str) -> None:
    ran = piped(*task, line)
    assert ran.returncode == code
    assert told in ran.stderr.decode()
    assert ran.stderr.count(b"\n") == (1 if told else 0)


def test_ctrl_c_ends_what_was_started(task: tuple[Cli, str], engine: Daemon) -> None:
    cli, task_id = task
    argv = command(cli.home, "execute-command", "--task", task_id, "--command", "sleep 4321")
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_until(lambda: "sleep 4321" in left_in(engine))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    wait_until(lambda: left_in(engine) == [])


def test_which_container_is_meant(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    cli.register({"name": "app", "command": ["sleep", "1000"]}, {"name": "db", "command": ["sleep", "1000"]})
    task_id = cli.run("web")
    call = ("execute-command", "--task", task_id[:8], "--command", "hostname")
    assert "has 2 containers; name one (--container): app, db" in cli(*call, code=1).err
    assert "did you mean 'app'" in cli(*call, "--container", "apq", code=1).err
    assert "name a task (--task)" in cli("execute-command", "--command", "true", code=1).err
    assert "exclude each other" in cli(*call, "--interactive", "--non-interactive", code=2).err
    assert piped(cli, task_id, "sh -c 'exit 3'", b"", "--container", "db").returncode == 3
    cli("stop-task", task_id)
    assert re.search("is STOPPED.*commands run in running", cli(*call, "--container", "app", code=1).err)


def test_a_container_that_is_of_no_task(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["sleep", "1000"], name="by-hand", stop_signal="KILL")
    argv = command(cli.home, "execute-command", "--container", "by-hand", "--command", "echo 'a  b'")
    assert subprocess.run(argv, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout == b"a  b\n"
    engine.api.pause("by-hand")
    assert "is paused: unpause it" in cli("execute-command", "--container", "by-hand", "--command", "true", code=1).err
    engine.api.unpause("by-hand")


# --- a terminal ----------------------------------------------------------------------------------------------------


def test_a_shell_in_the_terminal_with_its_size_and_its_exit_code(task: tuple[Cli, str], engine: Daemon) -> None:
    with in_terminal(*task, "sh") as shell:
        shell.press(b"stty size; echo $TERM\r")
        shell.until(rb"31 97\r\n.*xterm-256color\r\n")
        shell.resize(111, 44)
        shell.signal(signal.SIGWINCH)
        shell.forget()
        shell.press(b"sleep 1; stty size\r")
        shell.until(rb"44 111\r\n")
        shell.press(b"exit 42\r")
        assert shell.end() == 42
        assert shell.modes() == shell.modes_before
    wait_until(lambda: left_in(engine) == [])


def test_ctrl_c_and_ctrl_d_are_for_the_program_inside(task: tuple[Cli, str], engine: Daemon) -> None:
    with in_terminal(*task, "sh") as shell:
        shell.press(b"sleep 777\r")
        wait_until(lambda: "sleep 777" in left_in(engine))
        shell.press(b"\x03")
        wait_until(lambda: "sleep 777" not in left_in(engine))
        shell.press(b"echo still-$((1+1))\r")
        shell.until(b"still-2")
        shell.press(b"\x10\x11echo not-detached-$((1+2))\r")
        shell.until(b"not-detached-3")
        shell.press(b"true\r\x04")
        assert shell.end() == 0
        assert shell.modes() == shell.modes_before


def test_a_big_paste_arrives_whole(task: tuple[Cli, str]) -> None:
    lines = b"".join(b"%06d %s\n" % (number, b"x" * 60) for number in range(8000))
    with in_terminal(*task, "sh -c 'stty -echo raw; echo ready; head -c 544000 | md5sum; stty sane'") as shell:
        shell.until(b"ready")
        shell.press(lines, within=60)
        shell.until(hashlib.md5(lines).hexdigest().encode(), within=60)
        assert shell.end() == 0


def test_bytes_reach_the_terminal_untouched(task: tuple[Cli, str]) -> None:
    """Colours, invalid UTF-8, carriage returns, NUL: all as the program wrote them."""
    line = r"""sh -c 'stty raw; printf "\001\033[31mred\377\376\r\n\000end"'"""
    with in_terminal(*task, line) as shell:
        shell.until(b"\x01\x1b\\[31mred\xff\xfe\r\n\x00end")
        assert shell.end() == 0


def test_what_a_program_leaves_in_the_terminal_is_undone(task: tuple[Cli, str]) -> None:
    modes = "".join(rf"\033[?{mode}h" for mode in (1049, 1000, 1003, 1006, 2004))
    hostile = modes + r"\033[?25l\033[31;7m\033]0;pwned\007\033]4;1;#000\007\033(0\033]52;c;"
    with in_terminal(*task, f"""sh -c 'printf "{hostile}"; stty raw -echo'""") as shell:
        assert shell.end() == 0
        assert shell.modes() == shell.modes_before
    after = shell.seen.rpartition(b"\x1b]52;c;")[2]
    for undone in (
        b"\x18", b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[?2004l", b"\x1b[?25h",
        b"\x1b[0m", b"\x1b(B", b"\x1b]104\x1b\\", b"\x1b[23;0t", b"\x1b[?7h",
    ):  # fmt: skip
        assert undone in after, undone
    # An unfinished string ends before anything else is said.
    assert after.startswith(b"\x18\x1b\\")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal_and_leaves_nothing_behind(
    task: tuple[Cli, str], engine: Daemon, number: signal.Signals
) -> None:
    with in_terminal(*task, "sleep 4322") as shell:
        shell.until(TAKEN)
        wait_until(lambda: "sleep 4322" in left_in(engine))
        shell.signal(number)
        assert shell.end() == 128 + number
        assert f"moorage: ended by {number.name}".encode() in shell.seen
        assert shell.modes() == shell.modes_before
    wait_until(lambda: left_in(engine) == [], within=15)


def test_kill_9_leaves_no_process_in_the_container(task: tuple[Cli, str], engine: Daemon) -> None:
    with in_terminal(*task, "sh") as shell:
        shell.press(b"sleep 4323\r")
        wait_until(lambda: "sleep 4323" in left_in(engine))
        wait_until(lambda: any("moorage-guard" in line for line in left_in(engine)))
        shell.process.kill()
        shell.process.wait()
        wait_until(lambda: left_in(engine) == [], within=15)


def test_a_window_that_is_closed_leaves_no_process_in_the_container(task: tuple[Cli, str], engine: Daemon) -> None:
    with in_terminal(*task, "sleep 4324") as shell:
        wait_until(lambda: "sleep 4324" in left_in(engine))
        shell.hang_up()
        assert shell.process.wait(timeout=30) == 129
        wait_until(lambda: left_in(engine) == [], within=15)


def test_a_container_that_vanishes_is_one_line(task: tuple[Cli, str], engine: Daemon) -> None:
    with in_terminal(*task, "sleep 4325") as shell:
        shell.until(TAKEN)
        wait_until(lambda: "sleep 4325" in left_in(engine))
        engine.api.remove_container(container_of(engine), force=True)
        assert shell.end() == 137
        assert re.search(rb"moorage: container 'app' (was removed from|on) edge-1", shell.seen)
        assert shell.modes() == shell.modes_before


def test_dockerd_killed_is_one_line_and_the_terminal_is_restored(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]
) -> None:
    engine = fresh_engine()
    cli = clustered(engine.endpoint)
    cli.register({"name": "app", "command": MARKER.split()})
    with in_terminal(cli, cli.run("web"), "sleep 4326") as shell:
        shell.until(TAKEN)
        wait_until(lambda: "sleep 4326" in left_in(engine))
        engine.kill()
        assert shell.end() == 1
        assert b"moorage: lost edge-1: no Docker Engine is listening there" in shell.seen
        assert shell.seen.count(b"moorage:") == 1
        assert shell.modes() == shell.modes_before


def test_a_frozen_engine_is_told_and_can_be_left(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]
) -> None:
    engine = fresh_engine()
    cli = clustered(engine.endpoint)
    cli.register({"name": "app", "command": MARKER.split()})
    with in_terminal(cli, cli.run("web"), "sh") as shell:
        shell.press(b"echo up-$((1+1))\r")
        shell.until(b"up-2")
        engine.pause()
        shell.until(b"moorage: edge-1 does not answer; ctrl-c leaves")
        engine.resume()
        shell.until(b"moorage: edge-1 answers again")
        shell.press(b"echo up-$((1+2))\r")
        shell.until(b"up-3")
        shell.forget()
        engine.pause()
        shell.until(b"moorage: edge-1 does not answer; ctrl-c leaves")
        shell.press(b"\x03")
        assert shell.end() == 1
        assert b"moorage: left 'app': edge-1 did not answer" in shell.seen
        assert shell.modes() == shell.modes_before
        engine.resume()


def test_nothing_is_left_open_when_many_short_commands_ran(task: tuple[Cli, str], engine: Daemon) -> None:
    for _ in range(5):
        assert piped(*task, "true").returncode == 0
    wait_until(lambda: left_in(engine) == [])
    wait_until(lambda: not engine.api.inspect_container(container_of(engine))["ExecIDs"])


def test_interactive_without_a_terminal_goes_by_pipes(task: tuple[Cli, str]) -> None:
    ran = piped(*task, "cat", b"x\n", "--interactive")
    assert (ran.returncode, ran.stdout) == (0, b"x\n")


# --- attach --------------------------------------------------------------------------------------------------------


def attached(cli: Cli, name: str) -> TerminalProgram:
    return TerminalProgram(command(cli.home, "attach", "--container", name))


def test_attach_talks_with_the_main_process_and_leaves_it(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["sh"], name="main", tty=True, stdin_open=True, stop_signal="KILL")
    with attached(cli, "main") as terminal:
        terminal.until(b"attached to default . unmanaged . main on edge-1; ctrl-p ctrl-q leaves".replace(b" . ", b".+"))
        terminal.press(b"echo here-$((1+1))\r")
        terminal.until(b"here-2")
        terminal.press(b"echo held-$((1+2))\x10")
        terminal.press(b"\r")
        terminal.until(b"here-2|held-3")
        terminal.press(b"\x10\x11")
        assert terminal.end() == 0
        assert terminal.modes() == terminal.modes_before
    assert engine.api.inspect_container("main")["State"]["Running"]
    with attached(cli, "main") as terminal:
        terminal.until(b"leaves")
        terminal.press(b"exit 9\r")
        assert terminal.end() == 9


def test_ctrl_c_in_attach_never_ends_the_container(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    engine.run(["sh", "-c", "while sleep 0.1; do echo tick; done"], name="ticks", stop_signal="KILL")
    with attached(cli, "ticks") as terminal:
        terminal.until(b"ctrl-c leaves.*tick")
        terminal.press(b"\x03")
        assert terminal.end() == 0
    assert engine.api.inspect_container("ticks")["State"]["Running"]


def test_attach_by_pipes(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    made = engine.api.create_container("busybox", ["sh", "-c", "cat; exit 5"], name="reader", stdin_open=True)
    engine.api.start(made["Id"])
    ran = subprocess.Popen(
        command(cli.home, "attach", "--container", "reader"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert ran.stdin is not None
    assert ran.stdout is not None
    ran.stdin.write(b"hello\n")
    ran.stdin.flush()
    assert ran.stdout.readline() == b"hello\n"
    engine.api.kill("reader")
    assert ran.wait(20) == 137
    ran.stdin.close()
    ran.stdout.close()


def test_the_environment_has_no_surprise(task: tuple[Cli, str]) -> None:
    """Beside the container's own there is the mark by which the guard finds what was started."""
    ran = piped(*task, "env")
    names = {line.partition("=")[0] for line in ran.stdout.decode().splitlines()}
    assert names == {"PATH", "HOSTNAME", "HOME", "MOORAGE_SESSION"}
    assert os.environ.get("MOORAGE_SESSION") is None
