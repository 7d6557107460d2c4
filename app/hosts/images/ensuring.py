"""Images of a launch: pulled as the ECS agent does, with progress by bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.labels import PREFIX
from app.hosts.reading import own_labels
from app.model.names import ImagePullBehavior
from app.model.safe_text import SafeText, safe_line
from app.model.task_definition import TaskDefinition

PULLED = f"{PREFIX}pulled"
_LONGEST_STATUS = 200
_MOST_LAYERS, _LONGEST_LAYER, _LARGEST_LAYER = 1000, 100, 1 << 50
"""Docker takes 127 layers; characters of an id, and bytes."""
PullProgress = Callable[[SafeText, int, int], None]
"""Called with what goes on, and bytes done and in all."""


def ensure_image(
    engine: Engine, image: str, tell: PullProgress, behavior: ImagePullBehavior = "default", platform: str = ""
) -> SafeText:
    """Pull the image as the behavior says (design: ECS semantics 4.6).

    Returns "" when the image is as fresh as the behavior asks for, else why the copy on the host is used: only
    "default" ever falls back to one. ``platform``: as in linux/arm64, "" for the host's own.
    Raises HostError when there is none to use, when it is for another platform, or carries labels of ours.
    """
    fallback = SafeText("")
    if _pull_due(engine, image, behavior):
        try:
            _pull(engine, image, platform, tell)
        except HostError as error:
            if error.kind == "unreachable" or behavior != "default" or not _present(engine, image):
                raise
            fallback = safe_line(f"the copy of {image} on the host is used: {error.message}")
        else:
            if behavior == "once":
                engine.create_volume(_pulled_name(image), {PULLED: image})
    found = engine.image(image)
    # Engines take an image that is there for one platform only as if it were for any.
    made_for = f"{found.get('Os')}/{found.get('Architecture')}"
    if platform and found.get("Architecture") and made_for != platform:
        raise HostError(f"image {image} is for {made_for}, and runtimePlatform asks for {platform}", "refused")
    forged = sorted(own_labels(found.get("Config") or {}))
    if forged:
        raise HostError(f"image {image} carries the label {forged[0]}, which only Moorage may set", "refused")
    return fallback


def platform_of(definition: TaskDefinition) -> str:
    """What runtimePlatform asks for, as Docker writes it: linux/arm64; "" when it leaves that to the host."""
    wanted = definition.runtime_platform
    if wanted is None or wanted.cpu_architecture is None:
        return ""
    return "linux/arm64" if wanted.cpu_architecture == "ARM64" else "linux/amd64"


def _pull_due(engine: Engine, image: str, behavior: ImagePullBehavior) -> bool:
    match behavior:
        case "always":
            return True
        case "default":  # what a digest names is the same everywhere
            return not ("@sha256:" in image and _present(engine, image))
        case "once":
            return not (_pulled_before(engine, image) and _present(engine, image))
        case "prefer-cached":
            return not _present(engine, image)


def _pulled_before(engine: Engine, image: str) -> bool:
    """Was it pulled here under "once"? A volume remembers it, for every operator; it goes with nothing else."""
    name = _pulled_name(image)
    return any(volume.get("Name") == name for volume in engine.volumes(f"{PULLED}={image}"))


def _pulled_name(image: str) -> str:
    return f"moorage-pulled-{hashlib.sha256(image.encode()).hexdigest()[:32]}"


def _present(engine: Engine, image: str) -> bool:
    try:
        engine.image(image)
    except HostError as error:
        if error.kind == "not-found":
            return False
        raise
    return True


def _pull(engine: Engine, image: str, platform: str, tell: PullProgress) -> None:
    layers: dict[str, tuple[int, int]] = {}
    try:
        for frame in engine.pull(image, platform):
            _count(frame, layers)
            done = sum(part for part, _ in layers.values())
            status = safe_line(str(frame.get("status", ""))[:_LONGEST_STATUS])
            tell(status, done, sum(whole for _, whole in layers.values()))
    except HostError as error:
        if error.kind != "timeout":
            if error.kind != "failed" or _repository(image) in error.message:
                raise
            # Of a registry that is out of order Docker tells the status alone.
            raise HostError(f"{image}: {error.message}", error.kind) from error
        # The registry's silence, if the engine still answers: nothing of a pull is left to be read back.
        engine.ping()
        raise HostError(error.message, "failed") from error


def _repository(image: str) -> str:
    """Without tag and digest."""
    before, slash, last = image.partition("@")[0].rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"


def _count(frame: Json, layers: dict[str, tuple[int, int]]) -> None:
    layer, detail = str(frame.get("id", ""))[:_LONGEST_LAYER], frame.get("progressDetail")
    if frame.get("status") == "Downloading" and isinstance(detail, dict) and (whole := _size(detail.get("total"))):
        if layer in layers or len(layers) < _MOST_LAYERS:
            layers[layer] = min(_size(detail.get("current")), whole), whole
    elif frame.get("status") in ("Download complete", "Pull complete") and layer in layers:
        layers[layer] = layers[layer][1], layers[layer][1]


def _size(told: object) -> int:
    """Bytes; 0 for what is no size."""
    return told if isinstance(told, int) and 0 <= told <= _LARGEST_LAYER else 0
