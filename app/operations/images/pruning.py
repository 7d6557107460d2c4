"""prune-images: what nothing uses goes, by a list that somebody has seen, and never by Docker's own prune."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import naming
from app.hosts.images.breaking import Break
from app.hosts.images.listing import LIST_TIMEOUT, read_images
from app.model.amounts import compact
from app.model.cluster import ClusterFile
from app.model.ids import instance_arn
from app.model.image import HostImage, short_image_id
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_requests import PruneImagesRequest
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import failed_words, kept
from app.operations.images.asking import ask_each
from app.operations.images.transfers import chosen_instances, on_each
from app.operations.images.uses import image_names
from app.operations.policy import ask_always, ask_first
from app.operations.session import Session

_USED = SafeText("it is used or has a name by now")
_GONE = SafeText("it had gone already")


@dataclass(frozen=True, slots=True)
class Prune:
    """What would go, or what has gone.

    Attributes:
        images: in the order in which they go, instance by instance: what has no name first.
        skipped: what was to go and is still there, with the reason: it has become used, say.
        failures: instances that did not answer, and why.
    """

    images: tuple[HostImage, ...] = ()
    skipped: tuple[tuple[HostImage, SafeText], ...] = ()
    failures: Mapping[InstanceKey, SafeText] = field(default_factory=dict)
    instance_ids: Mapping[InstanceKey, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """At most: layers that images share count with each of them, and those that stay may share some."""
        return sum(image.size for image in self.images)

    def of(self, instance: InstanceKey) -> tuple[HostImage, ...]:
        return tuple(image for image in self.images if image.instance == instance)

    @property
    def succeeded(self) -> bool:
        return not self.failures

    @property
    def partly(self) -> bool:
        """Has anything gone?"""
        return bool(self.images)

    def lines(self) -> list[str]:
        """``edge-1: web:6 (3f9c21ab04d1), 12M``, for each."""
        return [f"{image.instance.name}: {image_words(image)}, {compact(image.size)}" for image in self.images]

    def shape(self) -> dict[str, Any]:
        """JSON of ours: ``{"images": [{names, imageId, …}], "bytes": …, "skipped": […], "failures": […]}``."""
        return {
            "images": [_image_shape(image) for image in self.images],
            "bytes": self.bytes,
            "skipped": [{**_image_shape(image), "reason": str(reason)} for image, reason in self.skipped],
            "failures": [
                {
                    "arn": instance_arn(key.cluster, self.instance_ids.get(key, key.name)),
                    "reason": "AGENT",
                    "detail": f"{key.name}: {reason}",
                }
                for key, reason in self.failures.items()
            ],
        }


def _image_shape(image: HostImage) -> dict[str, Any]:
    return {
        "imageId": image.id,
        "names": [str(name) for name in image.names],
        "size": image.size,
        "createdAt": image.created.isoformat() if image.created else None,
        "containerInstance": image.instance.name,
    }


def image_words(image: HostImage) -> str:
    """``web:6 (3f9c21ab04d1)``; what has no name is its id."""
    short = short_image_id(image.id)
    return f"{', '.join(image.names)} ({short})" if image.names else f"{short} (no name)"


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def plan_prune(session: Session, request: PruneImagesRequest) -> Prune:
    """What would go: images without a name that no container uses; with ``all`` also those with one.

    A container that has ended uses its image, and so does a task that is on its way and has no container yet. Raises
    MoorageError before anything is asked.
    """
    cluster = session.cluster(request.cluster)
    instances = chosen_instances(cluster, request.container_instances)
    return _plan(session, instances, session.survey(cluster), also_named=request.all)


def _plan(session: Session, instances: Iterable[Instance], fleet: Fleet, *, also_named: bool) -> Prune:
    instances = list(instances)
    states = {one.key: fleet.instances[one.key] for one in instances}
    silent = {key: state.freshness.reason for key, state in states.items() if not state.live}

    def unused(instance: Instance) -> tuple[HostImage, ...]:
        images = read_images(session.engine(instance.reached_by), instance.key, {})
        return unused_images(images, states[instance.key], also_named=also_named)

    answers = ask_each([one for one in instances if one.key not in silent], unused, LIST_TIMEOUT + 1)
    return Prune(
        images=tuple(image for images in answers.told.values() for image in images),
        failures={**silent, **answers.failures},
        instance_ids={one.key: one.id for one in instances},
    )


def unused_images(images: Iterable[HostImage], state: InstanceState, *, also_named: bool) -> tuple[HostImage, ...]:
    """Those that nothing on their host uses, what has no name first. Pure.

    Args:
        state: all containers and tasks of the host, of whichever cluster.
    """
    ids = {container.image_id for container in state.containers.values()}
    # Between its pull and its containers a launch has nothing on the host but its record.
    names = {
        name for task in state.tasks.values() if task.last_status != "STOPPED" for name in image_names(task).values()
    }
    going = [
        image
        for image in images
        if image.id not in ids and names.isdisjoint((*image.names, *image.digests)) and (also_named or image.dangling)
    ]
    return tuple(sorted(going, key=lambda image: not image.dangling))


def _pruned_words(request: PruneImagesRequest, answer: Prune) -> str:
    gone = f"{_images(len(answer.images))} of {compact(answer.bytes)} at most"
    skipped = f", {len(answer.skipped)} were left" if answer.skipped else ""
    return f"{gone}{skipped}{failed_words(answer.shape()['failures'])}"


@kept("prune-images", _pruned_words, asks=False)
def prune_images(
    session: Session,
    request: PruneImagesRequest,
    tell: TellTransfer,
    plan: Prune | None = None,
    stop: threading.Event | None = None,
) -> Prune:
    """List, ask, and remove exactly those that were listed, as far as nothing uses them by then.

    Args:
        tell: each event is of one instance: what went last, and how many bytes of those that are to go.
        plan: what somebody has seen and said yes to already; None: it is made here, and asked for.
        stop: what has not gone yet when it is set stays.

    Raises PolicyError when nobody says yes.
    """
    cluster = session.cluster(request.cluster)
    seen = plan if plan is not None else plan_prune(session, request)
    if request.dry_run or not seen.images:
        return seen
    if plan is None:
        ask_always(session, "prune-images", cluster.name, _question(seen))
    else:
        ask_first(session, "prune-images", cluster.name, seen.lines)
    return _pruned(session, request, cluster, seen, tell, stop)


def _question(seen: Prune) -> list[str]:
    return [*seen.lines(), f"{_images(len(seen.images))}, {compact(seen.bytes)} at most: layers may be shared"]


def _pruned(
    session: Session,
    request: PruneImagesRequest,
    cluster: ClusterFile,
    seen: Prune,
    tell: TellTransfer,
    stop: threading.Event | None,
) -> Prune:
    names = list(dict.fromkeys(image.instance.name for image in seen.images))
    # Somebody may have taken their time over the list.
    fleet = session.survey(cluster)
    now = _plan(session, chosen_instances(cluster, names), fleet, also_named=request.all)
    unused = {(image.instance, image.id) for image in now.images}
    # Of an instance that has fallen silent nobody knows; its own refusal is what is told.
    stay = [one for one in seen.images if one.instance not in now.failures and (one.instance, one.id) not in unused]
    gone: list[HostImage] = []
    left = [(image, _USED) for image in stay]

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        going = [image for image in seen.of(begun.instance) if image not in stay]
        last, count = replace(begun, total=sum(image.size for image in going)), 0
        for image, why in _removed(engine, going, breaking):
            if why:
                left.append((image, why))
                continue
            gone.append(image)
            count += 1
            last = replace(last, done=last.done + image.size, detail=safe_line(image_words(image)))
            told(last)
        return last.ended("done", safe_line(f"{_images(count)} gone"))

    what = _images(len(seen.images))
    results = on_each(session, cluster, names, work, verb="prune", image=what, tell=tell, stop=stop).results
    failed = {one.instance: one.detail for one in results if one.state in ("failed", "stopped")}
    place = {(image.instance, image.id): number for number, image in enumerate(seen.images)}
    return replace(
        seen,
        images=tuple(sorted(gone, key=lambda image: place[image.instance, image.id])),
        skipped=tuple(sorted(left, key=lambda pair: place[pair[0].instance, pair[0].id])),
        failures={**seen.failures, **failed},
    )


def _removed(engine: Engine, images: Sequence[HostImage], breaking: Break) -> Iterator[tuple[HostImage, SafeText]]:
    """Each with why it stays, "" when it has gone. What others are made of can go only after these."""
    waiting = list(images)
    while waiting:
        again: list[tuple[HostImage, SafeText]] = []
        for image in waiting:
            breaking.check()
            try:
                went = naming.remove_exactly(engine, image)
            except HostError as error:
                if error.kind not in ("conflict", "refused", "failed"):
                    raise
                again.append((image, safe_line(error.message)))
            else:
                yield image, SafeText("") if went else _GONE
        if len(again) == len(waiting):
            yield from again
            return
        waiting = [image for image, _ in again]
