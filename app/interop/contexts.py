"""Docker's contexts: the endpoints that ``docker context`` knows on this machine. Pure; the files come from the store.

A context's folder is the sha256 of its name, so a file cannot pass for another context, and no name is ever a path.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from app.model.errors import DocumentError, Finding
from app.model.strict_json import parse_json

DEFAULT = "default"
"""Docker's own word for DOCKER_HOST, or the usual socket; no file has it."""

_LONGEST_NAME = 255
_LONGEST_HOST = 2048


@dataclass(frozen=True, slots=True)
class StoredContext:
    """``host`` as Docker has it, "" for a context without a Docker endpoint. ``skips_verifying``: anyone may answer."""

    name: str
    host: str
    skips_verifying: bool = False


def read_context(data: bytes, source: str, folder: str) -> StoredContext:
    """A context's meta.json.

    Args:
        folder: the name of the folder that it stands in.

    Raises:
        DocumentError: it is no JSON of a context, or stands in another's folder.
    """
    value = parse_json(data, source)
    name = value.get("Name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise _broken(source, "Name", "is no name of a context", "remove the folder, and make the context again")
    if hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest() != folder:
        raise _broken(source, "Name", "is not the context of this folder", "remove the folder")
    endpoints = value.get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = docker.get("Host", "") if isinstance(docker, dict) else ""
    if not isinstance(host, str) or len(host) > _LONGEST_HOST:
        raise _broken(
            source, "Endpoints.docker.Host", "is no endpoint", f"docker context update {name} --docker host=…"
        )
    # Whatever is there but false: a value that is not understood must not be taken for the careful one.
    skips = isinstance(docker, dict) and docker.get("SkipTLSVerify", False) is not False
    return StoredContext(name, host, skips)


def current_context(config: bytes | None, source: str) -> str:
    """The context that config.json chooses; DEFAULT when it chooses none. Raises DocumentError."""
    if config is None or not config.strip():
        return DEFAULT
    value = parse_json(config, source)
    chosen = value.get("currentContext") if isinstance(value, dict) else None
    return chosen if isinstance(chosen, str) and chosen else DEFAULT


def _broken(source: str, path: str, problem: str, remedy: str) -> DocumentError:
    return DocumentError(source, [Finding(path, problem, remedy)])
