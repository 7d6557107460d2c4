"""A dashboard of many tasks that nobody runs: ``python -m bench.many_tasks HOME TASKS EVENTS_A_SECOND``.

The fleet is filled by hand, as watchers would fill it, so that what is measured is the screen alone.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.fleet.changes import ChangeSet
from app.model.container import Container, TaskTag
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import ContainerSeen, FreshnessTold, HostRead, InfoRead
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.store.home import resolve_home

HOSTS = 100
FAMILIES = 40
READY = "tasks are in"
"""The title of the cluster that is there once everything is."""


def main() -> None:
    home, tasks, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    app = Dashboard(Session(resolve_home(home, {})))
    containers = fill(app, tasks)
    if rate:
        threading.Thread(target=_churn, args=(app, containers, rate), daemon=True).start()
    app.run()


def fill(app: Dashboard, tasks: int) -> list[tuple[InstanceKey, Container]]:
    """Put ``tasks`` tasks of one container each on a hundred instances; the files are not looked at any more."""
    began = datetime.now(UTC)
    keys = [InstanceKey("prod", f"edge-{number:03}") for number in range(HOSTS)]
    fleet = app.desk.fleet
    fleet.register(
        ["prod"],
        [Instance(key, f"{n:032x}", f"unix:///run/{key.name}.sock", "ACTIVE", began) for n, key in enumerate(keys)],
    )
    made = [(keys[number % HOSTS], _container(number, began)) for number in range(tasks)]
    for key in keys:
        own = tuple(container for host, container in made if host == key)
        info = EngineInfo(
            "ID", SafeText(key.name), SafeText("28.5.2"), "1.51", "linux", "x86_64", Resources(64000, 256000)
        )
        live = Freshness("live", began)
        fleet.apply([InfoRead(key, info, timedelta(0)), HostRead(key, own, ()), FreshnessTold(key, live)])
    app.desk.monitor.refresh = ChangeSet  # type: ignore[method-assign]
    app._supervision.consider = lambda *_: None  # type: ignore[method-assign]
    return made


def _container(number: int, began: datetime) -> Container:
    task_id, family = f"{number * 2654435761 % 2**32:08x}" * 4, f"svc-{number % FAMILIES:02}"
    created = began - timedelta(seconds=60 + number % 86400)
    tag = TaskTag(
        task_id=task_id,
        cluster="prod",
        family=family,
        revision=1 + number % 7,
        container="app",
        containers=1,
        group=f"family:{family}",
        started_by="ops",
        created_at=created,
        reservation=Resources(64 * (1 + number % 4), 128 * (1 + number % 8)),
    )
    return Container(
        id=f"{number:064x}",
        name=SafeText(f"{family}-{task_id[:8]}-app"),
        image=SafeText(f"registry.lan/{family}:7"),
        state="running",
        created_at=created,
        tag=tag,
        started_at=created,
    )


def _churn(app: Dashboard, containers: list[tuple[InstanceKey, Container]], rate: int) -> None:
    """Containers that end and start again, at a steady rate, told as a watcher tells them; not those on top."""
    containers = containers[HOSTS * 2 :]
    turn, began = 0, time.monotonic()
    while True:
        due = int((time.monotonic() - began) * rate)
        for _ in range(due - turn):
            key, container = containers[turn * 7919 % len(containers)]
            gone = turn // len(containers) % 2 == 0
            now = datetime.now(UTC)
            seen = replace(container, state="exited", finished_at=now, exit_code=0) if gone else container
            app.desk.monitor._inbox.put(ContainerSeen(key, seen))
            turn += 1
        time.sleep(0.02)


def argv(home: str, tasks: int, rate: int = 0) -> list[str]:
    return [sys.executable, "-m", "bench.many_tasks", home, str(tasks), str(rate)]


if __name__ == "__main__":
    main()
