"""An event → JSON in the manner of ECS's shapes."""

from __future__ import annotations

from typing import Any

from app.model.event import Event
from app.model.ids import task_arn
from app.operations.shapes import present, timestamp


def event_shape(event: Event) -> dict[str, Any]:
    """Members without a value are left out. ``time`` is by this machine's clock, ``hostTime`` by the host's."""
    return present(
        {
            "time": timestamp(event.at),
            "hostTime": timestamp(event.host_at) if event.host_at else None,
            "event": event.what,
            "kind": event.kind,
            "cluster": event.cluster or None,
            "containerInstance": event.instance or None,
            "taskArn": task_arn(event.cluster, event.task_id) if event.task_id else None,
            "taskDefinition": event.definition or None,
            "container": event.container or None,
            "runtimeId": event.container_id or None,
            "exitCode": event.exit_code,
            "detail": event.detail or None,
            "by": event.by or None,
            "command": event.command or None,
            "count": event.count if event.count > 1 else None,
            "source": event.source,
            "eventId": event.key,
        }
    )
