"""Images of a simulated engine: what they are, and which are there under which names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.demo.engine.layers import Layer
from app.demo.engine.times import SECOND, written

Json = dict[str, Any]

_REGISTRY = "docker.io/"
_OFFICIAL = "library/"


@dataclass(frozen=True, eq=False)
class Image:
    """``reference``: the name that it is made for, as in ``nginx:1.28``; it may get others, and lose this one.

    ``stop_code`` and ``stop_seconds``: how its program ends when it is asked to by SIGTERM. ``any_program``: whatever a
    container's command names is there. Shells (``sh -c``) and a few small programs are really followed (see
    ``app.demo.engine.shell``); any other program runs until it is told to end, or until the scenario ends it.
    ``steps``: what it was built by, for the cache of builds.
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
    layers: tuple[Layer, ...] = ()
    any_program: bool = True
    stop_code: int = 0
    stop_seconds: float = 0.2
    created: int = 1_748_000_000
    """Seconds since 1970."""
    platform: str = "linux/amd64"
    steps: tuple[str, ...] = ()
    original: bytes = b""
    """Its configuration as it came from another engine, byte for byte: its id is made of it."""

    @cached_property
    def document(self) -> bytes:
        """Its configuration, as in an archive: the same bytes on every engine."""
        if self.original:
            return self.original
        system, _, architecture = self.platform.partition("/")
        made = written(self.created * SECOND)
        told = {
            "architecture": architecture,
            "config": self.config(),
            "created": made,
            "history": [{"created": made, "created_by": "simulated"} for _ in self.layers],
            "os": system,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
        }
        return json.dumps(told, separators=(",", ":")).encode()

    @cached_property
    def id(self) -> str:
        return f"sha256:{hashlib.sha256(self.document).hexdigest()}"

    @property
    def short(self) -> str:
        return self.id.removeprefix("sha256:")[:12]

    @cached_property
    def manifest_digest(self) -> str:
        """What registries call it."""
        return f"sha256:{hashlib.sha256(b'manifest/' + self.document).hexdigest()}"

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)

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


class ImageShelf:
    """The images on one engine, by id, and what each name means: ``nginx:1``, or ``nginx@sha256:…`` of a registry.

    ``renamed`` is called with a name that means something else now, or nothing any more.
    """

    def __init__(self, renamed: Callable[[str], None] = lambda _: None) -> None:
        self._by_id: dict[str, Image] = {}
        self._by_name: dict[str, Image] = {}
        self._names: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        self.steps: dict[str, Image] = {}
        """What steps of builds came to."""
        self._renamed = renamed

    # --- what is there ---------------------------------------------------------------------------------------------

    def find(self, reference: str) -> Image | None:
        """By a name, an id, or the beginning of one."""
        return self._by_name.get(canonical(reference)) or self.by_id(reference)

    def by_id(self, reference: str) -> Image | None:
        """By an id, or four digits or more of its beginning."""
        wanted = f"sha256:{reference.removeprefix('sha256:')}"
        if wanted in self._by_id or len(wanted) < len("sha256:") + 4:
            return self._by_id.get(wanted)
        return next((image for name, image in self._by_id.items() if name.startswith(wanted)), None)

    def names(self, image: Image) -> list[str]:
        """With tags, as ``nginx:1``."""
        return [name for name in self._names.get(image.id, ()) if "@" not in name]

    def digests(self, image: Image) -> list[str]:
        """What registries call it: ``nginx@sha256:…``."""
        return [name for name in self._names.get(image.id, ()) if "@" in name]

    def all(self) -> Iterable[Image]:
        return self._by_id.values()

    def parent(self, image: Image) -> Image | None:
        """What it was built from here, as long as that is here."""
        return self._by_id.get(self._parents.get(image.id, ""))

    def has_children(self, image: Image) -> bool:
        """Was another image built from it that is here? Then it stays, and without a name it is in no list."""
        return image.id in self._parents.values()

    def shown(self) -> Iterable[Image]:
        """Those that Docker lists."""
        return (image for image in self.all() if self._names.get(image.id) or not self.has_children(image))

    def has_layer(self, layer: Layer) -> bool:
        return any(layer.diff_id == held.diff_id for image in self._by_id.values() for held in image.layers)

    def __len__(self) -> int:
        return len(self._by_id)

    # --- what changes it -------------------------------------------------------------------------------------------

    def add(self, image: Image, names: Collection[str] | None = None, parent: Image | None = None) -> Image:
        """Put it there; it takes over the names, ``image.reference`` when none are given. Returns what is kept.

        ``parent``: what it was built from.
        """
        if parent is not None and image.id not in self._by_id:
            self._parents[image.id] = parent.id
        kept = self._by_id.setdefault(image.id, image)
        for name in (image.reference,) if names is None else names:
            self.name(kept, name)
        return kept

    def name(self, image: Image, name: str) -> None:
        """What had the name before goes without it."""
        name = canonical(name)
        before = self._by_name.get(name)
        if before is not None and before.id == image.id:
            return
        if before is not None:
            self._names[before.id].remove(name)
        self._by_name[name] = image
        self._names.setdefault(image.id, []).append(name)
        self._renamed(name)

    def forget(self, name: str) -> None:
        """It means nothing any more; the image stays."""
        image = self._by_name.pop(canonical(name), None)
        if image is not None:
            self._names[image.id].remove(canonical(name))
            self._renamed(canonical(name))

    def remove(self, image: Image) -> None:
        """With all its names."""
        for name in tuple(self._names.get(image.id, ())):
            self.forget(name)
        for held in (self._names, self._by_id, self._parents):
            held.pop(image.id, None)


def canonical(reference: str) -> str:
    """``nginx``, ``docker.io/library/nginx:latest`` → ``nginx:latest``; with a digest the tag says nothing."""
    name = reference.removeprefix(_REGISTRY).removeprefix(_OFFICIAL)
    name, at, digest = name.partition("@")
    before, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{before}{slash}{last}@{digest}" if at else f"{before}{slash}{last}:{tag or 'latest'}"


def repository(name: str) -> str:
    """Without tag and digest."""
    before, slash, last = canonical(name).partition("@")[0].rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"


def tag_of(name: str) -> str:
    return canonical(name).rpartition("/")[2].partition(":")[2]


def host_of(name: str) -> str:
    """Its registry: ``docker.io``, ``registry.lan:5000``."""
    first, slash, _ = canonical(name).partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def path_of(name: str) -> str:
    """What its registry calls the repository: ``library/nginx``, ``team/web``."""
    host, whole = host_of(name), repository(name)
    if host != "docker.io":
        return whole.removeprefix(f"{host}/")
    return whole if "/" in whole else f"{_OFFICIAL}{whole}"
