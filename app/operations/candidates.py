"""An instance as placement sees it, made of what the fleet knows."""

from __future__ import annotations

from collections import Counter

from app.fleet.fleet import InstanceState, belongs
from app.hosts.starting import describe_holder
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
    barred, words = "", ""
    if not state.live:
        barred, words = "AGENT", state.freshness.reason or "no answer yet"
    elif state.instance.status == "DRAINING":
        barred, words = "DRAINING", "the instance is draining"
    ours = [task for task in state.tasks.values() if belongs(task, state)]
    return Candidate(
        state.instance.key,
        state.registered,
        state.reserved + taken,
        barred,
        words,
        state.instance.id,
        instance_facts(state),
        Counter(task.group for task in ours if task.last_status != "STOPPED"),
    )


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
    """Who has the ports that a task wants on an instance, in words: port 8080 is taken by task 3f9c21ab (web:7)."""
    found: dict[str, str] = {}
    for protocol, ports in (("tcp", wanted.ports), ("udp", wanted.ports_udp)):
        for container in state.containers.values():
            for port in container.ports if container.up else ():
                if port.protocol == protocol and port.host_port in ports:
                    found[f"{protocol} {port.host_port}"] = (
                        f"port {port.host_port} is taken by {describe_holder(container)}"
                    )
        for task in state.tasks.values():
            held = task.reservation.ports if protocol == "tcp" else task.reservation.ports_udp
            for number in held & ports if task.last_status != "STOPPED" else ():
                words = f"port {number} is taken by task {task.id[:8]} ({task.definition})"
                found.setdefault(f"{protocol} {number}", words)
    return [found[key] for key in sorted(found)]
