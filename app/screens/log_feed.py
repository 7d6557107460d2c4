"""From the engines' log streams to a log view: threads read, merge and filter, one call at a time hands over."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.model.instance import InstanceKey
from app.model.json_line import told_json
from app.model.safe_text import without_sgr
from app.model.task import Task
from app.operations.log_desk import LogDesk
from app.operations.log_filter import LogFilter, Sieve
from app.operations.log_merge import DeskLine, Item, NoteKind, Source
from app.operations.log_reader import Wanted
from app.operations.log_sources import container_source, id_digits, part_source
from app.screens.desk import Desk
from app.screens.log_targets import LogTarget
from widgets.log_view import LogLine, LogView, Mark

TAIL = 500
KEPT_LINES, KEPT_CHARACTERS = 20_000, 16_000_000
"""What is kept to be filtered anew, and to be scrolled through."""
CHUNK, MOST_WAITING = 2_000, 10_000
"""Lines that are made ready at a time, and that the screen takes at a time: a key never waits for more."""
MOST_SOURCES = 100
_MARKS: dict[NoteKind, Mark] = {
    "silent": "warn", "back": "good", "started": "quiet", "ended": "quiet", "problem": "bad", "skipped": "warn",
}  # fmt: skip


@dataclass(slots=True)
class _Bundle:
    """Lines that wait for the screen. ``anew``: they replace what it has."""

    lines: list[LogLine]
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
        self._lines = _LineMaker()
        self.left_out = 0
        """Sources beyond MOST_SOURCES, which are not read."""
        self.let_go = 0
        """Lines that were read, and are older than those that are kept."""
        # Between the merging thread, one that filters anew, and the screen's.
        self._room = threading.Condition()
        self._working = threading.Lock()
        self._waiting: deque[_Bundle] = deque()
        self._posted = False
        self._kept: deque[LogLine] = deque()
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
            engine = session.engine(state.instance.endpoint)
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
            return list(self._kept)

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
        if self._closed or not self._view.is_attached:
            return
        for bundle in bundles:
            if bundle.anew:
                self._view.set_lines(bundle.lines)
            else:
                self._view.append(bundle.lines)
        self.tell()

    def tell(self) -> None:
        """Say how it goes, at the right end of the tabs."""
        following = "following" if self._view.following else f"paused, +{self._view.new_lines:,} new"
        states = {source.state for source in self.sources}
        ended = bool(states) and states <= {"ended", "gone", "unreadable"}
        parts = ["ended" if ended and self._view.following else following]
        if skipped := self.skipped:
            parts.append(f"{skipped:,} lines skipped")
        self._tell("  ".join(parts))

    # --- in threads ------------------------------------------------------------------------------------------------

    def _take(self, items: list[Item]) -> None:
        """What the desk delivers; it waits until the screen has taken what it has."""
        # What could not be kept anyway need not be made ready.
        left = max(len(items) - KEPT_LINES, 0)
        self.let_go += left
        for begin in range(left, len(items), CHUNK):
            if self._closed:
                return
            with self._working:
                lines = self._lines.made(items[begin : begin + CHUNK])
                self._keep(lines)
                shown = list(self._sieve.passed(lines))
                self._put(_Bundle(shown))

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

    def _keep(self, lines: list[LogLine]) -> None:
        self._kept.extend(lines)
        self._kept_size += sum(len(line.text) + len(line.raw) for line in lines)
        while len(self._kept) > KEPT_LINES or self._kept_size > KEPT_CHARACTERS:
            self.let_go += 1
            old = self._kept.popleft()
            self._kept_size -= len(old.text) + len(old.raw)


class _LineMaker:
    """Items of the desk → lines of the view. ``single``: there is one source, which needs no tag."""

    def __init__(self) -> None:
        self.single = False
        self._second = -1
        self._clock = ""
        self._day: date | None = None

    def made(self, items: Sequence[Item]) -> list[LogLine]:
        """The lines of items, and a note of the date where a new one begins."""
        lines: list[LogLine] = []
        add, single = lines.append, self.single
        for item in items:
            when = item[0].timestamp()
            if int(when) != self._second:
                self._turn(int(when), item[0], add)
            if isinstance(item, DeskLine):
                source, entry = item.source, item.entry
                text, told = entry.text, None
                if text.startswith("{"):
                    told = told_json(text)
                mark: Mark = "stderr" if entry.stream == "stderr" else ""
                tag = "" if single else source.tag
                add(_line((told or text, tag, source.tone, self._clock, text if told else "", mark, when)))
            else:
                add(LogLine(item.text, "", 0, self._clock, mark=_MARKS[item.kind], when=when))
        return lines

    def _turn(self, second: int, at: datetime, add: Callable[[LogLine], None]) -> None:
        local = at.astimezone()
        self._second, self._clock = second, local.strftime("%H:%M:%S")
        if (day := local.date()) != self._day:
            if self._day is not None or day != datetime.now().astimezone().date():
                add(LogLine(f"{day:%A, %d %B %Y}", mark="quiet", when=at.timestamp()))
            self._day = day


_line = LogLine._make


def _sieve(wanted: LogFilter) -> Sieve[LogLine]:
    return Sieve(wanted, _looked_at)


def _looked_at(line: LogLine) -> tuple[str, str] | None:
    """What a filter sees of a line: as it was written, without colours. Notes are always shown."""
    if line.mark in ("", "stderr"):
        text = line.raw or line.text
        return (without_sgr(text) if "\x1b" in text else text), ("stderr" if line.mark else "stdout")  # type: ignore[arg-type]
    return None
