"""Logins into registries, kept where the docker command keeps them, so that it and Moorage know the same ones.

With a helper in config.json the password goes to that, and a mark into the file; without one into the file itself, as
base64, which hides it from nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.model.registry import Credential
from app.store.atomic import locked, make_folder, replace
from app.store.credential_helper import CredentialHelper
from app.store.docker_auth import Members, helper_for, read_members
from app.store.docker_contexts import docker_folder
from app.store.reading import broken
from app.store.registry_keys import names_registry


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a login is. ``place``: the program that keeps it, or the path of the file. ``plain``: not encrypted."""

    place: str
    plain: bool


def keep_login(credential: Credential, environ: Mapping[str, str]) -> Kept:
    """Keep a login in place of the one that is there for its server. Raises MoorageError: the file is as it was."""
    path = docker_folder(environ) / "config.json"
    helper = helper_for(read_members(path), credential.server)
    if helper:
        CredentialHelper(helper, environ).store(credential)
        _change(path, credential.server, {})
        return Kept(f"docker-credential-{helper}", plain=False)
    _change(path, credential.server, _entry(credential))
    return Kept(str(path), plain=True)


def drop_login(server: str, environ: Mapping[str, str]) -> list[str]:
    """Forget every login into a server; where they were. Raises MoorageError."""
    path = docker_folder(environ) / "config.json"
    members = read_members(path)
    found = []
    if (helper := helper_for(members, server)) and CredentialHelper(helper, environ).erase(server):
        found.append(f"docker-credential-{helper}")
    auths = members.get("auths")
    if isinstance(auths, dict) and any(names_registry(key, server) for key in auths) and _change(path, server, None):
        found.append(str(path))
    return found


def _entry(credential: Credential) -> dict[str, str]:
    """As the docker command writes it: with a token the password is left out."""
    token = credential.identity_token
    login = f"{credential.username}:{'' if token else credential.password}"
    entry = {"auth": base64.b64encode(login.encode()).decode("ascii")}
    return {**entry, "identitytoken": token} if token else entry


def _change(path: Path, server: str, entry: dict[str, str] | None) -> bool:
    """Write the server's entry, or take it away: in the file as it is now, all else of which stays as it is.

    Returns whether one that went held more than the mark of a helper.
    """
    make_folder(path.parent)
    with locked(path):
        members = read_members(path)
        before = {} if members.get("auths") is None else members["auths"]
        if not isinstance(before, dict):
            raise broken(path, "is not a JSON object", "correct it, or move the file away and log in again", "auths")
        gone = [key for key in before if names_registry(key, server) and (entry is None or key != server)]
        auths: Members = {key: value for key, value in before.items() if key not in gone}
        if entry is not None:
            auths[server] = entry
        # Written though it is the same: who has read it asks the helper anew.
        if entry is not None or auths != before:
            # Its text was read as UTF-8 without lone surrogates: it can be written again.
            replace(path, json.dumps({**members, "auths": auths}, indent="\t", ensure_ascii=False).encode())
        return any(before[key] for key in gone)
