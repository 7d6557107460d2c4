"""What the filter line looks at in a task, a container, an instance. Pure."""

from __future__ import annotations

from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.model.task import Task
from app.screens import formats
from app.screens.filtering import Subject, subject


def task_subject(task: Task) -> Subject:
    images = " ".join(str(part.runtime.image) for part in task.containers if part.runtime)
    names = " ".join(part.name for part in task.containers)
    words = (
        task.id,
        task.definition,
        task.last_status,
        task.instance.name,
        task.cluster,
        task.started_by,
        images,
        names,
    )
    return subject(
        " ".join((*words, str(task.stopped_reason), formats.ports(task.ports))),
        state=f"{task.last_status} failed" if task.failed else task.last_status,
        cluster=task.cluster,
        host=task.instance.name,
        family=task.family,
        image=images,
        health=task.health,
        group=task.group,
    )


def unmanaged_subject(container: Container, state: InstanceState) -> Subject:
    host, cluster = state.instance.key.name, state.instance.key.cluster
    words = (
        container.name,
        container.image,
        container.state,
        host,
        cluster,
        "unmanaged",
        formats.ports(container.ports),
    )
    return subject(
        " ".join(words),
        state=container.state,
        cluster=cluster,
        host=host,
        image=container.image,
        health=container.health,
    )


def instance_subject(state: InstanceState) -> Subject:
    key = state.instance.key
    drain = state.drain
    word = state.freshness.reach if drain is None else "draining"
    drained = f"{drain.by} {drain.reason}" if drain else ""
    return subject(
        f"{key.name} {key.cluster} {state.instance.endpoint} {word} {state.freshness.reason} {drained}",
        state=word,
        cluster=key.cluster,
        host=key.name,
    )
