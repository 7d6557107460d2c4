"""The task definition: the members of RegisterTaskDefinition that Moorage honours so far.

Ranges, patterns, units and help live here, once, as Field metadata; the validator, the form and the command line read
them. Members that are not modelled are kept (``model_extra``) and reported, never refused: the original document is
stored byte for byte beside this parsed form. Source of the rules: design, ECS semantics section 2.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.model.names import CONTAINER_NAME_PATTERN, Condition

IMAGE_PATTERN = r"^[A-Za-z0-9_:./#@-]+$"

DEFAULT_STOP_TIMEOUT = 30
DOCKER_MINIMUM_MEMORY = 6


def unit(name: str) -> dict[str, Any]:
    """Field metadata: the unit that a number is shown and typed in."""
    return {"unit": name}


class Document(BaseModel):
    """A shape of the ECS API: camelCase members, strict types, unknown members kept."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="allow",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


Name = Annotated[str, Field(min_length=1, max_length=255, pattern=CONTAINER_NAME_PATTERN)]
Port = Annotated[int, Field(ge=0, le=65535)]


class KeyValue(Document):
    name: Annotated[str, Field(min_length=1, max_length=4096, description="Name of the environment variable.")]
    value: Annotated[
        str, Field(max_length=131072, description="Its value; shown masked when it looks like a secret.")
    ] = ""


class PortMapping(Document):
    container_port: Annotated[int, Field(ge=1, le=65535, description="Port inside the container.")]
    host_port: Annotated[Port | None, Field(description="Port on the instance; absent or 0: one is chosen.")] = None
    protocol: Annotated[Literal["tcp", "udp"], Field(description="Transport protocol.")] = "tcp"


class MountPoint(Document):
    source_volume: Annotated[Name, Field(description="Name of one of the task's volumes.")]
    container_path: Annotated[
        str,
        Field(min_length=1, max_length=4096, pattern=r"^/[^:]*$", description="Absolute path inside the container."),
    ]
    read_only: Annotated[bool, Field(description="Mount the volume read-only.")] = False


class HealthCheck(Document):
    command: Annotated[
        list[str], Field(min_length=1, description='["CMD", …], or ["CMD-SHELL", "one line for the shell"].')
    ]
    interval: Annotated[
        int, Field(ge=5, le=300, json_schema_extra=unit("s"), description="Time between two checks.")
    ] = 30
    timeout: Annotated[
        int, Field(ge=2, le=60, json_schema_extra=unit("s"), description="Time after which a check has failed.")
    ] = 5
    retries: Annotated[int, Field(ge=1, le=10, description="Failures in a row that make it UNHEALTHY.")] = 3
    start_period: Annotated[
        int,
        Field(
            ge=0, le=300, json_schema_extra=unit("s"), description="Time to start up, in which failures do not count."
        ),
    ] = 0


class ContainerDependency(Document):
    container_name: Annotated[Name, Field(description="Another container of this definition.")]
    condition: Annotated[Condition, Field(description="What that container must have reached first.")]


class ContainerDefinition(Document):
    name: Annotated[Name, Field(description="Name of the container, unique in the task.")]
    image: Annotated[
        str, Field(min_length=1, max_length=255, pattern=IMAGE_PATTERN, description="Image, as docker run takes it.")
    ]
    cpu: Annotated[
        int,
        Field(
            ge=0, le=262144, json_schema_extra=unit("CPU units"), description="CPU units reserved; 1024 are one core."
        ),
    ] = 0
    memory: Annotated[
        int | None,
        Field(
            ge=4, le=2**31, json_schema_extra=unit("MiB"), description="Hard limit: more than this and it is killed."
        ),
    ] = None
    memory_reservation: Annotated[
        int | None, Field(ge=4, le=2**31, json_schema_extra=unit("MiB"), description="Memory reserved on the instance.")
    ] = None
    essential: Annotated[bool, Field(description="When it stops, the whole task stops.")] = True
    entry_point: Annotated[list[str] | None, Field(description="Replaces the image's entry point.")] = None
    command: Annotated[list[str] | None, Field(description="Replaces the image's command.")] = None
    environment: Annotated[list[KeyValue], Field(description="Environment variables.")] = []
    port_mappings: Annotated[list[PortMapping], Field(description="Ports published on the instance.")] = []
    links: Annotated[list[str], Field(description='Containers reachable by name, as "name" or "name:alias".')] = []
    mount_points: Annotated[list[MountPoint], Field(description="Volumes and where they appear.")] = []
    health_check: Annotated[HealthCheck | None, Field(description="How to tell whether it works.")] = None
    depends_on: Annotated[
        list[ContainerDependency], Field(description="What must have happened before it starts.")
    ] = []
    start_timeout: Annotated[
        int | None,
        Field(
            ge=2,
            le=86400,
            json_schema_extra=unit("s"),
            description="Time in which its dependants' condition must be met.",
        ),
    ] = None
    stop_timeout: Annotated[
        int | None, Field(ge=2, le=86400, json_schema_extra=unit("s"), description="Time between SIGTERM and SIGKILL.")
    ] = None
    hostname: Annotated[str | None, Field(max_length=253, description="Host name inside the container.")] = None
    user: Annotated[str | None, Field(max_length=255, description="User, uid, or either with a group: 1000:1000.")] = (
        None
    )
    working_directory: Annotated[
        str | None, Field(max_length=4096, description="Folder in which the command starts.")
    ] = None


class HostVolume(Document):
    source_path: Annotated[
        str | None,
        Field(
            max_length=4096, pattern=r"^/[^:]*$", description="Folder on the instance; absent: one for this task alone."
        ),
    ] = None


class Volume(Document):
    name: Annotated[Name, Field(description="Name that mount points use.")]
    host: Annotated[
        HostVolume | None, Field(description="Where on the instance; absent: a volume for this task alone.")
    ] = None


class TaskDefinition(Document):
    family: Annotated[
        str,
        Field(
            min_length=1,
            max_length=255,
            pattern=CONTAINER_NAME_PATTERN,
            description="Name that all its revisions share.",
        ),
    ]
    container_definitions: Annotated[
        list[ContainerDefinition], Field(min_length=1, max_length=10, description="The containers of a task.")
    ]
    network_mode: Annotated[
        Literal["bridge", "host", "none", "awsvpc"] | None,
        Field(description="Network of the containers; absent is bridge."),
    ] = None
    volumes: Annotated[list[Volume], Field(description="Volumes that the containers may mount.")] = []
    cpu: Annotated[str | None, Field(pattern=r"^[0-9]{1,6}$", description="CPU units for the whole task.")] = None
    memory: Annotated[str | None, Field(pattern=r"^[0-9]{1,9}$", description="MiB for the whole task.")] = None

    def container(self, name: str) -> ContainerDefinition:
        """The container definition of that name; KeyError when there is none."""
        for container in self.container_definitions:
            if container.name == name:
                return container
        raise KeyError(name)


def linked(link: str) -> tuple[str, str]:
    """``name:alias`` or ``name`` → target container and alias."""
    target, _, alias = link.partition(":")
    return target, alias or target


def dependencies(definition: TaskDefinition, container: ContainerDefinition) -> dict[str, Condition]:
    """Whom a container waits for, links included: a link means START (design: ECS semantics 4.1)."""
    waits: dict[str, Condition] = {linked(link)[0]: "START" for link in container.links}
    waits.update({dependency.container_name: dependency.condition for dependency in container.depends_on})
    return waits
