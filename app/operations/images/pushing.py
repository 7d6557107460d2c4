"""push: an image from the instance that has it to its registry."""

from __future__ import annotations

import threading
from dataclasses import replace

from app.hosts.engine import Engine
from app.hosts.images import pushing
from app.hosts.images.breaking import Break
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_reference import parse_reference
from app.model.image_requests import PushImageRequest
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import kept
from app.operations.images.asking import Answers
from app.operations.images.pace import Pace
from app.operations.images.transfers import Transferred, on_each, transferred_words
from app.operations.images.whereabouts import having
from app.operations.session import Session


@kept("push", transferred_words)
def push_image(
    session: Session, request: PushImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    """Push from the instance that is named, or the first that has the image; its detail is the digest in the registry.

    Args:
        stop: breaks it off once it is set; without its last word a registry has no image of that name, or the old one.

    Raises MoorageError before anything is pushed: no instance has it, or its name has a digest and no tag.
    """
    cluster, reference = session.cluster(request.cluster), parse_reference(request.image)
    if reference.digest:
        raise MoorageError(
            f"{reference} has no tag to push it by: give it one (moorage tag IMAGE NAME:TAG)",
            code="InvalidParameterException",
        )
    image = str(reference)
    found = having(session, cluster, image, [request.container_instance] if request.container_instance else [])
    source = next(iter(found.told))

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        pace = Pace(begun, told)
        digest = pushing.push(engine, reference, pace.take, breaking)
        return pace.last.ended("done", safe_line(digest))

    transferred = on_each(session, cluster, [source.name], work, verb="push", image=image, tell=tell, stop=stop)
    return replace(transferred, warnings=_warnings(image, found))


def _warnings(image: str, found: Answers[str]) -> tuple[SafeText, ...]:
    (source, id_), *others = found.told.items()
    if differing := [key.name for key, other in others if other != id_]:
        return (safe_line(f"{image} was pushed from {source.name}; on {', '.join(differing)} it is another image"),)
    return ()
