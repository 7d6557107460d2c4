"""Logging in to registries and out: tried by an engine of a cluster, kept where the docker command keeps it."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from typing import Any

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.logging_in import try_login
from app.model.errors import MoorageError
from app.model.image_reference import DOCKER_HUB, parse_reference
from app.model.image_requests import LoginRequest, LogoutRequest
from app.model.instance import Instance
from app.model.registry import DOCKER_HUB_KEY, Credential
from app.operations.deeds import kept
from app.operations.images.transfers import chosen_instances
from app.operations.session import Session
from app.store.docker_login import drop_login, keep_login
from app.store.registry_keys import server_of

LONGEST_PASSWORD = 32 * 1024
"""Characters. Some registries have long tokens for one."""


def registry_of(text: str) -> str:
    """A registry as a person writes it → as in ``ImageReference``; "" is Docker Hub. Raises MoorageError."""
    server = server_of(text)
    if server == DOCKER_HUB_KEY and not text.endswith("://"):
        return DOCKER_HUB
    if "://" in server or parse_reference(f"{server}/image").registry != server:
        raise MoorageError(
            f"{text!r} is no registry: write HOST:PORT, or HOST with a dot in it", code="InvalidParameterException"
        )
    return server


def _words(request: LoginRequest, answer: dict[str, Any]) -> str:
    return f"{answer['login']['registry']} as {request.username}"


@kept("login", _words, asks=False)
def login(session: Session, request: LoginRequest, password: str) -> dict[str, Any]:
    """Try the login at the registry, and keep it once that takes it.

    Args:
        request: with a username.

    Returns:
        ``login``: ``registry``, ``username``, ``containerInstance`` (which tried it), ``keptIn`` (a program, or the
        path of Docker's config.json), ``encrypted`` (false: whoever can read the file has the password).

    Raises MoorageError in one line; then nothing is kept, and what was kept before stays.
    """
    registry = registry_of(request.registry)
    _check(request.username, password)
    instance, engine = _trier(session, request)
    credential = Credential(server_of(registry), request.username, password)
    try:
        token = try_login(engine, registry, credential)
    except HostError as error:
        if not error.unanswered:
            raise
        raise HostError(f"{instance.key.name}: {error.message}", error.kind) from None
    if token:
        credential = replace(credential, password="", identity_token=token)
    place = keep_login(credential, session.docker_environ)
    return {
        "login": {
            "registry": registry,
            "username": request.username,
            "containerInstance": instance.key.name,
            "keptIn": place.place,
            "encrypted": not place.plain,
        }
    }


@kept("logout", lambda _, answer: answer["logout"]["registry"])
def logout(session: Session, request: LogoutRequest) -> dict[str, Any]:
    """Forget the login into a registry.

    Returns:
        ``logout``: ``registry``, ``removedFrom`` (programs and paths; empty when there was no login).
    """
    registry = registry_of(request.registry)
    return {"logout": {"registry": registry, "removedFrom": drop_login(server_of(registry), session.docker_environ)}}


def _check(username: str, password: str) -> None:
    problem = ""
    if not username or ":" in username or "\0" in username:
        problem = "a username is needed, without a colon: --username NAME"
    elif not password or "\0" in password:
        problem = "the password is empty, or has a NUL character in it"
    elif len(password) > LONGEST_PASSWORD:
        problem = f"the password has more than {LONGEST_PASSWORD:,} characters"
    if problem:
        raise MoorageError(problem, code="InvalidParameterException")


def _trier(session: Session, request: LoginRequest) -> tuple[Instance, Engine]:
    """The instance that is named, else the first that answers."""
    cluster = session.cluster(request.cluster)
    named = [request.container_instance] if request.container_instance else []
    instances = chosen_instances(cluster, named)
    if len(instances) == 1:
        return instances[0], session.engine(instances[0].reached_by)
    answers: queue.SimpleQueue[tuple[Instance, str]] = queue.SimpleQueue()
    for instance in instances:
        # Nobody waits for the others: they may take as long as a host that is gone.
        threading.Thread(target=_probe, args=(session, instance, answers), daemon=True).start()
    for _ in instances:
        instance, problem = answers.get()
        if not problem:
            return instance, session.engine(instance.reached_by)
    raise MoorageError(f"no instance of cluster {cluster.name!r} answers; name one: --container-instance NAME")


def _probe(session: Session, instance: Instance, answers: queue.SimpleQueue[tuple[Instance, str]]) -> None:
    problem = "it was not asked"
    try:
        problem = session.probe(instance.reached_by)
    finally:
        answers.put((instance, problem))
