"""Looks at engines all the while, past whatever is between: never do more tasks run than there is room for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from app.hosts.errors import HostError
from app.hosts.reading import container_from_list
from app.model.resources import Resources, total
from tests.monkey.places import Place

_EVERY = 0.7
_PATIENCE = 4


@dataclass(slots=True)
class Seen:
    """``most``: MiB that running tasks had reserved at once. ``over``: looks at which they had more than there is."""

    room: Resources
    looks: int = 0
    most: int = 0
    most_tasks: int = 0
    over: list[str] = field(default_factory=list)


class Looks:
    """A thread until it is closed. ``seen``: by name of the place."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.seen = {place.name: Seen(_room(place)) for place in places}
        self._over = threading.Event()
        self._places = places
        self._thread = threading.Thread(target=self._work, name="looks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(60)

    def _work(self) -> None:
        clients = [
            (docker.APIClient(base_url=place.daemon.endpoint, version="1.41", timeout=_PATIENCE), self.seen[place.name])
            for place in self._places
        ]
        while not self._over.wait(_EVERY):
            for api, seen in clients:
                try:
                    found = [container_from_list(entry) for entry in api.containers(filters={"label": "moorage.task"})]
                except (DockerException, RequestException, HostError):
                    continue  # it is killed or frozen just now
                holding = {one.tag.task_id: one.tag.reservation for one in found if one.tag is not None}
                _note(seen, holding)
        for api, _ in clients:
            api.close()


def _note(seen: Seen, holding: dict[str, Resources]) -> None:
    held = total(holding.values())
    seen.looks += 1
    seen.most = max(seen.most, held.memory)
    seen.most_tasks = max(seen.most_tasks, len(holding))
    if held.memory > seen.room.memory or held.cpu > seen.room.cpu:
        seen.over.append(f"{held.memory} of {seen.room.memory} MiB, {held.cpu} of {seen.room.cpu} CPU units")
    ports = [port for one in holding.values() for port in one.ports]
    if len(ports) != len(set(ports)):
        seen.over.append(f"one port twice among {sorted(ports)}")


def _room(place: Place) -> Resources:
    info = place.daemon.api.info()
    return Resources(info["NCPU"] * 1024, info["MemTotal"] >> 20)
