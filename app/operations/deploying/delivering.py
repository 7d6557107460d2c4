"""The images of a deploy: where each is, whether what a host has is the one that is meant, and bringing it there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.hosts.errors import HostError
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.images.presence import image_presence
from app.operations.session import Session, instances_of

_Image = Mapping[str, Any]


class Whereabouts:
    """What engines say of images in one deploy. An image that was inspected by its id is not asked for again."""

    def __init__(self, session: Session, cluster: ClusterFile) -> None:
        self._session = session
        self._cluster = cluster
        self._instances = {one.key: one for one in instances_of(cluster, cluster.name)}
        self._seen: dict[tuple[InstanceKey, str], _Image] = {}
        self._lock = threading.Lock()

    def find(self, image: str, preferred: str = "") -> tuple[InstanceKey, str]:
        """Who has the image, and its id there: ``preferred`` if it is named, else whoever has the newest.

        Raises MoorageError when nobody does.
        """
        keys = [key for key in self._instances if preferred in ("", key.name)]
        here = image_presence(self._session, [image], [self._instances[key] for key in keys]).here.get(image, {})
        if not here:
            where = preferred or "no instance of the cluster"
            has = f"{where} does not have {image}" if preferred else f"{where} has {image}"
            raise MoorageError(f"{has}: build it, without --no-build, or pull it: moorage pull {image}")
        dated = [(str(self._image(key, found).get("Created", "")), key, found) for key, found in here.items()]
        _, key, found = max(dated, key=lambda one: one[0])
        return key, found

    def wrong_on(self, image: str, source: tuple[InstanceKey, str], keys: Iterable[InstanceKey]) -> dict[str, str]:
        """Instances that have none of that name, or another than ``source``; by name, and what is wrong there."""
        instances = [self._instances[key] for key in keys]
        presence = image_presence(self._session, [image], instances)
        here, found = presence.here.get(image, {}), {}
        for instance in instances:
            key = instance.key
            if key in presence.silent:
                found[key.name] = f"does not answer: {presence.silent[key]}"
            elif key not in here:
                found[key.name] = f"does not have {image}"
            elif not self.same(source, (key, here[key])):
                found[key.name] = f"has another image under {image}: somebody has moved the name"
        return found

    def runs(self, task: Task, images: Mapping[str, tuple[InstanceKey, str]]) -> bool:
        """Do the containers of a task run these very images?

        Args:
            images: by container, who has its image and the image's id there.
        """
        for part in task.containers:
            if part.name not in images:
                continue
            if part.runtime is None or not part.runtime.image_id:
                return False
            if not self.same(images[part.name], (task.instance, part.runtime.image_id)):
                return False
        return True

    def same(self, one: tuple[InstanceKey, str], other: tuple[InstanceKey, str]) -> bool:
        """The same image? Engines that keep images otherwise call it otherwise: then its content counts."""
        if one[1] == other[1]:
            return True
        try:
            return same_content(self._image(*one), self._image(*other))
        except HostError as error:
            if error.kind == "not-found":
                return False
            raise

    def _image(self, key: InstanceKey, image_id: str) -> _Image:
        with self._lock:
            known = self._seen.get((key, image_id))
        if known is None:
            known = self._session.engine(self._instances[key].reached_by).image(image_id)
            with self._lock:
                self._seen[key, image_id] = known
        return known


def same_content(one: _Image, other: _Image) -> bool:
    """By the digest that a registry gave both, or by their layers and settings."""
    shared = set(_texts(one.get("RepoDigests"))) & set(_texts(other.get("RepoDigests")))
    if shared:
        return True
    layers = [_texts((image.get("RootFS") or {}).get("Layers")) for image in (one, other)]
    alike = all(one.get(member) == other.get(member) for member in ("Config", "Created", "Architecture", "Os"))
    return bool(layers[0]) and layers[0] == layers[1] and alike


def _texts(value: object) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
