"""A container definition: all its members, with limits, help and how far each is honoured.

Source: design, ECS semantics 2.3.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.model.container_members import (
    ContainerDependency,
    EnvironmentFile,
    FirelensConfiguration,
    HealthCheck,
    HostEntry,
    KeyValue,
    LogConfiguration,
    MountPoint,
    PortMapping,
    RepositoryCredentials,
    ResourceRequirement,
    RestartPolicy,
    Secret,
    SystemControl,
    Ulimit,
    VolumeFrom,
)
from app.model.document import Document, about
from app.model.linux_parameters import LinuxParameters
from app.model.volumes import Name

IMAGE_PATTERN = r"^[A-Za-z0-9_:./#@-]+$"
MOST_UNITS = 2**31 - 1
MOST_MIB = 2**31
LONGEST_TIMEOUT = 86400

_WATCHER = "needs a watcher: the dashboard, the agent, or run-task --wait"

SearchDomain = Annotated[str, Field(pattern=r"^[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9]$")]
Label = Annotated[str, Field(max_length=131072)]


class ContainerDefinition(Document):
    name: Annotated[Name, about("Name of the container, unique in the task.")]
    image: Annotated[
        str, Field(min_length=1, max_length=255, pattern=IMAGE_PATTERN), about("Image, as docker run takes it.")
    ]
    repository_credentials: Annotated[
        RepositoryCredentials | None,
        about("How to log in to the image's registry; absent: as this machine's docker does.", "honoured"),
    ] = None
    cpu: Annotated[
        int, Field(ge=0, le=MOST_UNITS), about("CPU units reserved; 1024 are one core.", unit="CPU units")
    ] = 0
    memory: Annotated[
        int | None, Field(ge=4, le=MOST_MIB), about("Hard limit: more than this and it is killed.", unit="MiB")
    ] = None
    memory_reservation: Annotated[
        int | None, Field(ge=4, le=MOST_MIB), about("Memory reserved on the instance.", unit="MiB")
    ] = None
    links: Annotated[
        list[str],
        about(
            'Containers reachable by name, as "name" or "name:alias".',
            "emulated",
            "on a network of the task's own, without the target's environment",
        ),
    ] = []
    port_mappings: Annotated[list[PortMapping], about("Ports published on the instance.")] = []
    essential: Annotated[bool, about("When it stops, the whole task stops.", "honoured", _WATCHER)] = True
    restart_policy: Annotated[
        RestartPolicy | None, about("Whether it is started again when it exits.", "honoured", _WATCHER)
    ] = None
    entry_point: Annotated[list[str] | None, about("Replaces the image's entry point.")] = None
    command: Annotated[list[str] | None, about("Replaces the image's command.")] = None
    environment: Annotated[list[KeyValue], about("Environment variables.")] = []
    environment_files: Annotated[
        list[EnvironmentFile],
        Field(max_length=10),
        about("Files of environment variables.", "emulated", "from [environment_files] of config.toml"),
    ] = []
    mount_points: Annotated[list[MountPoint], about("Volumes and where they appear.")] = []
    volumes_from: Annotated[list[VolumeFrom], about("Containers whose volumes it gets too.")] = []
    linux_parameters: Annotated[LinuxParameters | None, about("What it asks of the Linux kernel.")] = None
    secrets: Annotated[
        list[Secret], about("Environment variables that are secrets.", "emulated", "from [secrets] of config.toml")
    ] = []
    depends_on: Annotated[
        list[ContainerDependency], about("What must have happened before it starts.", "honoured", _WATCHER)
    ] = []
    start_timeout: Annotated[
        int | None,
        Field(ge=2, le=LONGEST_TIMEOUT),
        about("Time in which its dependants' condition must be met.", "honoured", _WATCHER, unit="s"),
    ] = None
    stop_timeout: Annotated[
        int | None,
        Field(ge=2, le=LONGEST_TIMEOUT),
        about("Time between SIGTERM and SIGKILL.", "honoured", _WATCHER, unit="s"),
    ] = None
    version_consistency: Annotated[
        Literal["enabled", "disabled"] | None,
        about("Resolve the image's tag once for all tasks.", "kept", "each launch takes what the tag names then"),
    ] = None
    hostname: Annotated[str | None, Field(max_length=253), about("Host name inside the container.")] = None
    user: Annotated[str | None, Field(max_length=255), about("User, uid, or either with a group: 1000:1000.")] = None
    working_directory: Annotated[str | None, Field(max_length=4096), about("Folder in which the command starts.")] = (
        None
    )
    disable_networking: Annotated[bool, about("No network but its own loopback.")] = False
    privileged: Annotated[bool, about("Nearly all the rights of root on the instance.")] = False
    readonly_root_filesystem: Annotated[bool, about("Its own files cannot be changed.")] = False
    dns_servers: Annotated[list[str], about("Addresses of DNS servers.")] = []
    dns_search_domains: Annotated[list[SearchDomain], about("Domains searched for short names.")] = []
    extra_hosts: Annotated[list[HostEntry], about("Entries for /etc/hosts.")] = []
    docker_security_options: Annotated[
        list[str],
        about("no-new-privileges, apparmor:PROFILE or label:….", "honoured", "credentialspec is kept"),
    ] = []
    interactive: Annotated[bool, about("Keep the standard input open.")] = False
    pseudo_terminal: Annotated[bool, about("Give it a terminal.")] = False
    docker_labels: Annotated[dict[str, Label], about("Labels of the container; those of ECS and Moorage win.")] = {}
    ulimits: Annotated[list[Ulimit], about("Limits of its processes.")] = []
    log_configuration: Annotated[
        LogConfiguration | None, about("Where its output goes; absent: the engine's default.")
    ] = None
    health_check: Annotated[HealthCheck | None, about("How to tell whether it works.")] = None
    system_controls: Annotated[list[SystemControl], about("Kernel parameters of its namespaces.")] = []
    resource_requirements: Annotated[list[ResourceRequirement], about("GPUs that it needs.")] = []
    firelens_configuration: Annotated[
        FirelensConfiguration | None,
        about("Makes it the task's log router.", "kept", "it runs as any container; nothing is routed to it"),
    ] = None
    credential_specs: Annotated[
        list[Annotated[str, Field(pattern=r"^credentialspec(?:domainless)?:.+$")]],
        Field(max_length=1),
        about("Credential spec for Active Directory.", "kept", "there is no domain to join"),
    ] = []

    @property
    def health_checked(self) -> bool:
        """Whether Docker checks its health: ``["NONE"]`` is no check."""
        return self.health_check is not None and self.health_check.command[0] != "NONE"
