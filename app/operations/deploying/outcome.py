"""How a deploy ended: what was done, what failed and why, what exists now, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.model.deployment import DeployStep
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task
from app.operations.definition_shape import definition_response
from app.operations.deploying.planning import DeployPlan, listed
from app.operations.images.building import Built
from app.operations.images.transfers import Transferred
from app.operations.launch import Launched
from app.operations.session import instances_of
from app.store.definitions import StoredRevision


@dataclass(frozen=True, slots=True)
class DeployFailure:
    """``stopped``: a person has broken it off. ``lines``: the last of a build that failed."""

    step: DeployStep
    why: SafeText
    stopped: bool = False
    lines: tuple[SafeText, ...] = ()


@dataclass(slots=True)
class Deployed:
    """What a deploy has done so far; it is filled while it goes on, so that there is something to tell of whatever end.

    Attributes:
        images: who has each image that was built, and its id there.
        sent: what came of each push, pull and copy.
        current: tasks that were left as they are.
        launched: those that were started.
        stopped: those that they replace.
    """

    plan: DeployPlan
    built: list[Built] = field(default_factory=list)
    images: dict[str, tuple[InstanceKey, str]] = field(default_factory=dict)
    sent: list[Transferred] = field(default_factory=list)
    stored: StoredRevision | None = None
    registered: bool = False
    current: list[Task] = field(default_factory=list)
    launched: Launched = field(default_factory=Launched)
    stopped: list[Task] = field(default_factory=list)
    replaced: list[Task] = field(default_factory=list)
    failure: DeployFailure | None = None
    at: DeployStep | None = None
    """The step that goes on."""

    @property
    def tasks(self) -> list[Task]:
        """Those that are wanted: left as they are, or started."""
        return [*self.current, *self.launched.tasks]

    @property
    def succeeded(self) -> bool:
        return self.failure is None and self.launched.succeeded

    def shape(self) -> dict[str, Any]:
        """JSON of ours, with ECS's own shapes in it."""
        ids = {one.key: one.id for one in instances_of(self.plan.cluster, self.plan.cluster.name)}
        ran = Launched(self.tasks, self.launched.failures, instance_ids=ids).shape()
        sent = [one.shape() for one in self.sent]
        failures = [*(failure for shape in sent for failure in shape["failures"]), *ran["failures"]]
        if self.failure is not None:
            step = self.failure.step
            reason = "STOPPED" if self.failure.stopped else "FAILED"
            failures.append({"step": step.work, "reason": reason, "detail": str(self.failure.why)})
        return {
            "build": [one.shape() for one in self.built],
            "images": [image for shape in sent for image in shape["images"]],
            "taskDefinition": definition_response(self.stored)["taskDefinition"] if self.stored else None,
            "tasks": ran["tasks"],
            "failures": failures,
        }

    def left(self) -> list[str]:
        """What exists now, and how to go on, in lines; for whoever sees it end early."""
        plan, lines = self.plan, []
        for image, (key, image_id) in self.images.items():
            kept = f"{image} ({image_id.removeprefix('sha256:')[:12]}) is on {key.name}"
            more = [
                result.instance
                for sent in self.sent
                for result in sent.results
                if result.image == image and result.verb in ("copy", "pull") and result.state in ("done", "present")
            ]
            lines.append(f"{kept}, {listed(more)}" if more else kept)
        if self.registered and self.stored is not None:
            lines.append(f"{self.stored.family}:{self.stored.revision} is registered")
        stopped = {task.id for task in self.stopped}
        on = [task for task in self.replaced or plan.standing.replaced if task.id not in stopped]
        if on:
            goes = "goes on as before" if len(on) == 1 else "go on as before"
            lines.append(f"{_count(on)} of {plan.source.group} {goes}")
        if self.stopped:
            lines.append(
                f"{_count(self.stopped)} of {plan.source.group} {'was' if len(stopped) == 1 else 'were'} stopped"
            )
        up = [task for task in self.tasks if task.last_status == "RUNNING" and task.id not in stopped]
        if up:
            lines.append(f"{_count(up)} of {plan.definition} {'runs' if len(up) == 1 else 'run'}")
        lines.append("to go on, deploy again: what is done already is not done twice")
        return [safe_line(line) for line in lines]


def _count(tasks: Sequence[Task]) -> str:
    return "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"


def deployed_words(_: object, deployed: Deployed) -> str:
    """What came of it, for the events."""
    running = sum(task.last_status == "RUNNING" for task in deployed.tasks)
    told = f"{deployed.plan.definition}: {running} RUNNING"
    if deployed.built:
        told += f", built {', '.join(tag for built in deployed.built for tag in built.tags)}"
    if deployed.stopped:
        told += f", {_count(deployed.stopped)} stopped"
    if deployed.failure is not None:
        told += f"; {deployed.failure.step.work} failed: {deployed.failure.why}"
    return told
