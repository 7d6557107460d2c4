"""Rules of what a container asks of the kernel (design: ECS semantics 2.3, 2.4)."""

from __future__ import annotations

from collections.abc import Iterator

from app.model.container_definition import ContainerDefinition
from app.model.linux_parameters import LinuxParameters
from app.model.locations import Broken, Location, short
from app.model.task_definition import TaskDefinition

_IPC_PARAMETERS = frozenset(
    f"kernel.{name}" for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)
_NO_LIMIT = -1
MOUNT_OPTIONS = frozenset(
    {
        "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async",
        "dirsync", "remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind",
        "unbindable", "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave",
        "relatime", "norelatime", "strictatime", "nostrictatime", "mode", "uid", "gid", "nr_inodes",
        "nr_blocks", "mpol",
    }
)  # fmt: skip
_SECURITY_OPTIONS = ("apparmor:", "label:", "credentialspec:")


def in_a_container(parameter: str, network_mode: str = "", ipc_mode: str = "") -> bool:
    """Does the kernel parameter belong to a namespace that a container with these modes has for itself?"""
    if parameter.startswith("net."):
        return network_mode != "host"
    return (parameter in _IPC_PARAMETERS or parameter.startswith("fs.mqueue.")) and ipc_mode != "host"


def broken_on_linux(definition: TaskDefinition, at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    yield from _ulimits(at, container)
    yield from _system_controls(definition, at, container)
    yield from _security_options(at, container)
    if container.linux_parameters is not None:
        yield from _swap(definition, at, container, container.linux_parameters)
        yield from _parameters((*at, "linuxParameters"), container.linux_parameters)


def _ulimits(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    for number, limit in enumerate(container.ulimits):
        here = (*at, "ulimits", number)
        soft, hard = limit.soft_limit, limit.hard_limit
        if hard != _NO_LIMIT and (soft == _NO_LIMIT or soft > hard):
            premises = ((*here, "softLimit"), (*here, "hardLimit"))
            yield Broken(premises[0], "is more than hardLimit", "lower it", premises=premises)


def _system_controls(definition: TaskDefinition, at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    for number, control in enumerate(container.system_controls):
        here, name = (*at, "systemControls", number, "namespace"), control.namespace
        of_network = name.startswith("net.")
        if not in_a_container(name):
            yield Broken(here, f"{short(name)!r} belongs to no container", "use net.…, fs.mqueue.… or kernel.shm…")
        elif of_network and definition.network_mode == "host":
            problem, premises = "networkMode host shares the instance's", (here, ("networkMode",))
            yield Broken(here, problem, "remove it, or change networkMode", premises=premises)
        elif not of_network and definition.ipc_mode == "host":
            problem, premises = "ipcMode host shares the instance's", (here, ("ipcMode",))
            yield Broken(here, problem, "remove it, or change ipcMode", premises=premises)


def _security_options(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    for number, option in enumerate(container.docker_security_options):
        named = any(option.startswith(prefix) and option != prefix for prefix in _SECURITY_OPTIONS)
        if option != "no-new-privileges" and not named:
            here = (*at, "dockerSecurityOptions", number)
            remedy = "write no-new-privileges, apparmor:PROFILE, label:VALUE or credentialspec:PATH"
            yield Broken(here, "is no security option of ECS", remedy)


def _swap(
    definition: TaskDefinition, at: Location, container: ContainerDefinition, parameters: LinuxParameters
) -> Iterator[Broken]:
    here = (*at, "linuxParameters", "maxSwap")
    if parameters.max_swap is not None and container.memory is None and definition.memory is None:
        premises = (here, (*at, "memory"), ("memory",))
        yield Broken(here, "needs the container's memory", "add memory in MiB, or remove it", premises=premises)
    if parameters.swappiness is not None and parameters.max_swap is None:
        place = (*at, "linuxParameters", "swappiness")
        yield Broken(place, "counts only with maxSwap", "add maxSwap", "warning", premises=(place, here))


def _parameters(at: Location, parameters: LinuxParameters) -> Iterator[Broken]:
    if parameters.capabilities is not None:
        for member, names in (("add", parameters.capabilities.add), ("drop", parameters.capabilities.drop)):
            for number, name in enumerate(names):
                if name.startswith("CAP_"):
                    yield Broken((*at, "capabilities", member, number), "names stand without CAP_", "leave it out")
    for index, tmpfs in enumerate(parameters.tmpfs):
        for number, option in enumerate(tmpfs.mount_options):
            if option.partition("=")[0] not in MOUNT_OPTIONS:
                here = (*at, "tmpfs", index, "mountOptions", number)
                yield Broken(here, f"{short(option)!r} is no option of tmpfs", "use ro, noexec, mode=1777 or the like")
