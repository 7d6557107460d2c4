"""One source of a log desk: its log is read in a thread, and taken up again where it was cut off."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from app.hosts.errors import HostError
from app.hosts.logs import Lines, LogStream, StreamName, read_logs
from app.operations.log_merge import NoteKind, Source, SourceState

OVER: frozenset[SourceState] = frozenset({"ended", "gone", "unreadable"})
"""The states in which nothing is read."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_LOOK_AGAIN = 2.0
_STEADY = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of each source. ``since`` by our clock; ``tail`` None: all; ``stream`` None: both.

    ``lossy``: what the reader is too slow for is dropped and counted; otherwise the engines are made to wait.
    ``alone``: nobody tells how hosts and containers are, so they are asked from time to time.
    """

    since: datetime | None = None
    tail: int | None = None
    stream: StreamName | None = None
    lossy: bool = True
    alone: bool = False


class Owner(Protocol):
    """What a reader tells, from its thread; a log desk."""

    @property
    def wanted(self) -> Wanted: ...

    @property
    def closed(self) -> threading.Event: ...

    def opened(self, source: Source, at: datetime) -> None: ...

    def put(self, source: Source, lines: Lines) -> None: ...

    def settle(self, source: Source, state: SourceState, kind: NoteKind | None = None, text: str = "") -> None: ...

    def tell(self, source: Source, kind: NoteKind, text: str) -> None: ...

    def heard(self, host: str) -> None: ...

    def lost(self, host: str, noticed: datetime, reason: str, *, at_once: bool) -> None: ...


class SourceReader:
    """Reads one source until the desk is closed."""

    def __init__(self, desk: Owner, source: Source) -> None:
        self.source = source
        self.wake = threading.Event()
        self._desk = desk
        self._stream: LogStream | None = None
        self._first_open: datetime | None = None
        self._reopen = False

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"log-{self.source.tag}", daemon=True).start()

    def close(self) -> None:
        self.wake.set()
        self._close_stream()

    def _close_stream(self) -> None:
        if (stream := self._stream) is not None:
            # That may wait for its socket: not in the caller's thread.
            threading.Thread(target=stream.close, daemon=True).start()

    def resume(self) -> None:
        """Open the log anew, from where it was."""
        self.wake.set()
        self._reopen = self.is_open
        self._close_stream()

    # --- in its thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait = _FIRST_WAIT
        while not self._desk.closed.is_set():
            began = time.monotonic()
            self.wake.clear()
            self._read()
            if self._desk.closed.is_set():
                return
            state = self.source.state
            if state in OVER:
                if not self._wait_for_start():
                    return
                wait = _FIRST_WAIT
            elif self._reopen:
                self._reopen = False
            else:
                wait = _FIRST_WAIT if time.monotonic() - began > _STEADY else min(wait * 1.6, _LONGEST_WAIT)
                self.wake.wait(wait)

    def _read(self) -> None:
        """One connection, from its opening to its end. Says in the source's state what is to be done next."""
        source, wanted = self.source, self._desk.wanted
        try:
            since, tail = self._from_where()
            stream = read_logs(
                source.engine, source.key, follow=True, tail=tail, since=since, timestamps=True, stream=wanted.stream
            )
        except HostError as error:
            self._failed(error, opening=True)
            return
        self._stream = stream
        now = datetime.now(UTC)
        self._first_open = self._first_open or now
        self._desk.opened(source, now)
        try:
            for batch in stream:
                self._take(batch)
        except HostError as error:
            if not self._reopen:
                self._failed(error, opening=False)
        else:
            if not (self._reopen or self._desk.closed.is_set()):
                self._ended()
        finally:
            self._stream = None

    def _from_where(self) -> tuple[datetime | None, int | None]:
        """Since when, by the host's clock, and how many lines of the end."""
        source, wanted = self.source, self._desk.wanted
        since = source.overlap.resume()
        if since is not None:
            return since, None
        if self._first_open is not None and wanted.tail == 0:
            return self._first_open + source.offset, None
        return (wanted.since + source.offset if wanted.since else None), wanted.tail

    def _take(self, batch: Lines) -> None:
        fresh, missing = self.source.overlap.unseen(batch)
        if missing:
            why = "no longer has what was shown last: lines may be missing"
            self._desk.tell(self.source, "problem", f"the log of {self.source.tag} {why}")
        self._desk.heard(self.source.host)
        if fresh:
            self.source.overlap.seen(fresh)
            self._desk.put(self.source, fresh)

    def _failed(self, error: HostError, *, opening: bool) -> None:
        source, desk = self.source, self._desk
        if desk.closed.is_set():
            return
        if error.kind == "not-found":
            desk.settle(source, "gone", "ended", f"{source.tag} is gone: the container was removed")
        elif error.unanswered:
            # Broken off, or refused, is known at once; a deadline has passed only after the fact.
            desk.lost(source.host, datetime.now(UTC), error.message, at_once=error.kind == "unreachable")
            source.state = "silent"
        elif opening:
            desk.settle(source, "unreadable", "problem", f"the log of {source.tag} cannot be read: {error.message}")
        else:
            desk.tell(source, "problem", f"the log of {source.tag} broke off: {error.message}; it is opened again")

    def _ended(self) -> None:
        """A clean end: the container has ended, or the engine has."""
        source, broke = self.source, datetime.now(UTC)
        try:
            state = source.engine.inspect(source.key).get("State")
        except HostError as error:
            if error.unanswered:
                self._desk.lost(source.host, broke, error.message, at_once=True)
                source.state = "silent"
            else:
                self._failed(error, opening=False)
            return
        told = state if isinstance(state, dict) else {}
        if told.get("Running") or told.get("Restarting"):
            return
        if told.get("Status") == "created":
            self._desk.settle(source, "ended")
        else:
            self._desk.settle(source, "ended", "ended", f"{source.tag} has ended: exit {told.get('ExitCode', '?')}")

    def _wait_for_start(self) -> bool:
        """Until it is told, or found out, that the container runs again; False: nobody wants to know any more."""
        source = self.source
        if source.state == "gone":
            return False
        had_run = source.state == "ended" and source.overlap.last is not None
        while not self.wake.wait(_LOOK_AGAIN if self._desk.wanted.alone else None):
            if self._desk.closed.is_set() or self._runs():
                break
        if self._desk.closed.is_set():
            return False
        source.state = "opening"
        if had_run:
            self._desk.tell(source, "started", f"{source.tag} has started again")
        return True

    def _runs(self) -> bool:
        try:
            state = self.source.engine.inspect(self.source.key).get("State")
        except HostError:
            return False
        return isinstance(state, dict) and bool(state.get("Running"))
