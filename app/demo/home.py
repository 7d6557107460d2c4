"""The home of the demo fleet: cluster files and task definitions, written as Moorage itself writes them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from app.demo.company import CLUSTERS, FAMILIES
from app.demo.plan import Host, Plan
from app.model.cluster import ClusterFile, InstanceEntry
from app.store.clusters import ClusterStore
from app.store.definitions import DefinitionStore
from app.store.home import Home

_NOTES = ("first of its kind", "more memory, as agreed", "the release of the week", "fixes the time-outs of Monday")


def write_home(home: Home, plan: Plan, sockets: Mapping[str, Path], now: datetime) -> None:
    """Every cluster with its instances, and every family with its revisions; definitions that are there already stay.

    ``sockets``: of each host, by its name.
    """
    clusters = ClusterStore(home)
    for cluster in CLUSTERS:
        hosts = [host for host in plan.hosts if host.cluster == cluster]
        if not hosts:
            continue
        clusters.create(cluster)
        entries = [_entry(host, sockets[host.name], now) for host in hosts]

        def fill(current: ClusterFile, entries: list[InstanceEntry] = entries) -> ClusterFile:
            return current.model_copy(update={"instances": entries})

        clusters.update(cluster, fill)
    _write_definitions(DefinitionStore(home), now, random.Random(plan.seed))


def _entry(host: Host, socket: Path, now: datetime) -> InstanceEntry:
    attributes = {"ecs.availability-zone": host.zone, "disk": host.disk}
    if host.cluster == "edge":
        attributes["site"] = "shop-floor"
    return InstanceEntry(
        name=host.name,
        id=hashlib.sha256(f"{host.cluster}/{host.name}".encode()).hexdigest()[:32],
        endpoint=f"unix://{socket}",
        registered_at=(now - timedelta(days=90)).replace(microsecond=0),
        attributes=attributes,
    )


def _write_definitions(store: DefinitionStore, now: datetime, rng: random.Random) -> None:
    known = store.families()
    for family in FAMILIES:
        if family.name in known:
            continue
        age = timedelta(days=20.0 * len(family.documents))
        for number, document in enumerate(family.documents):
            text = json.dumps(document, indent=2).encode() + b"\n"
            by, note = rng.choice(("mara", "jonas", "ci")), _NOTES[number % len(_NOTES)]
            store.register(family.name, text, by, now - age, note=note)
            age /= 2.5
