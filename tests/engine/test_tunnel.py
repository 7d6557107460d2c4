"""Engines over SSH: a real sshd before a real dockerd, and all that goes wrong between them."""

from __future__ import annotations

import gc
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.ssh import tunnel as tunnel_module
from app.hosts.ssh.tunnel import Tunnel
from app.hosts.watcher import Watcher
from app.model.instance import InstanceKey
from app.model.update import FreshnessTold, HostUpdate
from tests.engine.launching import Bench, definition, order
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.processes import living, parents
from tests.engine_bed.sshd import Sshd

ROOT = Path(__file__).resolve().parents[2]
HOST = InstanceKey("default", "edge")


def over(sshd: Sshd, daemon: Daemon, user: str = "") -> str:
    return f"ssh://{user}edge{daemon.socket}"


@pytest.fixture
def reached(sshd: Sshd, engine: Daemon, tmp_path: Path) -> Iterator[Engine]:
    """The engine, over SSH."""
    made = Engine(parse_endpoint(over(sshd, engine)), sockets=tmp_path / "s")
    yield made
    made.end()


@pytest.fixture
def ours(tmp_path: Path) -> Callable[[], set[int]]:
    """Tells the tunnels of this test that run: by their folder, as others may be tested on this machine."""

    def told() -> set[int]:
        found = set()
        for pid in parents():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"-nNT" in words and Path(f"/proc/{pid}/cwd").readlink().is_relative_to(tmp_path):
                    found.add(pid)
            except OSError:
                continue
        return found

    return told


def why(engine: Engine) -> str:
    with pytest.raises(HostError) as caught:
        engine.ping()
    assert caught.value.kind == "unreachable"
    assert "\n" not in caught.value.message
    return caught.value.message


def test_everything_goes_through_one_ssh(reached: Engine, engine: Daemon, ours: Callable[[], set[int]]) -> None:
    before = ours()
    stream = reached.events()
    bench = Bench(engine)
    bench.engine = reached
    task = bench.launcher().launch(order(reached, definition(), "ab" * 16))
    assert task.last_status == "RUNNING"
    assert next(iter(stream))["Actor"]["ID"]
    (container,) = reached.containers("moorage.task")
    wire = reached.stats_wire()
    wire.ask(reached.stats_path(container["Id"]))
    answer = wait_until(wire.read)
    assert answer is not None
    assert answer.status == 200
    wire.close()
    stream.close()
    assert len(ours() - before) == 1


def test_the_socket_is_ours_alone_and_goes_with_the_tunnel(
    reached: Engine, tmp_path: Path, ours: Callable[[], set[int]]
) -> None:
    before = os.umask(0)
    try:
        reached.ping()
    finally:
        os.umask(before)
    (made,) = (tmp_path / "s").iterdir()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    reached.end()
    assert not list((tmp_path / "s").iterdir())
    assert not ours()


def test_closing_leaves_what_others_may_use_and_a_call_goes_on(reached: Engine, ours: Callable[[], set[int]]) -> None:
    reached.ping()
    before = ours()
    reached.close()
    reached.ping()
    assert ours() == before


def test_a_killed_ssh_is_started_again_at_the_next_call(reached: Engine, ours: Callable[[], set[int]]) -> None:
    reached.ping()
    (first,) = ours()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: first not in parents())
    reached.ping()
    (second,) = ours()
    assert second != first


def test_a_tunnel_that_ends_again_and_again_leaves_nothing(reached: Engine, ours: Callable[[], set[int]]) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    reached.ping()
    before = held()
    for _ in range(8):
        (pid,) = ours()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not ours())
        reached.ping()
    wait_until(lambda: held() <= before, what="no more threads and files than before")


def test_a_killed_sshd_is_told_and_found_again(reached: Engine, sshd: Sshd, ours: Callable[[], set[int]]) -> None:
    told: list[HostUpdate] = []
    watcher = Watcher(HOST, reached, told.append)

    def reach() -> str:
        return next((one.freshness.reach for one in reversed(told) if isinstance(one, FreshnessTold)), "")

    def reason() -> str:
        return next(str(one.freshness.reason) for one in reversed(told) if isinstance(one, FreshnessTold))

    watcher.start()
    try:
        wait_until(lambda: reach() == "live", what="live")
        sshd.kill()
        wait_until(lambda: reach() == "stale" and "refuses connections" in reason(), what="told that it is refused")
        sshd.start()
        wait_until(lambda: reach() == "live", what="live again")
    finally:
        watcher.stop()
    wait_until(lambda: not ours(), what="the watcher that stops ends the tunnel")


def test_a_frozen_sshd_is_noticed(reached: Engine, sshd: Sshd, ours: Callable[[], set[int]]) -> None:
    stream = reached.events()
    began = time.monotonic()
    sshd.signal(signal.SIGSTOP)
    try:
        with pytest.raises(HostError) as caught:
            reached.ping()
        assert caught.value.unanswered
        with pytest.raises((StopIteration, HostError)):
            next(iter(stream))
        wait_until(lambda: not ours(), what="ssh gives up")
        assert time.monotonic() - began < 20
        assert "its sshd does not answer" in why(reached)
    finally:
        sshd.signal(signal.SIGCONT)
    assert wait_until(reached.info, ignoring=(HostError,), what="reached again")["ID"]


def test_an_unknown_key_is_refused_with_the_remedy(reached: Engine, sshd: Sshd) -> None:
    sshd.known_hosts.write_text("")
    message = why(reached)
    assert message == (
        f"the host key of [127.0.0.1]:{sshd.port} is not known here;"
        " moorage trust-host-key --endpoint ssh://edge shows and adds it"
    )
    assert sshd.known_hosts.read_text() == ""


def test_a_changed_key_is_refused(reached: Engine, sshd: Sshd) -> None:
    sshd.make_key("another")
    sshd.know("another")
    before = sshd.known_hosts.read_bytes()
    assert "has CHANGED: somebody may stand in between" in why(reached)
    assert sshd.known_hosts.read_bytes() == before


def test_a_wrong_key_of_ours_is_told_and_not_tried_in_a_rush(
    reached: Engine, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    sshd.make_key("user_key")
    assert "SSH does not let us in: Permission denied (publickey)" in why(reached)
    attempts = sshd.log.count("Connection closed by authenticating user")
    assert "SSH does not let us in" in why(reached)
    reached.close()
    assert "SSH does not let us in" in why(reached)
    assert sshd.log.count("Connection closed by authenticating user") == attempts
    (sshd.folder / "authorized_keys").write_text((sshd.folder / "user_key.pub").read_text())
    monkeypatch.setattr(tunnel_module, "LOCKED_OUT", 0.0)
    fresh = Engine(reached.endpoint, sockets=sshd.folder / "s")
    fresh.ping()
    fresh.end()


def test_a_socket_that_is_not_there_is_named(
    sshd: Sshd, engine: Daemon, tmp_path: Path, ours: Callable[[], set[int]]
) -> None:
    gone = Engine(parse_endpoint("ssh://edge/run/nowhere.sock"), sockets=tmp_path / "s")
    message = why(gone)
    assert message.startswith("SSH reaches edge, but not /run/nowhere.sock there: does Docker run, may your user")
    (first,) = ours()
    # Groups count from the next login on: what was refused is not kept.
    gone.close()
    assert first not in ours()
    assert why(gone) == message
    gone.end()


def test_a_limit_of_sessions_is_none_for_streams(reached: Engine, sshd: Sshd) -> None:
    """Each is a channel, and sshd counts only shells and commands."""
    sshd.kill()
    sshd.configure(server="MaxSessions 1")
    sshd.start()
    streams = [reached.events() for _ in range(30)]
    reached.ping()
    for stream in streams:
        stream.close()


def test_sshd_may_forbid_it(reached: Engine, sshd: Sshd) -> None:
    sshd.kill()
    sshd.configure(server="DisableForwarding yes")
    sshd.start()
    assert "AllowStreamLocalForwarding" in why(reached)


def test_what_the_person_s_configuration_spoils_is_told(reached: Engine, sshd: Sshd) -> None:
    def anew() -> str:
        """Of a tunnel that remembers no failure."""
        return why(Engine(reached.endpoint, sockets=sshd.folder / "s"))

    with socket.create_server(("127.0.0.1", 0)) as taken:
        sshd.configure(client=f"  LocalForward 127.0.0.1:{taken.getsockname()[1]} 127.0.0.1:80")
        assert "if ~/.ssh/config has a LocalForward for this host, use an alias" in why(reached)
    sshd.configure(client="  Nonsense yes")
    assert "Bad configuration option: nonsense" in anew()
    sshd.configure()
    (sshd.folder / "user_key").chmod(0o644)
    assert f"the key {sshd.folder}/user_key can be read by others" in anew()


def test_a_port_that_refuses_and_a_name_that_is_none(sshd: Sshd, tmp_path: Path) -> None:
    sshd.kill()
    assert why(Engine(parse_endpoint("ssh://edge"), sockets=tmp_path)).startswith("edge refuses connections to its SSH")
    nowhere = Engine(parse_endpoint("ssh://nowhere.invalid"), sockets=tmp_path)
    assert why(nowhere).startswith("the name nowhere.invalid cannot be resolved; correct it")


def test_an_ssh_that_hangs_is_given_up(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel_module, "OPEN_SECONDS", 0.5)
    (sshd.bin / "ssh").write_text("#!/bin/sh\ntrap '' TERM\nsleep 100 &\nwait\nsleep 100\n")
    hung = Engine(parse_endpoint("ssh://edge"), sockets=tmp_path / "s")
    before = set(parents())
    assert why(hung).startswith("no tunnel within 0.5 s: edge does not let us in, nor refuse")
    wait_until(lambda: not living({pid for pid in set(parents()) - before if parents().get(pid) == os.getpid()}))


def test_without_ssh_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why(Engine(parse_endpoint("ssh://edge"), sockets=tmp_path)) == (
        "ssh is not installed here; install OpenSSH's client (openssh-client)"
    )


def test_what_ssh_writes_is_bounded_and_made_safe(sshd: Sshd, tmp_path: Path) -> None:
    (sshd.bin / "ssh").write_text(
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x >&2\nprintf '\\nout\\033[2Jch\\n' >&2\nexit 255\n"
    )
    assert why(Engine(parse_endpoint("ssh://edge"), sockets=tmp_path / "s")) == "ssh: out␛[2Jch"


def test_a_jump_host_is_gone_through(reached: Engine, sshd: Sshd, ours: Callable[[], set[int]]) -> None:
    """The person's configuration counts: what is typed is only ``edge``."""
    config = sshd.folder / "ssh_config"
    text = config.read_text()
    jump = f"Host jump\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User root\n"
    config.write_text(f"{jump}Host edge\n  ProxyCommand {sshd.bin}/ssh -W %h:%p jump\n{text}")
    reached.ping()
    assert len(sshd.sessions()) >= 2
    reached.end()
    wait_until(lambda: not sshd.sessions(), what="both logins have ended")
    assert not ours()


_CHILD = """
import sys, pathlib
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
import threading
engine = Engine(parse_endpoint(sys.argv[1]), sockets=pathlib.Path(sys.argv[2]))
# Opened by a thread that ends: the tunnel must outlive it.
thread = threading.Thread(target=engine.ping)
thread.start()
thread.join()
engine.ping()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, None])
def test_no_ssh_outlives_us(
    sshd: Sshd, engine: Daemon, tmp_path: Path, end: signal.Signals | None, ours: Callable[[], set[int]]
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, over(sshd, engine), str(tmp_path / "s")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin:
        assert child.stdout.readline() == b"up\n"
        (ssh,) = ours()
        if end is None:
            child.stdin.close()
        else:
            child.send_signal(end)
        child.wait(timeout=20)
        wait_until(lambda: ssh not in parents(), what="ssh has ended")
        wait_until(lambda: not list((tmp_path / "s").iterdir()), what="its socket is gone")
        wait_until(lambda: not sshd.sessions(), what="the login has ended")


def test_many_threads_open_one_tunnel(reached: Engine, ours: Callable[[], set[int]]) -> None:
    before = ours()
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            reached.ping()
        except HostError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(ours() - before) == 1


def test_a_failure_is_told_to_all_that_waited(sshd: Sshd, tmp_path: Path) -> None:
    """Those that wait while one tries do not try again in turn."""
    counted = tmp_path / "counted"
    (sshd.bin / "ssh").write_text(f"#!/bin/sh\necho x >>{counted}\necho 'No route to host' >&2\nexit 255\n")
    made = Tunnel(parse_endpoint("ssh://edge"), tmp_path / "s")
    for _ in range(5):
        with pytest.raises(HostError, match="no way to edge"):
            made.open()
    assert counted.read_text().count("x") < 5
