"""prune-images: what nothing uses goes, by a list that somebody has seen, and never by Docker's own prune."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.image import HostImage
from app.model.image_progress import TellTransfer
from app.model.image_requests import PruneImagesRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.operations.session import Session


@dataclass(frozen=True, slots=True)
class Prune:
    """What would go, or what has gone.

    Attributes:
        images: in the order in which they go, instance by instance: what has no name first.
        skipped: what was to go and is still there, with the reason: it has become used, say.
        failures: instances that did not answer, and why.
    """

    images: tuple[HostImage, ...] = ()
    skipped: tuple[tuple[HostImage, SafeText], ...] = ()
    failures: Mapping[InstanceKey, SafeText] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """At most: layers that images share count with each of them, and those that stay may share some."""
        return sum(image.size for image in self.images)

    def of(self, instance: InstanceKey) -> tuple[HostImage, ...]:
        return tuple(image for image in self.images if image.instance == instance)

    @property
    def succeeded(self) -> bool:
        return not self.failures

    @property
    def partly(self) -> bool:
        return bool(self.images)

    def shape(self) -> dict[str, Any]:
        raise NotImplementedError


def plan_prune(session: Session, request: PruneImagesRequest) -> Prune:
    """What would go: images without a name that no container uses; with ``all`` also those with one.

    Raises MoorageError before anything is asked.
    """
    raise NotImplementedError


def prune_images(
    session: Session,
    request: PruneImagesRequest,
    tell: TellTransfer,
    plan: Prune | None = None,
    stop: threading.Event | None = None,
) -> Prune:
    """List, ask, and remove exactly those that were listed, as far as nothing uses them by then.

    Args:
        plan: what somebody has seen and said yes to already; None: it is made here, and asked for.

    Raises PolicyError when nobody says yes.
    """
    raise NotImplementedError
