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


def subject_words(event: Event) -> str:
    """What it is about: ``web:7 3f9c21ab app``, or an unmanaged container's name."""
    words = [event.definition, event.task_id[:8], event.container]
    return " ".join(word for word in words if word)


def detail_words(event: Event) -> str:
    """``exit 137``, ``by ops: a new kernel``, ``×12``: all that is to be said beside what it is."""
    words = [f"exit {event.exit_code}" if event.exit_code is not None else "", event.detail]
    text = ": ".join(word for word in words if word)
    if event.by:
        text = f"by {event.by}: {text}" if text else f"by {event.by}"
    if event.count > 1:
        # A number of lost events is a number; of others one was kept, and this is how many came in its second.
        text = f"{event.count} {text}" if event.what == "lost" else f"×{event.count} {text}"
    return text.rstrip()
