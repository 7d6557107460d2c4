"""push: an image from the instance that has it to its registry."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from app.hosts.engine import Engine
from app.hosts.images import pushing
from app.hosts.images.breaking import Break
from app.model.errors import MoorageError
from app.model.image import short_image_id
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_reference import parse_reference
from app.model.image_requests import PushImageRequest
from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.operations.deeds import kept
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

    Raises MoorageError before anything is pushed: no instance has it, they have different ones, or it is named by a
    digest.
    """
    cluster, reference = session.cluster(request.cluster), parse_reference(request.image)
    if reference.digest:
        raise MoorageError(
            f"{reference} has no tag to push it by: give it one (moorage tag IMAGE NAME:TAG)",
            code="InvalidParameterException",
        )
    image = str(reference)
    found = having(session, cluster, image, [request.container_instance] if request.container_instance else [])
    source = _source(image, found.told)

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        pace = Pace(begun, told)
        digest = pushing.push(engine, reference, pace.take, breaking)
        return pace.last.ended("done", safe_line(digest))

    return on_each(session, cluster, [source.name], work, verb="push", image=image, tell=tell, stop=stop)


def _source(image: str, found: Mapping[InstanceKey, str]) -> InstanceKey:
    """The first that has it. Raises MoorageError where they have different images by this name: which one is meant?"""
    hosts: dict[str, list[str]] = {}
    for key, id_ in found.items():
        hosts.setdefault(id_, []).append(key.name)
    if len(hosts) > 1:
        told = "; ".join(f"{short_image_id(id_)} on {', '.join(names)}" for id_, names in hosts.items())
        raise MoorageError(
            f"{image} is not the same image everywhere ({told}): say which with --container-instance",
            code="InvalidParameterException",
        )
    return next(iter(found))
