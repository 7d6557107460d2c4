"""Which images are on which instances of a cluster, what runs of them, and whether their names have moved since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.fleet.fleet import Fleet
from app.model.cluster import ClusterFile
from app.model.image import HostImage, ImageDisk
from app.model.image_requests import ListImagesRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.operations.session import Session


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


@dataclass(frozen=True, slots=True)
class TaskImage:
    """What one container of a task is made of. ``name``: as its definition has it; ``id``: what it was made of."""

    task_id: str
    instance: InstanceKey
    name: str
    id: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ImageUses:
    """What tasks use, as a fleet knows it: made where the fleet may be read, and used anywhere."""

    of_tasks: tuple[TaskImage, ...] = ()


def image_uses(fleet: Fleet, cluster: str) -> ImageUses:
    """Of the tasks of a cluster. Does no I/O; to be called on the thread that the fleet belongs to."""
    raise NotImplementedError


def survey_images(
    session: Session, cluster: ClusterFile, fleet: Fleet | ImageUses | None = None, names: Sequence[str] = ()
) -> ImageSurvey:
    """Ask every instance for its images, all at the same time, each within a deadline of its own.

    Args:
        fleet: what is known of tasks; of a live one, from another thread, its ``image_uses``. None: hosts are asked.
        names: of instances; empty: all of the cluster.
    """
    raise NotImplementedError


def list_images(session: Session, request: ListImagesRequest) -> dict[str, Any]:
    """JSON of ours: ``{"images": […], "disk": […], "failures": […]}``."""
    raise NotImplementedError
