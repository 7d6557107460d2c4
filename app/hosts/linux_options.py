"""linuxParameters, systemControls, security options and GPUs → HostConfig (design: ECS semantics 2.3 and 2.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.model.container_members import ResourceRequirement, SystemControl
from app.model.linux_parameters import Device, LinuxParameters
from app.model.task_definition import ContainerDefinition, TaskDefinition

_MIB = 2**20
_PERMISSIONS = {"read": "r", "write": "w", "mknod": "m"}


def linux_options(definition: TaskDefinition, container: ContainerDefinition) -> dict[str, Any]:
    """Members of HostConfig; None and empty ones are not to be sent."""
    return {
        "Privileged": container.privileged or None,
        "ReadonlyRootfs": container.readonly_root_filesystem or None,
        "SecurityOpt": _security_options(container.docker_security_options),
        "DeviceRequests": [
            _gpus(requirement) for requirement in container.resource_requirements if requirement.type == "GPU"
        ],
        "Sysctls": _sysctls(
            control for control in container.system_controls if not _of_shared_namespace(definition, control)
        ),
        **(_parameters(container.linux_parameters) if container.linux_parameters else {}),
    }


def shared_options(definition: TaskDefinition) -> dict[str, Any]:
    """What the containers ask of namespaces that they share: it goes to the pause container, which has them.

    Of several values for one kernel parameter the last counts, and of several sizes of /dev/shm the largest.
    """
    containers = definition.container_definitions
    sizes = [
        container.linux_parameters.shared_memory_size or 0
        for container in containers
        if container.linux_parameters is not None and definition.ipc_mode == "task"
    ]
    return {
        "Sysctls": _sysctls(
            control
            for container in containers
            for control in container.system_controls
            if _of_shared_namespace(definition, control)
        ),
        "ShmSize": max(sizes, default=0) * _MIB or None,
    }


def _parameters(parameters: LinuxParameters) -> dict[str, Any]:
    capabilities = parameters.capabilities
    size = parameters.shared_memory_size
    return {
        "CapAdd": capabilities.add if capabilities else None,
        "CapDrop": capabilities.drop if capabilities else None,
        "Devices": [_device(device) for device in parameters.devices],
        "Init": parameters.init_process_enabled or None,
        "ShmSize": None if size is None else size * _MIB,
        "Tmpfs": {
            mount.container_path: ",".join([*mount.mount_options, f"size={mount.size}m"]) for mount in parameters.tmpfs
        },
    }


def _device(device: Device) -> dict[str, str]:
    permissions = "".join(_PERMISSIONS[name] for name in dict.fromkeys(device.permissions))
    return {
        "PathOnHost": device.host_path,
        "PathInContainer": device.container_path or device.host_path,
        "CgroupPermissions": permissions or "rwm",
    }


def _security_options(options: Iterable[str]) -> list[str]:
    """Docker took ``name:value`` once; now it is ``name=value``. There is no domain for credential specs."""
    return [option.replace(":", "=", 1) for option in options if not option.startswith("credentialspec:")]


def _gpus(requirement: ResourceRequirement) -> dict[str, Any]:
    """A number of GPUs, or their ids; a share of one is a whole one here."""
    value = requirement.value or "1"
    which: dict[str, Any] = {"Count": int(value)} if value.isdecimal() else {"DeviceIDs": value.split(",")}
    return {"Driver": "", **which, "Capabilities": [["gpu"]]}


def _sysctls(controls: Iterable[SystemControl]) -> dict[str, str]:
    return {control.namespace: control.value for control in controls}


def _of_shared_namespace(definition: TaskDefinition, control: SystemControl) -> bool:
    """net.… belongs to the network's namespace, everything else that ECS allows to that of IPC."""
    if control.namespace.startswith("net."):
        return definition.network_mode == "awsvpc"
    return definition.ipc_mode == "task"
