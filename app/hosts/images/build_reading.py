"""What an engine tells of a build, frame by frame: steps, what they write, and how it ends. Pure, but for the clock.

What a step writes comes in the same frames as what the engine says of it, and may look like that. So a step is only
taken for the next one if its number is, and a container only for a step's if nothing was written before it.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from app.model.build_progress import BuildStep
from app.model.safe_text import SafeText, safe_line, safe_log_line, without_sgr

LAST_LINES: Final = 20
"""Of a step that failed."""
LINE_LIMIT: Final = 1 << 13
"""Characters of a line; what is beyond goes to the next."""
MOST_STEPS: Final = 1000
_LONGEST_ERROR: Final = 2000
_LONGEST_WORDS: Final = 500
_STEP = re.compile(r"step (\d{1,4})/(\d{1,4}) ?: ?(.*)", re.IGNORECASE | re.DOTALL)
_CONTAINER = re.compile(r" ---> Running in ([0-9a-f]{12,64})")
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_CACHED = (" ---> Using cache", "--> Using cache")
"""The second is podman's."""
_REMOVED = (" ---> Removed intermediate container ", "Removing intermediate container ")
"""The first since Docker 23."""
_SAID = (" ---> ", *_REMOVED, "Successfully built ", "Successfully tagged ")
"""How lines begin that the engine writes of itself."""


class BuildReading:
    """Feed it every frame.

    Attributes:
        steps: those that have begun, in order.
        container: id of the one that the step runs in, "" when there is none any more.
        image_id: of what has been built, "" until then. ``built``: the beginning of it, which older podmans tell alone.
        error: why it failed, in one line; "" as long as it has not.
        code: exit code of the step's command that failed, None where it was something else.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._rest = ""
        self._new: list[SafeText] = []
        self._last: deque[SafeText] = deque(maxlen=LAST_LINES)
        self._runs = False
        self._pulled: dict[str, SafeText] = {}
        self.steps: list[BuildStep] = []
        self.container = ""
        self.image_id = self.built = ""
        self.error = SafeText("")
        self.code: int | None = None

    @property
    def last_lines(self) -> tuple[SafeText, ...]:
        """The last that the step has written."""
        return tuple(self._last)

    def feed(self, frame: object) -> None:
        if not isinstance(frame, dict):
            return
        if "error" in frame or "errorDetail" in frame:
            self._fail(frame)
        elif isinstance(frame.get("stream"), str):
            self._stream(frame["stream"])
        elif isinstance(frame.get("aux"), dict) and isinstance(found := frame["aux"].get("ID"), str):
            if _IMAGE_ID.fullmatch(found):
                self.image_id = found
        elif isinstance(frame.get("status"), str):
            self._pull(frame)

    def begins_step(self, frame: object) -> bool:
        """Whether the frame, which is to be fed next, ends a step that there is, and begins another."""
        text = frame.get("stream") if isinstance(frame, dict) else None
        return bool(self.steps) and isinstance(text, str) and self._next(text) is not None

    def taken(self) -> tuple[SafeText, ...]:
        """The lines that are new since this was asked last."""
        new, self._new = self._new, []
        return tuple(new)

    def now(self) -> tuple[BuildStep, ...]:
        """The steps, with the time that the last one has taken until now."""
        if self.steps and self.steps[-1].state == "working":
            self._step(seconds=self._clock() - self._began)
        return tuple(self.steps)

    def end(self, *, failed: bool = False) -> None:
        """No more frames: what was written without a line's end counts, and the last step is over."""
        self._flush()
        if self.steps and self.steps[-1].state == "working":
            self._step(state="failed" if failed else "done", seconds=self._clock() - self._began)

    def _stream(self, text: str) -> None:
        if self._begins(text):
            return
        if not self._runs:
            if text.startswith(_CACHED) and self.steps:
                self._step(state="cached")
                return
            if found := _CONTAINER.match(text):
                self.container = found.group(1)
                self._runs = True
                return
        if self.container:
            if text.startswith(tuple(f"{words}{self.container}" for words in _REMOVED)):
                self.container = ""
                return
        elif text.startswith(_SAID):
            if found := _BUILT.match(text):
                self.built = found.group(1)
            return
        self._write(text)

    def _next(self, text: str) -> BuildStep | None:
        """The step that begins, if it is the one that is to come."""
        found = _STEP.match(text)
        if found is None:
            return None
        number, of, words = int(found.group(1)), int(found.group(2)), found.group(3)
        if number != len(self.steps) + 1 or not number <= of <= MOST_STEPS or (self.steps and of != self.steps[0].of):
            return None
        return BuildStep(number, of, safe_line(words.strip()[:_LONGEST_WORDS]), "working")

    def _begins(self, text: str) -> bool:
        step = self._next(text)
        if step is None:
            return False
        self.end()
        self._began = self._clock()
        self._runs = False
        self._last.clear()
        self._pulled.clear()
        self.container = ""
        self.steps.append(step)
        return True

    def _step(self, **changes: Any) -> None:
        self.steps[-1] = replace(self.steps[-1], **changes)

    def _write(self, text: str) -> None:
        # What an engine says before the first step and between two is a warning of its own.
        *whole, rest = (self._rest + text).split("\n")
        while len(rest) > LINE_LIMIT:
            whole.append(rest[:LINE_LIMIT])
            rest = rest[LINE_LIMIT:]
        self._rest = rest
        for line in whole:
            for at in range(0, max(len(line), 1), LINE_LIMIT):
                self._add(line[at : at + LINE_LIMIT])

    def _flush(self) -> None:
        rest, self._rest = self._rest, ""
        if rest:
            self._add(rest)

    def _add(self, line: str) -> None:
        # A progress bar draws over itself: its last state is what a terminal would show.
        line = line.removesuffix("\r")
        shown = without_sgr(safe_log_line(line.rpartition("\r")[2] or line))
        if shown.strip():
            self._new.append(shown)
            self._last.append(shown)

    def _pull(self, frame: dict[str, Any]) -> None:
        """A base image comes: what is said of it is a line, but for the bytes of its layers."""
        status = safe_line(frame["status"][:200])
        layer = str(frame.get("id", ""))[:100]
        if frame.get("progressDetail") and status in ("Downloading", "Extracting"):
            return
        if self._pulled.get(layer) != status and len(self._pulled) < MOST_STEPS:
            self._pulled[layer] = status
            self._add(f"{layer}: {status}" if layer else status)

    def _fail(self, frame: dict[str, Any]) -> None:
        detail = frame.get("errorDetail")
        told = detail.get("message") if isinstance(detail, dict) else None
        text = told if isinstance(told, str) else str(frame.get("error", ""))
        code = detail.get("code") if isinstance(detail, dict) else None
        self.code = code if isinstance(code, int) and not isinstance(code, bool) and code else None
        self.error = safe_line(text[:_LONGEST_ERROR].strip() or "it failed, and the engine does not say why")
