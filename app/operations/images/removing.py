"""remove-image: an image's name, and the image with its last one, from instances of a cluster."""

from __future__ import annotations

from app.model.image_progress import TellTransfer
from app.model.image_requests import RemoveImageRequest
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def remove_image(session: Session, request: RemoveImageRequest, tell: TellTransfer) -> Transferred:
    raise NotImplementedError
