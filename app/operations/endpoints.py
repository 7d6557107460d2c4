"""The endpoint that a request names, with its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from app.hosts.endpoint import parse_endpoint
from app.model.endpoint import NO_FILES, Endpoint, TlsFiles

if TYPE_CHECKING:
    from app.model.cluster import InstanceEntry


class NamesFiles(Protocol):
    """A request with the flags of TLS files."""

    @property
    def ca(self) -> str: ...
    @property
    def cert(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def tls_name(self) -> str: ...


class NamesEndpoint(NamesFiles, Protocol):
    """A request with the flags of an endpoint."""

    @property
    def endpoint(self) -> str: ...
    @property
    def insecure(self) -> bool: ...


def endpoint_of(request: NamesEndpoint) -> Endpoint:
    """Checked. A file may be named from where one stands. Raises MoorageError."""
    files = _files_of(request)
    return parse_endpoint(request.endpoint, files if files != NO_FILES else None, insecure=request.insecure)


def endpoint_with_files(entry: InstanceEntry, request: NamesFiles) -> Endpoint | None:
    """How an instance is reached with the TLS files that a request names in place of its own; None if it names none.

    Checked. Raises MoorageError.
    """
    named = _files_of(request)
    if named == NO_FILES:
        return None
    files = TlsFiles(
        named.ca or entry.ca, named.cert or entry.cert, named.key or entry.key, named.name or entry.tls_name
    )
    return parse_endpoint(entry.endpoint, files)


def _files_of(request: NamesFiles) -> TlsFiles:
    ca, cert, key = (
        path if not path or path.startswith("~") else os.path.abspath(path)
        for path in (request.ca, request.cert, request.key)
    )
    return TlsFiles(ca, cert, key, request.tls_name)
