"""``moorage doctor``: is everything fit, here and on the hosts, and what is to be done where it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from app.hosts.endpoint import Endpoint, checked, ssh_target
from app.hosts.ssh.command import ssh_program
from app.hosts.ssh.keys import is_known
from app.model.check import Check
from app.model.errors import DocumentError, MoorageError
from app.model.host_requests import DoctorRequest
from app.model.instance import Instance
from app.operations.endpoints import endpoint_of
from app.operations.preflight import examine
from app.operations.session import Session, find_entry, instances_of
from app.store.checkup import check_home
from app.store.docker_checkup import check_logins

HERE: Final = "this machine"
DEADLINE: Final = 40.0
"""Seconds for all hosts together, which are asked at the same time."""


def doctor(session: Session, request: DoctorRequest) -> dict[str, Any]:
    """Look at this machine, and at the hosts of a cluster, of all clusters, or one that is in none.

    Returns:
        ``checks``, each with ``subject`` (this machine, CLUSTER/INSTANCE or an endpoint), ``check``, ``status`` (ok,
        warning, failed), ``detail`` and ``remedy``.

    Raises:
        MoorageError: what was asked for does not exist.
    """
    hosts = _hosts(session, request)
    found = [(HERE, check) for check in _here(session, [endpoint for _, endpoint in hosts])]
    for (subject, _), checks in zip(hosts, _examined(session, hosts), strict=True):
        found += [(subject, check) for check in checks]
    return {"checks": [_shape(subject, check) for subject, check in found]}


def _hosts(session: Session, request: DoctorRequest) -> list[tuple[str, Endpoint]]:
    if request.endpoint:
        if request.cluster or request.container_instance:
            raise MoorageError("endpoint is for an engine in no cluster: leave out the cluster and the instance")
        endpoint = endpoint_of(request)
        return [(endpoint.url, endpoint)]
    if request.container_instance:
        cluster = session.cluster(request.cluster)
        entry = find_entry(cluster, request.container_instance)
        return _named(one for one in instances_of(cluster, cluster.name) if one.key.name == entry.name)
    if request.cluster:
        cluster = session.cluster(request.cluster)
        return _named(instances_of(cluster, cluster.name))
    return _named(session.registered()[1])


def _named(instances: Iterable[Instance]) -> list[tuple[str, Endpoint]]:
    return [(f"{one.key.cluster}/{one.key.name}", one.reached_by) for one in instances]


def _here(session: Session, endpoints: Sequence[Endpoint]) -> Iterator[Check]:
    yield from check_home(session.home)
    for finding in session.config_findings:
        yield Check("config", "warning", f"{session.home.config_file}: {finding}")
    broken: dict[str, DocumentError] = session.registered()[2]
    for error in broken.values():
        yield Check("clusters", "failed", error.message)
    yield from check_logins(session.docker_environ)
    if any(endpoint.is_ssh for endpoint in endpoints):
        try:
            yield Check("ssh", "ok", ssh_program())
        except MoorageError as error:
            yield Check("ssh", "failed", error.message)


def _examined(session: Session, hosts: Sequence[tuple[str, Endpoint]]) -> list[list[Check]]:
    """The checks of each host; all are looked at together, and one that hangs holds up no other."""
    found: list[list[Check]] = [[] for _ in hosts]
    done = [threading.Event() for _ in hosts]

    def look(index: int) -> None:
        try:
            for check in _of_host(session, hosts[index][1]):
                found[index].append(check)
        finally:
            done[index].set()

    for index in range(len(hosts)):
        threading.Thread(target=look, args=(index,), name=f"doctor-{index}", daemon=True).start()
    deadline = time.monotonic() + DEADLINE
    late = Check("reach", "failed", f"it was not looked at within {DEADLINE:g} s", "is the host overloaded?")
    over = [event.wait(max(deadline - time.monotonic(), 0)) for event in done]
    return [list(checks) if ended else [*checks, late] for checks, ended in zip(found, over, strict=True)]


def _of_host(session: Session, endpoint: Endpoint) -> Iterator[Check]:
    try:
        checked(endpoint)
        if endpoint.is_ssh:
            key = _host_key(endpoint)
            yield key
            if key.status != "ok":
                return
        engine = session.engine(endpoint)
        began = time.monotonic()
        engine.ping()
        yield Check("reach", "ok", f"answers ({(time.monotonic() - began) * 1000:,.0f} ms)")
        if endpoint.is_exposed:
            detail = "plain TCP: anyone on the way can read and drive it"
            yield Check("exposed", "warning", detail, "reach it by TLS (--ca, --cert, --key) or by ssh://")
        yield from examine(engine)
    except MoorageError as error:
        yield Check("reach", "failed", error.message)


def _host_key(endpoint: Endpoint) -> Check:
    """Raises MoorageError when it cannot be looked at, or has changed."""
    if is_known(ssh_target(endpoint)):
        return Check("host key", "ok", "known")
    remedy = f"moorage trust-host-key --endpoint {endpoint.url} shows and adds it"
    return Check("host key", "failed", "not known here", remedy)


def _shape(subject: str, check: Check) -> dict[str, str]:
    return {
        "subject": subject,
        "check": check.name,
        "status": check.status,
        "detail": check.detail,
        "remedy": check.remedy,
    }
