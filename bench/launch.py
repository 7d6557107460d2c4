"""run-task of a task of one container, against the calls to Docker that it cannot do without."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from bench.table import Figure, milliseconds, ratio

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine_bed import Daemon

_DEFINITION = {
    "family": "bench",
    "containerDefinitions": [
        {"name": "main", "image": "busybox:latest", "memory": 16, "command": ["sleep", "1000000"], "stopTimeout": 2}
    ],
}


def launch_figures(daemon: Daemon, home: Path, rounds: int) -> list[Figure]:
    """Both in this process and in turn: no start of Python is in them."""
    from app.hosts.task_objects import forget_task
    from app.model.endpoint import Endpoint
    from app.model.requests import RunTaskRequest
    from app.operations.definitions import register_task_definition
    from app.operations.launch import run_task
    from app.operations.session import Session
    from app.store.home import resolve_home

    session = Session(resolve_home(str(home), {}))
    register_task_definition(session, json.dumps(_DEFINITION).encode(), "bench.json")
    request = RunTaskRequest(cluster="bench", task_definition="bench")
    ours, pulls, calls = [], [], []
    for turn in range(rounds + 1):
        pull, call = _raw(daemon, f"raw-{turn}")
        began = time.monotonic()
        launched = run_task(session, request, lambda _: None)
        took = time.monotonic() - began
        if turn:
            pulls.append(pull)
            calls.append(call)
            ours.append(took)
        for task in launched.tasks:
            forget_task(session.engine(Endpoint(daemon.endpoint)), task.id)
    together = [pull + call for pull, call in zip(pulls, calls, strict=True)]
    return [
        milliseconds("docker-py: create and start", calls, "the floor, without a pull"),
        milliseconds("docker-py: pull, create and start", together, "the pull fails at once: no registry to reach"),
        milliseconds(
            "run-task to RUNNING", ours, f"{ratio(ours, together, 'those three')}; {ratio(ours, calls, 'those two')}"
        ),
    ]


def _raw(daemon: Daemon, name: str) -> tuple[float, float]:
    """Seconds of the attempt to pull (ECS's default asks the registry first), and of create and start."""
    from docker.errors import APIError

    began = time.monotonic()
    with suppress(APIError):
        daemon.api.pull("busybox", tag="latest")
    pulled = time.monotonic()
    container = daemon.run(["sleep", "1000000"], name=name)
    done = time.monotonic()
    daemon.api.remove_container(container, force=True)
    return pulled - began, done - pulled
