"""Images of a simulated engine: what is there, and what can be pulled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Json = dict[str, Any]

_REGISTRY = "docker.io/"
_OFFICIAL = "library/"


@dataclass(frozen=True)
class Image:
    """``reference``: as in ``nginx:1.28``. Its id is made of the rest, so that it is the same on every engine.

    ``stop_code`` and ``stop_seconds``: how its program ends when it is asked to by SIGTERM. ``layers``: bytes of each,
    which a pull counts. ``any_program``: whatever a container's command names is there. Shells (``sh -c``) and a few
    small programs are really followed (see ``app.demo.engine.shell``); any other program runs until it is told to end,
    or until the scenario ends it.
    """

    reference: str
    labels: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)
    ports: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""
    health_check: Json | None = None
    volumes: tuple[str, ...] = ()
    layers: tuple[int, ...] = (3 << 20, 24 << 20, 1 << 20)
    any_program: bool = True
    stop_code: int = 0
    stop_seconds: float = 0.2
    created: int = 1_748_000_000
    """Seconds since 1970."""
    content: str = ""
    """A digest of what it was imported from."""

    @cached_property
    def id(self) -> str:
        made_of = json.dumps([self.reference, self.config(), self.content])
        return f"sha256:{hashlib.sha256(made_of.encode()).hexdigest()}"

    @property
    def size(self) -> int:
        return sum(self.layers)

    def config(self) -> Json:
        """Config, as inspect has it."""
        return {
            "Hostname": "",
            "Domainname": "",
            "User": self.user,
            "AttachStdin": False,
            "AttachStdout": False,
            "AttachStderr": False,
            "ExposedPorts": {port: {} for port in self.ports} or None,
            "Tty": False,
            "OpenStdin": False,
            "StdinOnce": False,
            "Env": list(self.environment),
            "Cmd": list(self.command) or None,
            "Healthcheck": self.health_check,
            "Image": "",
            "Volumes": {path: {} for path in self.volumes} or None,
            "WorkingDir": self.working_directory,
            "Entrypoint": list(self.entrypoint) or None,
            "OnBuild": None,
            "Labels": dict(self.labels) or None,
        }

    def layer_ids(self) -> list[str]:
        """Twelve digits each, as a pull names them."""
        return [
            hashlib.sha256(f"{self.reference}/{number}".encode()).hexdigest()[:12] for number in range(len(self.layers))
        ]


class ImageShelf:
    """The images on one engine, by reference and by id; ``registry`` has those that a pull finds."""

    def __init__(self, registry: Mapping[str, Image] | None = None) -> None:
        self._by_name: dict[str, Image] = {}
        self._by_id: dict[str, Image] = {}
        self.registry: Mapping[str, Image] = {} if registry is None else registry

    def add(self, image: Image) -> None:
        """Put it there; it takes over the name."""
        self._by_name[canonical(image.reference)] = image
        self._by_id[image.id] = image

    def find(self, reference: str) -> Image | None:
        """By a name, an id, or the beginning of one."""
        found = self._by_name.get(canonical(reference)) or self._by_id.get(reference)
        if found is None and len(reference) >= 4:
            wanted = f"sha256:{reference.removeprefix('sha256:')}"
            found = next((image for name, image in self._by_id.items() if name.startswith(wanted)), None)
        return found

    def to_pull(self, reference: str) -> Image | None:
        """What the registry has under that name."""
        wanted = canonical(reference)
        return next((image for name, image in self.registry.items() if canonical(name) == wanted), None)

    def names(self, image: Image) -> list[str]:
        """The references that are this image's now."""
        return [found.reference for found in self._by_name.values() if found.id == image.id]

    def all(self) -> Iterable[Image]:
        return self._by_id.values()

    def remove(self, image: Image) -> None:
        self._by_id.pop(image.id, None)
        for name in [name for name, found in self._by_name.items() if found.id == image.id]:
            del self._by_name[name]

    def __len__(self) -> int:
        return len(self._by_id)


def canonical(reference: str) -> str:
    """``nginx``, ``docker.io/library/nginx:latest`` → ``nginx:latest``."""
    name = reference.removeprefix(_REGISTRY).removeprefix(_OFFICIAL)
    if "@" not in name and ":" not in name.rpartition("/")[2]:
        name = f"{name}:latest"
    return name
