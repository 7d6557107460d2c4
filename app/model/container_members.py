"""The small shapes inside a container definition (design: ECS semantics 2.3 and 2.4)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.model.document import Document, about
from app.model.names import ABSOLUTE_PATH_PATTERN, Condition
from app.model.volumes import Name, Text

_FROM_CONFIG = "its value comes from [secrets] of config.toml"
_SERVICE_CONNECT = "there is no Service Connect"


class RepositoryCredentials(Document):
    credentials_parameter: Annotated[
        Text, about("ARN or name of the secret with the registry's username and password.", "emulated", _FROM_CONFIG)
    ]


class KeyValue(Document):
    name: Annotated[str, Field(min_length=1, max_length=4096), about("Name of the environment variable.")]
    value: Annotated[str, Field(max_length=131072), about("Its value.")] = ""


class EnvironmentFile(Document):
    value: Annotated[Text, about("ARN of the file in S3.", "emulated", "[environment_files] says which local file")]
    type: Annotated[Literal["s3"], about("Where the file is.")]


class Secret(Document):
    name: Annotated[Text, about("Name of the environment variable, or of the log driver's option.")]
    value_from: Annotated[Text, about("ARN or name of the secret or parameter.", "emulated", _FROM_CONFIG)]


class PortMapping(Document):
    container_port: Annotated[int | None, Field(ge=1, le=65535), about("Port inside the container.")] = None
    host_port: Annotated[
        int | None, Field(ge=0, le=65535), about("Port on the instance; absent or 0: one is chosen.")
    ] = None
    protocol: Annotated[Literal["tcp", "udp"], about("Transport protocol.")] = "tcp"
    name: Annotated[
        str | None,
        Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_][a-z0-9_-]*$"),
        about("Name of the port for Service Connect.", "kept", _SERVICE_CONNECT),
    ] = None
    app_protocol: Annotated[
        Literal["http", "http2", "grpc"] | None,
        about("Protocol that the application speaks.", "kept", _SERVICE_CONNECT),
    ] = None
    container_port_range: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{1,5}-[0-9]{1,5}$"),
        about(
            'Ports inside the container, as "first-last".',
            "honoured",
            "as many free host ports in a row, chosen by Moorage",
        ),
    ] = None

    @property
    def container_ports(self) -> range:
        """The ports inside the container: one, or those of the range; none for a range that is no range."""
        if self.container_port is not None:
            return range(self.container_port, self.container_port + 1)
        first, dash, last = (self.container_port_range or "").partition("-")
        return range(int(first), int(last) + 1) if dash else range(0)


class RestartPolicy(Document):
    enabled: Annotated[bool, about("Start the container again when it exits.")]
    ignored_exit_codes: Annotated[
        list[int], Field(max_length=50), about("Exit codes after which it is not started again.")
    ] = []
    restart_attempt_period: Annotated[
        int, Field(ge=60, le=1800), about("Time that it must have run before it is started again.", unit="s")
    ] = 300


class MountPoint(Document):
    source_volume: Annotated[Name, about("Name of one of the task's volumes.")]
    container_path: Annotated[
        str,
        Field(min_length=1, max_length=4096, pattern=ABSOLUTE_PATH_PATTERN),
        about("Absolute path inside the container."),
    ]
    read_only: Annotated[bool, about("Mount the volume read-only.")] = False


class VolumeFrom(Document):
    source_container: Annotated[Name, about("Container of this definition whose mounts it gets.")]
    read_only: Annotated[bool, about("Mount them read-only.")] = False


class ContainerDependency(Document):
    container_name: Annotated[Name, about("Another container of this definition.")]
    condition: Annotated[Condition, about("What that container must have reached first.")]


class HostEntry(Document):
    hostname: Annotated[Text, about("Name in /etc/hosts.")]
    ip_address: Annotated[Text, about("Its address.")]


class Ulimit(Document):
    name: Annotated[
        Literal[
            "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
            "rttime", "sigpending", "stack",
        ],
        about("Which limit."),
    ]  # fmt: skip
    soft_limit: Annotated[int, Field(ge=-1, lt=2**63), about("What holds; the process may raise it; -1: no limit.")]
    hard_limit: Annotated[int, Field(ge=-1, lt=2**63), about("How far it may be raised; -1: no limit.")]


LogDriver = Literal[
    "json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens", "logentries"
]


class LogConfiguration(Document):
    log_driver: Annotated[
        LogDriver, about("Where the output goes.", "emulated", "awslogs and awsfirelens become json-file")
    ]
    options: Annotated[dict[str, str], about("Options of the log driver.")] = {}
    secret_options: Annotated[list[Secret], about("Options whose values are secrets.", "emulated", _FROM_CONFIG)] = []


class HealthCheck(Document):
    command: Annotated[list[str], Field(min_length=1), about('["CMD", …], or ["CMD-SHELL", "one line for the shell"].')]
    interval: Annotated[int, Field(ge=5, le=300), about("Time between two checks.", unit="s")] = 30
    timeout: Annotated[int, Field(ge=2, le=60), about("Time after which a check has failed.", unit="s")] = 5
    retries: Annotated[int, Field(ge=1, le=10), about("Failures in a row that make it UNHEALTHY.")] = 3
    start_period: Annotated[
        int, Field(ge=0, le=300), about("Time to start up, in which failures do not count.", unit="s")
    ] = 0


class SystemControl(Document):
    namespace: Annotated[Text, about("Kernel parameter: net.… or one of the IPC ones.")]
    value: Annotated[Text, about("What it is set to.")]


class NvidiaMps(Document):
    memory: Annotated[int, Field(ge=1), about("Memory of the GPU for this container.", unit="MiB")]
    max_compute_percent: Annotated[
        int | None, Field(ge=1, le=100), about("Most of the GPU's threads that it may use.", unit="%")
    ] = None


class SharingStrategy(Document):
    nvidia_mps: Annotated[NvidiaMps | None, about("Share of a GPU by NVIDIA MPS.")] = None


class ResourceRequirement(Document):
    value: Annotated[str | None, Field(min_length=1, max_length=255), about("GPUs: how many.")] = None
    type: Annotated[
        Literal["GPU", "InferenceAccelerator", "NeuronDevice"],
        about("What is needed.", "honoured", "GPU alone; InferenceAccelerator and NeuronDevice are kept"),
    ]
    sharing_strategy: Annotated[
        SharingStrategy | None, about("How a GPU is shared.", "kept", "a GPU is given whole")
    ] = None


class FirelensConfiguration(Document):
    type: Annotated[Literal["fluentd", "fluentbit"], about("Which log router this container is.")]
    options: Annotated[dict[str, str], about("Options of the router's configuration.")] = {}
