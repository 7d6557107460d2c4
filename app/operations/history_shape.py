"""A task that only the history knows → ECS's response shape (design: ECS semantics 1.4 and 1.5)."""

from __future__ import annotations

from typing import Any

from app.model.ids import cluster_arn, container_arn, definition_arn, instance_arn, task_arn
from app.operations.shapes import present, timestamp
from app.store.past_task import PastContainer, PastTask


def past_task_shape(task: PastTask, instance_id: str, detail: str) -> dict[str, Any]:
    """As ``task_shape``, without what is not remembered: overrides, ports.

    Args:
        instance_id: of its container instance; the instance's name when that is no longer registered.
        detail: where this is known from; an extra member.
    """
    return present(
        {
            "attachments": [],
            "attributes": [],
            "clusterArn": cluster_arn(task.cluster),
            "connectivity": "DISCONNECTED",
            "containerInstanceArn": instance_arn(task.cluster, instance_id),
            "containers": [_container_shape(task, part) for part in task.containers],
            "cpu": str(task.cpu),
            "memory": str(task.memory),
            **_times(task),
            "desiredStatus": "STOPPED",
            "detail": detail,
            "enableExecuteCommand": False,
            "group": task.group,
            "healthStatus": task.health,
            "lastStatus": "STOPPED",
            "launchType": "EXTERNAL",
            "startedBy": task.started_by,
            "stopCode": task.stop_code or None,
            "stoppedBy": task.stopped_by or None,
            "stoppedReason": task.stopped_reason or None,
            "tags": [{"key": key, "value": value} for key, value in task.tags],
            "taskArn": task_arn(task.cluster, task.id),
            "taskDefinitionArn": definition_arn(task.family, task.revision),
            "version": 1,
        }
    )


def _times(task: PastTask) -> dict[str, str]:
    ended = (part.finished_at for part in task.containers if part.essential and part.finished_at)
    times = {
        "createdAt": task.created_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "executionStoppedAt": min(ended, default=None),
        "stoppedAt": task.stopped_at,
    }
    return {name: timestamp(moment) for name, moment in times.items() if moment is not None}


def _container_shape(task: PastTask, part: PastContainer) -> dict[str, Any]:
    return present(
        {
            "containerArn": container_arn(task.cluster, task.id, part.name),
            "taskArn": task_arn(task.cluster, task.id),
            "name": part.name,
            "image": part.image or None,
            "runtimeId": part.runtime_id or None,
            "lastStatus": "STOPPED",
            "exitCode": part.exit_code,
            "reason": part.reason or None,
            "networkBindings": [],
            "networkInterfaces": [],
            "healthStatus": "UNKNOWN",
        }
    )
