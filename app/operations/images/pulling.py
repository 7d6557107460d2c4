"""pull: an image from its registry to instances of a cluster, all at once."""

from __future__ import annotations

import threading
from dataclasses import replace

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import pulling
from app.hosts.images.breaking import Break
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_reference import parse_reference
from app.model.image_requests import PullImageRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import kept
from app.operations.images.pace import Pace
from app.operations.images.transfers import Transferred, on_each, transferred_words
from app.operations.session import Session


@kept("pull", transferred_words)
def pull_image(
    session: Session, request: PullImageRequest, tell: TellTransfer, stop: threading.Event | None = None
) -> Transferred:
    """Pull on all instances at once; each result is "done", "present" or why not. A host's old copy is never a success.

    Args:
        tell: gets every event, from several threads.
        stop: breaks off what is under way once it is set; layers that had not come whole are dropped by the engines.

    Raises MoorageError before anything is pulled.
    """
    cluster, image = session.cluster(request.cluster), str(parse_reference(request.image))
    digests: dict[InstanceKey, str] = {}

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        pace = Pace(begun, told)
        pulled = pulling.pull(engine, image, request.platform, pace.take, breaking)
        if other := pulling.other_platform(pulled.found, request.platform):
            raise HostError(f"{image} came for {other}: the registry has none for {request.platform}", "refused")
        digests[begun.instance] = pulled.digest or pulled.id
        detail = safe_line(pulled.digest or pulled.id)
        return pace.last.ended("done" if pulled.fresh else "present", detail)

    transferred = on_each(
        session, cluster, request.container_instances, work, verb="pull", image=image, tell=tell, stop=stop
    )
    return replace(transferred, warnings=_warnings(image, digests))


def _warnings(image: str, digests: dict[InstanceKey, str]) -> tuple[SafeText, ...]:
    """The registry gave different hosts different images: its tag has moved between them."""
    hosts: dict[str, list[str]] = {}
    for instance, digest in sorted(digests.items()):
        hosts.setdefault(digest, []).append(instance.name)
    if len(hosts) < 2:
        return ()
    told = "; ".join(f"{digest[:19]} on {', '.join(names)}" for digest, names in hosts.items())
    return (safe_line(f"{image} is not the same everywhere, its tag has moved meanwhile; pull again: {told}"),)
