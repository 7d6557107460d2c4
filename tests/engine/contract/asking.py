"""What the contract's checks share: asking an engine by hand, and hearing what it tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import docker
import pytest

from app.hosts.engine import CONTAINER_EVENTS
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.simulated import Simulated

LIVE = ["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"]
DEAF = ["sh", "-c", "echo ready; while :; do sleep 0.05; done"]
"""The first process of a container: a signal that it does not ask for does nothing."""
MIB = 1 << 20
Subject = Daemon | Simulated


def as_daemon(subject: Subject) -> Daemon:
    """For helpers that use no more of a daemon than a simulated engine has."""
    return cast("Daemon", subject)


_HOST = frozenset(
    {
        "port_bindings", "network_mode", "mem_limit", "nano_cpus", "binds", "restart_policy", "auto_remove",
        "memswap_limit",
    }
)  # fmt: skip


def create(subject: Subject, argv: list[str], name: str | None = None, **options: Any) -> str:
    host = {key: options.pop(key) for key in tuple(options) if key in _HOST}
    config = subject.api.create_host_config(**host) if host else None
    return str(subject.api.create_container("busybox", argv, name=name, host_config=config, **options)["Id"])


def state(subject: Subject, container: str) -> dict[str, Any]:
    found: dict[str, Any] = subject.api.inspect_container(container)["State"]
    return found


def ended(subject: Subject, container: str) -> dict[str, Any]:
    """Its state once it has ended."""
    return wait_until(lambda: state(subject, container)["Status"] == "exited" and state(subject, container))


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(docker.errors.APIError) as refused:
        call()
    return refused.value.response.status_code, str(refused.value.explanation)


class Heard:
    """What an engine tells of its containers and volumes from now on."""

    def __init__(self, subject: Subject) -> None:
        self._api = subject.api
        self._since = self._now()

    def _now(self) -> float:
        told = datetime.fromisoformat(self._api.info()["SystemTime"][:26].rstrip("Z") + "+00:00")
        return told.timestamp()

    def events(self, *actions: str, kind: str = "container") -> list[dict[str, Any]]:
        filters = {"type": [kind], "event": list(actions or CONTAINER_EVENTS)}
        until = f"{self._now():.6f}"
        stream = self._api.events(since=f"{self._since:.6f}", until=until, decode=True, filters=filters)
        return list(stream)

    def actions(self, *actions: str) -> list[str]:
        return [event["Action"] for event in self.events(*actions)]


def settled(subject: Subject, container: str) -> None:
    """A real shell takes a moment until its trap is set; it says so, each time that it is started."""
    started = datetime.fromisoformat(state(subject, container)["StartedAt"][:26].rstrip("Z") + "+00:00").timestamp()
    # Docker looks at the clock when the first line may have been written already.
    since = started - 0.05
    wait_until(lambda: b"ready" in subject.api.logs(container, since=since), what="it says that it is ready")


def run_inside(subject: Subject, container: str, script: str) -> None:
    made = subject.api.exec_create(container, ["sh", "-c", script])
    subject.api.exec_start(made["Id"])
