"""Tasks and containers → ECS's response shapes (design: ECS semantics 1.4, 1.5 and 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.container import PortBinding
from app.model.ids import cluster_arn, container_arn, definition_arn, instance_arn, task_arn
from app.model.manifest import read_manifest
from app.model.safe_text import safe_line
from app.model.task import Task, TaskContainer
from app.operations.shapes import present, timestamp

_SIZES = ("cpu", "memory", "memoryReservation")


def task_shape(task: Task, instance_id: str) -> dict[str, Any]:
    """``instance_id``: of the container instance that it is on."""
    times = {
        "createdAt": task.created_at,
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.pull_stopped_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "executionStoppedAt": task.execution_stopped_at if task.desired_status == "STOPPED" else None,
        "stoppedAt": task.stopped_at,
    }
    wanted = _definitions(task)
    return present(
        {
            "attachments": _attachments(task),
            "attributes": [],
            "clusterArn": cluster_arn(task.cluster),
            "connectivity": "CONNECTED",
            "containerInstanceArn": instance_arn(task.cluster, instance_id),
            "containers": [container_shape(task, part, wanted.get(part.name, {})) for part in task.containers],
            "cpu": str(task.reservation.cpu),
            "memory": str(task.reservation.memory),
            **{name: timestamp(moment) for name, moment in times.items() if moment is not None},
            "desiredStatus": task.desired_status,
            "enableExecuteCommand": False,
            "group": task.group,
            "healthStatus": task.health,
            "lastStatus": task.last_status,
            "launchType": task.launch_type,
            "overrides": _overrides(task),
            "startedBy": task.started_by,
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason or None,
            "tags": [{"key": key, "value": value} for key, value in task.tags],
            "taskArn": task_arn(task.cluster, task.id),
            "taskDefinitionArn": definition_arn(task.family, task.revision),
            "version": 1 + sum(moment is not None for moment in (task.started_at, task.stopping_at, task.stopped_at)),
        }
    )


def container_shape(task: Task, part: TaskContainer, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """``wanted``: its definition with the overrides, as far as the task's record tells it; restartCount is our own."""
    runtime = part.runtime
    address = task.pause.runtime.address if task.pause and task.pause.runtime else ""
    interfaces = [{"attachmentId": _attachment_id(task), "privateIpv4Address": address}] if address else []
    image = runtime.image if runtime else safe_line(wanted.get("image", ""))
    return present(
        {
            "containerArn": container_arn(task.cluster, task.id, part.name),
            "taskArn": task_arn(task.cluster, task.id),
            "name": part.name,
            "image": image or None,
            "runtimeId": runtime.id if runtime else None,
            "lastStatus": part.last_status,
            "exitCode": part.exit_code,
            "reason": part.reason or None,
            "networkBindings": [_binding(port) for port in _ports(task, part, wanted)],
            "networkInterfaces": interfaces,
            "healthStatus": part.health,
            "cpu": str(wanted.get("cpu", 0)),
            **{name: str(wanted[name]) for name in _SIZES if name != "cpu" and name in wanted},
            "restartCount": part.restart_count or None,
        }
    )


def _ports(task: Task, part: TaskContainer, wanted: Mapping[str, Any]) -> tuple[PortBinding, ...]:
    """Its own published ports; of those on the shared pause container the ones that its definition maps."""
    if task.pause is None or task.pause.runtime is None:
        return part.runtime.ports if part.runtime else ()
    mappings = wanted.get("portMappings")
    listed = [mapping for mapping in mappings if isinstance(mapping, dict)] if isinstance(mappings, list) else []
    mapped = {(mapping.get("containerPort"), mapping.get("protocol", "tcp")) for mapping in listed}
    return tuple(port for port in task.pause.runtime.ports if (port.container_port, port.protocol) in mapped)


def _binding(port: PortBinding) -> dict[str, Any]:
    return {
        "bindIP": port.host_ip or "0.0.0.0",  # noqa: S104 - what the engine listens on, told as ECS tells it
        "containerPort": port.container_port,
        "hostPort": port.host_port,
        "protocol": port.protocol,
    }


def _attachment_id(task: Task) -> str:
    digits = task.id
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _attachments(task: Task) -> list[dict[str, Any]]:
    """What stands for the network interface of an awsvpc task: its pause container's address."""
    runtime = task.pause.runtime if task.pause else None
    if runtime is None or not runtime.address:
        return []
    return [
        {
            "id": _attachment_id(task),
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED" if runtime.up else "DELETED",
            "details": [{"name": "privateIPv4Address", "value": runtime.address}],
        }
    ]


def _definitions(task: Task) -> dict[str, dict[str, Any]]:
    """Container definitions by name, with the overrides of this task, from its record."""
    manifest = read_manifest(task.manifest)
    found: dict[str, dict[str, Any]] = {}
    for item in (*manifest.containers, *manifest.container_overrides):
        found.setdefault(str(item.get("name")), {}).update(item)
    return found


def _overrides(task: Task) -> dict[str, Any]:
    """Echoed always, with an entry for each container even when nothing was overridden."""
    manifest = read_manifest(task.manifest)
    named = {str(item.get("name")): item for item in manifest.container_overrides}
    return {
        **manifest.overrides,
        "containerOverrides": [named.get(container.name, {"name": container.name}) for container in task.containers],
        "inferenceAcceleratorOverrides": [],
    }
