"""An instance as placement sees it, made of what the fleet knows."""

from __future__ import annotations

from collections import Counter

from app.fleet.fleet import InstanceState, belongs
from app.hosts.starting import describe_holder
from app.model.drain import DrainMark
from app.model.resources import Resources
from app.placement.attributes import attributes_of
from app.placement.candidate import Candidate
from app.placement.evaluation import InstanceFacts


def candidate(state: InstanceState) -> Candidate:
    """What is reserved, the ports that anything there has published, and all that constraints can ask for."""
    published = [port for container in state.containers.values() if container.up for port in container.ports]
    taken = Resources(
        ports=frozenset(port.host_port for port in published if port.protocol == "tcp"),
        ports_udp=frozenset(port.host_port for port in published if port.protocol == "udp"),
    )
    registered = state.registered
    barred, words = "", ""
    if not state.live:
        barred, words = "AGENT", state.freshness.reason or "no answer yet"
    elif state.drain is not None:
        barred, words = "DRAINING", _drain_words(state.drain)
    ours = [task for task in state.tasks.values() if belongs(task, state)]
    return Candidate(
        state.instance.key,
        registered,
        state.reserved + taken + Resources(ports=registered.ports, ports_udp=registered.ports_udp),
        barred,
        words,
        state.instance.id,
        instance_facts(state),
        Counter(task.group for task in ours if task.last_status != "STOPPED"),
    )


def _drain_words(mark: DrainMark) -> str:
    """``the instance is draining, by ops: a new kernel``, as far as it is known."""
    by = f", by {mark.by}" if mark.by else ""
    return f"the instance is draining{by}" + (f": {mark.reason}" if mark.reason else "")


def instance_facts(state: InstanceState) -> InstanceFacts:
    """What the cluster query language can ask of an instance. Tasks of another cluster on it are not its own."""
    ours = [task for task in state.tasks.values() if belongs(task, state)]
    return InstanceFacts(
        name=state.instance.key.name,
        connected=state.live,
        engine_version=state.info.version if state.info else "",
        registered_at=state.instance.registered_at,
        running_tasks=sum(task.desired_status == "RUNNING" for task in ours),
        groups=frozenset(task.group for task in ours if task.last_status in ("PENDING", "RUNNING")),
        attributes=attributes_of(state.instance, state.info),
    )


def port_holders(state: InstanceState, wanted: Resources) -> list[str]:
    """Who has the ports that a task wants on an instance, in words: tcp 8080 taken by task 3f9c21ab (web:7)."""
    registered = state.registered
    found: dict[tuple[str, int], str] = {}
    for protocol, ports, system in (
        ("tcp", wanted.ports, registered.ports),
        ("udp", wanted.ports_udp, registered.ports_udp),
    ):
        for number in ports & system:
            found[protocol, number] = "reserved for the system; update-container-instance changes that"
        for container in state.containers.values():
            for port in container.ports if container.up else ():
                if port.protocol == protocol and port.host_port in ports:
                    found.setdefault((protocol, port.host_port), f"taken by {describe_holder(container)}")
        for task in state.tasks.values():
            held = task.reservation.ports if protocol == "tcp" else task.reservation.ports_udp
            for number in held & ports if task.last_status != "STOPPED" else ():
                found.setdefault((protocol, number), f"taken by task {task.id[:8]} ({task.definition})")
    return [f"{protocol} {number} {words}" for (protocol, number), words in sorted(found.items())]
