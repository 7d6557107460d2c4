"""The progress of launches and stops on stderr: a line a step, and one line at the bottom for what is being pulled."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from typing import TextIO

from app.cli.outcome import is_terminal, warn
from app.model.progress import Progress, Step

_REDRAW_EVERY = 0.1
_OVER: frozenset[Step] = frozenset({"running", "stopped"})
_WORDS: dict[Step, str] = {
    "placed": "placed on {instance}",
    "pull": "pull {container}",
    "create": "create {container}",
    "start": "start {container}",
    "wait": "wait {container}",
    "running": "RUNNING",
    "stop": "stop {container}",
    "stopped": "STOPPED",
}


class ProgressPrinter:
    """``tell`` may be called from any thread. On what is no terminal only warnings are printed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._draws = is_terminal(stream)
        self._in_place = self._draws and os.environ.get("TERM", "dumb") != "dumb"
        self._lock = threading.Lock()
        self._last: dict[str, Progress] = {}
        self._said: set[tuple[str, str, str, str]] = set()
        self._pulls: dict[str, str] = {}
        self._shown = ""
        self._drawn_at = 0.0

    def tell(self, progress: Progress) -> None:
        with self._lock:
            if progress.step == "warning":
                if self._is_new("", "warning", "", progress.detail):
                    self._draw("")
                    warn(progress.detail)
                return
            self._last[progress.task_id] = progress
            if self._draws:
                self._print(progress)

    def close(self) -> None:
        """Take the line at the bottom away."""
        with self._lock:
            self._draw("")

    @property
    def unfinished(self) -> list[Progress]:
        """The last step of every task that is neither RUNNING nor STOPPED."""
        with self._lock:
            return [progress for progress in self._last.values() if progress.step not in _OVER]

    @property
    def running(self) -> list[Progress]:
        with self._lock:
            return [progress for progress in self._last.values() if progress.step == "running"]

    def _print(self, progress: Progress) -> None:
        task, step = progress.task_id[:8], progress.step
        if step != "pull":
            self._pulls.pop(task, None)
        elif progress.total:
            self._pulls[task] = f"{task} pull {progress.container} {100 * progress.done // progress.total} %"
        detail = "" if step == "pull" else progress.detail
        if self._is_new(task, step, progress.container, detail):
            words = _WORDS[step].format(instance=progress.instance.name, container=progress.container)
            more = progress.detail if step != "pull" or "pulling" in progress.detail else ""
            self._draw("")
            self._write(f"{task} {words}{f': {more}' if more else ''}\n")
        if time.monotonic() - self._drawn_at > _REDRAW_EVERY or not self._pulls:
            self._draw("  ".join(self._pulls.values()))

    def _is_new(self, task: str, step: str, container: str, detail: str) -> bool:
        key = (task, step, container, detail)
        new = key not in self._said
        self._said.add(key)
        return new

    def _draw(self, line: str) -> None:
        """Put the line at the bottom in place of the one that is there."""
        line = line[: shutil.get_terminal_size().columns - 1]
        if self._in_place and line != self._shown:
            self._write(f"\r\x1b[K{line}")
            self._shown, self._drawn_at = line, time.monotonic()

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
