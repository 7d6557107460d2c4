"""Which images are on which instances of a cluster, what runs of them, and whether their names have moved since."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.fleet.fleet import Fleet
from app.hosts.engine import Engine
from app.hosts.images.listing import DISK_TIMEOUT, LIST_TIMEOUT, read_disk, read_images
from app.model.cluster import ClusterFile
from app.model.ids import instance_arn, task_arn
from app.model.image import HostImage, ImageDisk
from app.model.image_requests import ListImagesRequest
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText
from app.operations.images.asking import Answers, ask_each
from app.operations.images.transfers import chosen_instances
from app.operations.images.uses import ImageUses, image_uses
from app.operations.session import Session

DISK_PATIENCE: Final = 1.0
_disks: WeakKeyDictionary[Engine, ImageDisk] = WeakKeyDictionary()
"""What each engine told last of its disk."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One name over all instances that have it; what has no name any more is a row by its id.

    Attributes:
        name: as people write it, with its tag; "" for what has none.
        copies: one for each instance that has it, in the order of the cluster's instances.
        missing: instances that answered and do not have it.
        tasks: ids of tasks of the cluster that use it, those that are STOPPED and kept among them.
        moved: ids of tasks that run another image than the name means on their host now.
        size: of the largest copy, in bytes.
        created: of the newest copy.
    """

    name: SafeText
    copies: tuple[HostImage, ...]
    missing: tuple[InstanceKey, ...] = ()
    tasks: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    size: int = 0
    created: datetime | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The different ids that it has: more than one where the name means different images on different hosts."""
        return tuple(dict.fromkeys(copy.id for copy in self.copies))

    @property
    def dangling(self) -> bool:
        return not self.name


@dataclass(frozen=True, slots=True)
class ImageSurvey:
    """``rows``: by name, those without one last. ``failures``: instances that did not answer, and why."""

    rows: tuple[ImageRow, ...] = ()
    disk: Mapping[InstanceKey, ImageDisk] = field(default_factory=dict)
    failures: Mapping[InstanceKey, SafeText] = field(default_factory=dict)


def survey_images(
    session: Session,
    cluster: ClusterFile,
    fleet: Fleet | ImageUses | None = None,
    names: Sequence[str] = (),
    patience: float = DISK_PATIENCE,
) -> ImageSurvey:
    """Ask every instance for its images, all at the same time, each within a deadline of its own.

    Args:
        fleet: what is known of tasks; of a live one, from another thread, its ``image_uses``. None: hosts are asked.
        names: of instances; empty: all of the cluster.
        patience: seconds that what takes the disk may come later than the images; what comes later still is of the
            next survey.
    """
    instances = chosen_instances(cluster, names)
    known = session.survey(cluster) if fleet is None else fleet
    uses = image_uses(known, cluster.name) if isinstance(known, Fleet) else known
    silent = {one.key: uses.silent[one.key] for one in instances if one.key in uses.silent}
    images, disk = _asked(session, [one for one in instances if one.key not in silent], uses, patience)
    return ImageSurvey(
        rows=image_rows([copy for copies in images.told.values() for copy in copies], list(images.told), uses),
        disk=disk,
        failures={**silent, **images.failures},
    )


def _asked(
    session: Session, instances: Sequence[Instance], uses: ImageUses, patience: float
) -> tuple[Answers[tuple[HostImage, ...]], dict[InstanceKey, ImageDisk]]:
    """Both at the same time, as the disk may take long: nobody waits for it who wants to see the images."""

    def images(instance: Instance) -> tuple[HostImage, ...]:
        return read_images(session.engine(instance.reached_by), instance.key, uses.users(instance.key))

    def disk(instance: Instance) -> None:
        engine = session.engine(instance.reached_by)
        found = read_disk(engine)
        if found is not None:
            _disks[engine] = found

    aside = threading.Thread(target=ask_each, args=(instances, disk, DISK_TIMEOUT + 1), name="images-disk", daemon=True)
    aside.start()
    told = ask_each(instances, images, LIST_TIMEOUT + 1)
    aside.join(patience)
    known = {one.key: _disks.get(session.engine(one.reached_by)) for one in instances if one.key in told.told}
    return told, {key: found for key, found in known.items() if found is not None}


def image_rows(copies: Iterable[HostImage], answered: Sequence[InstanceKey], uses: ImageUses) -> tuple[ImageRow, ...]:
    """One row a name, sorted; then one for each id without a name. Pure.

    Args:
        copies: of all instances, in their order.
        answered: the instances that have told all their images.
    """
    named: dict[SafeText, list[HostImage]] = {}
    nameless: dict[str, list[HostImage]] = {}
    for copy in copies:
        for name in copy.names:
            named.setdefault(name, []).append(copy)
        if copy.dangling:
            nameless.setdefault(copy.id, []).append(copy)
    rows = [_row(name, found, answered, uses) for name, found in sorted(named.items())]
    return (*rows, *(_row(SafeText(""), found, (), uses) for found in nameless.values()))


def _row(name: SafeText, copies: list[HostImage], answered: Sequence[InstanceKey], uses: ImageUses) -> ImageRow:
    here = {copy.instance: copy.id for copy in copies}
    by_id = [use for key, id_ in here.items() for use in uses.of_image(key, id_)]
    by_name = [use for key in here for use in uses.of_name(key, name)] if name else []
    # A task whose name means another image by now is still told beside its name: there somebody looks for it.
    moved = [use for use in by_name if use.id and use.id != here[use.instance] and not use.ended]
    return ImageRow(
        name=name,
        copies=tuple(copies),
        missing=tuple(key for key in answered if key not in here),
        tasks=tuple(sorted({use.task_id for use in (*by_id, *moved)})),
        moved=tuple(sorted({use.task_id for use in moved})),
        size=max(copy.size for copy in copies),
        created=max((copy.created for copy in copies if copy.created), default=None),
    )


# --- list-images -----------------------------------------------------------------------------------------------------


def list_images(session: Session, request: ListImagesRequest) -> dict[str, Any]:
    """JSON of ours: ``{"images": […], "disk": […], "failures": […]}``; sizes in bytes."""
    cluster = session.cluster(request.cluster)
    found = survey_images(session, cluster, names=request.container_instances, patience=DISK_TIMEOUT)
    ids = {InstanceKey(cluster.name, entry.name): entry.id for entry in cluster.instances}
    shape: dict[str, Any] = {"images": [_row_shape(row, cluster.name) for row in found.rows]}
    shape["disk"] = [
        {
            "containerInstance": key.name,
            "count": disk.count,
            "used": disk.used,
            "reclaimable": disk.reclaimable,
            "buildCache": disk.build_cache,
        }
        for key, disk in found.disk.items()
    ]
    shape["failures"] = [
        {"arn": instance_arn(cluster.name, ids[key]), "reason": "AGENT", "detail": f"{key.name}: {reason}"}
        for key, reason in found.failures.items()
    ]
    return shape


def _row_shape(row: ImageRow, cluster: str) -> dict[str, Any]:
    return {
        "name": str(row.name),
        "imageIds": list(row.ids),
        "size": row.size,
        "createdAt": row.created.isoformat() if row.created else None,
        "containerInstances": [copy.instance.name for copy in row.copies],
        "missingOn": [key.name for key in row.missing],
        "digests": sorted({digest for copy in row.copies for digest in copy.digests}),
        "containers": sum(len(copy.containers) for copy in row.copies),
        "taskArns": [task_arn(cluster, task) for task in row.tasks],
        "movedTaskArns": [task_arn(cluster, task) for task in row.moved],
    }
