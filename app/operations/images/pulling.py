"""pull: an image from its registry to instances of a cluster, all at once."""

from __future__ import annotations

import threading

from app.model.image_progress import TellTransfer
from app.model.image_requests import PullImageRequest
from app.operations.images.transfers import Transferred
from app.operations.session import Session


def pull_image(
    session: Session, request: PullImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    raise NotImplementedError
