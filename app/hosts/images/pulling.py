"""A pull from its first frame to the look whether what the engine has told of is what it has now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.images.breaking import Break
from app.hosts.images.layers import Layers
from app.hosts.images.registry_trouble import cause_of, registry_trouble
from app.model.errors import MoorageError
from app.model.image_reference import parse_reference
from app.model.registry import Credential

Going = Callable[[Layers, bool], None]
"""Called with each frame's layers; the flag says that more than bytes has changed."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """``found``: what inspecting the image told afterwards. ``fresh``: something has come that was not there before."""

    found: Json
    digest: str
    fresh: bool

    @property
    def id(self) -> str:
        return str(self.found.get("Id", ""))


def pull(
    engine: Engine,
    image: str,
    platform: str = "",
    going: Going | None = None,
    breaking: Break | None = None,
    credential: Credential | None = None,
) -> Pulled:
    """Pull the image, and stay until it is there.

    Args:
        image: with its tag or digest; without either Docker takes ``latest``.
        platform: as in linux/arm64, "" for the engine's own.
        breaking: ends it from another thread. Docker drops what had come, whole layers too.
        credential: shown to the registry instead of its usual one.

    Raises BrokenOffError, and HostError: failed also when the registry falls silent, or when the image that is there
    afterwards is not the one that the registry has told of.
    """
    layers = Layers()
    breaking = breaking or Break()
    try:
        with breaking.answers():
            for frame in engine.pull(image, platform, credential):
                changed = layers.take(frame)
                if going is not None:
                    going(layers, changed)
    except HostError as error:
        raise _explained(engine, image, error, credential) from error
    found = engine.image(image)
    _check(image, layers.digest, found)
    return Pulled(found, layers.digest, not layers.up_to_date)


def other_platform(found: Json, wanted: str) -> str:
    """What an inspected image is made for, where that is not ``wanted`` (linux/arm64, "" for any); else "".

    Engines take an image that is there for one platform only as if it were for any.
    """
    if not wanted or not found.get("Architecture"):
        return ""
    made_for = f"{found.get('Os')}/{found.get('Architecture')}"
    return "" if made_for == "/".join(wanted.split("/")[:2]) else made_for


def _check(image: str, digest: str, found: Json) -> None:
    """A tag that another client has moved on the host meanwhile means another image than the one that came."""
    known = found.get("RepoDigests")
    if digest and isinstance(known, list) and not any(str(name).endswith(f"@{digest}") for name in known):
        moved = f"{image} is not what was pulled: {digest[:19]}… came, and the name was moved meanwhile"
        raise HostError(moved, "failed")


def _explained(engine: Engine, image: str, error: HostError, credential: Credential | None) -> HostError:
    if error.kind == "timeout":
        # The registry's silence, if the engine still answers: nothing of a pull is left to be read back.
        engine.ping()
        return HostError(error.message, "failed")
    if not error.unanswered and (trouble := explained(engine, image, error, "pull", credential)) is not None:
        return trouble
    if error.kind == "failed" and _repository(image) not in error.message:
        # Of a registry that is out of order Docker tells the status alone.
        return HostError(f"{image}: {error.message}", error.kind)
    return error


def explained(
    engine: Engine, image: str, error: HostError, verb: Literal["pull", "push"], credential: Credential | None = None
) -> HostError | None:
    """What an engine says of a registry, in a line with the remedy; None when it is about something else."""
    if cause_of(error.message) is None:
        return None
    try:
        shown = engine.registries.shown_as(parse_reference(image).place, credential)
    except MoorageError:
        return None
    trouble = registry_trouble(image, error.message, shown, verb)
    return None if trouble is None else HostError(trouble.line, error.kind)


def _repository(image: str) -> str:
    """Without tag and digest."""
    before, slash, last = image.partition("@")[0].rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"
