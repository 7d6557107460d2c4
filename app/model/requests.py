"""Requests: what each operation takes, in ECS's members. The command line makes its flags from these models.

Members that ECS has and this version does not take are refused by name, never ignored.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.model.container_members import EnvironmentFile, KeyValue, ResourceRequirement
from app.model.drain import LONGEST_REASON
from app.model.errors import MoorageError
from app.model.locations import member_path
from app.model.policy import Dangerous, Policy
from app.model.task_definition import EphemeralStorage, InferenceAccelerator, Tag

MOST_TAGS = 50


class Request(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )


ClusterName = Annotated[str, Field(description="Cluster, by name or ARN (default: config's default_cluster).")]
Names = Annotated[list[str], Field(min_length=1, max_length=100)]
Reference = Annotated[str, Field(min_length=1, description="family, family:revision or ARN.")]


_CHOOSER = "Who chooses the instances: built-in, swarm, or one of your own"
SchedulerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$", description=f"{_CHOOSER}.")]


_POLICY = "What a change needs: free nothing, confirm a yes, type-name its name typed, read-only allows none"
_DANGEROUS = "Containers that reach beyond their own walls are made, made after a yes, or never made"


class CreateClusterRequest(Request):
    cluster_name: Annotated[str, Field(description="Name of the new cluster.")] = "default"
    scheduler: SchedulerName = ""
    policy: Annotated[Policy | None, Field(description=f"{_POLICY} (default: free).")] = None
    dangerous: Annotated[Dangerous | None, Field(description=f"{_DANGEROUS} (default: confirm).")] = None


class UpdateClusterRequest(Request):
    cluster: Annotated[str, Field(description="Cluster to change.")]
    scheduler: SchedulerName = ""
    policy: Annotated[Policy | None, Field(description=f"{_POLICY}.")] = None
    dangerous: Annotated[Dangerous | None, Field(description=f"{_DANGEROUS}.")] = None


class DeleteClusterRequest(Request):
    cluster: Annotated[str, Field(description="Cluster to delete; it must have no container instances.")]


class ListClustersRequest(Request):
    pass


class DescribeClustersRequest(Request):
    clusters: Annotated[list[str], Field(max_length=100, description="Clusters, by name or ARN.")] = []


ReservedMemory = Annotated[
    Annotated[int, Field(ge=0, le=2**31 - 1)] | None,
    Field(description="MiB that are kept free for the host itself (default: 0)."),
]
_Ports = Annotated[list[Annotated[int, Field(ge=0, le=65535)]], Field(max_length=100)] | None
ReservedPorts = Annotated[
    _Ports, Field(description="tcp ports that no task may have (default: 22 2375 2376); 0 alone for none.")
]
ReservedPortsUdp = Annotated[_Ports, Field(description="udp ports that no task may have (default: none).")]


CaFile = Annotated[str, Field(description="TLS: file of the CA that signed the engine's certificate.")]
CertFile = Annotated[str, Field(description="TLS: file of the certificate that tells the engine who we are.")]
KeyFile = Annotated[str, Field(description="TLS: file of that certificate's key; yours, mode 0600 or 0400.")]
TlsName = Annotated[
    str, Field(description="TLS: name in the engine's certificate, where it is not the endpoint's host.")
]
Insecure = Annotated[
    bool, Field(description="Take tcp to another machine without TLS: anyone on the way can read and drive it.")
]


class RegisterContainerInstanceRequest(Request):
    cluster: ClusterName = ""
    name: Annotated[str, Field(description="Name of the instance (default: the engine's host name).")] = ""
    endpoint: Annotated[
        str, Field(description="How to reach its Docker Engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST.")
    ] = ""
    ca: CaFile = ""
    cert: CertFile = ""
    key: KeyFile = ""
    tls_name: TlsName = ""
    insecure: Insecure = False
    attributes: Annotated[list[KeyValue], Field(description="Attributes for placement: name=NAME,value=VALUE …")] = []
    reserved_memory: ReservedMemory = None
    reserved_ports: ReservedPorts = None
    reserved_ports_udp: ReservedPortsUdp = None


class UpdateContainerInstanceRequest(Request):
    """Not one of ECS's: there the agent is started again with another configuration."""

    cluster: ClusterName = ""
    container_instance: Annotated[str, Field(description="Container instance, by name, id or ARN.")]
    ca: CaFile = ""
    cert: CertFile = ""
    key: KeyFile = ""
    tls_name: TlsName = ""
    reserved_memory: ReservedMemory = None
    reserved_ports: ReservedPorts = None
    reserved_ports_udp: ReservedPortsUdp = None


class DeregisterContainerInstanceRequest(Request):
    cluster: ClusterName = ""
    container_instance: Annotated[str, Field(description="Container instance, by name, id or ARN.")]
    force: Annotated[bool, Field(description="Even while tasks run there; they go on, unwatched.")] = False


class UpdateContainerInstancesStateRequest(Request):
    cluster: ClusterName = ""
    container_instances: Annotated[Names, Field(description="Container instances, by name, id or ARN.")]
    status: Annotated[Literal["ACTIVE", "DRAINING"], Field(description="DRAINING: no new tasks are placed there.")]
    reason: Annotated[
        str, Field(max_length=LONGEST_REASON, description="Why it is drained; every operator sees it.")
    ] = ""
    dry_run: Annotated[bool, Field(description="Only tell which tasks are there and would stay.")] = False


class ListContainerInstancesRequest(Request):
    cluster: ClusterName = ""
    status: Annotated[Literal["ACTIVE", "DRAINING"] | None, Field(description="Only those with this status.")] = None
    filter: Annotated[
        str, Field(description='Only those that an expression selects, as "attribute:stack == prod".')
    ] = ""


class DescribeContainerInstancesRequest(Request):
    cluster: ClusterName = ""
    container_instances: Annotated[Names, Field(description="Container instances, by name, id or ARN.")]


class Attribute(Request):
    name: str
    value: str = ""
    target_type: Literal["container-instance"] = "container-instance"
    target_id: str


class PutAttributesRequest(Request):
    cluster: ClusterName = ""
    attributes: Annotated[
        list[Attribute], Field(min_length=1, max_length=10, description="name=NAME,value=VALUE,targetId=INSTANCE …")
    ]


class DeleteAttributesRequest(Request):
    cluster: ClusterName = ""
    attributes: Annotated[
        list[Attribute], Field(min_length=1, max_length=10, description="name=NAME,targetId=INSTANCE …")
    ]


class DeregisterTaskDefinitionRequest(Request):
    task_definition: Annotated[str, Field(min_length=1, description="family:revision or ARN.")]


class DescribeTaskDefinitionRequest(Request):
    task_definition: Reference


class ListTaskDefinitionsRequest(Request):
    family_prefix: Annotated[str, Field(description="Only this family.")] = ""
    status: Annotated[Literal["ACTIVE", "INACTIVE"], Field(description="Only those with this status.")] = "ACTIVE"
    sort: Annotated[Literal["ASC", "DESC"], Field(description="By family and revision.")] = "ASC"


class ListTaskDefinitionFamiliesRequest(Request):
    family_prefix: Annotated[str, Field(description="Only families that begin with this.")] = ""
    status: Annotated[Literal["ACTIVE", "INACTIVE", "ALL"], Field(description="ACTIVE: with an ACTIVE revision.")] = (
        "ALL"
    )


class ContainerOverride(Request):
    name: str
    command: list[str] | None = None
    environment: list[KeyValue] = []
    environment_files: list[EnvironmentFile] | None = None
    cpu: int | None = None
    memory: int | None = None
    memory_reservation: int | None = None
    resource_requirements: list[ResourceRequirement] | None = None


LONGEST_OVERRIDES = 8192
"""Characters of JSON (design: ECS semantics 2.4)."""


class TaskOverride(Request):
    container_overrides: list[ContainerOverride] = []
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    ephemeral_storage: EphemeralStorage | None = None
    inference_accelerator_overrides: list[InferenceAccelerator] = []

    @model_validator(mode="after")
    def _short_enough(self) -> TaskOverride:
        length = len(self.model_dump_json(by_alias=True, exclude_unset=True))
        if length > LONGEST_OVERRIDES:
            raise ValueError(
                f"{length} characters of JSON, at most {LONGEST_OVERRIDES} are allowed; register a revision"
            )
        return self


class AwsvpcConfiguration(Request):
    """What ECS needs to make a network interface. Kept out of the launch: there is none to make."""

    subnets: Annotated[list[str], Field(max_length=16)]
    security_groups: Annotated[list[str], Field(max_length=5)] = []
    assign_public_ip: Literal["ENABLED", "DISABLED"] = "DISABLED"


class NetworkConfiguration(Request):
    awsvpc_configuration: AwsvpcConfiguration | None = None


class Launch(Request):
    """What run-task and start-task have in common."""

    cluster: ClusterName = ""
    task_definition: Reference
    group: Annotated[str, Field(max_length=255, description="Task group (default: family:FAMILY).")] = ""
    started_by: Annotated[
        str, Field(max_length=128, pattern=r"^[A-Za-z0-9_/-]*$", description="Who or what started it (default: you).")
    ] = ""
    overrides: Annotated[TaskOverride, Field(description="Overrides for this task, as JSON or file://PATH.")] = (
        TaskOverride()
    )
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS, description="Tags of the tasks: key=KEY,value=VALUE …")] = []
    propagate_tags: Annotated[
        Literal["TASK_DEFINITION", "NONE"], Field(description="Give the tasks the definition's tags too.")
    ] = "NONE"
    enable_ecs_managed_tags: Annotated[
        bool, Field(alias="enableECSManagedTags", description="Tag the tasks with aws:ecs:clusterName.")
    ] = False
    enable_execute_command: Annotated[bool, Field(description="Taken for AWS's sake, and not used.")] = False
    network_configuration: Annotated[
        NetworkConfiguration | None, Field(description="For awsvpc definitions; subnets and groups mean nothing here.")
    ] = None
    reference_id: Annotated[str, Field(description="Taken for AWS's sake, and not used.")] = ""
    volume_configurations: Annotated[
        list[dict[str, Any]],
        Field(description="For configuredAtLaunch volumes; a volume of the task's own is used instead."),
    ] = []

    @field_validator("tags")
    @classmethod
    def _tags_are_ecs_tags(cls, tags: list[Tag]) -> list[Tag]:
        keys = [tag.key for tag in tags]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"{twice!r} is given twice; keep one of them")
        if reserved := next((key for key in keys if key.lower().startswith("aws:")), None):
            raise ValueError(f"{reserved!r}: keys that begin with aws: are AWS's own; choose another")
        return tags


class PlacementConstraint(Request):
    type: Literal["distinctInstance", "memberOf"]
    expression: str = ""


class PlacementStrategy(Request):
    type: Literal["random", "spread", "binpack"]
    field: str = ""


class RunTaskRequest(Launch):
    count: Annotated[int, Field(ge=1, le=10, description="How many tasks.")] = 1
    placement_constraints: Annotated[
        list[PlacementConstraint],
        Field(max_length=10, description="Where tasks may go: type=distinctInstance, type=memberOf,expression=EXPR …"),
    ] = []
    placement_strategy: Annotated[
        list[PlacementStrategy],
        Field(max_length=5, description="Where they rather go: type=spread,field=instanceId type=binpack,field=cpu …"),
    ] = []
    client_token: Annotated[
        str,
        Field(pattern=r"^[!-~]{0,64}$", description="The same call with the same token gives the same tasks again."),
    ] = ""
    launch_type: Annotated[
        Literal["EXTERNAL", "EC2", "FARGATE"], Field(description="What it was written for; it runs here all the same.")
    ] = "EXTERNAL"
    platform_version: Annotated[str, Field(description="Of Fargate; means nothing here.")] = ""
    scheduler: Annotated[SchedulerName, Field(description=f"{_CHOOSER} (default: the cluster's).")] = ""
    """Not a member of ECS's: there the scheduler is a program that calls start-task."""


class StartTaskRequest(Launch):
    container_instances: Annotated[
        list[str], Field(min_length=1, max_length=10, description="Where to start it: one task on each.")
    ]


class StopTaskRequest(Request):
    cluster: ClusterName = ""
    task: Annotated[str, Field(min_length=1, description="Task, by id, the start of an id, or ARN.")]
    reason: Annotated[str, Field(max_length=1024, description="Why; shown as stoppedReason.")] = ""


class ListTasksRequest(Request):
    cluster: ClusterName = ""
    container_instance: Annotated[str, Field(description="Only tasks on this instance.")] = ""
    family: Annotated[str, Field(description="Only tasks of this family.")] = ""
    started_by: Annotated[str, Field(description="Only tasks started by this.")] = ""
    desired_status: Annotated[
        Literal["RUNNING", "PENDING", "STOPPED"], Field(description="Only with this desiredStatus.")
    ] = "RUNNING"


class DescribeTasksRequest(Request):
    cluster: ClusterName = ""
    tasks: Annotated[Names, Field(description="Tasks, by id, the start of an id, or ARN.")]


R = TypeVar("R", bound=Request)


def parse_request(kind: type[R], members: dict[str, Any]) -> R:
    """Members by ECS's names → request. Raises MoorageError that names every member that is wrong."""
    try:
        return kind.model_validate(members)
    except ValidationError as error:
        known = [field.alias or name for name, field in kind.model_fields.items()]
        problems = [_problem(detail, known) for detail in error.errors()]
        raise MoorageError("; ".join(problems), code="InvalidParameterException") from None


def _problem(detail: Any, known: list[str]) -> str:
    path = member_path(tuple(detail["loc"]))
    if detail["type"] == "missing":
        return f"{path} is required"
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(path, known, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{path} is not known here, or not supported yet{hint}"
    if detail["type"] in ("int_parsing", "int_from_float"):
        return f"{path}: must be a whole number"
    text = str(detail["msg"]).removeprefix("Value error, ")
    return f"{path}: {text[:1].lower()}{text[1:]}"
