"""Images on their way, on stderr: a block of lines that is drawn in place, or a line for each change of state."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from typing import Final, TextIO

from app.cli.clipping import clipped
from app.cli.outcome import is_terminal
from app.model.amounts import compact
from app.model.image import short_image_id
from app.model.image_progress import TransferProgress, TransferVerb
from app.model.safe_text import safe_line

_REDRAW_EVERY: Final = 0.1
_BAR, _SHORTEST_BAR = 12, 4
_DONE: Final[dict[TransferVerb, str]] = {
    "pull": "{instance} has {image}",
    "copy": "{instance} has {image}",
    "build": "{instance} has {image}",
    "push": "the registry has {image}",
    "tag": "{instance} has {image}",
    "remove": "{instance} has {image} no more",
    "prune": "{instance}: all that was to go has gone",
}
_CUT: Final[dict[TransferVerb, str]] = {
    "push": "the push of {image} from {instance} was broken off: the registry has no new image of that name",
    "prune": "{instance}: what had not gone yet stays",
}
_CUT_ELSE: Final = "{verb} of {image} on {instance} was broken off: its name there means what it meant before"


class TransferPrinter:
    """``tell`` may be called from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_place = is_terminal(stream) and os.environ.get("TERM", "dumb") != "dumb"
        self._full, self._empty = ("▆", "▁") if _is_unicode(stream) else ("#", ".")
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str], TransferProgress] = {}
        self._drawn = 0
        self._drawn_at = 0.0

    def tell(self, progress: TransferProgress) -> None:
        key = (progress.instance.cluster, progress.instance.name, progress.image)
        with self._lock:
            before = self._known.get(key)
            self._known[key] = progress
            changed = before is None or before.state != progress.state
            if not self._in_place:
                if changed and progress.state != "waiting":
                    self._write(f"{_changed(progress)}\n")
            elif changed or time.monotonic() - self._drawn_at > _REDRAW_EVERY:
                self._draw()

    def close(self) -> None:
        """Draw how it ended; the block stays."""
        with self._lock:
            if self._in_place and self._known:
                self._draw()
            self._drawn = 0

    def left(self) -> list[str]:
        """What exists after an interruption, in lines. The progress is told no more."""
        self.close()
        with self._lock:
            self._in_place = False
            return [_left(progress) for progress in self._known.values()]

    def _draw(self) -> None:
        columns, rows = shutil.get_terminal_size()
        lines = [clipped(line, columns - 1) for line in self._lines(max(rows - 1, 1), columns - 1)]
        text = "".join(f"\x1b[K{line}\n" for line in lines)
        # What was drawn before and is not needed any more goes, too.
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        rest = max(self._drawn - len(lines), 0)
        down = "\x1b[K\n" * rest + (f"\x1b[{rest}A" if rest else "")
        self._write(f"\r{up}{text}{down}")
        self._drawn, self._drawn_at = len(lines), time.monotonic()

    def _lines(self, most: int, room: int) -> list[str]:
        """What moves and what failed comes first where there is no room for all."""
        known = list(self._known.values())
        if len(known) <= most:
            return self._table(known, room)
        order = {"working": 0, "failed": 1, "stopped": 1, "waiting": 2}
        known.sort(key=lambda progress: order.get(progress.state, 3))
        shown = known[: most - 1]
        done = sum(progress.state in ("done", "present") for progress in known)
        return [*self._table(shown, room), f"and {len(known) - len(shown)} more; {done} of {len(known)} are done"]

    def _table(self, known: list[TransferProgress], room: int) -> list[str]:
        names = max((len(progress.instance.name) for progress in known), default=0)
        images = max((len(progress.image) for progress in known), default=0)
        begun = [f"{one.instance.name:<{names}}  {one.verb} {one.image:<{images}}  " for one in known]
        return [safe_line(words + self._how(one, room - len(words))) for words, one in zip(begun, known, strict=True)]

    def _how(self, one: TransferProgress, room: int) -> str:
        if one.state == "waiting":
            return "waits for its turn"
        if one.state == "present":
            return one.detail if one.verb == "remove" else "is there already"
        if one.over:
            return f"{one.state}{f': {_shortened(one.detail)}' if one.detail else ''}"
        if not one.total:
            return f"{compact(one.done)}  {one.detail}" if one.done else one.detail or "begins"
        part = min(one.done / one.total, 1.0)
        cells = [f"{part:>4.0%}", f"{compact(one.done)}/{compact(one.total)}"]
        if one.rate:
            cells.append(f"{compact(one.rate)}/s")
        if one.layers:
            whole = sum(layer.state in ("done", "exists") for layer in one.layers)
            cells.append(f"{whole}/{len(one.layers)} layers")
        elif one.detail:  # what a copy does before it moves, and after
            cells.append(one.detail)
        words = "  ".join(cells)
        bar = min(max(room - len(words) - 1, _SHORTEST_BAR), _BAR)
        full = round(part * bar)
        return f"{self._full * full}{self._empty * (bar - full)} {words}"

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _changed(one: TransferProgress) -> str:
    """``edge-1: pull web:7: done: sha256:…``"""
    told = f"{one.instance.name}: {one.verb} {one.image}"
    state = "begins" if one.state == "working" else one.state
    # Why it failed the verb tells at its end, for all of them together.
    detail = f": {one.detail}" if one.over and one.state != "failed" and one.detail else ""
    return safe_line(f"{told}: {state}{detail}")


def _left(one: TransferProgress) -> str:
    if one.state in ("done", "present"):
        words = _DONE[one.verb]
    elif one.state == "failed":
        words = "{verb} of {image} on {instance} failed: {detail}"
    elif one.state == "stopped" and one.verb == "copy" and one.detail:
        words = "{verb} of {image} on {instance}: {detail}"  # it has looked what is there
    elif one.state == "waiting":
        words = "{verb} of {image} on {instance} had not begun"
    else:
        words = _CUT.get(one.verb, _CUT_ELSE)
    return words.format(verb=one.verb, image=one.image, instance=one.instance.name, detail=one.detail)


def _shortened(detail: str) -> str:
    """A digest in the digits that people compare."""
    return short_image_id(detail) if detail.startswith("sha256:") else detail


def _is_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")
