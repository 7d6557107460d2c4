"""What an engine tells while it pulls or pushes → the layers, bytes and speed. Pure, and bounded whatever is told."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.model.image_progress import LayerProgress, LayerState
from app.model.safe_text import SafeText, safe_line

_LONGEST_STATUS: Final = 200
_MOST_LAYERS, _LONGEST_LAYER, _LARGEST_LAYER = 1000, 100, 1 << 50
"""Docker takes 127 layers; characters of an id, and bytes."""
_STATES: Final[Mapping[str, LayerState]] = {
    "Pulling fs layer": "waiting",
    "Preparing": "waiting",
    "Waiting": "waiting",
    "Downloading": "working",
    "Pushing": "working",
    "Verifying Checksum": "working",
    "Download complete": "working",
    "Extracting": "extracting",
    "Pull complete": "done",
    "Pushed": "done",
    "Already exists": "exists",
    "Layer already exists": "exists",
}
_PREFIXES: Final[Mapping[str, LayerState]] = {"Retrying in": "waiting", "Mounted from": "exists"}
"""What has more words behind it."""
_MOVING: Final = ("Downloading", "Pushing")
_WHOLE: Final = ("Verifying Checksum", "Download complete", "Pull complete", "Pushed", "Extracting")
"""Words that tell that all of a layer has come or gone."""
_DIGEST: Final = re.compile(r"(?:^|\s)[Dd]igest: (sha256:[0-9a-f]{64})(?:\s|$)")
_UP_TO_DATE: Final = "Status: Image is up to date"
_RATE_WINDOW: Final = 3.0
_SAMPLE_EVERY: Final = 0.25


@dataclass(slots=True)
class _Layer:
    """``moved``: bytes that have come or gone; ``shown``: those that its bar shows now, of a retry or an extraction."""

    state: LayerState
    words: SafeText
    moved: int = 0
    total: int = 0
    shown: int = 0
    last: int = 0


class Layers:
    """All that the frames of one pull or push have told so far.

    Attributes:
        words: the last status that was told.
        digest: what the registry calls the image, ``sha256:…``; "" until it is told.
        up_to_date: the engine had it already.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._layers: dict[str, _Layer] = {}
        self._moved = 0
        self._samples: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=round(_RATE_WINDOW / _SAMPLE_EVERY) + 2)
        self.words = SafeText("")
        self.digest = ""
        self.up_to_date = False

    def take(self, frame: Mapping[str, Any]) -> bool:
        """One frame, of any content; whether a layer has gone on to another state."""
        status = frame.get("status")
        if not isinstance(status, str) or not status:
            self._read_aux(frame.get("aux"))
            return False
        status = status[:_LONGEST_STATUS]
        self.words = safe_line(status)
        state = _state(status)
        name = frame.get("id")
        if state is None or not isinstance(name, str) or not name:
            self._read_end(status)
            return False
        return self._layer(name[:_LONGEST_LAYER], state, status, frame.get("progressDetail"))

    @property
    def done(self) -> int:
        """Bytes that have come or gone; never fewer than before."""
        return sum(layer.moved for layer in self._layers.values())

    @property
    def total(self) -> int:
        """Bytes of the layers whose size was told: it grows while others are still to begin."""
        return sum(layer.total for layer in self._layers.values())

    @property
    def rate(self) -> float:
        """Bytes a second, of the last few seconds."""
        now = self._clock()
        self._sample(now)
        began, moved = next(
            (sample for sample in self._samples if sample[0] >= now - _RATE_WINDOW - _SAMPLE_EVERY), self._samples[-1]
        )
        return max((self._moved - moved) / (now - began), 0.0) if now > began else 0.0

    def each(self) -> tuple[LayerProgress, ...]:
        """In the order in which they were first told of."""
        return tuple(
            LayerProgress(safe_line(name), layer.state, layer.words, layer.shown, layer.total)
            for name, layer in self._layers.items()
        )

    def _layer(self, name: str, state: LayerState, status: str, detail: object) -> bool:
        layer = self._layers.get(name)
        if layer is None:
            if len(self._layers) >= _MOST_LAYERS:
                return False
            layer = self._layers[name] = _Layer(state, self.words)
            changed = True
        else:
            changed = layer.state != state
        layer.state, layer.words = state, self.words
        told = detail if isinstance(detail, dict) else {}
        if status in _MOVING:
            self._move(layer, _size(told.get("current")), _size(told.get("total")))
        elif status in _WHOLE:
            if status == "Extracting" and _size(told.get("total")) and not told.get("units"):
                layer.shown = min(_size(told.get("current")), layer.total)
            else:
                layer.shown = layer.total
            self._count(layer.total - layer.moved)
            layer.moved = layer.total
        return changed

    def _move(self, layer: _Layer, current: int, total: int) -> None:
        # A push counts what it packs: that may be more than what it had announced.
        layer.total = max(layer.total, total, current if layer.total or total else 0)
        current = min(current, layer.total)
        layer.shown = current
        # A retry begins again: its bytes move once more, and are no further.
        self._count(current - layer.last if current >= layer.last else current)
        layer.last = current
        layer.moved = max(layer.moved, current)

    def _count(self, moved: int) -> None:
        if moved > 0:
            self._moved += moved
            self._sample(self._clock())

    def _sample(self, now: float) -> None:
        if now - self._samples[-1][0] >= _SAMPLE_EVERY:
            self._samples.append((now, self._moved))

    def _read_aux(self, aux: object) -> None:
        digest = aux.get("Digest") if isinstance(aux, dict) else None
        if isinstance(digest, str) and _DIGEST.search(f"digest: {digest}"):
            self.digest = digest

    def _read_end(self, status: str) -> None:
        if found := _DIGEST.search(status):
            self.digest = found[1]
        self.up_to_date = self.up_to_date or status.startswith(_UP_TO_DATE)


def _state(status: str) -> LayerState | None:
    known = _STATES.get(status)
    return known or next((state for words, state in _PREFIXES.items() if status.startswith(words)), None)


def _size(told: object) -> int:
    """Bytes; 0 for what is no size."""
    return told if isinstance(told, int) and 0 <= told <= _LARGEST_LAYER else 0
