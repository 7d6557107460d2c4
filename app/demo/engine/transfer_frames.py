"""What a pull and a push tell about layers on their way, at a plausible pace. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.demo.engine.layers import Layer

Json = dict[str, Any]
Paced = Iterator[tuple[list[Json], float]]
"""What is told at once, and the seconds that pass after it."""

_AT_ONCE = 3
"""Layers that are on their way side by side, as Docker has it."""
_TICK = 0.1
_FEWEST_TICKS = 4
"""Of a transfer that takes no time."""
_EXTRACT_RATE = 8
"""How much quicker layers are unpacked than they come."""


def pull_frames(layers: Sequence[Layer], held: Callable[[Layer], bool], rate: float) -> Paced:
    """``rate``: bytes a second; 0 for at once."""
    yield [_said("Already exists" if held(layer) else "Pulling fs layer", layer) for layer in layers], 0.0
    coming = [layer for layer in layers if not held(layer)]
    waiting = coming[_AT_ONCE:]
    yield [_said("Waiting", layer) for layer in waiting], 0.0
    for frames, seconds in _moving("Downloading", coming, rate):
        for frame in tuple(frames):
            if frame["progressDetail"]["current"] == frame["progressDetail"]["total"]:
                at = frames.index(frame) + 1
                frames[at:at] = [{"status": words, "progressDetail": {}, "id": frame["id"]} for words in _ARRIVED]
        yield frames, seconds
    for layer in coming:  # one after the other: each lies on the one before
        for part in (layer.size // 2, layer.size):
            yield [progress_frame("Extracting", layer, part)], layer.size / rate / _EXTRACT_RATE / 2 if rate else 0.0
        yield [_said("Pull complete", layer)], 0.0


_ARRIVED = ("Verifying Checksum", "Download complete")


def push_frames(layers: Sequence[Layer], held: Callable[[Layer], bool], rate: float) -> Paced:
    """The uppermost layer first, as Docker tells them."""
    layers = layers[::-1]
    yield [_said("Preparing", layer) for layer in layers], 0.0
    yield [_said("Waiting", layer) for layer in layers[_AT_ONCE:]], 0.0
    yield [_said("Layer already exists", layer) for layer in layers if held(layer)], 0.0
    for frames, seconds in _moving("Pushing", [layer for layer in layers if not held(layer)], rate):
        yield frames, seconds
        over = [
            frame["id"] for frame in frames if frame["progressDetail"]["current"] == frame["progressDetail"]["total"]
        ]
        yield [{"status": "Pushed", "progressDetail": {}, "id": layer} for layer in over], 0.0


def _moving(words: str, layers: Sequence[Layer], rate: float) -> Paced:
    """Layers side by side that share the rate, each until it is there."""
    waiting: list[Layer] = list(layers)
    active: dict[Layer, int] = {}
    whole = sum(layer.size for layer in layers)
    a_tick = max(rate * _TICK if rate else whole / _FEWEST_TICKS, 1.0)
    while waiting or active:
        while waiting and len(active) < _AT_ONCE:
            active[waiting.pop(0)] = 0
        share = int(a_tick / len(active)) + 1
        frames = []
        for layer in tuple(active):
            active[layer] = done = min(active[layer] + share, layer.size)
            frames.append(progress_frame(words, layer, done))
            if done == layer.size:
                del active[layer]
        yield frames, _TICK if rate else 0.0


def _said(words: str, layer: Layer) -> Json:
    return {"status": words, "progressDetail": {}, "id": layer.short}


def progress_frame(words: str, layer: Layer, done: int) -> Json:
    bar = "=" * (50 * done // max(layer.size, 1)) + ">"
    shown = f"[{bar:<51}] {done / 1e6:.4g}MB/{layer.size / 1e6:.4g}MB"
    return {
        "status": words,
        "progressDetail": {"current": done, "total": layer.size},
        "progress": shown,
        "id": layer.short,
    }
