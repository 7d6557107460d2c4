"""linuxParameters: what a container may ask of the Linux kernel (design: ECS semantics 2.4)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.model.document import Document, about
from app.model.names import ABSOLUTE_PATH_PATTERN

MOST_MIB = 2**31

Path = Annotated[str, Field(min_length=1, max_length=4096, pattern=ABSOLUTE_PATH_PATTERN)]
Capability = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Z][A-Z0-9_]*$")]


class KernelCapabilities(Document):
    add: Annotated[list[Capability], about("Capabilities beside Docker's own, without CAP_; ALL for every one.")] = []
    drop: Annotated[list[Capability], about("Capabilities to take away, without CAP_; ALL for every one.")] = []


class Device(Document):
    host_path: Annotated[Path, about("Device on the instance.")]
    container_path: Annotated[Path | None, about("Where it appears; absent: at the same path.")] = None
    permissions: Annotated[
        list[Literal["read", "write", "mknod"]], about("What may be done with it; absent: everything.")
    ] = []


class Tmpfs(Document):
    container_path: Annotated[Path, about("Where it appears.")]
    size: Annotated[int, Field(ge=1, le=MOST_MIB), about("Most that it may hold.", unit="MiB")]
    mount_options: Annotated[list[str], about("Options of mount: ro, noexec, mode=1777 …")] = []


class LinuxParameters(Document):
    capabilities: Annotated[KernelCapabilities | None, about("Kernel capabilities added and dropped.")] = None
    devices: Annotated[list[Device], about("Devices of the instance that it may use.")] = []
    init_process_enabled: Annotated[bool, about("An init that passes signals on and reaps zombies.")] = False
    shared_memory_size: Annotated[
        int | None, Field(ge=0, le=MOST_MIB), about("Size of /dev/shm; absent: Docker's 64.", unit="MiB")
    ] = None
    tmpfs: Annotated[list[Tmpfs], about("File systems in memory.")] = []
    max_swap: Annotated[
        int | None, Field(ge=0, le=MOST_MIB), about("Swap beside memory; 0: none; absent: as much again.", unit="MiB")
    ] = None
    swappiness: Annotated[
        int | None,
        Field(ge=0, le=100),
        about("How readily it swaps; counts only with maxSwap.", "honoured", "on cgroup v1 alone: v2 has no such knob"),
    ] = None
