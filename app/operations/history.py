"""The history: remembering tasks when they have stopped. They are found again by ``app.operations.recall``."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

from app.fleet.fleet import Fleet, belongs
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.logs import LogStream, read_logs
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError
from app.model.manifest import read_manifest
from app.model.progress import Progress, Tell
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task, TaskContainer
from app.operations.session import Session
from app.store.history import HistoryStore
from app.store.history_rows import MAX_LINES, last_lines
from app.store.past_task import PastContainer, PastTask, merged

LINES_DEADLINE = 3.0
"""Seconds that reading the last lines of all of a task's containers may take."""
WAITING_TASKS = 256
RETRY_AFTER = 60.0
"""Seconds without a try after the history could not be written."""
_FORGOTTEN_SLACK = 1000

_Ending = tuple[datetime | None, str | None, SafeText, str, bool]
"""What of a stopped task may still change: stopped at, code, reason, by whom; and whether its host is live."""


def past_task(task: Task, lines: Mapping[str, tuple[str, ...]]) -> PastTask:
    """What is to be remembered of a task. ``lines``: the ends of its containers' logs, by container name."""
    images = _images(task.manifest)
    return PastTask(
        id=safe_line(task.id),
        cluster=safe_line(task.cluster),
        instance=safe_line(task.instance.name),
        family=safe_line(task.family),
        revision=task.revision,
        group=safe_line(task.group),
        started_by=safe_line(task.started_by),
        created_at=task.created_at,
        started_at=task.started_at,
        stopping_at=task.stopping_at,
        stopped_at=task.stopped_at,
        stop_code=safe_line(task.stop_code or ""),
        stopped_reason=safe_line(task.stopped_reason),
        stopped_by=safe_line(task.stopped_by),
        tags=tuple((safe_line(key), safe_line(value)) for key, value in task.tags),
        health=safe_line(task.health),
        cpu=task.reservation.cpu,
        memory=task.reservation.memory,
        containers=tuple(
            _past_container(part, images.get(part.name, ""), lines.get(part.name, ())) for part in task.containers
        ),
    )


def _past_container(part: TaskContainer, image: str, lines: tuple[str, ...]) -> PastContainer:
    runtime = part.runtime
    return PastContainer(
        name=safe_line(part.name),
        image=safe_line(runtime.image if runtime else image),
        runtime_id=safe_line(runtime.id if runtime else ""),
        exit_code=part.exit_code,
        reason=safe_line(part.reason),
        oom_killed=runtime is not None and runtime.oom_killed,
        started_at=runtime.started_at if runtime else None,
        finished_at=runtime.finished_at if runtime else None,
        essential=part.essential,
        last_lines=last_lines(lines),
    )


def _images(manifest: str) -> dict[str, str]:
    """Images by container name: of a container that was never made, only the definition tells it."""
    return {str(item.get("name")): str(item.get("image", "")) for item in read_manifest(manifest).containers}


# --- remembering ------------------------------------------------------------------------------------------------------


def remember(session: Session, engine: Engine | None, task: Task) -> list[str]:
    """Keep a STOPPED task with the last lines of its containers' logs; returns warnings about the history's file.

    Nothing is read or written again that is known already. Lines that cannot be read within LINES_DEADLINE, or at all,
    are left out without a word. Raises MoorageError when the history cannot be written.

    Args:
        engine: of the task's host; None when it does not answer: then without lines.
    """
    store = HistoryStore(session.home)
    found = store.find(task.id)
    known, seen = (found[0] if found else None), past_task(task, {})
    silent = [part for part in task.containers if _has_log(part) and part.name not in _told(known)] if engine else []
    if engine is not None and silent:
        seen = past_task(task, _read_lines(engine, silent))
    if known is None or merged(known, seen) != known:
        store.remember(seen)
    return store.take_warnings()


def remember_if_possible(session: Session, engine: Engine, task: Task) -> list[str]:
    """As ``remember``, where something matters more than the history. Never raises MoorageError.

    What keeps the history from being written is among the warnings.
    """
    try:
        return remember(session, engine, task)
    except MoorageError as error:
        return [f"task {task.id[:8]} is not remembered: {error.message}"]


def remember_end(session: Session, engine: Engine, task: Task, tell: Tell) -> None:
    """Keep a task whose end this call has brought about, or has waited for; warnings are told with its progress."""
    if task.last_status == "STOPPED":
        for warning in remember_if_possible(session, engine, task):
            tell(Progress(task.id, task.instance, "warning", detail=safe_line(warning)))


def prune(session: Session) -> list[str]:
    """Forget the tasks that ended longer ago than ``history_retention``; returns warnings. Raises MoorageError."""
    store = HistoryStore(session.home)
    store.forget_before(session.now() - session.config.history_retention)
    return store.take_warnings()


def _has_log(part: TaskContainer) -> bool:
    return part.runtime is not None and part.runtime.ever_started


def _told(known: PastTask | None) -> set[str]:
    """The names of the containers whose last lines are known."""
    return {part.name for part in known.containers if part.last_lines} if known else set()


def _read_lines(engine: Engine, parts: list[TaskContainer]) -> dict[str, tuple[str, ...]]:
    deadline = time.monotonic() + LINES_DEADLINE
    readers = [_LineReader(engine, part.name, part.runtime.id) for part in parts if part.runtime]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(max(deadline - time.monotonic(), 0))
    lines = {reader.container: reader.lines for reader in readers}
    for reader in readers:
        reader.close()
    return lines


class _LineReader(threading.Thread):
    """Reads the end of one container's log. ``lines`` stays empty until all of it is there."""

    def __init__(self, engine: Engine, container: str, runtime_id: str) -> None:
        super().__init__(name=f"lines-{container}", daemon=True)
        self.container = container
        self.lines: tuple[str, ...] = ()
        self._engine = engine
        self._runtime_id = runtime_id
        self._stream: LogStream | None = None

    def run(self) -> None:
        lines: deque[str] = deque(maxlen=MAX_LINES)
        with contextlib.suppress(HostError):
            self._stream = read_logs(
                self._engine, self._runtime_id, follow=False, tail=MAX_LINES, since=None, timestamps=False
            )
            for entries in self._stream:
                lines.extend(entry.text for entry in entries)
            self.lines = tuple(lines)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class Historian:
    """Remembers what stops. ``note`` is cheap and may be called at every change; one daemon thread does the work.

    Args:
        report: called from that thread with what went wrong, in a line, when it differs from the last.
    """

    def __init__(self, session: Session, report: Callable[[str], None]) -> None:
        self._session = session
        self._report = report
        self._queue: queue.Queue[tuple[Endpoint | None, Task] | None] = queue.Queue(WAITING_TASKS)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._noted: dict[str, _Ending] = {}
        self._not_before = 0.0
        self._trouble = ""
        self._closed = False

    def note(self, fleet: Fleet) -> None:
        """Take in hand what has stopped since the last time; what finds no place now has its turn later."""
        if not self._closed and time.monotonic() >= self._not_before:
            with self._lock:
                self._note(fleet)

    def close(self, within: float = 2.0) -> None:
        """Take nothing more, and finish what is in hand for at most ``within`` seconds."""
        self._closed = True
        if self._thread is None:
            return
        deadline = time.monotonic() + within
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=within)
        self._thread.join(max(deadline - time.monotonic(), 0))

    def _note(self, fleet: Fleet) -> None:
        present = set()
        for state in fleet.instances.values():
            for task in map(state.tasks.__getitem__, state.restless):
                if task.last_status != "STOPPED" or not belongs(task, state):
                    continue
                present.add(task.id)
                if not self._is_noted(task, live=state.live):
                    if not self._take(state.instance.reached_by if state.live else None, task):
                        return
                    self._noted[task.id] = _ending(task, live=state.live)
        if len(self._noted) > len(present) + _FORGOTTEN_SLACK:
            self._noted = {task_id: ending for task_id, ending in self._noted.items() if task_id in present}

    def _is_noted(self, task: Task, *, live: bool) -> bool:
        noted = self._noted.get(task.id)
        # What was noted while its host was live needs no second look when it is not.
        return noted is not None and noted in (_ending(task, live=live), _ending(task, live=True))

    def _take(self, endpoint: Endpoint | None, task: Task) -> bool:
        try:
            self._queue.put_nowait((endpoint, task))
        except queue.Full:
            return False
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="historian", daemon=True)
            self._thread.start()
        return True

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            endpoint, task = item
            try:
                engine = self._session.engine(endpoint) if endpoint is not None else None
                self._tell(*remember(self._session, engine, task))
            except MoorageError as error:
                self._not_before = time.monotonic() + RETRY_AFTER
                with self._lock:
                    self._noted.pop(task.id, None)
                self._tell(error.message)

    def _tell(self, *problems: str) -> None:
        for problem in problems:
            if problem != self._trouble:
                self._trouble = problem
                self._report(problem)


def _ending(task: Task, *, live: bool) -> _Ending:
    return task.stopped_at, task.stop_code, task.stopped_reason, task.stopped_by, live
