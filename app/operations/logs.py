"""The logs of tasks, for a command: read to their end, or followed, merged by time."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, NamedTuple

from pydantic import Field, field_validator

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.hosts.log_lines import LogEntry, RawLines, StreamName, texts_of
from app.hosts.logs import read_logs
from app.model.errors import MoorageError, NotFoundError
from app.model.requests import ClusterName, Request
from app.model.safe_text import SafeText, safe_line, without_sgr
from app.model.since import parse_since
from app.model.task import Task
from app.operations.log_desk import LogDesk
from app.operations.log_filter import Sieve, filter_of
from app.operations.log_merge import DeskLine, DeskMix, DeskRun, Item, Source
from app.operations.log_reader import Wanted
from app.operations.log_sources import (
    LONG,
    NoContainersError,
    clock_note,
    container_source,
    find_unmanaged,
    id_digits,
    task_sources,
)
from app.operations.recall import recall
from app.operations.session import Session
from app.operations.tasks import OutOfSightError, find_task, whence
from app.store.history_rows import MAX_LINES
from app.store.past_task import PastTask

BATCH = 512
QUEUED_BATCHES = 8
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class LogsRequest(Request):
    """Our own verb: ECS sends logs elsewhere."""

    cluster: ClusterName = ""
    task: Annotated[
        list[str], Field(max_length=100, description="Tasks, by id, the start of an id, or ARN; merged by time.")
    ] = Field(default_factory=list)
    family: Annotated[str, Field(description="All tasks of this family that the hosts still have.")] = ""
    container: Annotated[str, Field(description="Only this container (default: all of the task).")] = ""
    container_instance: Annotated[
        str, Field(description="With --container alone: a container on this instance that is no task's.")
    ] = ""
    follow: Annotated[bool, Field(description="Go on with what comes.")] = False
    tail: Annotated[int | None, Field(ge=0, description="Only this many lines of each container's end.")] = None
    since: Annotated[str, Field(description="Only from then on: 90s, 10m, 2h30m, 1d, or an RFC 3339 time.")] = ""
    until: Annotated[str, Field(description="Only up to then, as --since; not with --follow.")] = ""
    timestamps: Annotated[bool, Field(description="With the time in front of each line.")] = False
    filter: Annotated[
        list[str], Field(description="Only lines with this word or /regex/; several: with all of them.")
    ] = Field(default_factory=list)
    exclude: Annotated[list[str], Field(description="No lines with this word or /regex/.")] = Field(
        default_factory=list
    )
    stdout_only: Annotated[bool, Field(description="Only what was written to stdout.")] = False
    stderr_only: Annotated[bool, Field(description="Only what was written to stderr.")] = False

    @field_validator("task", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class LogLine(NamedTuple):
    """``source``: the tag of its container; ``at``: its time by our clock, None for what is told from the history."""

    source: str
    entry: LogEntry
    at: datetime | None = None
    origin: Source | None = None


class LineRun:
    """Lines of one source that are read when they are iterated; ``texts`` is quicker, where times do not matter."""

    def __init__(self, source: Source, lines: RawLines) -> None:
        self.source = source
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[LogLine]:
        return (_line(self.source, entry) for entry in self._lines)

    def texts(self) -> list[SafeText]:
        return texts_of(self._lines.raws)


Batch = list[LogLine] | LineRun


@dataclass
class _Found:
    """What a call asks for: logs that can be read, and lines that are all that is left of others."""

    sources: list[Source] = field(default_factory=list)
    past: list[tuple[str, tuple[SafeText, ...]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class TaskLogs:
    """Batches of lines of several containers; iterate it on one thread, not that of a screen. A batch may be empty.

    ``notes`` has, as it comes, what is to be told beside the lines; ``problems`` a line for each container whose log
    could not be read.
    """

    def __init__(self, found: _Found, request: LogsRequest, wanted: Wanted, until: datetime | None) -> None:
        self.notes = found.notes
        self.problems: list[str] = []
        self._found = found
        self._wanted = wanted
        self._until = until
        self._follow = request.follow
        asked = filter_of(request.filter, request.exclude)
        self._sieve: Sieve[LogLine] = Sieve(asked, lambda line: (without_sgr(line.entry.text), line.entry.stream))
        self._closed = threading.Event()
        self._queue: queue.Queue[list[Item]] = queue.Queue(QUEUED_BATCHES)
        self._desk: LogDesk | None = None

    @property
    def note(self) -> str:
        """All that was noted so far."""
        return "\n".join(self.notes)

    @property
    def names(self) -> list[str]:
        """The tags of all that is read."""
        return [name for name, _ in self._found.past] + [str(source.tag) for source in self._found.sources]

    def __iter__(self) -> Iterator[Batch]:
        batches = self._followed() if self._follow and self._found.sources else self._merged()
        return (list(self._sieve.passed(batch)) for batch in batches) if self._sieve.hides else batches

    def close(self) -> None:
        """End the iteration soon. From any thread."""
        self._closed.set()
        if self._desk is not None:
            self._desk.close()

    # --- to the end ------------------------------------------------------------------------------------------------

    def _merged(self) -> Iterator[Batch]:
        yield from self._remembered()
        sources = self._found.sources
        for batch in self._batches(sources[0]) if len(sources) == 1 else self._by_time(sources):
            yield batch
            if self._closed.is_set():
                return

    def _by_time(self, sources: Sequence[Source]) -> Iterator[Batch]:
        lines = heapq.merge(*(chain.from_iterable(self._batches(source)) for source in sources), key=_time)
        while batch := list(islice(lines, BATCH)):
            yield batch

    def _batches(self, source: Source) -> Iterator[Batch]:
        wanted = self._wanted
        since, until = (time + source.offset if time else None for time in (wanted.since, self._until))
        try:
            stream = read_logs(
                source.engine, source.key, follow=False, tail=wanted.tail, since=since, timestamps=True, until=until,
                stream=wanted.stream,
            )  # fmt: skip
            for lines in stream:
                yield LineRun(source, lines) if isinstance(lines, RawLines) else [_line(source, one) for one in lines]
        except HostError as error:
            self.problems.append(safe_line(f"log of {source.tag}: {error.message}"))

    def _remembered(self) -> Iterator[Batch]:
        for name, lines in self._found.past:
            yield [LogLine(name, LogEntry("stdout", line, None)) for line in lines]

    # --- and on ----------------------------------------------------------------------------------------------------

    def _followed(self) -> Iterator[Batch]:
        yield from self._remembered()
        desk = self._desk = LogDesk(self._wanted, self._put)
        desk.add(self._found.sources)
        while not self._closed.is_set():
            over = desk.over
            try:
                # Not for ever: a wait without an end keeps ctrl-c from the main thread on some systems.
                items = self._queue.get(timeout=0.2)
            except queue.Empty:
                if over:
                    return
                items = []
            yield from self._told(items)

    def _told(self, items: Sequence[Item]) -> Iterator[Batch]:
        batch: list[LogLine] = []
        for item in items:
            if isinstance(item, DeskRun):
                if batch:
                    yield batch
                    batch = []
                yield LineRun(item.source, item.lines)
            elif isinstance(item, DeskMix):
                batch += map(_of_desk, item.opened())
            elif isinstance(item, DeskLine):
                batch.append(_of_desk(item))
            elif item.kind == "problem":
                self.problems.append(item.text)
            elif item.kind != "ended" or (item.source is not None and item.source.state == "gone"):
                self.notes.append(item.text)
        yield batch

    def _put(self, items: list[Item]) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(items, timeout=0.5)
                return
            except queue.Full:
                continue


def _line(source: Source, entry: LogEntry) -> LogLine:
    return LogLine(source.tag, entry, entry.time - source.offset if entry.time else None, source)


def _of_desk(line: DeskLine) -> LogLine:
    return LogLine(line.source.tag, line.entry, line.at, line.source)


def _time(line: LogLine) -> datetime:
    return line.at or _EARLIEST


def open_task_logs(session: Session, request: LogsRequest) -> TaskLogs:
    """Find tasks and open the logs of their containers; of one whose containers are gone, what the history has.

    Raises MoorageError.
    """
    _check(request)
    now = session.now()
    since = parse_since(request.since, now) if request.since else None
    until = parse_since(request.until, now, "until") if request.until else None
    filter_of(request.filter, request.exclude)
    cluster = session.cluster(request.cluster)
    fleet = session.survey(cluster)
    if request.container_instance:
        container, state = find_unmanaged(fleet, cluster.name, request.container_instance, request.container)
        engine = session.engine(state.instance.reached_by)
        found = _Found([container_source(container, state, engine)])
    else:
        found = _found(session, fleet, cluster.name, request, since)
    found.notes += _clock_notes(found.sources)
    stream: StreamName | None = "stderr" if request.stderr_only else "stdout" if request.stdout_only else None
    return TaskLogs(found, request, Wanted(since, request.tail, stream, lossy=False, alone=True), until)


def _check(request: LogsRequest) -> None:
    wrong = ""
    if request.container_instance and (request.task or request.family or not request.container):
        wrong = "--container-instance goes with --container alone: it names a container that is no task's"
    elif not (request.task or request.family or request.container_instance):
        wrong = "no task is named: give ids, or --family"
    elif request.follow and request.until:
        wrong = "--follow has no end: leave out --until"
    elif request.stdout_only and request.stderr_only:
        wrong = "--stdout-only and --stderr-only leave nothing"
    if wrong:
        raise MoorageError(wrong, code="InvalidParameterException")


def _found(session: Session, fleet: Fleet, cluster: str, request: LogsRequest, since: datetime | None) -> _Found:
    found = _Found()
    present: dict[str, Task] = {}
    past: list[tuple[PastTask, str]] = []
    for name in request.task:
        try:
            task = find_task(fleet, cluster, name)
        except (NotFoundError, OutOfSightError) as error:
            past.append(_recalled(session, request, name, error))
        else:
            present[task.id] = task
    if request.family:
        members = [task for task in fleet.tasks(cluster) if task.family == request.family]
        if not members:
            raise NotFoundError(
                "family with tasks", request.family, sorted({task.family for task in fleet.tasks(cluster)})
            )
        present |= {task.id: task for task in sorted(members, key=lambda task: (task.created_at, task.id))}
    digits = id_digits(list(present.values()), LONG) or (LONG if past and len(request.task) > 1 else 0)
    for task in present.values():
        try:
            found.sources += task_sources(session, fleet, task, request.container, digits)
        except NoContainersError as error:
            if len(present) == 1 or task.id in request.task:
                past.append(_recalled(session, request, task.id, error))
    for remembered, prefix in past:
        _remember(found, fleet, remembered, prefix, request, since, several=len(request.task) > 1)
    return found


def _recalled(session: Session, request: LogsRequest, name: str, error: MoorageError) -> tuple[PastTask, str]:
    past, trouble = recall(session, session.cluster_name(request.cluster), name)
    has_lines = past is not None and any(part.last_lines for part in past.containers)
    if past is None or (isinstance(error, NoContainersError) and not has_lines):
        raise MoorageError(f"{error.message}; {trouble}", code=error.code) if trouble else error
    return past, past.id[:LONG]


def _remember(
    found: _Found,
    fleet: Fleet,
    past: PastTask,
    prefix: str,
    request: LogsRequest,
    since: datetime | None,
    *,
    several: bool,
) -> None:
    """Add the lines that are left; they have no times, but none is younger than its container's end."""
    names = [part.name for part in past.containers]
    if request.container and request.container not in names:
        raise NotFoundError(f"container of task {past.id[:8]}", request.container, names)
    for part in past.containers:
        if part.last_lines and request.container in ("", part.name):
            over = since is not None and part.finished_at is not None and part.finished_at < since
            wanted = 0 if over else MAX_LINES if request.tail is None else request.tail
            lines = part.last_lines[max(len(part.last_lines) - wanted, 0) :]
            found.past.append((safe_line(f"{prefix}/{part.name}" if several else part.name), lines))
    has_lines = any(part.last_lines for part in past.containers)
    left = f"the last {MAX_LINES} lines of each container are all that is left" if has_lines else "no line is left"
    found.notes.append(f"task {past.id[:8]} is {whence(fleet, past)}; {left}")


def _clock_notes(sources: Sequence[Source]) -> list[str]:
    """Hosts whose clocks differ from ours, or may: their lines would stand at wrong places among others."""
    hosts = {source.host: source for source in sources}
    if len(hosts) < 2:
        return []
    return [note for source in hosts.values() if (note := clock_note(source))]
