"""What all tasks of one run-task or start-task call share, checked before anything is launched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.hosts.launcher import LaunchOrder, part_names
from app.model.cluster import ClusterFile
from app.model.definition_document import DefinitionDocument
from app.model.environment import ContainerEnvironment
from app.model.errors import Finding, MoorageError
from app.model.ids import new_id
from app.model.manifest import write_manifest
from app.model.overrides import with_overrides
from app.model.record import TaskRecord
from app.model.requests import MOST_TAGS, RunTaskRequest, StartTaskRequest
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from app.model.task_definition import TaskDefinition
from app.operations.definitions import find_definition, parsed
from app.operations.environment import resolve_environments
from app.operations.session import Session
from app.placement.candidate import Candidate
from app.placement.demand import Demand, demand_of
from app.placement.scheduling import PlacementRequest

_MANAGED_TAG = "aws:ecs:clusterName"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """``definition`` has the overrides in place; ``environments`` hold what comes from outside, secrets too.

    ``request`` is a digest of the call that ``client_token`` belongs to; both are "" without a token.
    """

    cluster: ClusterFile
    family: str
    revision: int
    definition: TaskDefinition
    manifest: str
    demand: Demand
    started_by: str
    launch_type: str
    tags: tuple[tuple[SafeText, SafeText], ...]
    client_token: str
    request: str
    environments: Mapping[str, ContainerEnvironment]
    warnings: tuple[Finding, ...]
    accepted: bool = False
    """Somebody who was told what its containers reach beyond their own walls has said yes."""

    def task_id(self, index: int) -> str:
        """The id of one of the tasks. A token gives the same ones again, so that a task is never made twice."""
        if not self.client_token:
            return new_id()
        text = "\0".join((self.cluster.name, self.client_token, str(index)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def order(
        self, task_id: str, now: datetime, owner: str, capacity: Resources, *, constrained: bool = True
    ) -> LaunchOrder:
        """The order for one task; ``now`` is its host's time. ``constrained``: False where constraints do not bind."""
        record = TaskRecord(
            task_id=task_id,
            cluster=self.cluster.name,
            family=self.family,
            revision=self.revision,
            group=self.demand.group,
            started_by=self.started_by,
            created_at=now,
            reservation=self.demand.resources,
            launcher=owner,
            containers=part_names(self.definition),
            manifest=self.manifest,
            launch_type=self.launch_type,
            tags=self.tags,
            client_token=self.client_token,
            request=self.request,
        )
        distinct = constrained and self.demand.constraints.distinct
        return LaunchOrder(record, self.definition, capacity, self.environments, distinct, self.accepted)

    def placement_request(self, task_ids: Sequence[str], candidates: Sequence[Candidate]) -> PlacementRequest:
        """What a scheduler is asked for these tasks, for a plan as for the launch."""
        return PlacementRequest(
            self.cluster.name, self.family, self.revision, tuple(task_ids), self.demand, tuple(candidates)
        )


def make_blueprint(session: Session, request: RunTaskRequest | StartTaskRequest) -> Blueprint:
    """Raises MoorageError for whatever is wrong with the call, the definition, or what it takes from this machine."""
    cluster = session.cluster(request.cluster)
    stored = find_definition(session, request.task_definition)
    if stored.status != "ACTIVE":
        raise MoorageError("TaskDefinition is inactive", code="InvalidParameterException")
    return blueprint_of(session, request, cluster, stored.family, stored.revision, parsed(stored).definition)


def blueprint_of(
    session: Session,
    request: RunTaskRequest | StartTaskRequest,
    cluster: ClusterFile,
    family: str,
    revision: int,
    original: TaskDefinition,
) -> Blueprint:
    """Of a definition that need not be registered yet, as ``make_blueprint`` makes it of one that is."""
    document, demand = asked_for(request, original, family)
    definition = document.definition
    if request.network_configuration is not None and definition.network_mode != "awsvpc":
        raise MoorageError(
            f"networkConfiguration is for networkMode awsvpc alone; {family}:{revision} has "
            f"{definition.network_mode or 'bridge'}: leave it out",
            code="InvalidParameterException",
        )
    overrides = request.overrides.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    token = request.client_token if isinstance(request, RunTaskRequest) else ""
    return Blueprint(
        cluster=cluster,
        family=family,
        revision=revision,
        definition=definition,
        manifest=write_manifest(original.model_dump(by_alias=True, exclude_unset=True), overrides),
        demand=demand,
        started_by=request.started_by or session.operator,
        launch_type=request.launch_type if isinstance(request, RunTaskRequest) else "EXTERNAL",
        tags=_tags(request, original, cluster.name),
        client_token=token,
        request=_digest(request, cluster.name) if token else "",
        environments=resolve_environments(definition, session.sources),
        warnings=(*document.warnings, *_unhonoured(request)),
    )


def asked_for(
    request: RunTaskRequest | StartTaskRequest, definition: TaskDefinition, family: str
) -> tuple[DefinitionDocument, Demand]:
    """The definition with the request's overrides in place, and what a task of it asks of an instance.

    Previews ask this too, so that none can differ from the launch. Raises MoorageError for what is wrong with either.
    """
    document = with_overrides(definition, request.overrides)
    run = request if isinstance(request, RunTaskRequest) else None
    demand = demand_of(
        document.definition,
        request.group or f"family:{family}",
        run.placement_constraints if run else (),
        run.placement_strategy if run else (),
    )
    return document, demand


def _tags(
    request: RunTaskRequest | StartTaskRequest, definition: TaskDefinition, cluster: str
) -> tuple[tuple[SafeText, SafeText], ...]:
    """The call's own win over the definition's. Raises MoorageError when together they are too many."""
    found: dict[str, str] = {}
    if request.propagate_tags == "TASK_DEFINITION":
        found.update({tag.key: tag.value for tag in definition.tags})
    found.update({tag.key: tag.value for tag in request.tags})
    if len(found) > MOST_TAGS:
        raise MoorageError(
            f"{len(found)} tags with those of the definition, at most {MOST_TAGS} are allowed: leave some out",
            code="InvalidParameterException",
        )
    if request.enable_ecs_managed_tags:
        found[_MANAGED_TAG] = cluster
    return tuple((safe_line(key), safe_line(value)) for key, value in sorted(found.items()))


def _digest(request: RunTaskRequest | StartTaskRequest, cluster: str) -> str:
    """Two calls with the same digest ask for the same, the token and another name of the cluster aside."""
    plain = request.model_copy(update={"client_token": "", "cluster": cluster})
    # A scheduler that is not named is left out: tasks have the digests of versions that knew of none.
    unnamed = {"scheduler"} if isinstance(request, RunTaskRequest) and not request.scheduler else None
    return hashlib.sha256(plain.model_dump_json(by_alias=True, exclude=unnamed).encode()).hexdigest()


def _unhonoured(request: RunTaskRequest | StartTaskRequest) -> list[Finding]:
    found = []
    if isinstance(request, RunTaskRequest) and request.launch_type == "FARGATE":
        found.append(Finding("launchType", "FARGATE runs on your own instances", "its limits are not kept", "warning"))
    if request.network_configuration is not None:
        words = "subnets and security groups mean nothing here"
        found.append(Finding("networkConfiguration", words, "each task gets a network of its own", "warning"))
    if request.volume_configurations:
        words = "storage is not made to order here"
        found.append(Finding("volumeConfigurations", words, "a volume of the task's own is used", "warning"))
    return found
