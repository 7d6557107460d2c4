"""Images as they are on hosts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.model.instance import InstanceKey
from app.model.safe_text import SafeText


@dataclass(frozen=True, slots=True)
class HostImage:
    """One image on one instance.

    Attributes:
        id: ``sha256:…``, the engine's own.
        names: with their tags, as people write them; empty for what has none any more.
        digests: what registries call it: ``registry.lan/web@sha256:…``.
        size: bytes, those that it shares with others among them.
        created: when it was built; None where the engine does not tell.
        containers: ids of the containers that are made of it, those that do not run among them.
    """

    instance: InstanceKey
    id: str
    names: tuple[SafeText, ...]
    digests: tuple[SafeText, ...] = ()
    size: int = 0
    created: datetime | None = None
    containers: tuple[str, ...] = ()

    @property
    def dangling(self) -> bool:
        """It has no name: a newer image has taken it over."""
        return not self.names


def short_image_id(id_: str) -> str:
    """``sha256:3f9c…`` → the twelve digits that Docker shows."""
    return id_.removeprefix("sha256:")[:12]


@dataclass(frozen=True, slots=True)
class ImageDisk:
    """What images take on an instance: bytes in all, each layer once, and of those that no container uses."""

    used: int
    reclaimable: int
    count: int
    build_cache: int = 0
