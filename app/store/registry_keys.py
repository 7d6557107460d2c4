"""Under which keys credentials of a registry are kept in Docker's configuration, as Docker and the ECS agent find them.

A key is a host, an URL of one, or either with the path of some of its images behind it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.model.image_reference import DOCKER_HUB
from app.model.registry import DOCKER_HUB_KEY

_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_API_PATHS = frozenset({"", "v1", "v2"})
"""Behind a host: where its API is, and no path of images."""


def server_of(registry: str) -> str:
    """What Docker calls a registry where it keeps credentials: its host, and an URL for Docker Hub.

    ``registry``: as a person writes it, with its scheme or a path or without; "" is Docker Hub.
    """
    host, _ = _parts(registry)
    return DOCKER_HUB_KEY if host in ("", DOCKER_HUB) else host


def best_key(keys: Iterable[str], registry: str, repository: str = "") -> str | None:
    """The key whose credential is for the registry's images, or for those below ``repository`` alone; None: none.

    Of several the one with the longest path counts, and of these the one that is written as Docker writes it. Where
    no repository is told a path says nothing, and one without is taken first.
    """
    wanted, _ = _parts(server_of(registry))
    found: list[tuple[tuple[int, bool], str]] = []
    for key in keys:
        host, path = _parts(key)
        if host == wanted and (not path or (host != DOCKER_HUB and _covers(path, repository))):
            depth = len(path) if repository else -len(path)
            found.append(((depth, key == server_of(registry)), key))
    return max(found, key=lambda one: one[0])[1] if found else None


def names_registry(key: str, registry: str) -> bool:
    """Is the key for all images of the registry, however it is written?"""
    host, path = _parts(key)
    return not path and host == _parts(server_of(registry))[0]


def _covers(path: str, repository: str) -> bool:
    return not repository or f"{repository}/".startswith(f"{path}/")


def _parts(key: str) -> tuple[str, str]:
    """Host and path of a key. Every name of Docker Hub is one."""
    host, _, path = key.partition("://")[2].partition("/") if "://" in key else key.partition("/")
    path = path.strip("/")
    host = host.lower()
    return DOCKER_HUB if host in _HUB_HOSTS else host, "" if path in _API_PATHS else path
