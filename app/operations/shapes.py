"""The model → ECS's response shapes (design: ECS semantics 1 and 7.2). Times are ISO 8601, as the aws CLI prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from app.fleet.fleet import Fleet, InstanceState, belongs
from app.model.cluster import ClusterFile
from app.model.drain import DrainMark
from app.model.ids import cluster_arn, instance_arn
from app.model.policy import DEFAULT_DANGEROUS, DEFAULT_POLICY
from app.model.resources import Resources
from app.placement.attributes import attributes_of


def timestamp(moment: datetime) -> str:
    return moment.astimezone().isoformat()


def present(members: dict[str, Any]) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


# --- clusters and instances -------------------------------------------------------------------------------------------


def cluster_shape(cluster: ClusterFile, fleet: Fleet) -> dict[str, Any]:
    tasks = fleet.tasks(cluster.name)
    return {
        "clusterArn": cluster_arn(cluster.name),
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": len(cluster.instances),
        "runningTasksCount": sum(task.desired_status == "RUNNING" and task.last_status == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task.last_status == "PENDING" for task in tasks),
        "activeServicesCount": 0,
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
        # No member of ECS's: there only where it says something.
        **({"scheduler": cluster.scheduler} if cluster.scheduler else {}),
        **({"policy": cluster.policy} if cluster.policy != DEFAULT_POLICY else {}),
        **({"dangerous": cluster.dangerous} if cluster.dangerous != DEFAULT_DANGEROUS else {}),
    }


def instance_shape(state: InstanceState) -> dict[str, Any]:
    instance, info, drain = state.instance, state.info, state.drain
    tasks = [task for task in state.tasks.values() if belongs(task, state)]
    return present(
        {
            "containerInstanceArn": instance_arn(instance.key.cluster, instance.id),
            "name": instance.key.name,
            "endpoint": instance.endpoint,
            "insecure": instance.reached_by.is_exposed or None,
            "tls": {name: path for name, path in asdict(instance.tls).items() if path} if instance.tls else None,
            "version": 1,
            "versionInfo": {"dockerVersion": f"DockerVersion: {info.version}"} if info else {},
            "registeredResources": _resources(state.registered, state.registered),
            "remainingResources": _resources(remaining(state), state.registered),
            "status": "ACTIVE" if drain is None else "DRAINING",
            "statusReason": state.freshness.reason or (drain and drain_words(drain)) or None,
            "drainedBy": drain and (drain.by or None),
            "drainedAt": timestamp(drain.at) if drain and drain.at else None,
            "drainReason": drain and (drain.reason or None),
            "agentConnected": state.live,
            "runningTasksCount": sum(task.desired_status == "RUNNING" for task in tasks),
            "pendingTasksCount": sum(task.last_status == "PENDING" for task in tasks),
            "attributes": [
                present({"name": name, "value": value or None})
                for name, value in sorted(attributes_of(instance, info).items())
            ],
            "registeredAt": timestamp(instance.registered_at),
            "attachments": [],
            "tags": [],
        }
    )


def drain_words(mark: DrainMark) -> str:
    """``drained by ops since 2026-03-01 12:00 UTC: a new kernel``, as far as it is known."""
    by = f" by {mark.by}" if mark.by else ""
    since = f" since {mark.at:%Y-%m-%d %H:%M} UTC" if mark.at else ""
    return f"drained{by}{since}" + (f": {mark.reason}" if mark.reason else "")


def attribute_shape(name: str, value: str, cluster: str, instance_id: str) -> dict[str, str]:
    arn = instance_arn(cluster, instance_id)
    return {"name": name, "value": value, "targetType": "container-instance", "targetId": arn}


def remaining(state: InstanceState) -> Resources:
    """What is left for tasks; ports are the ones taken, as in ECS."""
    registered, reserved = state.registered, state.reserved
    return replace(
        reserved,
        ports=registered.ports | reserved.ports,
        ports_udp=registered.ports_udp | reserved.ports_udp,
        cpu=registered.cpu - reserved.cpu,
        memory=registered.memory - reserved.memory,
        gpus=registered.gpus - reserved.gpus,
    )


def _resources(resources: Resources, registered: Resources) -> list[dict[str, Any]]:
    """GPUs are a number here, as which ones a task gets is Docker's business; an instance without any has no entry."""
    gpus = [_resource("GPU", "INTEGER", number=resources.gpus)] if registered.gpus else []
    return [
        _resource("CPU", "INTEGER", number=resources.cpu),
        _resource("MEMORY", "INTEGER", number=resources.memory),
        _resource("PORTS", "STRINGSET", strings=resources.ports),
        _resource("PORTS_UDP", "STRINGSET", strings=resources.ports_udp),
        *gpus,
    ]


def _resource(name: str, kind: str, *, number: int = 0, strings: Iterable[int] | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"name": name, "type": kind, "doubleValue": 0.0, "longValue": 0, "integerValue": number}
    if strings is not None:
        shape["stringSetValue"] = [str(port) for port in sorted(strings)]
    return shape
