"""The logs of a task: those of its containers, merged by time."""

from __future__ import annotations

import heapq
import queue
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, Protocol

from pydantic import Field

from app.fleet.fleet import Fleet
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.logs import LogEntry, LogStream, read_logs
from app.model.errors import MoorageError, NotFoundError
from app.model.requests import ClusterName, Request
from app.model.safe_text import SafeText
from app.model.task import Task
from app.operations.recall import recall
from app.operations.session import Session
from app.operations.tasks import OutOfSightError, find_task, whence
from app.store.history_rows import MAX_LINES
from app.store.past_task import PastTask

BATCH = 512
QUEUED_BATCHES = 64
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class LogsRequest(Request):
    """Our own verb: ECS sends logs elsewhere."""

    cluster: ClusterName = ""
    task: Annotated[str, Field(min_length=1, description="Task, by id, the start of an id, or ARN.")]
    container: Annotated[str, Field(description="Only this container (default: all of the task).")] = ""
    follow: Annotated[bool, Field(description="Go on with what comes.")] = False
    tail: Annotated[int | None, Field(ge=0, description="Only this many lines of each container's end.")] = None
    since: Annotated[str, Field(description="Only from then on: 90s, 10m, 2h30m, 1d, or an RFC 3339 time.")] = ""
    timestamps: Annotated[bool, Field(description="With the engine's time in front of each line.")] = False


class LogLine(NamedTuple):
    """``source`` is the container's name."""

    source: str
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class LogSource:
    name: str
    engine: Engine
    container_id: str


class NoContainersError(MoorageError):
    """A task without containers: there is nothing left to read logs of."""


class LineStream(Protocol):
    """What an engine's log stream and remembered lines have in common."""

    def __iter__(self) -> Iterator[list[LogEntry]]: ...

    def close(self) -> None: ...


class RememberedLines:
    """The lines of a container that is gone, in the shape of its log's stream: all of them from stdout."""

    def __init__(self, lines: Sequence[SafeText]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[list[LogEntry]]:
        yield [LogEntry("stdout", line, None) for line in self._lines]

    def close(self) -> None:
        """Nothing is open."""


class TaskLogs:
    """Batches of lines of several containers; iterate it on one thread, not that of a screen.

    Not following, all lines come in the order of time. Following, each batch is in order. ``dropped`` counts lines that
    a lossy reader was too slow for; ``problems`` has a line for each container whose log could not be read to its end;
    ``note`` says where the lines are from when that is not their host.
    """

    def __init__(self, streams: Sequence[tuple[str, LineStream]], *, follow: bool, lossy: bool) -> None:
        self.dropped = 0
        self.problems: list[str] = []
        self.note = ""
        self._streams = streams
        self._follow = follow
        self._lossy = lossy
        self._closed = threading.Event()
        self._queue: queue.Queue[list[LogLine] | None] = queue.Queue(QUEUED_BATCHES)

    @property
    def names(self) -> list[str]:
        """The containers whose logs are open."""
        return [name for name, _ in self._streams]

    def __iter__(self) -> Iterator[list[LogLine]]:
        return self._followed() if self._follow else self._merged()

    def close(self) -> None:
        """End the iteration soon. From any thread."""
        self._closed.set()
        for _, stream in self._streams:
            stream.close()

    # --- to the end ------------------------------------------------------------------------------------------------

    def _merged(self) -> Iterator[list[LogLine]]:
        batch: list[LogLine] = []
        for line in heapq.merge(*(self._lines(name, stream) for name, stream in self._streams), key=_time):
            batch.append(line)
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _lines(self, name: str, stream: LineStream) -> Iterator[LogLine]:
        try:
            for entries in stream:
                for entry in entries:
                    yield LogLine(name, entry)
        except HostError as error:
            self.problems.append(f"log of {name}: {error.message}")

    # --- and on ----------------------------------------------------------------------------------------------------

    def _followed(self) -> Iterator[list[LogLine]]:
        for name, stream in self._streams:
            threading.Thread(target=self._read, args=(name, stream), name=f"log-{name}", daemon=True).start()
        reading = len(self._streams)
        while reading and not self._closed.is_set():
            lines: list[LogLine] = []
            for batch in self._waiting():
                reading -= batch is None
                lines += batch or ()
            if lines:
                yield sorted(lines, key=_time) if len(self._streams) > 1 else lines

    def _waiting(self) -> Iterator[list[LogLine] | None]:
        """The next batch, for which it waits, and those that are there already."""
        try:
            # Not for ever: a wait without an end keeps ctrl-c from the main thread on some systems.
            yield self._queue.get(timeout=0.5)
            for _ in range(QUEUED_BATCHES):
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def _read(self, name: str, stream: LineStream) -> None:
        try:
            for entries in stream:
                self._put([LogLine(name, entry) for entry in entries])
        except HostError as error:
            self.problems.append(f"log of {name}: {error.message}")
        finally:
            self._put(None)

    def _put(self, batch: list[LogLine] | None) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(batch, timeout=0 if self._lossy and batch else 0.5)
                return
            except queue.Full:
                if self._lossy and batch:
                    self.dropped += len(batch)
                    return


def _time(line: LogLine) -> datetime:
    return line.entry.time or _EARLIEST


def open_task_logs(session: Session, request: LogsRequest, *, lossy: bool = False) -> TaskLogs:
    """Find a task and open the logs of its containers; of one whose containers are gone, what the history has.

    Raises MoorageError.
    """
    cluster = session.cluster(request.cluster)
    fleet = session.survey(cluster)
    try:
        task = find_task(fleet, cluster.name, request.task)
    except (NotFoundError, OutOfSightError) as error:
        return _recalled_logs(session, fleet, request, request.task, error)
    engine = session.engine(fleet.instances[task.instance].instance.endpoint)
    since = parse_since(request.since, engine.now()) if request.since else None
    try:
        sources = sources_of(engine, task, request.container)
    except NoContainersError as error:
        return _recalled_logs(session, fleet, request, task.id, error)
    return open_logs(sources, follow=request.follow, tail=request.tail, since=since, lossy=lossy)


def _recalled_logs(session: Session, fleet: Fleet, request: LogsRequest, name: str, error: MoorageError) -> TaskLogs:
    past, trouble = recall(session, session.cluster_name(request.cluster), name)
    has_lines = past is not None and any(part.last_lines for part in past.containers)
    if past is None or (isinstance(error, NoContainersError) and not has_lines):
        raise MoorageError(f"{error.message}; {trouble}", code=error.code) if trouble else error
    since = parse_since(request.since, session.now()) if request.since else None
    logs = TaskLogs(_remembered_streams(past, request, since), follow=False, lossy=False)
    left = f"the last {MAX_LINES} lines of each container are all that is left" if has_lines else "no line is left"
    logs.note = f"task {past.id[:8]} is {whence(fleet, past)}; {left}"
    return logs


def _remembered_streams(past: PastTask, request: LogsRequest, since: datetime | None) -> list[tuple[str, LineStream]]:
    """The containers that are asked for; their lines have no times, but none is younger than its container's end."""
    names = [part.name for part in past.containers]
    if request.container and request.container not in names:
        raise NotFoundError(f"container of task {past.id[:8]}", request.container, names)
    streams: list[tuple[str, LineStream]] = []
    for part in past.containers:
        if part.last_lines and request.container in ("", part.name):
            over = since is not None and part.finished_at is not None and part.finished_at < since
            wanted = 0 if over else MAX_LINES if request.tail is None else request.tail
            streams.append((part.name, RememberedLines(part.last_lines[max(len(part.last_lines) - wanted, 0) :])))
    return streams


def sources_of(engine: Engine, task: Task, container: str = "") -> list[LogSource]:
    """The containers of a task that have a log, or the one that is named. Raises NotFoundError or MoorageError."""
    names = [part.name for part in task.containers]
    if container and container not in names:
        raise NotFoundError(f"container of task {task.id[:8]}", container, names)
    parts = [part for part in task.containers if container in ("", part.name)]
    found = [LogSource(part.name, engine, part.runtime.id) for part in parts if part.runtime]
    if not found:
        why = task.stopped_reason or "they are not made yet, or were removed"
        raise NoContainersError(f"task {task.id[:8]} has no containers to read logs of: {why}")
    return found


def open_logs(
    sources: Sequence[LogSource], *, follow: bool, tail: int | None, since: datetime | None, lossy: bool
) -> TaskLogs:
    """Open several logs at once. Those that cannot be opened are among ``problems``; raises HostError if none can be.

    Args:
        since: aware, in the host's time.
        lossy: following, what the reader is too slow for is counted and dropped; otherwise the engine is made to wait.
    """
    opened: list[tuple[str, LogStream]] = []
    failures: list[tuple[str, HostError]] = []
    for source in sources:
        try:
            stream = read_logs(
                source.engine,
                source.container_id,
                follow=follow,
                tail=tail,
                since=since.timestamp() if since else None,
                timestamps=True,
            )
        except HostError as error:
            failures.append((source.name, error))
        else:
            opened.append((source.name, stream))
    if not opened:
        raise failures[0][1]
    logs = TaskLogs(opened, follow=follow, lossy=lossy)
    logs.problems += [f"log of {name}: {error.message}" for name, error in failures]
    return logs


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_since(text: str, now: datetime) -> datetime:
    """``10m``, ``2h30m``, ``1d`` before now, or an RFC 3339 time (without a zone: local). Raises MoorageError."""
    if re.fullmatch(r"(\d{1,6}[smhd]){1,4}", text):
        amounts = re.findall(r"(\d+)([smhd])", text)
        try:
            return now - sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in amounts), timedelta(0))
        except OverflowError:
            return _EARLIEST.replace(year=1970)
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MoorageError(
            f"since {text!r} is no time; write 90s, 10m, 2h30m, 1d, or as in 2025-01-31T09:30:00Z",
            code="InvalidParameterException",
        ) from None
