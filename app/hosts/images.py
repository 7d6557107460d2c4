"""Images of a launch: pulled as the ECS agent does by default, with progress by bytes."""

from __future__ import annotations

from collections.abc import Callable

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.labels import PREFIX
from app.model.safe_text import SafeText, safe_line

PullProgress = Callable[[SafeText, int, int], None]
"""Called with what goes on, and bytes done and in all."""


def ensure_image(engine: Engine, image: str, tell: PullProgress) -> SafeText:
    """Pull the image; when that fails and the host has a copy, use that one (ECS_IMAGE_PULL_BEHAVIOR "default").

    Returns "" when the image is as fresh as the registry's, else why the copy on the host is used.
    Raises HostError when there is neither, or when the image carries labels of ours.
    """
    fallback = SafeText("")
    pinned = "@sha256:" in image
    if not (pinned and _present(engine, image)):
        try:
            _pull(engine, image, tell)
        except HostError as error:
            if error.kind == "unreachable" or not _present(engine, image):
                raise
            fallback = safe_line(f"the copy of {image} on the host is used: {error.message}")
    labels = (engine.image(image).get("Config") or {}).get("Labels") or {}
    forged = sorted(key for key in labels if key.startswith(PREFIX))
    if forged:
        raise HostError(f"image {image} carries the label {forged[0]}, which only Moorage may set", "refused")
    return fallback


def _present(engine: Engine, image: str) -> bool:
    try:
        engine.image(image)
    except HostError as error:
        if error.kind == "not-found":
            return False
        raise
    return True


def _pull(engine: Engine, image: str, tell: PullProgress) -> None:
    layers: dict[str, tuple[int, int]] = {}
    for frame in engine.pull(image):
        _count(frame, layers)
        done = sum(part for part, _ in layers.values())
        tell(safe_line(frame.get("status", "")), done, sum(whole for _, whole in layers.values()))


def _count(frame: Json, layers: dict[str, tuple[int, int]]) -> None:
    layer, detail = str(frame.get("id", "")), frame.get("progressDetail") or {}
    if frame.get("status") == "Downloading" and detail.get("total"):
        layers[layer] = min(int(detail.get("current", 0)), int(detail["total"])), int(detail["total"])
    elif frame.get("status") in ("Download complete", "Pull complete") and layer in layers:
        layers[layer] = layers[layer][1], layers[layer][1]
