"""The loop between this side and a process, without an engine: a socket stands for it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from app.hosts.errors import HostError
from app.hosts.exec.duplex import Duplex
from app.hosts.exec.process import ProcessState
from app.operations.shell import minder as minding
from app.operations.shell.minder import Minder
from app.operations.shell.talk import WAITING_LIMIT, End, Outlet, Talk
from app.operations.shell.terminal import RESET, Traces, Wake


def duplex_of(connection: socket.socket, buffered: int = 0) -> Duplex:
    """As after an answer of the engine; so many bytes are in http.client's buffer already."""
    file = connection.makefile("rb")
    if buffered:
        file.peek(1)
    return Duplex(SimpleNamespace(raw=SimpleNamespace(_fp=SimpleNamespace(fp=file)), close=connection.close))


@dataclass
class FakeProcess:
    duplex: Duplex
    tty: bool = True
    silent: bool = False
    over: ProcessState = field(default_factory=lambda: ProcessState(True, None))
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def state(self) -> ProcessState:
        if self.silent:
            raise HostError("no answer", "timeout")
        return self.over

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))


class Bench:
    """A talk in a thread: ``far`` is the process's end, ``keys`` types, ``out`` is what comes."""

    def __init__(self, *, tty: bool = True, detachable: bool = False) -> None:
        self.far, near = socket.socketpair()
        self.far.settimeout(10)
        self.process = FakeProcess(duplex_of(near), tty)
        self.wake = Wake()
        self.minder = Minder(self.process, "edge-1", self.wake)
        keyboard, self._type = os.pipe()
        self._out, out = os.pipe()
        os.set_blocking(out, False)
        self.outlet = Outlet(out, 1 << 16)
        self.talk = Talk(
            self.process,
            {"stdout": self.outlet, "stderr": self.outlet},
            self.minder,
            self.wake,
            keyboard,
            detachable=detachable,
        )
        self._numbers = [keyboard, self._out, out]
        self.end: End | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.minder.start()
        self._thread.start()

    def _run(self) -> None:
        self.end = self.talk.run()

    def keys(self, data: bytes) -> None:
        os.write(self._type, data)

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += os.read(self._out, count - len(data))
        return data

    def finished(self) -> End:
        self._thread.join(10)
        assert self.end is not None
        return self.end

    def close(self) -> None:
        self.minder.stop()
        if self._thread.ident is not None:
            self._thread.join(10)
        self.minder.close()
        self.wake.close()
        self.far.close()
        self.process.duplex.close()
        for number in (*self._numbers, self._type):
            os.close(number)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minding, "LOOK_EVERY", 0.05)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def detachable() -> Iterator[Bench]:
    made = Bench(detachable=True)
    yield made
    made.close()


def test_what_came_with_the_headers_is_not_lost() -> None:
    far, near = socket.socketpair()
    far.sendall(b"early")
    duplex = duplex_of(near, buffered=5)
    assert duplex.ready
    assert (duplex.read(), duplex.ready, duplex.read()) == (b"early", False, None)
    far.close()
    assert duplex.read() == b""
    duplex.close()
    duplex.close()


def test_bytes_both_ways_until_the_far_end_closes(bench: Bench) -> None:
    bench.start()
    bench.keys(b"\x00\x03\x10\x11\xff")
    assert bench.far.recv(5) == b"\x00\x03\x10\x11\xff"
    bench.far.sendall(b"\x1b[31m\xff\x00")
    assert bench.read(7) == b"\x1b[31m\xff\x00"
    bench.far.close()
    assert bench.finished() == End("over")


def test_a_side_that_takes_nothing_stops_the_other(bench: Bench) -> None:
    bench.start()
    bench.far.settimeout(0.3)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 64 * WAITING_LIMIT:
            sent += bench.far.send(b"x" * 4096)
    # What was taken is in the two buffers of the system, and in ours.
    assert sent < 8 * WAITING_LIMIT
    assert bench.read(sent) == b"x" * sent


def test_ctrl_p_ctrl_q_leaves_and_ctrl_p_alone_is_only_late(detachable: Bench) -> None:
    detachable.start()
    detachable.keys(b"a\x10")
    assert detachable.far.recv(1) == b"a"
    assert detachable.far.recv(1) == b"\x10"
    detachable.keys(b"b\x10")
    assert detachable.far.recv(1) == b"b"
    detachable.keys(b"\x11c")
    assert detachable.finished() == End("detached")
    detachable.far.settimeout(0.2)
    with pytest.raises(TimeoutError):
        detachable.far.recv(1)


def test_an_engine_that_is_silent_can_be_left_by_ctrl_c(bench: Bench) -> None:
    bench.process.silent = True
    bench.start()
    deadline = time.monotonic() + 10
    while not bench.minder.silent and time.monotonic() < deadline:
        bench.wake()
    bench.keys(b"\x03")
    assert bench.finished() == End("left")


def test_an_engine_that_stays_silent_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minding, "GIVE_UP_AFTER", 0.2)
    bench.process.silent = True
    bench.start()
    assert bench.finished() == End("lost")


def test_a_process_that_is_over_is_not_waited_for_by_who_holds_its_stream(bench: Bench) -> None:
    bench.process.over = ProcessState(False, 5)
    bench.start()
    bench.far.sendall(b"last words")
    assert bench.finished() == End("over", ProcessState(False, 5))
    assert bench.read(10) == b"last words"


def test_what_is_no_frame_is_an_error() -> None:
    bench = Bench(tty=False)
    bench.far.sendall(b"HTTP/1.1 500 Internal Server Error")
    with pytest.raises(HostError, match="begins no frame"):
        bench.talk.run()
    bench.close()


def test_sizes_are_told_the_latest_first(bench: Bench) -> None:
    from app.hosts.exec.process import Size

    bench.minder.resize(Size(80, 24))
    bench.minder.resize(Size(100, 30))
    bench.start()
    bench.far.sendall(b"x")
    bench.read(1)
    bench.far.close()
    bench.finished()
    assert bench.process.sizes == [(100, 30)]


@pytest.mark.parametrize("cut", range(1, 6))
def test_the_palette_is_reset_only_if_it_was_changed(cut: int) -> None:
    traces = Traces()
    traces.see(b"\x1b]0;a title\x07 plain \x1b[31m")
    assert traces.reset == RESET.encode()
    change = b"\x1b]11;#000\x07"
    traces.see(change[:cut])
    traces.see(change[cut:])
    assert b"\x1b]111\x1b\\" in traces.reset
