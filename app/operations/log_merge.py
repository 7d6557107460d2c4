"""Lines of several logs, as they come, in the order of time. Pure: the clock comes in as an argument.

A line waits for a moment, because one of another source that is older may still be on its way. A source that is still
handing over what it wrote before holds the others up until it has caught up, or has kept them waiting for too long.
What comes later than that is told where it comes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal, NamedTuple

from app.hosts.engine import Engine
from app.hosts.log_overlap import Overlap
from app.hosts.logs import LogEntry
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

    ``clock_known``: the host's clock was compared with ours.
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
    overlap: Overlap = field(default_factory=Overlap)


class DeskLine(NamedTuple):
    """One line; ``at`` is its time by our clock."""

    at: datetime
    source: Source
    entry: LogEntry


class Note(NamedTuple):
    """What is to be told between the lines. ``source`` None: it is about a host."""

    at: datetime
    kind: NoteKind
    text: SafeText
    source: Source | None = None


Item = DeskLine | Note
_at = itemgetter(0)


@dataclass(slots=True)
class _Lane:
    """What a source has handed over and nobody has taken: batches with their arrival and their size."""

    joined: float
    batches: deque[tuple[float, int, list[Item]]] = field(default_factory=deque)
    size: int = 0
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
        lane.last_put, lane.last_at = now, items[-1][0]

    def note(self, note: Note) -> None:
        self._notes.append(note)

    def size(self, key: str) -> int:
        return self._lanes[key].size

    def is_behind(self, key: str, now: float) -> bool:
        return self._lanes[key].is_behind(now)

    def drop_oldest(self, key: str, most: int) -> tuple[int, datetime | None]:
        """Let go of whole batches until at most ``most`` characters are left: how many lines, and when the last was."""
        lane, dropped, at = self._lanes[key], 0, None
        while lane.size > most and len(lane.batches) > 1:
            _, size, items = lane.batches.popleft()
            lane.size -= size
            dropped += sum(isinstance(item, DeskLine) for item in items)
            at = items[-1][0]
        return dropped, at

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
        return picked

    def _limit(self, now: float) -> datetime | None:
        """What is not later than this is due; None: nothing."""
        due: datetime | None = None
        for lane in self._lanes.values():
            for arrived, _, items in lane.batches:
                if arrived > now - WINDOW:
                    break
                due = items[-1][0] if due is None else max(due, items[-1][0])
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
        if limit is None or items[-1][0] <= limit:
            picked += items
            lane.batches.popleft()
            lane.size -= size
            continue
        count = next((index for index, item in enumerate(items) if item[0] > limit), len(items))
        if count:
            picked += items[:count]
            taken = size * count // len(items)
            lane.batches[0] = (arrived, size - taken, items[count:])
            lane.size -= taken
        return
