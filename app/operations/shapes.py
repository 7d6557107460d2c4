"""The model → ECS's response shapes (design: ECS semantics 1 and 7.2). Times are ISO 8601, as the aws CLI prints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.model.cluster import ClusterFile
from app.model.ids import cluster_arn, container_arn, definition_arn, instance_arn, task_arn
from app.model.manifest import read_manifest
from app.model.resources import Resources
from app.model.strict_json import parse_json
from app.model.task import Task, TaskContainer
from app.store.definitions import StoredRevision


def timestamp(moment: datetime) -> str:
    return moment.astimezone().isoformat()


def _present(members: dict[str, Any]) -> dict[str, Any]:
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
    }


def instance_shape(state: InstanceState) -> dict[str, Any]:
    instance, info = state.instance, state.info
    tasks = list(state.tasks.values())
    return _present(
        {
            "containerInstanceArn": instance_arn(instance.key.cluster, instance.id),
            "name": instance.key.name,
            "endpoint": instance.endpoint,
            "version": 1,
            "versionInfo": {"dockerVersion": f"DockerVersion: {info.version}"} if info else {},
            "registeredResources": _resources(state.registered),
            "remainingResources": _resources(remaining(state)),
            "status": instance.status,
            "statusReason": state.freshness.reason or None,
            "agentConnected": state.live,
            "runningTasksCount": sum(task.desired_status == "RUNNING" for task in tasks),
            "pendingTasksCount": sum(task.last_status == "PENDING" for task in tasks),
            "attributes": [{"name": name, "value": value} for name, value in attributes_of(state)],
            "registeredAt": timestamp(instance.registered_at),
            "attachments": [],
            "tags": [],
        }
    )


def attributes_of(state: InstanceState) -> list[tuple[str, str]]:
    """Built-in attributes from the engine, its labels, and those that the cluster's file gives (these win)."""
    found: dict[str, str] = {}
    if state.info is not None:
        found["ecs.os-type"] = state.info.os_type
        found["ecs.cpu-architecture"] = state.info.architecture
        found.update(state.info.labels)
    found.update(state.instance.attributes)
    return sorted(found.items())


def attribute_shape(name: str, value: str, cluster: str, instance_id: str) -> dict[str, str]:
    arn = instance_arn(cluster, instance_id)
    return {"name": name, "value": value, "targetType": "container-instance", "targetId": arn}


def remaining(state: InstanceState) -> Resources:
    """What is left for tasks; ports are the ones taken, as in ECS."""
    registered, reserved = state.registered, state.reserved
    return Resources(
        registered.cpu - reserved.cpu, registered.memory - reserved.memory, reserved.ports, reserved.ports_udp
    )


def _resources(resources: Resources) -> list[dict[str, Any]]:
    return [
        _resource("CPU", "INTEGER", number=resources.cpu),
        _resource("MEMORY", "INTEGER", number=resources.memory),
        _resource("PORTS", "STRINGSET", strings=resources.ports),
        _resource("PORTS_UDP", "STRINGSET", strings=resources.ports_udp),
    ]


def _resource(name: str, kind: str, *, number: int = 0, strings: Iterable[int] | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"name": name, "type": kind, "doubleValue": 0.0, "longValue": 0, "integerValue": number}
    if strings is not None:
        shape["stringSetValue"] = [str(port) for port in sorted(strings)]
    return shape


# --- definitions ------------------------------------------------------------------------------------------------------


def definition_shape(stored: StoredRevision) -> dict[str, Any]:
    """The registered document as ECS echoes it: with its own members first, and the defaults filled in."""
    document = parse_json(stored.document, f"{stored.family}/{stored.revision}.json")
    containers = document.get("containerDefinitions")
    if isinstance(containers, list):
        document["containerDefinitions"] = [_echoed(container) for container in containers]
    return _present(
        {
            **document,
            "taskDefinitionArn": definition_arn(stored.family, stored.revision),
            "family": stored.family,
            "revision": stored.revision,
            "volumes": document.get("volumes") or [],
            "placementConstraints": document.get("placementConstraints") or [],
            "status": stored.status,
            "compatibilities": ["EXTERNAL", "EC2"],
            "registeredAt": timestamp(stored.registered_at),
            "registeredBy": stored.registered_by or None,
            "deregisteredAt": timestamp(stored.deregistered_at) if stored.deregistered_at else None,
        }
    )


def _echoed(container: Any) -> Any:
    if not isinstance(container, dict):
        return container
    shape = {"cpu": 0, "essential": True, **{key: value for key, value in container.items() if value is not None}}
    for member in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
        shape.setdefault(member, [])
    shape["portMappings"] = [{"hostPort": 0, "protocol": "tcp", **mapping} for mapping in shape["portMappings"]]
    return shape


# --- tasks ------------------------------------------------------------------------------------------------------------


def task_shape(task: Task, instance_id: str) -> dict[str, Any]:
    times = {
        "createdAt": task.created_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "stoppedAt": task.stopped_at,
    }
    return _present(
        {
            "attachments": [],
            "attributes": [],
            "clusterArn": cluster_arn(task.cluster),
            "connectivity": "CONNECTED",
            "containerInstanceArn": instance_arn(task.cluster, instance_id),
            "containers": [container_shape(task, container) for container in task.containers],
            "cpu": str(task.reservation.cpu),
            "memory": str(task.reservation.memory),
            **{name: timestamp(moment) for name, moment in times.items() if moment is not None},
            "desiredStatus": task.desired_status,
            "enableExecuteCommand": False,
            "group": task.group,
            "healthStatus": task.health,
            "lastStatus": task.last_status,
            "launchType": "EXTERNAL",
            "overrides": _overrides(task),
            "startedBy": task.started_by,
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason or None,
            "tags": [],
            "taskArn": task_arn(task.cluster, task.id),
            "taskDefinitionArn": definition_arn(task.family, task.revision),
            "version": 1,
        }
    )


def container_shape(task: Task, container: TaskContainer) -> dict[str, Any]:
    runtime = container.runtime
    bindings = [
        {
            "bindIP": port.host_ip or "0.0.0.0",  # noqa: S104 - what the engine listens on, told as ECS tells it
            "containerPort": port.container_port,
            "hostPort": port.host_port,
            "protocol": port.protocol,
        }
        for port in (runtime.ports if runtime else ())
    ]
    return _present(
        {
            "containerArn": container_arn(task.cluster, task.id, runtime.id if runtime else ""),
            "taskArn": task_arn(task.cluster, task.id),
            "name": container.name,
            "image": runtime.image if runtime else None,
            "runtimeId": runtime.id if runtime else None,
            "lastStatus": container.last_status,
            "exitCode": container.exit_code,
            "reason": container.reason or None,
            "networkBindings": bindings,
            "networkInterfaces": [],
            "healthStatus": container.health,
        }
    )


def _overrides(task: Task) -> dict[str, Any]:
    """Echoed always, with an entry for each container even when nothing was overridden."""
    given = read_manifest(task.manifest).overrides
    listed = given.get("containerOverrides")
    named = {item["name"]: item for item in listed or () if isinstance(item, dict) and "name" in item}
    return {
        **given,
        "containerOverrides": [named.get(container.name, {"name": container.name}) for container in task.containers],
        "inferenceAcceleratorOverrides": [],
    }
