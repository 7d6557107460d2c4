"""What registries are shown: the credentials in Docker's configuration on this machine, and those of its helpers.

``$DOCKER_CONFIG/config.json`` or ``~/.docker/config.json``: ``auths``, ``credHelpers`` by registry and ``credsStore``
for all others, as the docker command has them. Nothing is written here; ``app.store.docker_login`` does that.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.model.errors import DocumentError, Finding, MoorageError
from app.model.registry import Credential
from app.model.strict_json import parse_json
from app.store.credential_helper import CredentialHelper
from app.store.docker_contexts import docker_folder
from app.store.reading import broken, read_file
from app.store.registry_keys import best_key, server_of

MOST_BYTES: Final = 1024 * 1024
HELPER_HOLDS: Final = 120.0
"""Seconds for which what a helper said is not asked again: each asking is a process."""
FAILURE_HOLDS: Final = 20.0
"""Of one that failed: ten tasks of a launch wait for it once."""
Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a helper said, until ``until`` (monotonic seconds)."""

    credential: Credential | None
    error: str
    until: float


class DockerAuth:
    """The credentials of one user. Safe to share between threads; the file is read again when it changes."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.path = docker_folder(environ) / "config.json"
        self._environ = environ
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._fingerprint: object = ()
        self._members: Members = {}
        self._findings: tuple[Finding, ...] = ()
        """Of a file that cannot be read. The error itself is made anew: one that is kept keeps whoever it was told."""
        self._told: dict[tuple[str, str], _Told] = {}

    def credential(self, registry: str) -> Credential | None:
        """The credential for a registry, or for some of its images: ``registry.lan``, ``registry.lan/team/web``.

        None when there is none. Raises MoorageError, in one line with the place and without any secret, when there is
        one that cannot be read.
        """
        host, _, repository = registry.partition("/")
        members = self.members()
        if helper := helper_for(members, host):
            found = self._asked(helper, server_of(host))
            if found is not None:
                return found
        auths = _table(members, "auths", self.path)
        key = best_key((key for key, entry in auths.items() if entry), host, repository)
        return None if key is None else _read_entry(key, auths[key], server_of(host), self.path)

    def members(self) -> Members:
        """What config.json holds; {} when there is none. Raises DocumentError when it cannot be read."""
        with self._lock:
            fingerprint = _fingerprint(self.path)
            if fingerprint != self._fingerprint:
                self._fingerprint, self._findings = fingerprint, ()
                self._told.clear()
                try:
                    self._members = read_members(self.path)
                except DocumentError as error:
                    self._members, self._findings = {}, error.findings
            if self._findings:
                raise DocumentError(str(self.path), self._findings)
            return self._members

    def _asked(self, helper: str, server: str) -> Credential | None:
        with self._asking:  # one after the other: ten pulls at once need one answer
            told = self._told.get((helper, server))
            if told is None or told.until < time.monotonic():
                told = self._told[helper, server] = _ask(helper, server, self._environ)
        if told.error:
            raise MoorageError(told.error)
        return told.credential


def read_members(path: Path) -> Members:
    """What the file holds; {} when there is none. Raises DocumentError."""
    try:
        found: Any = parse_json(read_file(path, MOST_BYTES), str(path))
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict):
        raise broken(path, "is not a JSON object", "correct it, or move it away and log in again")
    return found


def helper_for(members: Members, registry: str) -> str:
    """The name of the helper that keeps what a registry is shown: its own, or the one for all; "" when it is the file.

    Raises MoorageError for what cannot be a name.
    """
    helpers = members.get("credHelpers")
    if isinstance(helpers, dict) and (key := best_key(helpers, registry)) is not None:
        name = helpers[key]
    else:
        name = members.get("credsStore", "")
    if not isinstance(name, str):
        raise MoorageError("Docker's config.json names a credential helper that is no text; correct it")
    return name


def _ask(helper: str, server: str, environ: Mapping[str, str]) -> _Told:
    try:
        credential = CredentialHelper(helper, environ).get(server)
    except MoorageError as error:
        return _Told(None, error.message, time.monotonic() + FAILURE_HOLDS)
    return _Told(credential, "", time.monotonic() + HELPER_HOLDS)


def _read_entry(key: str, entry: object, server: str, path: Path) -> Credential | None:
    """Of ``auths``. A token stands for the rest; ``auth`` is USER:PASSWORD in base64. None: it names nobody."""
    remedy = f"run moorage login {server_name(server)}"
    where = f'auths."{key}"'
    if not isinstance(entry, dict):
        raise broken(path, "is not a JSON object", remedy, where)
    if any(not isinstance(entry.get(name, ""), str) for name in ("auth", "username", "password", "identitytoken")):
        raise broken(path, "has a member that is no text", remedy, where)
    if token := entry.get("identitytoken"):
        return Credential(server, identity_token=token, source=str(path))
    user, password = entry.get("username", ""), entry.get("password", "")
    if auth := entry.get("auth"):
        try:
            text = base64.b64decode(auth, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            text = ""
        user, colon, password = text.partition(":")
        if not colon or not user:
            raise broken(path, "is not USER:PASSWORD in base64", remedy, f"{where}.auth")
    return Credential(server, user, password.rstrip("\0"), source=str(path)) if user else None


def server_name(server: str) -> str:
    """As a person writes it after ``moorage login``; "" for Docker Hub, which needs no name."""
    return "" if "://" in server else server


def _table(members: Members, name: str, path: Path) -> Members:
    found = members.get(name) or {}
    if not isinstance(found, dict):
        raise broken(path, "is not a JSON object", "correct it, or move the file away and log in again", name)
    return found


def _fingerprint(path: Path) -> object:
    """Differs when the file was changed or replaced; None when there is none that can be looked at."""
    try:
        status = os.stat(path)
    except OSError as error:
        return error.errno
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
