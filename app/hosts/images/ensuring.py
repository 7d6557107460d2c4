"""Images of a launch: pulled as the ECS agent does, with progress by bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.layers import Layers
from app.hosts.images.naming import image_or_none
from app.hosts.images.pulling import other_platform, pull
from app.hosts.labels import PREFIX
from app.hosts.reading import own_labels
from app.model.names import ImagePullBehavior
from app.model.registry import Credential
from app.model.safe_text import SafeText, safe_line
from app.model.task_definition import TaskDefinition

PULLED = f"{PREFIX}pulled"
_STALE = 'the copy on the host is older: image_pull_behavior = "prefer-cached" would run it'
PullProgress = Callable[[SafeText, int, int], None]
"""Called with what goes on, and bytes done and in all."""


def ensure_image(
    engine: Engine,
    image: str,
    tell: PullProgress,
    behavior: ImagePullBehavior = "default",
    platform: str = "",
    credential: Credential | None = None,
) -> SafeText:
    """Pull the image as the behavior says (design: ECS semantics 4.6).

    Returns "" when the image is as fresh as the behavior asks for, else why the copy on the host is used: only
    "default" ever falls back to one, and never once the registry has told of another image than that.
    ``platform``: as in linux/arm64, "" for the host's own. ``credential``: shown to the registry instead of its usual
    one.
    Raises HostError when there is none to use, when it is for another platform, or carries labels of ours.
    """
    fallback, another = SafeText(""), False

    def going(layers: Layers, _: bool) -> None:
        nonlocal another
        another = another or bool(layers.each)  # of an image that is there already no layer is told
        tell(layers.words, layers.done, layers.total)

    if _pull_due(engine, image, behavior):
        try:
            pull(engine, image, platform, going, credential=credential)
        except HostError as error:
            if error.kind == "unreachable" or behavior != "default" or not _present(engine, image):
                raise
            if another:
                raise HostError(f"{error.message}; {_STALE}", error.kind) from error
            fallback = safe_line(f"the copy of {image} on the host is used: {error.message}")
        else:
            if behavior == "once":
                engine.create_volume(_pulled_name(image), {PULLED: image})
    found = engine.image(image)
    if made_for := other_platform(found, platform):
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
    return image_or_none(engine, image) is not None
