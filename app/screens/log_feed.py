"""From the engines' log streams to a log view: threads read, merge and filter, one call at a time hands over."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.log_desk import LogDesk
from app.operations.log_filter import LogFilter, Sieve
from app.operations.log_merge import Item, Source, count_lines, lines_of
from app.operations.log_reader import Wanted
from app.operations.log_sources import container_source, id_digits, part_source
from app.screens.desk import Desk
from app.screens.log_maker import DeskMaker, looked_at
from app.screens.log_targets import LogTarget
from widgets.log_lines import AnyLine, LaterLine, LogLine, made, size_of
from widgets.log_view import LogView
from widgets.presence import is_here

TAIL = 500
KEPT_LINES, KEPT_CHARACTERS = 20_000, 16_000_000
"""What is kept to be filtered anew, and to be scrolled through."""
CHUNK, MOST_WAITING = 2_000, 10_000
"""Lines that are made ready at a time, and that the screen takes at a time: a key never waits for more."""
MOST_SOURCES = 100
MOST_LAG = 3.0
"""Seconds that lines may be old when they come, before that is told."""
_LATELY = 2.0
_PACE, _MANY_PACE, _LONGEST_PACE = 0.025, 0.06, 0.1
"""Seconds that the screen is given nothing after it was given something: at least, after many lines, and at most."""
_MANY = 1_000
"""Lines that nobody could read as they pass: then the screen need not be painted so often."""


@dataclass(slots=True)
class _Bundle:
    """Lines that wait for the screen. ``anew``: they replace what it has."""

    lines: list[AnyLine]
    anew: bool = False


class LogFeed:
    """Follows the logs of its targets. ``tell`` gets a short note: following, paused, skipped lines, problems."""

    def __init__(
        self,
        desk: Desk,
        view: LogView,
        tell: Callable[[str], None],
        targets: Sequence[LogTarget] = (),
        wanted: Wanted | None = None,
        kept: LogFilter | None = None,
    ) -> None:
        self._desk = desk
        self._view = view
        self._tell = tell
        self._targets = list(targets)
        self._closed = False
        self._logs = LogDesk(wanted or Wanted(tail=TAIL), self._take)
        self._silent: set[InstanceKey] = set()
        self._runs: dict[str, datetime] = {}
        self._lines = DeskMaker()
        self.left_out = 0
        """Sources beyond MOST_SOURCES, which are not read."""
        self.let_go = 0
        """Lines that were read, and are older than those that are kept."""
        # Between the merging thread, one that filters anew, and the screen's.
        self._room = threading.Condition()
        self._working = threading.Lock()
        self._waiting: deque[_Bundle] = deque()
        self._posted = False
        self._rest_until = 0.0
        self._kept: deque[AnyLine] = deque()
        self._kept_size = 0
        self._filter = kept or LogFilter()
        self._sieve = _sieve(self._filter)

    # --- on the screen's thread ------------------------------------------------------------------------------------

    @property
    def sources(self) -> list[Source]:
        return self._logs.sources

    @property
    def filter(self) -> LogFilter:
        return self._filter

    @property
    def skipped(self) -> int:
        return sum(source.skipped for source in self.sources)

    @property
    def lag(self) -> float:
        """How old lines are when they come from their engine, in seconds: of the source that is worst."""
        now = monotonic()
        return max((source.lag for source in self.sources if now - source.came < _LATELY), default=0.0)

    def follow(self, task: Task) -> None:
        """Follow each container of a task from when it is first started; those followed already go on."""
        target = LogTarget(task.instance, task.id)
        if target not in self._targets:
            self._targets.append(target)
        self.sync()

    def sync(self) -> None:
        """The fleet has changed: containers may have come or started again, hosts fallen silent or come back."""
        if self._closed:
            return
        known = {source.key: source for source in self.sources}
        fresh: list[Source] = []
        there: set[str] = set()
        for source, run in self._wanted_sources():
            there.add(source.key)
            if source.key not in known:
                fresh.append(source)
            elif run is not None and self._runs.get(source.key) != run:
                # One that is still read finds out by itself that its container runs again.
                self._logs.started(source.key)
            if run is not None:
                self._runs[source.key] = run
        room = MOST_SOURCES - len(known)
        self.left_out = max(len(fresh) - room, 0)
        for index, source in enumerate(fresh[:room]):
            source.tone = len(known) + index
        self._lines.single = len(known) + len(fresh) <= 1
        self._logs.add(fresh[:room])
        self._tell_gone([source for key, source in known.items() if key not in there])
        self._tell_hosts()

    def _wanted_sources(self) -> Iterator[tuple[Source, datetime | None]]:
        """What is to be followed, and when it was last started."""
        fleet, session = self._desk.fleet, self._desk.session
        tasks = [task for target in self._targets if target.task_id and (task := self._task(target)) is not None]
        digits = id_digits(tasks)
        for target in self._targets:
            state = fleet.instances.get(target.instance)
            if state is None:
                continue
            engine = session.engine(state.instance.reached_by)
            if (container := state.containers.get(target.container_id)) is not None and container.ever_started:
                yield container_source(container, state, engine), container.started_at
            task = self._task(target) if target.task_id else None
            if task is None:
                continue
            for part in task.containers:
                runtime = part.runtime
                if runtime and runtime.ever_started and target.container in ("", part.name):
                    yield part_source(task, part, state, engine, digits), runtime.started_at

    def _task(self, target: LogTarget) -> Task | None:
        state = self._desk.fleet.instances.get(target.instance)
        return state.tasks.get(target.task_id) if state else None

    def _tell_gone(self, missing: Sequence[Source]) -> None:
        """Containers that a host which answers does not have any more."""
        states = [self._desk.fleet.instances.get(target.instance) for target in self._targets] if missing else []
        live = {state.instance.key.name for state in states if state is not None and state.live}
        for source in missing:
            if source.host in live:
                self._logs.vanished(source.key)

    def _tell_hosts(self) -> None:
        for key in {target.instance for target in self._targets}:
            state = self._desk.fleet.instances.get(key)
            silent = state is not None and state.freshness.reach in ("stale", "unreachable")
            if silent and key not in self._silent:
                self._silent.add(key)
                assert state is not None
                self._logs.host_silent(key.name, state.freshness.since, state.freshness.reason)
            elif key in self._silent and state is not None and state.live:
                self._silent.discard(key)
                self._logs.host_back(key.name)

    def set_filter(self, wanted: LogFilter) -> None:
        """Show other lines of those that are kept, and of what comes."""
        self._filter = wanted
        self._desk.jobs.run(self._filter_anew, lambda _: None)

    def kept(self) -> list[LogLine]:
        """All lines that are kept, whatever the filter."""
        with self._working:
            return list(map(made, self._kept))

    def close(self) -> None:
        """End all streams soon."""
        self._closed = True
        self._logs.close()
        with self._room:
            self._room.notify_all()

    def _hand_over(self) -> None:
        with self._room:
            self._posted = False
            bundles = list(self._waiting)
            self._waiting.clear()
            self._room.notify_all()
        if self._closed or not is_here(self._view):
            return
        began = monotonic()
        lines: list[AnyLine] = []
        for bundle in bundles:
            if bundle.anew:
                self._view.set_lines(bundle.lines)
                lines = []
            else:
                lines += bundle.lines
        self._view.append(lines)
        self.tell()
        self._rest(_MANY_PACE if len(lines) >= _MANY else 2 * (monotonic() - began))

    def tell(self) -> None:
        """Say how it goes, at the right end of the tabs."""
        following = "following" if self._view.following else f"paused, +{self._view.new_lines:,} new"
        states = {source.state for source in self.sources}
        ended = bool(states) and states <= {"ended", "gone", "unreadable"}
        parts = ["ended" if ended and self._view.following else following]
        if skipped := self.skipped:
            parts.append(f"{skipped:,} lines skipped")
        if (lag := self.lag) >= MOST_LAG:
            parts.append(f"{lag:.0f} s behind")
        self._tell("  ".join(parts))

    # --- in threads ------------------------------------------------------------------------------------------------

    def _take(self, items: list[Item]) -> None:
        """What the desk delivers; it waits until the screen has taken what it has, and for a moment more.

        So the screen's thread is free for half of the time at least, and what comes meanwhile comes together.
        """
        worked = 0.0
        # What could not be kept anyway need not be made ready.
        left = _beyond(items, KEPT_LINES)
        self.let_go += count_lines(items[:left])
        for some in _portions(items[left:], CHUNK):
            if self._closed:
                return
            with self._working:
                began = monotonic()
                lines = self._lines.made(some)
                self._keep(lines)
                shown = list(self._sieve.passed(lines))
                worked += monotonic() - began
                self._put(_Bundle(shown))
        # Filters take as long as they take, but not more than half of the time.
        self._rest_until = max(self._rest_until, monotonic() + worked)
        with self._room:
            while not self._closed and (self._posted or monotonic() < self._rest_until):
                self._room.wait(0.5 if self._posted else max(self._rest_until - monotonic(), 0))

    def _rest(self, seconds: float) -> None:
        """Nothing more for the screen for so long."""
        until = monotonic() + min(max(seconds, _PACE), _LONGEST_PACE)
        self._rest_until = max(self._rest_until, until)

    def _filter_anew(self) -> None:
        with self._working:
            self._sieve = _sieve(self._filter)
            shown = list(self._sieve.passed(self._kept))
            self._put(_Bundle(shown, anew=True))

    def _put(self, bundle: _Bundle) -> None:
        with self._room:
            while not bundle.anew and self._crowded() and not self._closed:
                self._room.wait(0.5)
            if bundle.anew:
                self._waiting.clear()
            self._waiting.append(bundle)
            if self._posted or self._closed:
                return
            self._posted = True
        self._desk.jobs.post(self._hand_over)

    def _crowded(self) -> bool:
        return sum(len(waiting.lines) for waiting in self._waiting) >= MOST_WAITING

    def _keep(self, lines: list[AnyLine]) -> None:
        self._kept.extend(lines)
        self._kept_size += sum(map(size_of, lines))
        while len(self._kept) > KEPT_LINES or self._kept_size > KEPT_CHARACTERS:
            old = self._kept.popleft()
            self.let_go += isinstance(old, LaterLine) or old.mark in ("", "stderr")
            self._kept_size -= size_of(old)


def _beyond(items: Sequence[Item], most: int) -> int:
    """How many of the first items can be left out, so that the last ``most`` lines are among the others."""
    lines = count_lines(items)
    for index, item in enumerate(items):
        lines -= lines_of(item)
        if lines < most:
            return index
    return 0


def _portions(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Items, so many that they have about this many lines at a time."""
    begin = lines = 0
    for index, item in enumerate(items, 1):
        lines += lines_of(item)
        if lines >= most:
            yield items[begin:index]
            begin, lines = index, 0
    if begin < len(items):
        yield items[begin:]


def _sieve(wanted: LogFilter) -> Sieve[AnyLine]:
    return Sieve(wanted, looked_at)
