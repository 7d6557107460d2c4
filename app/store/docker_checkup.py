"""Is what registries are shown fit to be used: Docker's configuration, and the helpers that it names; none is run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.model.check import Check
from app.model.errors import DocumentError, MoorageError
from app.store.credential_helper import CredentialHelper
from app.store.docker_auth import DockerAuth, Members

_NAME = "logins"


def check_logins(environ: Mapping[str, str]) -> Iterator[Check]:
    """Nothing where there is no configuration."""
    known = DockerAuth(environ)
    try:
        members = known.members()
    except DocumentError as error:
        yield Check(_NAME, "warning", error.message)
        return
    auths = members.get("auths")
    plain = sorted(key for key, entry in auths.items() if entry) if isinstance(auths, dict) else []
    helpers = _helpers(members)
    if not plain and not helpers:
        return
    unfit = list(_unfit(helpers, environ))
    yield from unfit
    if plain and (mode := _mode(known.path)) & 0o077:
        detail = f"{known.path} has passwords and mode {mode:04o}: others may read them"
        yield Check(_NAME, "warning", detail, f"chmod 600 {known.path}")
    elif not unfit:
        places = [f"{len(plain)} in {known.path}"] if plain else []
        yield Check(_NAME, "ok", ", ".join([*places, *(f"docker-credential-{name}" for name in helpers)]))


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:  # it is gone meanwhile
        return 0


def _helpers(members: Members) -> list[str]:
    """Each once, in the order in which they are named; also what is no name."""
    by_registry = members.get("credHelpers")
    named = [*(by_registry.values() if isinstance(by_registry, dict) else ()), members.get("credsStore")]
    return list(dict.fromkeys(str(name) for name in named if name))


def _unfit(helpers: list[str], environ: Mapping[str, str]) -> Iterator[Check]:
    for name in helpers:
        try:
            CredentialHelper(name, environ).find()
        except MoorageError as error:
            yield Check(_NAME, "warning", error.message)
