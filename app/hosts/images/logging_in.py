"""A login is tried at a registry by an engine: from where images will be pulled, and with its certificates."""

from __future__ import annotations

from typing import Final

from app.hosts.documents import document
from app.hosts.engine import Engine
from app.hosts.errors import HostError, translated
from app.hosts.images.registry_header import auth_body
from app.hosts.images.registry_trouble import login_trouble, registry_name
from app.model.registry import Credential

_SECONDS: Final = 45.0
"""Docker itself waits 15 for each of the ways on which it tries a registry."""
_LONGEST_TOKEN: Final = 16 * 1024


def try_login(engine: Engine, registry: str, credential: Credential) -> str:
    """Ask the registry, as in ``ImageReference``, whether it takes the credential. Nothing changes on the host.

    Returns the identity token that the registry gives in place of the password; "" when it gives none. Raises
    HostError in one line with the remedy.
    """
    try:
        with translated("the login"):
            api = engine.api()
            response = api._post_json(api._url("/auth"), data=auth_body(credential), timeout=_SECONDS)
            api._raise_for_status(response)
            told = document(response.content) if response.content.strip() else {}
    except HostError as error:
        if error.kind == "timeout":
            engine.ping()
            silent = f"{registry_name(registry)} did not answer within {_SECONDS:g} s; see whether it runs"
            raise HostError(silent, "failed") from None
        if error.kind == "unreachable":
            raise
        raise HostError(login_trouble(registry, error.message), error.kind) from None
    token = told.get("IdentityToken", "") if isinstance(told, dict) else ""
    return token if isinstance(token, str) and len(token) <= _LONGEST_TOKEN else ""
