"""A hand that is never still: containers of one engine that come and go, and tasks that are run and stopped."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from pathlib import Path

from docker.errors import APIError

from app.model.errors import MoorageError
from app.model.requests import (
    CreateClusterRequest,
    RegisterContainerInstanceRequest,
    RunTaskRequest,
    StopTaskRequest,
)
from app.operations.clusters import create_cluster
from app.operations.definitions import register_task_definition
from app.operations.instances import register_container_instance
from app.operations.launch import run_task
from app.operations.session import Session
from app.operations.tasks import stop_task
from app.store.home import resolve_home
from tests.engine_bed import Daemon

_PAUSE = 0.7
"""Seconds between two deeds: what a host with a few hundred containers does on a busy day, and more."""
INTERRUPTED_EVERY = 150.0
"""Seconds between two times that the engine dies and comes back, its containers alive: watchers connect again."""
_MOST_TASKS = 6
_SLEEP = ["sleep", "1000000"]
_TALK = ["sh", "-c", "while :; do echo a line and the time: $(date); sleep 1; done"]
_DEFINITION = {
    "family": "churned",
    "containerDefinitions": [
        {"name": "main", "image": "busybox:latest", "memory": 16, "command": _TALK, "stopTimeout": 2}
    ],
}


class Churning:
    """``fill`` makes the containers; ``start`` begins a thread that churns them until ``close``. The same by its seed.

    Attributes:
        failures: what went wrong, in words; "" so far nothing.
    """

    def __init__(
        self,
        daemon: Daemon,
        home: Path,
        cluster: str,
        containers: int,
        seed: int,
        interrupted_every: float = INTERRUPTED_EVERY,
    ) -> None:
        self.failures = ""
        self._daemon = daemon
        self._cluster = cluster
        self._wanted = containers
        self._interrupted_every = interrupted_every
        self._random = random.Random(seed)
        self._made = 0
        self._containers: list[str] = []
        self._tasks: list[str] = []
        self._done: Counter[str] = Counter()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._session = Session(resolve_home(str(home), {}))
        create_cluster(self._session, CreateClusterRequest(cluster_name=cluster))
        register_container_instance(
            self._session, RegisterContainerInstanceRequest(cluster=cluster, endpoint=daemon.endpoint)
        )
        register_task_definition(self._session, json.dumps(_DEFINITION).encode(), "churned.json")

    def fill(self) -> None:
        while len(self._containers) < self._wanted:
            self._start()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Comes back once the deed that is under way is done."""
        self._closing.set()
        self._thread.join(60)

    def told(self) -> str:
        """How often each deed was done."""
        return ", ".join(f"{count} x {deed}" for deed, count in self._done.most_common())

    def _work(self) -> None:
        deeds = (self._replace, self._replace, self._restart, self._rename, self._run_task)
        interrupted = time.monotonic()
        while not self._closing.wait(_PAUSE):
            deed = self._random.choice(deeds)
            if time.monotonic() > interrupted + self._interrupted_every:
                deed, interrupted = self._interrupt, time.monotonic()
            try:
                deed()
            except (APIError, MoorageError) as error:
                self.failures = f"{deed.__name__}: {error}"
            self._done[deed.__name__.strip("_").replace("_", " ")] += 1

    def _start(self) -> None:
        argv = _TALK if self._made % 10 == 0 else _SLEEP
        self._containers.append(self._daemon.run(argv, name=f"svc-{self._made:05}", network_mode="none"))
        self._made += 1

    def _replace(self) -> None:
        container = self._containers.pop(self._random.randrange(len(self._containers)))
        self._daemon.api.kill(container)
        self._start()
        self._daemon.api.remove_container(container, force=True)

    def _restart(self) -> None:
        self._daemon.api.restart(self._random.choice(self._containers), timeout=0)

    def _rename(self) -> None:
        self._daemon.api.rename(self._random.choice(self._containers), f"svc-renamed-{self._made}-{self._done.total()}")

    def _interrupt(self) -> None:
        self._daemon.kill()
        self._closing.wait(5)
        self._daemon.start()

    def _run_task(self) -> None:
        if len(self._tasks) >= _MOST_TASKS:
            task = self._tasks.pop(0)
            stop_task(self._session, StopTaskRequest(cluster=self._cluster, task=task), lambda _: None)
        request = RunTaskRequest(cluster=self._cluster, task_definition="churned")
        self._tasks += [task.id for task in run_task(self._session, request, lambda _: None).tasks]
