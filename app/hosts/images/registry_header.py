"""Credentials as Docker's API takes them: JSON in a header, in base64 of the alphabet for URLs. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from app.model.registry import DOCKER_HUB_KEY, Credential

AUTH = "X-Registry-Auth"
"""Of a pull and a push: the credential of the image's registry."""
CONFIG = "X-Registry-Config"
"""Of a build: the credentials of every registry that its base images are from."""


def auth_headers(credential: Credential | None) -> dict[str, str]:
    """For a pull or a push; nothing without a credential."""
    return {} if credential is None else {AUTH: _encoded(auth_body(credential))}


def config_headers(credentials: Iterable[Credential]) -> dict[str, str]:
    """For a build; nothing without credentials."""
    by_server = {credential.server: auth_body(credential) for credential in credentials}
    return {CONFIG: _encoded(by_server)} if by_server else {}


def auth_body(credential: Credential) -> dict[str, str]:
    """What the engine's POST /auth takes, and each of the headers holds."""
    server = credential.server or DOCKER_HUB_KEY
    if credential.identity_token:
        return {"identitytoken": credential.identity_token, "serveraddress": server}
    return {"username": credential.username, "password": credential.password, "serveraddress": server}


def _encoded(told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode("ascii")
