"""From the engines' log streams to a log view: threads read, one call at a time hands over what has come."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from app.model.container import Container
from app.model.errors import MoorageError
from app.model.task import Task
from app.operations.logs import LogLine as SourceLine
from app.operations.logs import LogSource, TaskLogs, open_logs
from app.screens.desk import Desk
from widgets.log_view import LogLine, LogView

TAIL = 500
WAITING_LINES = 20_000
"""Lines that may wait for the screen; what a flood brings beyond is counted and dropped."""


class LogFeed:
    """Follows the containers of one task. ``tell`` gets a short note: following, paused, skipped lines, problems."""

    def __init__(self, desk: Desk, view: LogView, tell: Callable[[str], None]) -> None:
        self._desk = desk
        self._view = view
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: deque[SourceLine] = deque(maxlen=WAITING_LINES)
        self._handing_over = False
        self._closed = False
        self._skipped = 0
        self._problem = ""
        self._open: list[TaskLogs] = []
        self._followed: set[str] = set()
        self._ended: dict[str, datetime | None] = {}
        self._sources: dict[str, int] = {}
        self._single = True

    def follow(self, task: Task) -> None:
        """Follow each container of the task from when it is first started; those followed already go on.

        A stream that was cut off while its container went on is taken up again where it ended.
        """
        state = self._desk.fleet.instances.get(task.instance)
        if state is None or self._closed:
            return
        self._single = len(task.containers) == 1
        for index, part in enumerate(task.containers):
            self._sources.setdefault(part.name, index)
        sources = [
            LogSource(part.name, self._desk.session.engine(state.instance.endpoint), part.runtime.id)
            for part in task.containers
            if part.runtime is not None and part.runtime.ever_started and self._is_due(part.runtime, live=state.live)
        ]
        if not sources:
            return
        since = max((time for source in sources if (time := self._ended.pop(source.container_id, None))), default=None)
        self._followed.update(source.container_id for source in sources)
        self._problem = ""
        threading.Thread(target=self._read, args=(sources, since), name=f"logs-{task.id[:8]}", daemon=True).start()

    def _is_due(self, container: Container, *, live: bool) -> bool:
        return container.id not in self._followed or (live and container.up and container.id in self._ended)

    def close(self) -> None:
        """End all streams soon; from the screen's thread."""
        self._closed = True
        for logs in self._open:
            # Closing a stream may wait for its socket: not here.
            threading.Thread(target=logs.close, daemon=True).start()

    # --- in the reading thread -------------------------------------------------------------------------------------

    def _read(self, sources: list[LogSource], since: datetime | None) -> None:
        last = since
        try:
            after = since + timedelta(microseconds=1) if since else None
            logs = open_logs(sources, follow=True, tail=None if since else TAIL, since=after, lossy=True)
            self._open.append(logs)
            if self._closed:
                logs.close()
            for batch in logs:
                self._put(batch, logs)
                last = batch[-1].entry.time or last
            for problem in logs.problems:
                self._complain(problem)
        except MoorageError as error:
            self._complain(error.message)
        finally:
            for source in sources:
                self._ended[source.container_id] = last

    def _put(self, batch: list[SourceLine], logs: TaskLogs) -> None:
        with self._lock:
            overflow = len(self._waiting) + len(batch) - WAITING_LINES
            self._skipped += max(overflow, 0) + logs.dropped
            logs.dropped = 0
            self._waiting.extend(batch)
            if self._handing_over:
                return
            self._handing_over = True
        self._desk.jobs.post(self._hand_over)

    def _complain(self, problem: str) -> None:
        if not self._closed:
            self._problem = problem
            self._desk.jobs.post(self._hand_over)

    # --- on the screen's thread ------------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        with self._lock:
            lines = list(self._waiting)
            self._waiting.clear()
            self._handing_over = False
        if self._closed or not self._view.is_attached:
            return
        self._view.append([self._line(line) for line in lines])
        self.tell()

    def _line(self, line: SourceLine) -> LogLine:
        time = line.entry.time.astimezone().strftime("%H:%M:%S") if line.entry.time else ""
        source = "" if self._single else line.source
        return LogLine(line.entry.text, source, self._sources.get(line.source, 0), time)

    def tell(self) -> None:
        """Say how it goes, at the right end of the tabs."""
        following = "following" if self._view.following else f"paused, {self._view.new_lines} new"
        ended = bool(self._followed) and self._followed == self._ended.keys()
        parts = [self._problem or ("ended" if ended else following)]
        if self._skipped:
            parts.append(f"{self._skipped} lines skipped")
        self._tell("  ".join(parts))
