"""Processes of ours in containers of a real engine: output apart, exit codes, and nothing left when we are gone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.frames import Demux
from app.hosts.exec.guard import MARK, SCRIPT, Guard, hang_up
from app.hosts.exec.process import ExecProcess, NotStartedError, Size, start_process
from app.hosts.policy.rule import ReadOnlyError
from tests.engine_bed import Daemon, wait_until
from tests.shell_less import load_shell_less


@pytest.fixture
def port(engine: Daemon) -> Iterator[Engine]:
    opened = Engine(parse_endpoint(engine.endpoint))
    yield opened
    opened.close()


@pytest.fixture
def container(engine: Daemon) -> str:
    return engine.run(["sleep", "1000000"], stop_signal="KILL")


def processes(engine: Daemon, container: str) -> list[str]:
    return sorted(line[-1] for line in engine.api.top(container)["Processes"])


def output(process: ExecProcess) -> dict[str, bytes]:
    streams = {"stdout": b"", "stderr": b""}
    for piece in Demux().feed(process.duplex.read_all(10, most=1 << 24)):
        streams[piece.stream] += piece.data
    return streams


def guarding(port: Engine, container: str, token: str, *, tty: bool) -> Guard:
    guard = Guard(port, container, token, tty=tty)
    assert guard.set
    guard.look()
    return guard


def test_output_comes_apart_with_the_exact_exit_code(port: Engine, container: str) -> None:
    process = start_process(port, container, ["sh", "-c", "echo out; echo err >&2; exit 42"])
    assert output(process) == {"stdout": b"out\n", "stderr": b"err\n"}
    assert process.state() == (False, 42)


def test_a_terminal_has_the_size_it_was_given(port: Engine, container: str) -> None:
    process = start_process(port, container, ["sh"], tty=True, stdin=True, size=Size(97, 31))
    process.resize(97, 31)
    process.duplex.write(b"stty size; exit 7\n")
    assert b"31 97" in process.duplex.read_all(10)
    wait_until(lambda: process.state() == (False, 7))


def test_bytes_go_in_and_come_out_as_they_are(port: Engine, container: str) -> None:
    every = bytes(range(256)) * 40
    process = start_process(port, container, ["cat"], stdin=True)
    assert process.duplex.write(every) == len(every)
    process.duplex.half_close()
    assert output(process)["stdout"] == every
    assert process.state() == (False, 0)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nosuch"], 127, "there is no program 'nosuch'"),
        (["/nosuch"], 127, "there is no program '/nosuch'"),
        (["/etc/passwd"], 126, "permission denied"),
    ],
)
@pytest.mark.parametrize("tty", [True, False])
def test_what_cannot_be_started_says_so(
    port: Engine, container: str, argv: list[str], code: int, words: str, tty: bool
) -> None:
    with pytest.raises(NotStartedError, match=words) as refused:
        start_process(port, container, argv, tty=tty)
    assert refused.value.exit_code == code


def test_nothing_is_left_in_the_list_of_commands(engine: Daemon, port: Engine, container: str) -> None:
    for _ in range(5):
        output(start_process(port, container, ["true"]))
        with pytest.raises(NotStartedError):
            start_process(port, container, ["nosuch"])
    wait_until(lambda: not engine.api.inspect_container(container)["ExecIDs"])


def test_a_stopped_and_a_paused_container_refuse(engine: Daemon, port: Engine, container: str) -> None:
    engine.api.pause(container)
    with pytest.raises(HostError, match="paused"):
        start_process(port, container, ["true"])
    engine.api.unpause(container)
    engine.api.kill(container)
    with pytest.raises(HostError, match="not running"):
        start_process(port, container, ["true"])
    with pytest.raises(HostError, match="No such container"):
        start_process(port, "0" * 64, ["true"])


def test_read_only_engines_refuse(engine: Daemon, container: str) -> None:
    port = Engine(parse_endpoint(engine.endpoint), read_only=True)
    with pytest.raises(ReadOnlyError):
        start_process(port, container, ["true"])
    port.close()


@pytest.mark.parametrize("tty", [True, False])
def test_a_connection_that_is_cut_leaves_nothing_behind(
    engine: Daemon, port: Engine, container: str, tty: bool
) -> None:
    line = "sleep 5551 & sh -c 'trap \"\" HUP; sleep 5552; :' & sleep 5553; :"
    process = start_process(port, container, ["sh", "-c", line], tty=tty, stdin=True, environment={MARK: "t0k3n"})
    guard = guarding(port, container, "t0k3n", tty=tty)
    wait_until(lambda: "sleep 5552" in processes(engine, container))
    process.duplex.close()
    guard.strike()
    wait_until(lambda: processes(engine, container) == ["sleep 1000000"], within=8)


def test_a_guard_that_is_released_touches_nothing(engine: Daemon, port: Engine, container: str) -> None:
    line = "sleep 5554 >/dev/null 2>&1 & exit 0"
    process = start_process(port, container, ["sh", "-c", f"sleep 0.5; {line}"], environment={MARK: "abc"})
    guard = guarding(port, container, "abc", tty=False)
    output(process)
    guard.release()
    wait_until(lambda: processes(engine, container) == ["sleep 1000000", "sleep 5554"])


def test_others_are_not_touched_by_a_guard(engine: Daemon, port: Engine, container: str) -> None:
    start_process(port, container, ["sleep", "5555"], environment={MARK: "other"})
    start_process(port, container, ["sleep", "5556"], environment={MARK: "mine"})
    guard = guarding(port, container, "mine", tty=False)
    guard.strike()
    wait_until(lambda: "sleep 5556" not in processes(engine, container))
    wait_until(lambda: len(processes(engine, container)) == 2, within=6)
    assert processes(engine, container) == ["sleep 1000000", "sleep 5555"]


def test_a_container_without_a_shell_has_no_guard(engine: Daemon, port: Engine) -> None:
    made = engine.api.create_container(load_shell_less(engine), ["sleep", "1000000"], stop_signal="KILL")
    engine.api.start(made["Id"])
    guard = Guard(port, made["Id"], "t", tty=False)
    assert not guard.set
    guard.strike()
    assert processes(engine, made["Id"]) == ["sleep 1000000"]


@pytest.mark.usefixtures("engine_bed")
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_guard_is_a_script_for_other_shells_too(shell: str) -> None:
    """The engine's containers have busybox alone: here the script runs on this machine, in a namespace of its own."""
    inside = """
        MOORAGE_SESSION=token setsid bash -c 'trap "" HUP; sleep 777 & sleep 778; :' &
        MOORAGE_SESSION=other setsid sleep 779 &
        until [ "$(ps axo args | grep -c '^sleep')" = 3 ]; do sleep 0.1; done
        printf 'look\n' | "$0" -c 'eval "$3"' moorage-guard token pipe "$1"
        ps axww -o stat=,args= | awk '$2 == "sleep" && $1 !~ /^Z/ {print $2, $3}'
    """
    ran = subprocess.run(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", inside, shell, SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout == "sleep 779\n"


def test_a_guard_that_never_saw_its_process_finds_it_when_we_are_gone(
    engine: Daemon, port: Engine, container: str
) -> None:
    """We may be gone before the process is there: it is waited for."""
    Guard(port, container, "late", tty=True).strike()
    start_process(port, container, ["sleep", "5558"], tty=True, environment={MARK: "late"})
    wait_until(lambda: "sleep 5558" not in processes(engine, container))


def test_what_outlived_dockerd_is_ended_once_it_is_back(fresh_engine: Callable[..., Daemon]) -> None:
    engine = fresh_engine(live_restore=True)
    port = Engine(parse_endpoint(engine.endpoint))
    container = engine.run(["sleep", "1000000"], stop_signal="KILL")
    process = start_process(port, container, ["sleep", "5557"], tty=True, environment={MARK: "k"})
    guarding(port, container, "k", tty=True)
    engine.kill()
    assert process.duplex.read_all(10) == b""
    with pytest.raises(HostError):
        process.state()
    port.close()
    engine.start()
    assert hang_up(port, container, "k", tty=True)
    wait_until(lambda: processes(engine, container) == ["sleep 1000000"])
    port.close()
