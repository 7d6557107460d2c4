"""Endpoints: how an engine is reached. unix sockets, and plain TCP on loopback; TLS and SSH come later."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.model.errors import MoorageError

_SOCKET_PATH_LIMIT = 107
"""Bytes that fit into sockaddr_un."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``url`` is what docker-py takes as base_url."""

    url: str

    @property
    def is_unix(self) -> bool:
        return self.url.startswith("unix://")


def parse_endpoint(text: str) -> Endpoint:
    """``unix:///path`` or ``tcp://127.0.0.1:port`` → Endpoint. A bare absolute path is taken as a unix socket.

    Raises MoorageError (InvalidParameterException) that says what is wrong with it.
    """
    if text.startswith("/"):
        text = f"unix://{text}"
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise _refused(text, "has no scheme; write unix:///var/run/docker.sock or tcp://127.0.0.1:2375")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise _refused(text, "needs an absolute path, as in unix:///var/run/docker.sock")
        try:
            length = len(os.fsencode(rest))
        except UnicodeEncodeError:
            raise _refused(text, "has a path that cannot be written") from None
        if "\0" in rest:
            raise _refused(text, "has a NUL character in its path")
        if length > _SOCKET_PATH_LIMIT:
            raise _refused(text, f"has a path longer than the {_SOCKET_PATH_LIMIT} bytes that a unix socket can have")
        return Endpoint(text)
    if scheme == "tcp":
        return _tcp(text)
    if scheme in ("ssh", "https", "http"):
        raise _refused(
            text, f"uses {scheme}, which this version does not speak yet; forward it to a unix socket with ssh -L"
        )
    raise _refused(text, "has an unknown scheme; unix and tcp are known")


def _tcp(text: str) -> Endpoint:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(text, str(error)) from None
    if port is None or parts.path not in ("", "/") or parts.username or not re.fullmatch(r"[A-Za-z0-9.:-]+", host):
        raise _refused(text, "is not tcp://HOST:PORT")
    if not _is_loopback(host):
        raise _refused(
            text, "is plain TCP to another machine, which anyone on the way could drive; use a tunnel (ssh -L)"
        )
    return Endpoint(f"tcp://{f'[{host}]' if ':' in host else host}:{port}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(text: str, why: str) -> MoorageError:
    return MoorageError(f"endpoint {text!r} {why}", code="InvalidParameterException")


def local_endpoint(environ: Mapping[str, str]) -> str:
    """Where a Docker client on this machine would look first: DOCKER_HOST, else the usual socket."""
    return environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
