"""How the form of a task definition is laid out: its sections and groups, words, offers, and what is masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from app.screens.definition_summaries import SUMMARIES
from widgets.model_form.hints import FormHints, Group
from widgets.model_form.shape import ABSENT, Path, child

_CONTAINER: Final = ("containerDefinitions", "*")

GROUPS: Final = {
    (): (
        Group(
            "General",
            (
                "family", "networkMode", "cpu", "memory", "runtimePlatform", "pidMode", "ipcMode",
            ),
            open=True,
        ),
        Group("Containers", ("containerDefinitions",), open=True),
        Group("Volumes", ("volumes",)),
        Group("Placement", ("placementConstraints",)),
        Group("Tags", ("tags",)),
        Group(
            "AWS",
            (
                "taskRoleArn", "executionRoleArn", "requiresCompatibilities", "ephemeralStorage", "proxyConfiguration",
                "inferenceAccelerators", "enableFaultInjection", "trustedExecutionConfiguration",
            ),
        ),
    ),
    _CONTAINER: (
        Group("Image and command", ("name", "image", "essential", "command", "entryPoint", "workingDirectory", "user",
                                    "hostname", "repositoryCredentials", "versionConsistency"), open=True),
        Group("Resources", ("memory", "memoryReservation", "cpu", "resourceRequirements", "ulimits")),
        Group("Ports", ("portMappings",)),
        Group("Environment and secrets", ("environment", "secrets", "environmentFiles")),
        Group("Mounts", ("mountPoints", "volumesFrom")),
        Group("Health check", ("healthCheck",)),
        Group("Dependencies and links", ("dependsOn", "links")),
        Group("Logging", ("logConfiguration", "firelensConfiguration")),
        Group("Network", ("dnsServers", "dnsSearchDomains", "extraHosts", "disableNetworking")),
        Group("Linux and security", ("privileged", "readonlyRootFilesystem", "linuxParameters", "systemControls",
                                     "dockerSecurityOptions", "credentialSpecs", "interactive", "pseudoTerminal")),
        Group("Restart and time-outs", ("restartPolicy", "startTimeout", "stopTimeout")),
        Group("Labels", ("dockerLabels",)),
    ),
}  # fmt: skip

LABELS: Final = {
    "cpu": "CPU",
    "taskRoleArn": "Task role ARN",
    "executionRoleArn": "Execution role ARN",
    "pidMode": "PID mode",
    "ipcMode": "IPC mode",
    "dnsServers": "DNS servers",
    "dnsSearchDomains": "DNS search domains",
    "readonlyRootFilesystem": "Read-only root file system",
    "ipAddress": "IP address",
    "efsVolumeConfiguration": "EFS volume",
    "fsxWindowsFileServerVolumeConfiguration": "FSx volume",
    "s3filesVolumeConfiguration": "S3 files volume",
    "dockerVolumeConfiguration": "Docker volume",
    "iam": "IAM",
    "sizeInGiB": "Size",
    "fileSystemId": "File system id",
    "fileSystemArn": "File system ARN",
    "accessPointId": "Access point id",
    "accessPointArn": "Access point ARN",
    "trustedExecutionConfiguration": "Trusted execution",
    "cpuArchitecture": "CPU architecture",
    "nvidiaMps": "NVIDIA MPS",
    "tmpfs": "tmpfs",
}


def definition_hints() -> FormHints:
    from app.model.dotenv import env_pairs
    from app.model.masking import looks_secret

    return FormHints(
        groups=GROUPS, labels=LABELS, summaries=SUMMARIES, offers=offers, secret=looks_secret, pairs=env_pairs
    )


def offers(document: Any, path: Path) -> Sequence[str]:
    """Names in the document that a member may refer to: other containers, volumes."""
    match path:
        case ("containerDefinitions", int(index), "dependsOn", _, "containerName"):
            return _others(document, index)
        case ("containerDefinitions", int(index), "links", _):
            return _others(document, index)
        case ("containerDefinitions", int(index), "volumesFrom", _, "sourceContainer"):
            return _others(document, index)
        case ("containerDefinitions", _, "mountPoints", _, "sourceVolume"):
            return _names(child(document, "volumes"))
        case ("proxyConfiguration", "containerName"):
            return _names(child(document, "containerDefinitions"))
    return ()


def _others(document: Any, index: int) -> Sequence[str]:
    containers = child(document, "containerDefinitions")
    others = [item for number, item in enumerate(containers) if number != index] if isinstance(containers, list) else []
    return _names(others)


def _names(items: Any) -> Sequence[str]:
    found = [child(item, "name") for item in items] if isinstance(items, list) and items is not ABSENT else []
    return [name for name in found if isinstance(name, str) and name]
