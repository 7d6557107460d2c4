"""tag: another name for an image, wherever it is."""

from __future__ import annotations

from app.model.image_requests import TagImageRequest
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def tag_image(session: Session, request: TagImageRequest) -> Transferred:
    raise NotImplementedError
