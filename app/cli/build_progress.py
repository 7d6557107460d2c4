"""The progress of a build on stderr: a line a step, and in a terminal below them what goes on now."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, TextIO

from app.cli.clipping import clipped
from app.cli.outcome import is_terminal
from app.model.amounts import compact
from app.model.build_progress import BuildProgress, BuildStep
from app.model.safe_text import SafeText

_REDRAW_EVERY: Final = 0.1
_SHOWN_LINES: Final = 5
"""Of what the step writes, at a time."""
_BAR: Final = 24


class BuildPrinter:
    """``tell`` may be called from any thread. What is no terminal gets plain lines, all that steps write among them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_place = is_terminal(stream) and os.environ.get("TERM", "dumb") != "dumb"
        self._dims = self._in_place and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._begun = False
        self._steps = 0
        """So many have been told to be over."""
        self._open = 0
        """The number of the step of which a pipe has been told that it has begun."""
        self._lines: deque[SafeText] = deque(maxlen=_SHOWN_LINES)
        self._drawn = 0
        self._drawn_at = 0.0

    @property
    def shows_all(self) -> bool:
        """Every line that the steps have written can be read still."""
        return not self._in_place

    def tell(self, progress: BuildProgress) -> None:
        with self._lock:
            if self._in_place:
                self._draw(progress)
            else:
                self._print(progress)

    def close(self) -> None:
        """Take away what is drawn in place."""
        with self._lock:
            self._write(self._erased())

    # --- a terminal ------------------------------------------------------------------------------------------------

    def _draw(self, progress: BuildProgress) -> None:
        over = [step for step in progress.steps[self._steps :] if step.state != "working"]
        if over:
            self._steps += len(over)
            self._lines.clear()
            self._write(self._erased() + "".join(f"{self._clipped(_step_line(step))}\n" for step in over))
        self._lines.extend(progress.lines)
        if progress.state in ("sending", "building"):
            now = time.monotonic()
            if over or now - self._drawn_at > _REDRAW_EVERY:
                self._drawn_at = now
                self._write(self._erased() + self._block(progress))
        else:
            self._write(self._erased())

    def _block(self, progress: BuildProgress) -> str:
        if progress.state == "sending":
            block = [_sending_bar(progress)]
        elif len(progress.steps) > self._steps:
            dim, plain = ("\x1b[2m", "\x1b[0m") if self._dims else ("", "")
            block = [self._clipped(_step_line(progress.steps[-1]))]
            block += [f"{dim}{self._clipped(f'  {line}')}{plain}" for line in self._lines]
        else:
            return ""
        # One that is as high as the terminal could not be taken away again.
        block = block[: max(shutil.get_terminal_size().lines - 1, 1)]
        self._drawn = len(block)
        return "".join(f"{line}\n" for line in block)

    def _erased(self) -> str:
        drawn, self._drawn = self._drawn, 0
        return f"\x1b[{drawn}A\r\x1b[J" if drawn else ""

    @staticmethod
    def _clipped(line: str) -> str:
        return clipped(line.expandtabs(4), shutil.get_terminal_size().columns - 1)

    # --- a pipe, a file --------------------------------------------------------------------------------------------

    def _print(self, progress: BuildProgress) -> None:
        if not self._begun:
            self._begun = True
            self._write(f"sending {compact(progress.total)} to {progress.instance.name}\n")
        # Lines belong to the last step: those before it are over, whatever was told of them.
        self._told(progress.steps[:-1])
        for step in progress.steps[-1:]:
            if step.number > self._open:
                self._open = step.number
                self._write(f"step {step.number}/{step.of} {step.words}\n")
        self._write("".join(f"  {line}\n" for line in progress.lines))
        if progress.state not in ("sending", "building"):
            self._told(progress.steps)

    def _told(self, steps: Sequence[BuildStep]) -> None:
        for step in steps[self._steps :]:
            if step.state == "working":
                return
            if step.number > self._open:
                self._open = step.number
                self._write(f"step {step.number}/{step.of} {step.words}\n")
            self._steps += 1
            self._write(f"step {step.number}/{step.of} {_state(step)}\n")

    def _write(self, text: str) -> None:
        if text:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(text)
                self._stream.flush()


def _step_line(step: BuildStep) -> str:
    return f"step {step.number}/{step.of} {_state(step):>8}  {step.words}"


def _state(step: BuildStep) -> str:
    if step.state == "cached":
        return "cached"
    took = f"{step.seconds:.1f} s"
    return f"FAILED {took}" if step.state == "failed" else took


def _sending_bar(progress: BuildProgress) -> str:
    whole = max(progress.total, 1)
    filled = _BAR * min(progress.sent, whole) // whole
    bar = "#" * filled + "-" * (_BAR - filled)
    return f"sending [{bar}] {compact(progress.sent)} of {compact(progress.total)} to {progress.instance.name}"
