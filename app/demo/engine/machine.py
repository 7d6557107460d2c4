"""What is on one simulated engine, and finding it."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from typing import Any

from app.demo.engine.container import Container
from app.demo.engine.event_log import EventLog
from app.demo.engine.filters import Filters, any_matches, labels_match, pattern_matches
from app.demo.engine.images import ImageShelf, canonical
from app.demo.engine.networks import NetworkShelf
from app.demo.engine.refused import Refused
from app.demo.engine.timers import Clock, Timers
from app.demo.engine.volumes import Volume, VolumeShelf

_UP_FOR = 30 * 24 * 3600 * 10**9
"""Nanoseconds: what ended in the hours before the simulation began did not end because its engine was restarted."""

Json = dict[str, Any]
CONTAINER_FILTERS = (
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
    "publish", "since", "status", "volume",
)  # fmt: skip


class Machine:
    """Args: as those of ``SimulatedEngine``."""

    def __init__(
        self,
        name: str,
        *,
        cpus: int,
        memory: int,
        labels: Mapping[str, str],
        clock: Clock,
        seed: int,
    ) -> None:
        self.name = name
        self.cpus = cpus
        self.memory = memory
        self.labels = dict(labels)
        self.clock = clock
        self.random = random.Random(f"{seed}/{name}")
        self.id = ":".join(base64.b32encode(self.random.randbytes(5))[:4].decode() for _ in range(12))
        self.booted = max(clock() - _UP_FOR, 0)
        self.timers = Timers(clock)
        self.events = EventLog()
        self.images = ImageShelf(self._image_renamed)
        self.build_caches: list[Json] = []
        """What builds have left behind, as ``system df`` tells it."""
        self.networks = NetworkShelf(self.booted, self.new_id)
        self.volumes = VolumeShelf()
        self.containers: dict[str, Container] = {}
        self._by_name: dict[str, Container] = {}
        self._by_label: dict[str, dict[str, Container]] = {}
        self.ports: dict[tuple[str, int], str] = {}
        """Host ports in use: protocol and number → the container's id."""
        self._next_port = 49152
        self._next_pid = 1000

    def new_id(self) -> str:
        return self.random.randbytes(32).hex()

    def new_pid(self) -> int:
        self._next_pid += 1
        return self._next_pid

    def free_port(self, protocol: str) -> int:
        while (protocol, self._next_port) in self.ports:
            self._next_port += 1
        self._next_port += 1
        return self._next_port - 1

    # --- containers ------------------------------------------------------------------------------------------------

    def find(self, wanted: str) -> Container:
        """By id, name, or the beginning of an id. Raises Refused."""
        found = self.containers.get(wanted) or self._by_name.get(wanted.removeprefix("/"))
        if found is None and wanted:
            begun = [container for id, container in self.containers.items() if id.startswith(wanted)]
            if len(begun) > 1:
                raise Refused(400, f"Multiple IDs found with provided prefix: {wanted}")
            found = begun[0] if begun else None
        if found is None:
            raise Refused(404, f"No such container: {wanted}")
        return found

    def name_is_free(self, name: str) -> None:
        """Raises Refused when it is not."""
        other = self._by_name.get(name)
        if other is not None:
            raise Refused(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{other.id}". You have to '
                "remove (or rename) that container to be able to reuse that name.",
            )

    def keep(self, container: Container) -> None:
        self.containers[container.id] = self._by_name[container.name] = container
        for key, value in container.labels.items():
            self._by_label.setdefault(f"{key}={value}", {})[container.id] = container

    def rename(self, container: Container, name: str) -> None:
        del self._by_name[container.name]
        container.renamed(name)
        self._by_name[name] = container

    def drop(self, container: Container) -> None:
        del self.containers[container.id], self._by_name[container.name]
        for key, value in container.labels.items():
            sharing = self._by_label[f"{key}={value}"]
            del sharing[container.id]
            if not sharing:
                del self._by_label[f"{key}={value}"]

    def matching(self, filters: Filters, *, all_: bool) -> Iterator[Container]:
        """The newest first, as Docker lists them. ``all_``: those too that are not up."""
        everything = all_ or "exited" in filters
        shown_states = filters.get("status") or (() if everything else ("running", "paused", "restarting"))
        for container in reversed(self._candidates(filters)):
            if (not shown_states or container.state in shown_states) and self._matches(container, filters):
                yield container

    def _candidates(self, filters: Filters) -> list[Container]:
        """Few to look at, where a label with a value is asked for, or an id: of thousands one task's are wanted."""
        exact = [label for label in filters.get("label", ()) if "=" in label]
        if exact:
            return list(self._by_label.get(exact[0], {}).values())
        ids = filters.get("id", ())
        if ids and all(id in self.containers for id in ids):
            return [self.containers[id] for id in ids]
        return list(self.containers.values())

    def _matches(self, container: Container, filters: Filters) -> bool:
        if not filters:
            return True
        health = container.health.status if container.health else "none"
        return (
            labels_match(filters, container.labels)
            and any_matches(filters, "id", container.id.startswith)
            and any_matches(filters, "name", lambda name: _name_matches(name, container.name))
            and any_matches(filters, "health", lambda status: status == health)
            and any_matches(filters, "exited", lambda code: container.run > 0 and code == str(container.code))
            and any_matches(filters, "ancestor", lambda name: self._is_made_of(container, name))
            and any_matches(filters, "network", lambda name: self._is_in(container, name))
            and any_matches(
                filters, "volume", lambda name: any(name in (m.name, m.destination) for m in container.mounts)
            )
        )

    def _is_made_of(self, container: Container, name: str) -> bool:
        image = self.images.find(name)
        return image is not None and image.id == container.image.id

    def _image_renamed(self, name: str) -> None:
        """Docker lists a container by its image's id once the name means another one."""
        means = self.images.find(name)
        for container in self.containers.values():
            if canonical(container.image_given) == name:
                container.image_moved = means is None or means.id != container.image.id
                container.touch()

    def _is_in(self, container: Container, name: str) -> bool:
        return any(name in (key, endpoint.network.id) for key, endpoint in container.endpoints.items())

    # --- volumes ---------------------------------------------------------------------------------------------------

    def make_volume(
        self,
        name: str,
        labels: Mapping[str, str] | None = None,
        driver: str = "",
        options: Mapping[str, str] | None = None,
    ) -> Volume:
        """Make it, or find the one with that name. Raises Refused."""
        volume, new = self.volumes.create(self.clock(), name or self.new_id(), labels, driver, options)
        if new:
            self.tell_of_volume("create", volume.name)
        return volume

    def remove_volume(self, name: str) -> None:
        """Raises Refused."""
        self.volumes.remove(name)
        self.tell_of_volume("destroy", name)

    def tell_of_volume(self, action: str, name: str, **more: str) -> None:
        self.events.add(self.clock(), "volume", action, name, {"driver": "local"}, **more)

    def tell(self, container: Container, action: str, **more: str) -> None:
        """An event of a container."""
        self.events.add(self.clock(), "container", action, container.id, container.attributes, **more)


def _name_matches(pattern: str, name: str) -> bool:
    return pattern_matches(pattern, f"/{name}") or pattern_matches(pattern, name)
