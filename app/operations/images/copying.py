"""copy-image: an image from an instance that has it to others that lack it, through us and without a registry."""

from __future__ import annotations

import threading

from app.hosts.images.copying import Place, copied
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer
from app.model.image_reference import parse_reference
from app.model.image_requests import CopyImageRequest
from app.model.instance import Instance
from app.operations.deeds import kept
from app.operations.images.presence import image_presence
from app.operations.images.transfers import Transferred, chosen_instances, transferred_words
from app.operations.session import Session, find_entry, instances_of


@kept("copy-image", transferred_words)
def copy_image(
    session: Session, request: CopyImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    """Copy to the named instances, or to all others of the cluster; those that have it are told as ``present``.

    Args:
        tell: each event is of one instance that gets it; called from several threads.
        stop: breaks off what is under way once it is set; nothing half-loaded stays.

    Raises MoorageError before anything is sent: an unknown instance, an image that is nowhere or has no name, …
    """
    cluster = session.cluster(request.cluster)
    if bool(request.to) == request.to_all:
        raise MoorageError(
            "say which instances get the image: --to NAME [NAME …], or --to-all", code="InvalidParameterException"
        )
    parse_reference(request.image)
    targets = chosen_instances(cluster, request.to)
    source = _named_source(session, cluster, request.from_) or _first_that_has_it(session, cluster, request.image)
    targets = [one for one in targets if one.key != source.key]
    if not targets:
        raise MoorageError(
            f"there is no instance beside {source.key.name} to copy to; register another one in {cluster.name}",
            code="InvalidParameterException",
        )
    try:
        results = copied(
            request.image,
            Place(source.key, session.engine(source.reached_by)),
            [Place(target.key, session.engine(target.reached_by)) for target in targets],
            tell,
            (lambda: False) if stop is None else stop.is_set,
        )
    except MoorageError as error:
        raise MoorageError(f"{source.key.name}: {error.message}", code=error.code) from error
    return Transferred(results, instance_ids=tuple((target.key, target.id) for target in targets))


def _named_source(session: Session, cluster: ClusterFile, name: str) -> Instance | None:
    """``edge-1`` of the cluster, or ``CLUSTER/INSTANCE``; None for "". Raises NotFoundError."""
    if not name:
        return None
    other, slash, inside = name.partition("/")
    if slash and not name.startswith("arn:"):
        cluster, name = session.cluster(other), inside
    wanted = find_entry(cluster, name).name
    return next(one for one in instances_of(cluster, cluster.name) if one.key.name == wanted)


def _first_that_has_it(session: Session, cluster: ClusterFile, image: str) -> Instance:
    """Raises MoorageError when none has it, and when they have different images by this name."""
    instances = list(instances_of(cluster, cluster.name))
    found = image_presence(session, [image], instances)
    having = found.having(image)
    if not having:
        silent = f"; {', '.join(key.name for key in found.silent)} did not answer" if found.silent else ""
        raise MoorageError(
            f"no instance of {cluster.name} has {image}{silent}: pull it (moorage pull), "
            "or say where it is with --from CLUSTER/INSTANCE",
            code="InvalidParameterException",
        )
    if image in found.unlike:
        raise MoorageError(
            f"{image} is not the same image on {', '.join(key.name for key in having)}: say with --from which one",
            code="InvalidParameterException",
        )
    return next(one for one in instances if one.key == having[0])
