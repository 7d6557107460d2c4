"""Everything on one host, read by listing; only what a list cannot tell is asked for container by container."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.hosts.engine import Engine
from app.hosts.inspecting import Inspector
from app.hosts.labels import TASK
from app.hosts.reading import container_from_inspect, container_from_list, drains_from, records_from
from app.hosts.records import KIND
from app.model.container import Container
from app.model.drain import DrainMark
from app.model.record import Record

SLICES = 10
"""Of what a list calls unchanged one part in so many is inspected all the same, another part each time."""


@dataclass(frozen=True, slots=True)
class HostReading:
    """Everything on one host at one moment."""

    containers: tuple[Container, ...]
    records: tuple[Record, ...]
    drains: tuple[DrainMark, ...] = ()


def read_host(
    engine: Engine, inspector: Inspector, known: Mapping[str, Container] | None = None, turn: int = 0
) -> HostReading:
    """List everything; inspect only what is ours, where the list cannot tell the exit, the times or the health.

    Args:
        known: what was read of this host before, by id; what the list tells of it as it was known is not asked again.
        turn: counts the calls with ``known``.

    Raises HostError.
    """
    listed = engine.containers()
    volumes = engine.volumes(KIND)
    containers: dict[str, Container | None] = {}
    asked: list[str] = []
    for entry in listed:
        ours, before = TASK in (entry.get("Labels") or {}), known.get(str(entry.get("Id"))) if known else None
        if ours and before is None:
            containers[id := str(entry.get("Id"))] = None
            asked.append(id)
            continue
        told = container_from_list(entry)
        if before is not None and _same(before, told) and not (ours and _due(told.id, turn)):
            told = before
        elif ours:
            asked.append(told.id)
        containers[told.id] = told
    for id, detail in inspector.inspect(asked):
        containers[id] = as_known(known or {}, container_from_inspect(detail)) if detail is not None else None
    found = tuple(container for container in containers.values() if container is not None)
    return HostReading(found, tuple(records_from(volumes)), tuple(drains_from(volumes)))


def as_known(known: Mapping[str, Container], container: Container) -> Container:
    """The very object that is known already, if nothing differs: whoever keeps it would have two of each else."""
    before = known.get(container.id)
    return before if before is not None and before == container else container


def _same(known: Container, listed: Container) -> bool:
    """Is this what is known, as far as a list can tell?"""
    return listed == replace(
        known,
        # A list has whole seconds, and nothing of what inspect alone tells.
        created_at=known.created_at.replace(microsecond=0),
        started_at=None,
        finished_at=None,
        oom_killed=False,
        error=listed.error,
        address="",
        health=listed.health if not known.up else known.health,
        exit_code=known.exit_code if known.state == "exited" else listed.exit_code,
    )


def _due(container_id: str, turn: int) -> bool:
    """A list cannot tell that a container was started again, if that went unheard: all are asked in ten turns."""
    return zlib.crc32(container_id.encode()) % SLICES == turn % SLICES
