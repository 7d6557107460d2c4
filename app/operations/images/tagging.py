"""tag: another name for an image, wherever it is."""

from __future__ import annotations

from dataclasses import replace

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import naming
from app.hosts.images.breaking import Break
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_reference import parse_reference
from app.model.image_requests import TagImageRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import kept
from app.operations.images.transfers import Transferred, on_each, transferred_words
from app.operations.images.whereabouts import having
from app.operations.session import Session, find_entry


@kept("tag", transferred_words)
def tag_image(session: Session, request: TagImageRequest) -> Transferred:
    """Give the image the other name too: on the instances that are named, or on all that have it.

    A warning says where that name meant another image before. Raises MoorageError before anything is named.
    """
    cluster, image = session.cluster(request.cluster), naming.image_name(request.image)
    other = parse_reference(request.tag)
    if other.digest:
        raise MoorageError(f"{other} is no name to give: a digest is none", code="InvalidParameterException")
    found = having(session, cluster, image, request.container_instances)
    names = request.container_instances or [key.name for key in found.told]
    names = [name for name in names if InstanceKey(cluster.name, find_entry(cluster, name).name) not in found.failures]
    warnings: list[SafeText] = []

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        wanted = naming.image_or_none(engine, image)
        if wanted is None:
            raise HostError(f"there is no image {image}", "not-found")
        before = naming.image_or_none(engine, str(other))
        if before is not None and before.get("Id") == wanted.get("Id"):
            return begun.ended("present", safe_line(wanted.get("Id")))
        naming.tag(engine, image, other)
        if before is not None:
            lost = str(before.get("Id"))[:19]
            words = f"{begun.instance.name}: {other} was another image before: {lost} has lost that name"
            warnings.append(safe_line(words))
        return begun.ended("done", safe_line(wanted.get("Id")))

    transferred = on_each(session, cluster, names, work, verb="tag", image=str(other), tell=lambda _: None)
    transferred = transferred.with_silent(cluster, found.failures)
    return replace(transferred, warnings=tuple(sorted(warnings)))
