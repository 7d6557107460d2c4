"""Other processes for the store's tests: ``python -m tests.unit.store.store_workers WHAT HOME WHO COUNT``.

Prints a line for every change that was acknowledged.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from app.model.cluster import InstanceEntry
from app.store.clusters import ClusterStore
from app.store.definitions import DefinitionStore
from app.store.history import HistoryStore
from app.store.home import resolve_home
from app.store.revision_files import RevisionConflict
from tests.unit.store.past_tasks import NOW as STOPPED
from tests.unit.store.past_tasks import past_container, past_task

NOW = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


def register(home: str, who: str, count: int) -> None:
    store = DefinitionStore(resolve_home(home, {}))
    for number in range(count):
        stored = store.register("web", f"{who}/{number}".encode(), who, NOW)
        print(stored.revision, f"{who}/{number}", flush=True)


def register_first(home: str, who: str, count: int) -> None:
    """Each round is for one: whoever finds as many revisions as rounds went before."""
    store = DefinitionStore(resolve_home(home, {}))
    for number in range(count):
        while (store.revisions("web") or [0])[-1] < number:
            pass
        try:
            stored = store.register("web", who.encode(), who, NOW, note=f"by {who}", expected=number)
        except RevisionConflict as error:
            assert error.latest > number
        else:
            print(stored.revision, who, flush=True)


def add_instances(home: str, who: str, count: int) -> None:
    store = ClusterStore(resolve_home(home, {}))
    for number in range(count):
        name = f"{who}-{number}"
        entry = InstanceEntry(
            name=name, id=f"{int(who):016x}{number:016x}", endpoint="unix:///run/docker.sock", registered_at=NOW
        )
        store.update("prod", lambda cluster, entry=entry: cluster.with_instance(entry))  # type: ignore[misc]
        print(name, flush=True)


def remember_tasks(home: str, who: str, count: int) -> None:
    """Tasks of its own, and in between one that all processes share: each tells of one container of it."""
    store = HistoryStore(resolve_home(home, {}))
    for number in range(count):
        task_id = f"{int(who):016x}{number:016x}"
        store.remember(past_task(id=task_id, stopped_at=STOPPED))
        store.remember(past_task(id="f" * 32, containers=(past_container(f"{who}-{number}"),)))
        print(task_id, flush=True)


def damage_and_remember(home: str, who: str, count: int) -> None:
    """Tasks, while every process spoils the file again and again."""
    places = resolve_home(home, {})
    store = HistoryStore(places)
    for number in range(count):
        if number % 5 == int(who):
            (places.state / f"spoilt-{who}").write_bytes(b"no database " * 1000)
            (places.state / f"spoilt-{who}").rename(places.state / "history.sqlite3")
        task_id = f"{int(who):016x}{number:016x}"
        store.remember(past_task(id=task_id))
        print(task_id, flush=True)


if __name__ == "__main__":
    works = {
        "register": register,
        "register_first": register_first,
        "add": add_instances,
        "remember": remember_tasks,
        "damage": damage_and_remember,
    }
    works[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
