"""A session with engines registered in its cluster, for tests of what goes on across hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.operations.clusters import create_cluster
from app.operations.instances import register_container_instance
from app.operations.monitor import Monitor
from app.operations.session import Session
from tests.engine_bed import Daemon, wait_until

T = TypeVar("T")


def register(session: Session, *daemons: Daemon, cluster: str = "default") -> None:
    """Every engine is an instance with the name of its machine."""
    create_cluster(session, CreateClusterRequest(cluster_name=cluster))
    for daemon in daemons:
        register_container_instance(
            session,
            RegisterContainerInstanceRequest(cluster=cluster, name=daemon.name, endpoint=daemon.endpoint),
        )


def pump_until(monitor: Monitor, condition: Callable[[], T], *, within: float = 30.0, what: str = "") -> T:
    """The first truthy value of ``condition``, with what the watchers tell taken in before each look."""

    def look() -> T:
        monitor.pump()
        return condition()

    return wait_until(look, within=within, what=what)
