"""Bytes between a terminal or pipes here and a process there, both ways, until one of them ends.

One loop on the caller's thread, which never waits for one side alone: what a slow side does not take yet is kept, up to
a limit, and then the other side is not read either. A minder thread asks the engine meanwhile whether it is still
there, and whether the process is.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import stat
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from app.hosts.exec.frames import Demux
from app.hosts.exec.process import ProcessState, RemoteProcess
from app.operations.shell.minder import Minder
from app.operations.shell.terminal import RawTerminal, Wake

WAITING_LIMIT = 1 << 18
"""Bytes that are kept for a side that does not take them."""
_READ_SIZE = 1 << 16
_IDLE_EVERY = 0.5
_LAST_WORDS = 1.0
"""Seconds that a stream may go on after its process has ended."""
_CTRL_C, _CTRL_P, _CTRL_Q = b"\x03", b"\x10", b"\x11"
_HELD_FOR = 0.5

Reason = Literal["over", "detached", "signal", "lost", "left", "unwritable"]


class End(NamedTuple):
    """``over``: the process has ended, or its stream has. ``signal``: we were asked to end, by ``number``. ``lost``:

    the engine does not answer any more. ``left``: from here. ``unwritable``: nobody reads what
    comes; ``error`` says why.
    """

    reason: Reason
    state: ProcessState | None = None
    number: int = 0
    error: OSError | None = None


class Way(Protocol):
    """Where output goes to: ``number`` is that of a file while something is ``pending`` for it."""

    @property
    def number(self) -> int: ...

    @property
    def pending(self) -> bool: ...

    @property
    def full(self) -> bool: ...

    def put(self, data: bytes) -> None: ...

    def write(self) -> None: ...


class Outlet:
    """What waits to be written to one file. ``at_once``: if it takes any bytes it takes so many without waiting."""

    def __init__(
        self, number: int, at_once: int, see: Callable[[bytes], None] | None = None, *, owned: bool = False
    ) -> None:
        self.number = number
        self._size = at_once
        self._owned = owned
        self._see = see
        self._waiting = b""

    def put(self, data: bytes) -> None:
        self._waiting += data

    def close(self) -> None:
        if self._owned:
            os.close(self.number)

    @property
    def pending(self) -> bool:
        """Is something to be written?"""
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= WAITING_LIMIT

    def write(self) -> None:
        """Raises OSError when nobody reads it any more."""
        try:
            written = os.write(self.number, self._waiting[: self._size])
        except BlockingIOError:
            return
        if self._see is not None:
            self._see(self._waiting[:written])
        self._waiting = self._waiting[written:]


def outlet_to(number: int) -> Outlet:
    """For a file, a pipe or a terminal of ours. Whoever asked for it closes it."""
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return Outlet(number, _READ_SIZE)
    if stat.S_ISFIFO(mode):
        with contextlib.suppress(OSError):  # not everywhere is there a /proc
            # Opened once more: that this way never waits is nobody's business who has the same pipe.
            own = os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            return Outlet(own, _READ_SIZE, owned=True)
    # A pipe that takes anything takes so much; a terminal says that it is ready when it takes a few.
    return Outlet(number, 512 if stat.S_ISCHR(mode) else 4096)


@dataclass(slots=True)
class Talk:
    """One conversation. ``stdin``: a number to read from, or None; ``detachable``: ctrl-p ctrl-q ends it.

    ``idle`` is called about twice a second on the same thread.
    """

    process: RemoteProcess
    outlets: Mapping[str, Way]
    minder: Minder
    wake: Wake
    stdin: int | None = None
    terminal: RawTerminal | None = None
    detachable: bool = False
    idle: Callable[[], None] | None = None

    def run(self) -> End:
        """Raises HostError when what comes is not Docker's."""
        return _Loop(self).run()


class _Loop:
    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._duplex = talk.process.duplex
        self._demux = None if talk.process.tty else Demux()
        self._stdin = talk.stdin
        self._to_send = b""
        self._held = b""
        self._held_at = 0.0
        self._heard_end = False
        self._over_since: float | None = None
        self._idle_at = time.monotonic()
        self._end: End | None = None

    def run(self) -> End:
        if self._stdin is None:
            self._duplex.half_close()
        # epoll would refuse files; select, on Linux, numbers above 1023.
        with selectors.PollSelector() if sys.platform == "linux" else selectors.SelectSelector() as selector:
            while self._end is None:
                self._watch(selector)
                timeout = 0 if self._duplex.ready and not self._full else self._patience()
                ready = {key.fd: mask for key, mask in selector.select(timeout)}
                self._step(ready)
        return self._end

    # --- what to wait for ------------------------------------------------------------------------------------------

    @property
    def _full(self) -> bool:
        return any(outlet.full for outlet in self._talk.outlets.values())

    def _wanted(self) -> dict[int, int]:
        wanted = {self._talk.wake.read_end: selectors.EVENT_READ}
        if self._stdin is not None and len(self._to_send) < WAITING_LIMIT:
            wanted[self._stdin] = selectors.EVENT_READ
        remote = 0 if self._full or self._heard_end else selectors.EVENT_READ
        remote |= selectors.EVENT_WRITE if self._to_send and not self._heard_end else 0
        if remote:
            wanted[self._duplex.fileno()] = remote
        for outlet in self._talk.outlets.values():
            if outlet.pending:
                wanted[outlet.number] = wanted.get(outlet.number, 0) | selectors.EVENT_WRITE
        return wanted

    def _watch(self, selector: selectors.BaseSelector) -> None:
        wanted = self._wanted()
        for key in list(selector.get_map().values()):
            if wanted.get(key.fd) == key.events:
                del wanted[key.fd]
            else:
                selector.unregister(key.fd)
        for number, events in wanted.items():
            selector.register(number, events)

    def _patience(self) -> float:
        if self._held or self._over_since is not None:
            return 0.1
        return _IDLE_EVERY

    # --- one step --------------------------------------------------------------------------------------------------

    def _step(self, ready: dict[int, int]) -> None:
        talk = self._talk
        if talk.wake.read_end in ready:
            talk.wake.clear()
        if self._stdin is not None and ready.get(self._stdin, 0) & selectors.EVENT_READ:
            self._read_keys(self._stdin)
        self._forget_held()
        self._exchange(ready.get(self._duplex.fileno(), 0))
        for outlet in talk.outlets.values():
            if outlet.pending and ready.get(outlet.number, 0) & selectors.EVENT_WRITE:
                try:
                    outlet.write()
                except OSError as error:
                    self._finish(End("unwritable", error=error))
        self._look_around()
        if talk.idle is not None and time.monotonic() - self._idle_at > _IDLE_EVERY:
            self._idle_at = time.monotonic()
            talk.idle()

    def _finish(self, end: End) -> None:
        self._end = self._end or end

    def _exchange(self, events: int) -> None:
        if self._to_send and events & selectors.EVENT_WRITE:
            self._to_send = self._to_send[self._duplex.write(self._to_send) :]
            if not self._to_send and self._stdin is None:
                self._duplex.half_close()
        if (events & selectors.EVENT_READ or self._duplex.ready) and not self._full and not self._heard_end:
            data = self._duplex.read()
            if data:
                self._give(data)
            elif data is not None:
                self._heard_end = True

    def _give(self, data: bytes) -> None:
        outlets = self._talk.outlets
        if self._demux is None:
            outlets["stdout"].put(data)
            return
        for piece in self._demux.feed(data):
            outlets[piece.stream].put(piece.data)

    def _look_around(self) -> None:
        """Has one of the reasons to end come about?"""
        minder, written = self._talk.minder, not any(outlet.pending for outlet in self._talk.outlets.values())
        if minder.stopped:
            self._finish(End("left"))
        elif minder.signalled:
            self._finish(End("signal", number=minder.signalled))
        elif self._heard_end:
            if written:
                self._finish(End("over"))
        elif minder.over is not None:
            # A program that it left behind may hold the stream open, for ever.
            self._over_since = self._over_since or time.monotonic()
            if time.monotonic() - self._over_since > _LAST_WORDS and written:
                self._finish(End("over", minder.over))
        elif minder.lost:
            self._finish(End("lost"))
        note = minder.take_note()
        if note and self._talk.terminal is not None:
            self._talk.outlets["stdout"].put(f"\r\n\x1b[0m{note}\r\n".encode())

    # --- what is typed ---------------------------------------------------------------------------------------------

    def _read_keys(self, number: int) -> None:
        try:
            data = os.read(number, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._stdin = None
            if not self._to_send:
                self._duplex.half_close()
            return
        if self._talk.minder.silent and _CTRL_C in data:
            self._finish(End("left"))
        elif self._talk.detachable:
            self._send_unless_detaching(data)
        else:
            self._to_send += data

    def _send_unless_detaching(self, data: bytes) -> None:
        """ctrl-p is held back for a moment: ctrl-q may follow."""
        data, self._held = self._held + data, b""
        before, both, _ = data.partition(_CTRL_P + _CTRL_Q)
        if both:
            self._to_send += before
            self._finish(End("detached"))
        elif data.endswith(_CTRL_P):
            self._to_send += data[:-1]
            self._held, self._held_at = _CTRL_P, time.monotonic()
        else:
            self._to_send += data

    def _forget_held(self) -> None:
        if self._held and time.monotonic() - self._held_at > _HELD_FOR:
            self._to_send, self._held = self._to_send + self._held, b""
