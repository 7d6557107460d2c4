"""Short ways to the model's frozen records, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.hosts.labels import container_name, labels_of
from app.model.container import Container, TaskTag
from app.model.definition_document import definition_from
from app.model.instance import InstanceKey
from app.model.manifest import write_manifest
from app.model.record import TaskRecord
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.task_definition import TaskDefinition

TASK_ID = "0123456789abcdef" * 2
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOST = InstanceKey("default", "edge")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def tag(container: str = "web", **changes: Any) -> TaskTag:
    made = TaskTag(
        task_id=TASK_ID,
        cluster="default",
        family="web",
        revision=1,
        container=container,
        containers=1,
        group="family:web",
        started_by="me",
        created_at=NOW,
        reservation=Resources(64, 32, frozenset({80})),
    )
    return replace(made, **changes)


def container(marked: TaskTag | None = None, state: str = "running", **changes: Any) -> Container:
    """A container of a task in one of Docker's states, with the times and the exit code that go with it."""
    marked = marked or tag()
    ran = state != "created"
    ended = state == "exited"
    made = Container(
        id=f"{marked.container}-{marked.task_id}".encode().hex()[:64].ljust(64, "0"),
        name=SafeText(container_name(marked)),
        image=SafeText("busybox"),
        state=state,  # type: ignore[arg-type]
        created_at=NOW,
        tag=marked,
        started_at=at(1) if ran else None,
        finished_at=at(5) if ended else None,
        exit_code=0 if ended else None,
    )
    return replace(made, **changes)


def record(*containers: str, **changes: Any) -> TaskRecord:
    names = containers or ("web",)
    made = TaskRecord(
        task_id=TASK_ID,
        cluster="default",
        family="web",
        revision=1,
        group="family:web",
        started_by="me",
        created_at=NOW,
        reservation=Resources(64, 32, frozenset({80})),
        launcher="me-12345678",
        containers=names,
        manifest=manifest(dict.fromkeys(names, True)),
    )
    return replace(made, **changes)


def manifest(essential: dict[str, bool]) -> str:
    listed = [{"name": name} if flag else {"name": name, "essential": False} for name, flag in essential.items()]
    return write_manifest({"family": "web", "containerDefinitions": listed}, {})


def definition(*containers: dict[str, Any], **members: Any) -> TaskDefinition:
    """A definition of containers with name, image and memory filled in where they are not given."""
    filled = [
        {"name": f"c{number}", "image": "busybox", "memory": 16, **given}
        for number, given in enumerate(containers or ({},))
    ]
    return definition_from({"family": "web", "containerDefinitions": filled, **members}, "test").definition


def inspected(marked: TaskTag, **state: Any) -> dict[str, Any]:
    """What ``docker inspect`` says of a task's container."""
    return {
        "Id": "ab" * 32,
        "Name": f"/{container_name(marked)}",
        "Created": "2026-03-01T12:00:00.123456789Z",
        "Image": "sha256:1234",
        "Config": {"Image": "busybox", "Labels": labels_of(marked)},
        "State": {
            "Status": "running",
            "StartedAt": "2026-03-01T12:00:01Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **state,
        },
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": None}},
    }
