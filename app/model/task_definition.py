"""The task definition: every member of RegisterTaskDefinition (design: ECS semantics 2).

Members that ECS does not have are kept (``model_extra``) and reported, never refused: the original document is stored
byte for byte beside this parsed form. The rules across members are in ``definition_rules``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from app.model.container_definition import ContainerDefinition
from app.model.container_members import MountPoint, PortMapping
from app.model.document import Document, about
from app.model.names import FAMILY_NAME_PATTERN, Dependence
from app.model.volumes import Name, Text, Volume

# The shapes below are what this one is made of; whoever reads a definition finds the common ones here.
__all__ = [
    "CPU_PATTERN",
    "DEFAULT_STOP_TIMEOUT",
    "DOCKER_MINIMUM_MEMORY",
    "MEMORY_PATTERN",
    "MOST_CONTAINERS",
    "ContainerDefinition",
    "EphemeralStorage",
    "InferenceAccelerator",
    "MountPoint",
    "PortMapping",
    "Tag",
    "TaskDefinition",
    "dependencies",
    "linked",
]

DEFAULT_STOP_TIMEOUT = 30
DOCKER_MINIMUM_MEMORY = 6
# A rule, not a limit of the member: what is wrong in too many containers is told too.
MOST_CONTAINERS = 10

CPU_PATTERN = r"^(?:[0-9]{1,6}|(?:[0-9]{1,3}(?:\.[0-9]{0,3})?|\.[0-9]{1,3}) ?[vV][cC][pP][uU])$"
MEMORY_PATTERN = r"^(?:[0-9]{1,9}|(?:[0-9]{1,6}(?:\.[0-9]{0,3})?|\.[0-9]{1,3}) ?[gG][bB])$"

_PER_CONTAINER = "limits each container; the sum of several is not capped"
_NO_ROLES = "there is no credential endpoint; give keys as environment or secrets"


class PlacementConstraint(Document):
    type: Annotated[Literal["memberOf"], about("memberOf: only instances that the expression selects.")]
    expression: Annotated[str | None, Field(max_length=2000), about("Which instances, in the query language.")] = None


class Tag(Document):
    key: Annotated[str, Field(min_length=1, max_length=128), about("Name of the tag.")]
    value: Annotated[str, Field(max_length=256), about("Its value.")] = ""


class ProxyProperty(Document):
    name: Annotated[str, Field(min_length=1, max_length=255), about("Which setting: IgnoredUID, AppPorts …")]
    value: Annotated[str, Field(max_length=4096), about("What it is set to.")] = ""


class ProxyConfiguration(Document):
    type: Annotated[Literal["APPMESH"], about("Kind of proxy.")] = "APPMESH"
    container_name: Annotated[Name, about("Container that is the proxy.")]
    properties: Annotated[list[ProxyProperty], about("Settings of the proxy: ports and users.")] = []


class InferenceAccelerator(Document):
    device_name: Annotated[Text, about("Name that resource requirements use.")]
    device_type: Annotated[Text, about("Kind of accelerator.")]


class EphemeralStorage(Document):
    size_in_gib: Annotated[
        int, Field(alias="sizeInGiB", ge=21, le=200), about("Space for the task's own files.", unit="GiB")
    ]


class RuntimePlatform(Document):
    cpu_architecture: Annotated[Literal["X86_64", "ARM64"] | None, about("CPU that the images are for.")] = None
    operating_system_family: Annotated[
        Literal[
            "LINUX", "WINDOWS_SERVER_2016_FULL", "WINDOWS_SERVER_2004_CORE", "WINDOWS_SERVER_20H2_CORE",
            "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2022_FULL",
            "WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_2025_FULL", "WINDOWS_SERVER_2025_CORE",
        ] | None,
        about("Operating system that the images are for."),
    ] = None  # fmt: skip


class TrustedExecutionConfiguration(Document):
    isolation_mode: Annotated[
        Literal["SHARED", "ISOLATED_SANDBOX", "CONFIDENTIAL_SANDBOX"], about("How the task is kept from others.")
    ]
    attestation_policy: Annotated[str | None, about("Policy by which the sandbox proves itself.")] = None


class TaskDefinition(Document):
    family: Annotated[
        str,
        Field(min_length=1, max_length=255, pattern=FAMILY_NAME_PATTERN),
        about("Name that all its revisions share.", "honoured"),
    ]
    container_definitions: Annotated[
        list[ContainerDefinition], Field(min_length=1), about("The containers of a task, at most 10.", "honoured")
    ]
    task_role_arn: Annotated[str | None, about("IAM role of the containers.", "kept", _NO_ROLES)] = None
    execution_role_arn: Annotated[
        str | None, about("IAM role that pulls and logs.", "kept", "the credentials of this machine's docker are used")
    ] = None
    network_mode: Annotated[
        Literal["bridge", "host", "none", "awsvpc"] | None,
        about(
            "Network of the containers; absent is bridge.",
            "emulated",
            "awsvpc: a pause container's network; its ports are published at host ports that Moorage chooses",
        ),
    ] = None
    volumes: Annotated[list[Volume], about("Volumes that the containers may mount.", "honoured")] = []
    placement_constraints: Annotated[
        list[PlacementConstraint],
        Field(max_length=10),
        about("On which instances it may run.", "honoured"),
    ] = []
    requires_compatibilities: Annotated[
        list[Literal["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]],
        about("What the definition must be fit for.", "emulated", "checked as a document; every task runs as EXTERNAL"),
    ] = []
    cpu: Annotated[
        str | None,
        Field(pattern=CPU_PATTERN),
        about('CPU units for the whole task, or "1 vCPU".', "emulated", _PER_CONTAINER, unit="CPU units"),
    ] = None
    memory: Annotated[
        str | None,
        Field(pattern=MEMORY_PATTERN),
        about('MiB for the whole task, or "2 GB".', "emulated", _PER_CONTAINER, unit="MiB"),
    ] = None
    tags: Annotated[list[Tag], Field(max_length=50), about("Tags of the definition.", "honoured")] = []
    pid_mode: Annotated[
        Literal["host", "task"] | None,
        about("Whose processes the containers see.", "emulated", "task: those of a pause container"),
    ] = None
    ipc_mode: Annotated[
        Literal["host", "task", "none"] | None,
        about("With whom the containers share memory.", "emulated", "task: with a pause container"),
    ] = None
    proxy_configuration: Annotated[
        ProxyConfiguration | None, about("App Mesh proxy.", "kept", "traffic does not go through the proxy")
    ] = None
    inference_accelerators: Annotated[
        list[InferenceAccelerator], about("Elastic Inference.", "kept", "the service has ended")
    ] = []
    ephemeral_storage: Annotated[
        EphemeralStorage | None, about("Storage of a Fargate task.", "kept", "the instance's disk is the limit")
    ] = None
    runtime_platform: Annotated[
        RuntimePlatform | None, about("Platform of the images.", "emulated", "the platform of the pull")
    ] = None
    enable_fault_injection: Annotated[
        bool, about("Let experiments inject faults.", "kept", "there is no such endpoint")
    ] = False
    trusted_execution_configuration: Annotated[
        TrustedExecutionConfiguration | None,
        about("Sandbox of the task.", "kept", "containers run as the engine runs them"),
    ] = None

    def container(self, name: str) -> ContainerDefinition:
        """The container definition of that name; KeyError when there is none."""
        for container in self.container_definitions:
            if container.name == name:
                return container
        raise KeyError(name)

    @property
    def cpu_units(self) -> int | None:
        """The task's cpu in CPU units, whichever way it is written: "1 vCPU" and "1024" are both 1024."""
        return _size(self.cpu, "vcpu")

    @property
    def memory_mib(self) -> int | None:
        """The task's memory in MiB, whichever way it is written: "2 GB" and "2048" are both 2048."""
        return _size(self.memory, "gb")


def _size(text: str | None, suffix: str) -> int | None:
    if text is None:
        return None
    number = text.lower().removesuffix(suffix)
    return int(number) if number == text else int(Decimal(number.strip()) * 1024)


def linked(link: str) -> tuple[str, str]:
    """``name:alias`` or ``name`` → target container and alias."""
    target, _, alias = link.partition(":")
    return target, alias or target


_STRENGTH: tuple[Dependence, ...] = ("CREATE", "START", "COMPLETE", "SUCCESS", "HEALTHY")


def dependencies(definition: TaskDefinition, container: ContainerDefinition) -> dict[str, Dependence]:
    """Whom a container waits for: dependsOn, links (START) and volumesFrom (CREATE) (design: ECS semantics 4.1).

    Of several conditions on one container the strongest counts, in the order CREATE, START, COMPLETE, SUCCESS, HEALTHY.
    """
    waits: dict[str, Dependence] = {}
    for name, condition in _waits(container):
        if name not in waits or _STRENGTH.index(condition) > _STRENGTH.index(waits[name]):
            waits[name] = condition
    return waits


def _waits(container: ContainerDefinition) -> Iterable[tuple[str, Dependence]]:
    for source in container.volumes_from:
        yield source.source_container, "CREATE"
    for link in container.links:
        yield linked(link)[0], "START"
    for dependency in container.depends_on:
        yield dependency.container_name, dependency.condition
