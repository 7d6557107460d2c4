"""Container instances from the contexts that Docker's own command line has on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.hosts.endpoint import Endpoint, TlsFiles, checked, local_endpoint
from app.interop.contexts import DEFAULT, current_context, read_context
from app.model.cluster import ClusterFile
from app.model.endpoint import NO_FILES
from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.model.requests import RegisterContainerInstanceRequest
from app.operations.instances import register_container_instance
from app.operations.session import Session
from app.store.docker_contexts import ContextFile, read_context_files

_SKIPS = (
    "it does not verify who answers (SkipTLSVerify), so that anyone on the way could drive it; "
    "docker context update {name} --docker host={host},ca=FILE,cert=FILE,key=FILE"
)
_NO_CA = (
    "it has no CA certificate to check the engine's by; "
    "docker context update {name} --docker host={host},ca=FILE,cert=FILE,key=FILE"
)
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Context:
    """``name`` and ``endpoint``: as Docker has them, foreign text. ``why``: one line that says why it is not ``usable``
    and what to do; else "". ``tls``: the files that are stored with it.

    A file that cannot be read is a context too, not usable, under its path.
    """

    name: str
    endpoint: str
    usable: bool
    why: str
    current: bool
    tls: TlsFiles | None = None

    @property
    def instance_name(self) -> str:
        """The context's name as a container instance can have it."""
        return re.sub(r"[^A-Za-z0-9._-]", "-", self.name).strip("-._")[:_LONGEST_NAME] or "context"


def known_contexts(environ: Mapping[str, str] = os.environ) -> list[Context]:
    """Every context: ``default`` first, then by name, then what cannot be read. Reads files; raises nothing."""
    files = read_context_files(environ)
    broken = list(files.broken)
    chosen = ""
    try:
        chosen = _current(files.config, files.config_path, environ)
    except DocumentError as error:
        broken.append(error)
    found = []
    for file in files.contexts:
        try:
            found.append(_context(file, chosen))
        except DocumentError as error:
            broken.append(error)
    first = _told(DEFAULT, local_endpoint(environ), chosen)
    unreadable = (Context(error.source, "", False, str(error.findings[0]), False) for error in broken)
    return [first, *sorted(found, key=lambda context: context.name), *unreadable]


def import_contexts(
    session: Session,
    cluster: str,
    names: Sequence[str],
    *,
    dry_run: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Register the engines of contexts as container instances, under the contexts' names.

    Args:
        names: of contexts; none means all.
        dry_run: only say what would be registered, as far as that can be told without asking the engines.

    Returns:
        ``containerInstances``, and ``failures`` with ``arn`` (the context's name), ``reason`` and ``detail``: MISSING,
        UNSUPPORTED (no endpoint that this version speaks), REGISTERED (the engine or the name is in the cluster
        already), AGENT (nobody answers there).

    Raises:
        MoorageError: no such cluster.
    """
    known = session.cluster(cluster)
    instances: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    for name, context in _chosen(known_contexts(environ), names):
        try:
            if context is None:
                raise _missing(name, environ)
            instances.append(_register(session, known, context, instances, dry_run=dry_run))
        except _NotTaken as problem:
            failures.append({"arn": name, "reason": problem.reason, "detail": problem.message})
        except MoorageError as error:
            reason = "REGISTERED" if error.code == "InvalidParameterException" else "AGENT"
            failures.append({"arn": name, "reason": reason, "detail": error.message})
    return {"containerInstances": instances, "failures": failures}


class _NotTaken(MoorageError):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _current(config: bytes | None, path: str, environ: Mapping[str, str]) -> str:
    """As Docker chooses: DOCKER_HOST is the default context, whatever else is set."""
    if environ.get("DOCKER_HOST"):
        return DEFAULT
    return environ.get("DOCKER_CONTEXT") or current_context(config, path)


def _context(file: ContextFile, chosen: str) -> Context:
    stored = read_context(file.data, file.path, file.folder)
    tls = None
    if stored.host.startswith("tcp://"):
        tls = file.tls
        why = _SKIPS if stored.skips_verifying else _NO_CA if tls is not None and not tls.ca else ""
        if why:
            told = why.format(name=stored.name, host=stored.host)
            return Context(stored.name, stored.host, False, told, stored.name == chosen)
    return _told(stored.name, Endpoint(stored.host, tls), chosen)


def _told(name: str, endpoint: Endpoint, chosen: str) -> Context:
    why = ""
    if not endpoint.url:
        why = "it has no Docker endpoint; set one with docker context update"
    else:
        try:
            checked(endpoint)
        except MoorageError as error:
            why = error.message
    return Context(name, endpoint.url, not why, why, name == chosen, endpoint.tls)


def _chosen(known: Sequence[Context], names: Sequence[str]) -> Iterator[tuple[str, Context | None]]:
    if not names:
        yield from ((context.name, context) for context in known)
        return
    by_name = {context.name: context for context in known}
    yield from ((name, by_name.get(name)) for name in dict.fromkeys(names))


def _missing(name: str, environ: Mapping[str, str]) -> _NotTaken:
    names = [context.name for context in known_contexts(environ)]
    return _NotTaken("MISSING", NotFoundError("docker context", name, names).message)


def _register(
    session: Session, cluster: ClusterFile, context: Context, made: Sequence[Mapping[str, Any]], *, dry_run: bool
) -> dict[str, Any]:
    if not context.usable:
        raise _NotTaken("UNSUPPORTED", context.why)
    endpoint, name = checked(Endpoint(context.endpoint, context.tls)).url, context.instance_name
    taken = [(entry.name, entry.endpoint) for entry in cluster.instances]
    taken += [(str(shape.get("name")), str(shape.get("endpoint"))) for shape in made]
    for other, url in taken:
        if url == endpoint:
            raise _NotTaken("REGISTERED", f"{endpoint} is in cluster {cluster.name!r} already, as {other!r}")
        if other == name:
            remedy = f"register it by hand: register-container-instance --endpoint {endpoint} --name NAME"
            raise _NotTaken("REGISTERED", f"cluster {cluster.name!r} has another instance {name!r} already; {remedy}")
    if dry_run:
        return {"name": name, "endpoint": endpoint}
    files = context.tls or NO_FILES
    request = RegisterContainerInstanceRequest(
        cluster=cluster.name, name=name, endpoint=endpoint, ca=files.ca, cert=files.cert, key=files.key
    )
    registered: dict[str, Any] = register_container_instance(session, request)["containerInstance"]
    return registered
