"""The verdict on a whole task, before anything of it is made: on every body and volume that it will have. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.hosts.policy.verdict import Verdict, all_of, judge, judge_volume
from app.hosts.translate import TaskPlan, create_body, needs_pause, pause_body
from app.model.container import TaskTag
from app.model.environment import ContainerEnvironment
from app.model.task_definition import TaskDefinition


def judge_task(definition: TaskDefinition, task: TaskTag, environments: Mapping[str, ContainerEnvironment]) -> Verdict:
    """What the containers and volumes of a task give together.

    Host ports and the task's own network, which only its host can tell, give nothing beyond.
    """
    return all_of(_verdicts(TaskPlan(definition, task, environments=environments)))


def _verdicts(plan: TaskPlan) -> Iterator[Verdict]:
    for volume in plan.definition.volumes:
        docker = volume.docker_volume_configuration
        if docker is not None and not (volume.host and volume.host.source_path):
            yield judge_volume(docker.driver or "", docker.driver_opts)
    for container in plan.definition.container_definitions:
        yield judge(create_body(plan, container))
    if needs_pause(plan.definition):
        yield judge(pause_body(plan, ""))
