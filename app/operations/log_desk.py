"""Several logs followed at once, merged by time: each source in a thread of its own, which takes a cut log up again.

What happens to sources is told between the lines: a host falls silent and is back, a container ends, starts again or
is gone. Nothing is shown twice, and what a flood loses is counted, for each source.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import repeat

from app.hosts.errors import HostError
from app.hosts.log_frames import Lines
from app.hosts.log_lines import RawLines
from app.model.safe_text import safe_line
from app.operations.log_hosts import HostPulse
from app.operations.log_merge import DeskLine, DeskRun, Item, Merger, Note, NoteKind, Source, SourceState, ends_at
from app.operations.log_reader import OVER, SourceReader, Wanted

BUFFER = 24_000_000
"""Characters that may wait to be merged, of all sources together."""
LEAST_BUFFER = 500_000
"""Characters that may wait of one source, however many there are."""
MOST_LINES = 20_000
"""Lines that may wait of one source where they may be lost: as many as a screen keeps."""
_PULSE = 3.0
_LOOK = 0.05


class LogDesk:
    """``deliver`` gets items in the order of time, in a thread of the desk's own; it may block.

    All methods may be called from any thread, and return at once.
    """

    def __init__(self, wanted: Wanted, deliver: Callable[[list[Item]], None]) -> None:
        self._wanted = wanted
        self._deliver = deliver
        self._changed = threading.Condition()
        self._merger = Merger()
        self._hosts: dict[str, HostPulse] = {}
        self._readers: dict[str, SourceReader] = {}
        self._closed = threading.Event()
        self._delivering = False
        threading.Thread(target=self._merge, name="log-merge", daemon=True).start()

    # --- what the owner calls --------------------------------------------------------------------------------------

    @property
    def sources(self) -> list[Source]:
        """In the order in which they were added."""
        return [reader.source for reader in list(self._readers.values())]

    @property
    def over(self) -> bool:
        """Has every source come to its end, and was all of it delivered?"""
        with self._changed:
            busy = self._merger.waiting or self._delivering
            return not busy and all(reader.source.state in OVER for reader in self._readers.values())

    def add(self, sources: Iterable[Source]) -> None:
        """Follow more logs; those that are followed already go on."""
        fresh = [source for source in sources if source.key not in self._readers]
        with self._changed:
            for source in fresh:
                known = source.host in self._hosts
                self._hosts.setdefault(source.host, HostPulse(source.host, datetime.now(UTC)))
                self._merger.join(source.key, time.monotonic())
                self._readers[source.key] = SourceReader(self, source)
                if self._wanted.alone and not known:
                    threading.Thread(target=self._pulse, args=(source,), name="log-pulse", daemon=True).start()
        for source in fresh:
            self._readers[source.key].start()

    def started(self, key: str) -> None:
        """A container that had ended runs again."""
        if (reader := self._readers.get(key)) is not None and reader.source.state in OVER:
            reader.wake.set()

    def vanished(self, key: str) -> None:
        """A container that had ended was removed."""
        if (reader := self._readers.get(key)) is not None and reader.source.state == "ended":
            self.settle(reader.source, "gone", "ended", f"{reader.source.tag} is gone: the container was removed")

    def host_silent(self, host: str, noticed: datetime, reason: str) -> None:
        """Somebody has found out that the host does not answer."""
        self.lost(host, noticed, reason, at_once=False)

    def host_back(self, host: str) -> None:
        """The host answers again: what was open while it was silent may be dead, and is opened anew."""
        self.heard(host)
        for reader in list(self._readers.values()):
            if reader.source.host == host and reader.source.state not in OVER:
                reader.resume()

    def close(self) -> None:
        """End everything soon."""
        self._closed.set()
        readers = list(self._readers.values())
        for reader in readers:
            reader.close()
        with self._changed:
            self._changed.notify_all()

    # --- what readers call -----------------------------------------------------------------------------------------

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    @property
    def closed(self) -> threading.Event:
        return self._closed

    def opened(self, source: Source, at: datetime) -> None:
        with self._changed:
            self._merger.opened(source.key, time.monotonic(), at)
            source.state = "following"
        self.heard(source.host)

    def put(self, source: Source, lines: Lines) -> None:
        """Take over lines; waits for room, unless they may be lost."""
        items, characters = _items(source, lines)
        size = characters + 100 * len(lines)
        with self._changed:
            room = max(BUFFER // max(len(self._readers), 1), LEAST_BUFFER)
            lossy = self._wanted.lossy and not self._merger.is_behind(source.key, time.monotonic())
            while not lossy and self._merger.size(source.key) > room and not self._closed.is_set():
                self._changed.wait(0.5)
                lossy = self._wanted.lossy and not self._merger.is_behind(source.key, time.monotonic())
            self._merger.put(source.key, items, size, time.monotonic())
            self._time(source, ends_at(items))
            source.lines += len(lines)
            if lossy:
                source.skipped += self._merger.drop_oldest(source.key, room, MOST_LINES)
            self._changed.notify_all()

    def _time(self, source: Source, last: datetime) -> None:
        source.came = time.monotonic()
        behind = self._merger.is_behind(source.key, source.came)
        source.lag = 0.0 if behind else max((datetime.now(UTC) - last).total_seconds(), 0.0)

    def settle(self, source: Source, state: SourceState, kind: NoteKind | None = None, text: str = "") -> None:
        """A source is not read for now; what to tell of it, if anything."""
        with self._changed:
            source.state = state
            self._merger.leave(source.key)
            if kind is not None:
                self._merger.note(Note(datetime.now(UTC), kind, safe_line(text), source))
            self._changed.notify_all()

    def tell(self, source: Source, kind: NoteKind, text: str) -> None:
        with self._changed:
            self._merger.note(Note(datetime.now(UTC), kind, safe_line(text), source))
            self._changed.notify_all()

    def heard(self, host: str) -> None:
        """Something came from a host. Of one that has no log here yet there is nothing to tell."""
        with self._changed:
            pulse = self._hosts.get(host)
            if pulse is not None and (text := pulse.hear(datetime.now(UTC))) is not None:
                self._merger.note(Note(datetime.now(UTC), "back", text))
                for reader in self._readers.values():
                    if reader.source.host == host and reader.source.state == "silent":
                        reader.source.state = "following" if reader.is_open else "opening"
                        reader.wake.set()
                self._changed.notify_all()

    def lost(self, host: str, noticed: datetime, reason: str, *, at_once: bool) -> None:
        with self._changed:
            mine = [
                reader for reader in self._readers.values()
                if reader.source.host == host and reader.source.state not in OVER
            ]  # fmt: skip
            if not mine or host not in self._hosts:
                return
            text = self._hosts[host].lose(noticed, reason, at_once=at_once)
            for reader in mine:
                reader.source.state = "silent"
                self._merger.leave(reader.source.key)
            if text is not None:
                self._merger.note(Note(datetime.now(UTC), "silent", text))
                self._changed.notify_all()

    def is_silent(self, host: str) -> bool:
        return self._hosts[host].since is not None

    # --- the desk's own threads ------------------------------------------------------------------------------------

    def _tell_lost(self) -> None:
        for key, count, at in self._merger.lost():
            source = self._readers[key].source
            lines = "line" if count == 1 else "lines"
            text = f"{count:,} {lines} of {source.tag} skipped: they came faster than they could be shown"
            self._merger.note(Note(at, "skipped", safe_line(text), source))

    def _merge(self) -> None:
        while not self._closed.is_set():
            with self._changed:
                # Not for ever: a close must end it on every system.
                self._changed.wait_for(lambda: self._merger.waiting or self._closed.is_set(), 1.0)
                self._tell_lost()
                items = self._merger.take(time.monotonic())
                self._delivering = bool(items)
                if items:
                    self._changed.notify_all()
                elif self._merger.waiting:
                    self._changed.wait(_LOOK)
            if items and not self._closed.is_set():
                self._deliver(items)
                self._delivering = False

    def _pulse(self, source: Source) -> None:
        while not self._closed.wait(_PULSE):
            try:
                source.engine.ping()
            except HostError as error:
                self.host_silent(source.host, datetime.now(UTC), error.message)
            else:
                if self.is_silent(source.host):
                    self.host_back(source.host)


def _items(source: Source, lines: Lines) -> tuple[list[Item], int]:
    """What is merged, and how many characters it has."""
    offset = source.offset
    if isinstance(lines, RawLines):
        return [DeskRun(lines.first - offset, source, lines, lines.last - offset)], lines.size
    now = datetime.now(UTC)
    times = (entry.time or now + offset for entry in lines)
    if offset:
        times = (time - offset for time in times)
    items: list[Item] = list(map(DeskLine._make, zip(times, repeat(source), lines, strict=False)))
    return items, sum(len(entry.text) for entry in lines)
