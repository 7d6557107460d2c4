"""Taking a log up again where its stream was cut off: what to ask for, and which of it was seen before. Pure.

Docker reads a log from a time on. Lines of stdout and stderr can be stored slightly out of order, so it is asked for a
little more than what is missing, and what was seen already is left out. Memory is bounded by lines and characters.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from itertools import chain, islice

from app.hosts.log_frames import Lines
from app.hosts.log_lines import LogEntry, RawLines

MARGIN = timedelta(milliseconds=250)
MOST_LINES, MOST_CHARACTERS = 20_000, 2_000_000
_TICK = timedelta(microseconds=1)


class Overlap:
    """``seen`` for each batch that came; ``resume`` when the stream is to be opened again, then ``unseen`` over it."""

    def __init__(self) -> None:
        self.last: datetime | None = None
        """The latest time seen, in the host's time."""
        self._recent: deque[tuple[datetime, int, Lines]] = deque()
        self._lines = self._characters = 0
        self._let_go: datetime | None = None
        self._expected: Counter[LogEntry] = Counter()
        self._until: datetime | None = None

    def seen(self, batch: Lines) -> None:
        """Remember lines that were taken, as far as they are needed later."""
        if isinstance(batch, RawLines):
            # Not the latest where stdout and stderr crossed, but no more off than the margin makes good.
            latest, size = max(batch.first, batch.last), batch.size
        else:
            times = [entry.time for entry in batch if entry.time is not None]
            if not times:
                return
            latest, size = max(times), sum(len(entry.text) for entry in batch)
        self.last = latest if self.last is None else max(self.last, latest)
        self._recent.append((latest, size, batch))
        self._lines += len(batch)
        self._characters += size
        while self._recent and self._is_over():
            time, size, old = self._recent.popleft()
            self._lines -= len(old)
            self._characters -= size
            self._let_go = time if self._let_go is None else max(self._let_go, time)

    def resume(self) -> datetime | None:
        """From when the log is to be read again; None: nothing was seen yet."""
        if self.last is None:
            return None
        since = self.last - MARGIN
        if self._let_go is not None and self._let_go >= since:
            since = self._let_go + _TICK
        entries = chain.from_iterable(batch for _, _, batch in self._recent)
        self._expected = Counter(entry for entry in entries if entry.time is not None and entry.time >= since)
        self._until = self.last if self._expected else None
        return since

    def unseen(self, batch: Lines) -> tuple[Lines, bool]:
        """What of a batch was not seen before; and whether something that was seen is no longer in the log.

        The second tells that the log was cleared or rotated meanwhile, so that lines may be missing.
        """
        if self._until is None:
            return batch, False
        fresh: list[LogEntry] = []
        for index, entry in enumerate(batch):
            if entry.time is not None and entry.time > self._until + MARGIN:
                missing = self._expected.total() > 0
                self._until, self._expected = None, Counter()
                return [*fresh, *islice(batch, index, None)], missing
            if self._expected.get(entry, 0) > 0:
                self._expected[entry] -= 1
            else:
                fresh.append(entry)
        if not self._expected.total():
            self._until = None
        return fresh, False

    def _is_over(self) -> bool:
        if self._lines > MOST_LINES or self._characters > MOST_CHARACTERS:
            return True
        assert self.last is not None
        return self._recent[0][0] < self.last - MARGIN
