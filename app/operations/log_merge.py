"""Lines of several logs, as they come, in the order of time. Pure: the clock comes in as an argument.

A line waits for a moment, because one of another source that is older may still be on its way. A source that is still
handing over what it wrote before holds the others up until it has caught up, or has kept them waiting for too long.
What comes later than that is told where it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat
from operator import itemgetter
from typing import Literal, NamedTuple

from app.hosts.engine import Engine
from app.hosts.log_lines import LogEntry, RawLines, entry_of, times_of
from app.hosts.log_overlap import Overlap
from app.model.safe_text import SafeText

WINDOW = 0.2
"""Seconds that a line waits for older ones of other sources."""
SETTLED = 0.3
"""Seconds of silence after which a source has handed over what it wrote before."""
PATIENCE = 2.0
"""Seconds that a source which does not answer holds the others up at most."""

SourceState = Literal["opening", "following", "silent", "ended", "gone", "unreadable"]
NoteKind = Literal["silent", "back", "started", "ended", "problem", "skipped"]


@dataclass(slots=True, eq=False)
class Source:
    """One container's log. ``offset``: how far its host's clock is ahead of ours, 0 if that is not worth correcting.

    ``clock_known``: the host's clock was compared with ours. ``lag``: how old its last line was when it came, in
    seconds, 0 while it hands over what it wrote before; ``came``: when that was, monotonic.
    """

    key: str
    tag: SafeText
    host: str
    engine: Engine
    offset: timedelta = timedelta(0)
    clock_known: bool = True
    task_id: str = ""
    container: SafeText = SafeText("")
    tone: int = 0
    state: SourceState = "opening"
    lines: int = 0
    skipped: int = 0
    lag: float = 0.0
    came: float = 0.0
    overlap: Overlap = field(default_factory=Overlap)


class DeskLine(NamedTuple):
    """One line; ``at`` is its time by our clock."""

    at: datetime
    source: Source
    entry: LogEntry


class DeskRun(NamedTuple):
    """Lines of one source that nobody has read yet, and that no other line stands between. By our clock:

    ``at`` is the time of the first, ``last`` that of the last.
    """

    at: datetime
    source: Source
    lines: RawLines
    last: datetime

    def opened(self) -> list[DeskLine]:
        """The lines, read."""
        return [_read(self.source, entry, self.at) for entry in self.lines]


class DeskMix(NamedTuple):
    """Lines of several sources that nobody has read yet, in the order of time: each with its source."""

    at: datetime
    lines: list[tuple[bytes, Source, bytes]]
    """The time as it sorts, the source, and what its engine sent."""
    last: datetime

    def opened(self) -> list[DeskLine]:
        """The lines, read."""
        return [_read(source, entry_of(raw), self.at) for _, source, raw in self.lines]


def _read(source: Source, entry: LogEntry, otherwise: datetime) -> DeskLine:
    return DeskLine(entry.time - source.offset if entry.time is not None else otherwise, source, entry)


class Note(NamedTuple):
    """What is to be told between the lines. ``source`` None: it is about a host."""

    at: datetime
    kind: NoteKind
    text: SafeText
    source: Source | None = None


Item = DeskLine | DeskRun | DeskMix | Note
_at = itemgetter(0)


def lines_of(item: Item) -> int:
    """How many lines it is; a note is none."""
    return len(item.lines) if isinstance(item, DeskRun | DeskMix) else int(isinstance(item, DeskLine))


def count_lines(items: Iterable[Item]) -> int:
    """How many lines these are, notes left out."""
    return sum(map(lines_of, items))


def _end(item: Item) -> datetime:
    return item.last if isinstance(item, DeskRun | DeskMix) else item.at


def ends_at(items: Sequence[Item]) -> datetime:
    """The time of the last line."""
    return _end(items[-1])


@dataclass(slots=True)
class _Lane:
    """What a source has handed over and nobody has taken: batches with their arrival and their size.

    ``lost``: lines that were let go since something was taken, the last of them at ``lost_at``.
    """

    joined: float
    batches: deque[tuple[float, int, list[Item]]] = field(default_factory=deque)
    size: int = 0
    lines: int = 0
    lost: int = 0
    lost_at: datetime | None = None
    opened: float | None = None
    opened_at: datetime | None = None
    last_put: float = 0.0
    last_at: datetime | None = None
    behind: bool = True

    def is_behind(self, now: float) -> bool:
        """Is what it wrote before it was opened still to come?"""
        if self.behind:
            if self.opened is None:
                self.behind = now < self.joined + PATIENCE
            else:
                reached = self.last_at is not None and self.opened_at is not None and self.last_at >= self.opened_at
                self.behind = not reached and now < max(self.opened, self.last_put) + SETTLED
        return self.behind


class Merger:
    """Touched by one thread at a time. Times are monotonic seconds; ``at`` is by our clock."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._notes: list[Item] = []

    @property
    def waiting(self) -> bool:
        """Is there anything that was not taken?"""
        return bool(self._notes) or any(lane.batches for lane in self._lanes.values())

    def join(self, key: str, now: float) -> None:
        """A source is going to be read."""
        self._lanes.setdefault(key, _Lane(now))

    def opened(self, key: str, now: float, at: datetime) -> None:
        """Its log answers: first comes what it wrote before."""
        lane = self._lanes[key]
        lane.opened, lane.opened_at, lane.behind = now, at, True

    def leave(self, key: str) -> None:
        """Nothing more is expected of it for now; what it handed over stays."""
        self._lanes[key].behind = False

    def put(self, key: str, items: list[Item], size: int, now: float) -> None:
        """Take over what a source has handed over, in its order."""
        lane = self._lanes[key]
        lane.batches.append((now, size, items))
        lane.size += size
        lane.lines += count_lines(items)
        lane.last_put, lane.last_at = now, ends_at(items)

    def note(self, note: Note) -> None:
        self._notes.append(note)

    def size(self, key: str) -> int:
        return self._lanes[key].size

    def lines(self, key: str) -> int:
        """How many lines of a source wait."""
        return self._lanes[key].lines

    def is_behind(self, key: str, now: float) -> bool:
        return self._lanes[key].is_behind(now)

    def drop_oldest(self, key: str, most: int, most_lines: int) -> int:
        """Let go of whole batches until no more characters and lines than these are left: how many lines it were.

        ``lost`` tells of them when next something is taken.
        """
        lane, dropped = self._lanes[key], 0
        while (lane.size > most or lane.lines > most_lines) and len(lane.batches) > 1:
            _, size, items = lane.batches.popleft()
            count = count_lines(items)
            lane.size -= size
            lane.lines -= count
            dropped += count
            lane.lost_at = ends_at(items)
        lane.lost += dropped
        return dropped

    def lost(self) -> list[tuple[str, int, datetime]]:
        """Of which sources lines were let go since this was asked last, how many, and the time of the last of them."""
        told = [
            (key, lane.lost, lane.lost_at)
            for key, lane in self._lanes.items()
            if lane.lost and lane.lost_at is not None
        ]
        for key, _, _ in told:
            self._lanes[key].lost = 0
        return told

    def take(self, now: float) -> list[Item]:
        """What is due, in the order of time."""
        limit = self._limit(now)
        picked = list(self._notes)
        self._notes.clear()
        alone = len(self._lanes) == 1
        for lane in self._lanes.values():
            if alone or limit is not None:
                _pop(lane, None if alone else limit, picked)
        picked.sort(key=_at)
        return _apart(picked)

    def _limit(self, now: float) -> datetime | None:
        """What is not later than this is due; None: nothing."""
        due: datetime | None = None
        for lane in self._lanes.values():
            for arrived, _, items in lane.batches:
                if arrived > now - WINDOW:
                    break
                latest = ends_at(items)
                due = latest if due is None else max(due, latest)
        if due is None:
            return None
        for lane in self._lanes.values():
            if lane.is_behind(now):
                if not lane.batches or lane.last_at is None:
                    return None
                due = min(due, lane.last_at)
        return due


def _pop(lane: _Lane, limit: datetime | None, picked: list[Item]) -> None:
    while lane.batches:
        arrived, size, items = lane.batches[0]
        if limit is None or ends_at(items) <= limit:
            picked += items
            lane.batches.popleft()
            lane.size -= size
            lane.lines -= count_lines(items)
            continue
        due, later = _cut(items, limit)
        taken = size * count_lines(due) // max(count_lines(items), 1)
        picked += due
        lane.batches[0] = (arrived, size - taken, later)
        lane.size -= taken
        lane.lines -= count_lines(due)
        return


def _cut(items: list[Item], limit: datetime) -> tuple[list[Item], list[Item]]:
    """What is due of a batch whose end is not."""
    count = next((index for index, item in enumerate(items) if _end(item) > limit), len(items))
    due, later = items[:count], items[count:]
    if later and isinstance(run := later[0], DeskRun) and run.at <= limit:
        parts = run.lines.split(limit + run.source.offset)
        before, after = (_run_of(run.source, part) if part else None for part in parts)
        due += [before] if before else []
        later[:1] = [after] if after else []
    return due, later


def _run_of(source: Source, lines: RawLines) -> DeskRun:
    return DeskRun(lines.first - source.offset, source, lines, lines.last - source.offset)


def _opened(items: Iterable[Item]) -> list[Item]:
    return [line for item in items for line in (item.opened() if isinstance(item, DeskRun | DeskMix) else (item,))]


def _apart(items: list[Item]) -> list[Item]:
    """Items in the order in which they begin → in that of time: runs into which others reach are mixed."""
    out: list[Item] = []
    group: list[Item] = []
    reach: datetime | None = None
    for item in items:
        if reach is not None and item[0] >= reach:
            out += _mixed(group)
            group, reach = [], None
        group.append(item)
        reach = _end(item) if reach is None else max(reach, _end(item))
    return out + _mixed(group)


def _mixed(group: list[Item]) -> list[Item]:
    if len(group) < 2:
        return group
    runs = [item for item in group if isinstance(item, DeskRun)]
    if len(runs) < len(group) or len({run.source.offset for run in runs}) > 1:
        return sorted(_opened(group), key=_at)
    lines = [
        line for run in runs for line in zip(times_of(run.lines.raws), repeat(run.source), run.lines.raws, strict=False)
    ]
    lines.sort(key=itemgetter(0))
    return [DeskMix(group[0][0], lines, max(run.last for run in runs))]
