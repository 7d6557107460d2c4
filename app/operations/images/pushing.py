"""push: an image from the instance that has it to its registry."""

from __future__ import annotations

import threading

from app.model.image_progress import TellTransfer
from app.model.image_requests import PushImageRequest
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def push_image(
    session: Session, request: PushImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    raise NotImplementedError
