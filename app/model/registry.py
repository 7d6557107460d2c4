"""Credentials of registries, and how one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

DOCKER_HUB_KEY = "https://index.docker.io/v1/"
"""What Docker calls Docker Hub where credentials are kept."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What one registry is shown. No repr has its secrets.

    Attributes:
        server: the registry as Docker's configuration names it: HOST, HOST:PORT or ``DOCKER_HUB_KEY``.
        identity_token: a token that stands for username and password, where a registry has given one.
        source: where it is from, in words: the file, or the helper.
    """

    server: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    source: str = ""


CredentialFor = Callable[[str], Credential | None]
"""By an image's registry (``docker.io``, ``registry.lan:5000``): its credential, None when there is none.

One that cannot be read is None, too; whoever has it tells why.
"""
