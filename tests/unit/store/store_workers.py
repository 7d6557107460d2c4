"""Other processes for the store's tests: ``python -m tests.unit.store.store_workers WHAT HOME WHO COUNT``.

Prints a line for every change that was acknowledged.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from app.model.cluster import InstanceEntry
from app.store.clusters import ClusterStore
from app.store.definitions import DefinitionStore
from app.store.home import resolve_home

NOW = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


def register(home: str, who: str, count: int) -> None:
    store = DefinitionStore(resolve_home(home, {}))
    for number in range(count):
        stored = store.register("web", f"{who}/{number}".encode(), who, NOW)
        print(stored.revision, f"{who}/{number}", flush=True)


def add_instances(home: str, who: str, count: int) -> None:
    store = ClusterStore(resolve_home(home, {}))
    for number in range(count):
        name = f"{who}-{number}"
        entry = InstanceEntry(
            name=name, id=f"{int(who):016x}{number:016x}", endpoint="unix:///run/docker.sock", registered_at=NOW
        )
        store.update("prod", lambda cluster, entry=entry: cluster.with_instance(entry))  # type: ignore[misc]
        print(name, flush=True)


if __name__ == "__main__":
    {"register": register, "add": add_instances}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
