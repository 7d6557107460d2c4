"""An image as an engine describes it: whether two engines have the same one, and whether one can run it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from app.hosts.engine import Json
from app.hosts.errors import HostError
from app.hosts.reading import own_labels, readable
from app.model.image_reference import same_image_name

_RUNS_TOO: Final = {"amd64": ("386",), "arm64": ("arm",)}
"""What processors run beside their own."""
_SETTINGS: Final = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "Labels", "StopSignal", "User", "Volumes", "WorkingDir")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """``id`` is the engine's own; ``size`` in bytes, more or less those of its tar."""

    id: str
    size: int
    system: str
    processor: str
    layers: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]

    @property
    def platform(self) -> str:
        return f"{self.system}/{self.processor}"

    def same_as(self, other: ImageFacts) -> bool:
        """By id; where engines keep images in different ways, and so call them differently, by what is in them."""
        if self.id == other.id:
            return True
        mine = (self.system, self.processor, self.layers, self.settings)
        return bool(self.layers) and mine == (other.system, other.processor, other.layers, other.settings)

    def not_for(self, version: Json) -> str:
        """Why an engine, by what it says of its version, cannot run it; "" if it can, as far as is known."""
        system, processor = str(version.get("Os") or ""), str(version.get("Arch") or "")
        if not (self.processor and processor):
            return ""
        if (self.system or system) == system and self.processor in (processor, *_RUNS_TOO.get(processor, ())):
            return ""
        return f"the image is for {self.platform}, and this host is {system}/{processor}"[:200]


@readable
def facts(told: Json) -> ImageFacts:
    """Of an engine's answer to a question for one image."""
    root = told.get("RootFS")
    layers = root.get("Layers") if isinstance(root, dict) else None
    config = told.get("Config")
    settings = config if isinstance(config, dict) else {}
    size = told.get("Size")
    return ImageFacts(
        str(told.get("Id", ""))[:100],
        size if isinstance(size, int) and size > 0 else 0,
        str(told.get("Os") or ""),
        str(told.get("Architecture") or ""),
        tuple(map(str, layers)) if isinstance(layers, list) else (),
        tuple((name, _plain(settings[name])) for name in _SETTINGS if settings.get(name)),
    )


@readable
def check_fit_to_copy(image: str, told: Json) -> None:
    """Raises HostError refused for an image that has no name of its own, or carries labels that only we may set."""
    names = told.get("RepoTags")
    if "@" in image or not any(same_image_name(image, str(name)) for name in (names or ())):
        raise HostError(
            f"{image} is no name with a tag, and a copy would have none: give it one first, "
            f"moorage tag --image {image} --tag NAME:TAG",
            "refused",
        )
    forged = sorted(own_labels(told.get("Config") or {}))
    if forged:
        raise HostError(f"image {image} carries the label {forged[0]}, which only Moorage may set", "refused")


def _plain(value: Any) -> str:
    """The same text for the same value, whatever the order of its members."""
    return repr(sorted(value.items())) if isinstance(value, dict) else repr(value)
