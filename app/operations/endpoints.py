"""The endpoint that a request names, with its files."""

from __future__ import annotations

import os
from typing import Protocol

from app.hosts.endpoint import parse_endpoint
from app.model.endpoint import NO_FILES, Endpoint, TlsFiles


class NamesEndpoint(Protocol):
    """A request with the flags of an endpoint."""

    @property
    def endpoint(self) -> str: ...
    @property
    def ca(self) -> str: ...
    @property
    def cert(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def tls_name(self) -> str: ...
    @property
    def insecure(self) -> bool: ...


def endpoint_of(request: NamesEndpoint) -> Endpoint:
    """Checked. A file may be named from where one stands. Raises MoorageError."""
    ca, cert, key = (
        path if not path or path.startswith("~") else os.path.abspath(path)
        for path in (request.ca, request.cert, request.key)
    )
    files = TlsFiles(ca, cert, key, request.tls_name)
    return parse_endpoint(request.endpoint, files if files != NO_FILES else None, insecure=request.insecure)
