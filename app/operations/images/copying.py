"""copy-image: an image from an instance that has it to others that lack it, through us and without a registry."""

from __future__ import annotations

import threading

from app.model.image_progress import TellTransfer
from app.model.image_requests import CopyImageRequest
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def copy_image(
    session: Session, request: CopyImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    """Copy to the named instances, or to all others of the cluster; those that have it are told as ``present``.

    Args:
        tell: each event is of one instance that gets it.
        stop: breaks off what is under way once it is set; nothing half-loaded stays.

    Raises MoorageError before anything is sent: an unknown instance, an image that is nowhere or has no name, …
    """
    raise NotImplementedError
