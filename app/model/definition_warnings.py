"""What of a definition is kept or only emulated, told when it is registered: nobody should find out later."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.model.container_definition import ContainerDefinition
from app.model.honour import told
from app.model.locations import Broken, Location
from app.model.task_definition import TaskDefinition
from app.model.volumes import Volume

_LONGEST_GUESS = 64
_JSON_FILE = {"awslogs": "nothing is sent to CloudWatch", "awsfirelens": "nothing goes to a log router"}
_FOREIGN_STORAGE = {
    "efs_volume_configuration": "efsVolumeConfiguration",
    "s3files_volume_configuration": "s3filesVolumeConfiguration",
    "fsx_windows_file_server_volume_configuration": "fsxWindowsFileServerVolumeConfiguration",
    "configured_at_launch": "configuredAtLaunch",
}


def kept_members(definition: TaskDefinition) -> Iterator[Broken]:
    """Members without effect, by their metadata: those that were given something."""
    for at, field, value in _given(definition):
        level, note = told(field)
        if level == "kept" and value:
            yield Broken(at, "is kept, but has no effect", note, "warning")


def unknown_members(model: BaseModel, at: Location = ()) -> Iterator[Broken]:
    """Members that are not ECS's, wherever they stand. Only the names of the shape they stand in are guessed at."""
    known = [field.alias or name for name, field in type(model).model_fields.items()]
    for key in model.model_extra or {}:
        close = difflib.get_close_matches(key[:_LONGEST_GUESS], known, n=1, cutoff=0.85)
        remedy = f"did you mean {close[0]!r}?" if close else "it is in the stored document, and is not honoured"
        yield Broken((*at, key), "kept, but not known to this version", remedy, "warning")
    for place, _, value in _given(model, at, deep=False):
        for below, item in _models(place, value):
            yield from unknown_members(item, below)


def emulated_values(definition: TaskDefinition) -> Iterator[Broken]:
    """Values whose emulation differs from ECS in a way that matters."""
    yield from _task(definition)
    for index, container in enumerate(definition.container_definitions):
        yield from _container(("containerDefinitions", index), container)
    for index, volume in enumerate(definition.volumes):
        yield from _volume(("volumes", index), volume)


def _task(definition: TaskDefinition) -> Iterator[Broken]:
    if definition.network_mode == "awsvpc":
        remedy = "its ports are published at host ports that Moorage chooses"
        yield Broken(("networkMode",), "awsvpc is emulated, without an interface of its own", remedy, "warning")
    if "FARGATE" in definition.requires_compatibilities:
        problem = "FARGATE is not what tasks run on here"
        yield Broken(("requiresCompatibilities",), problem, "they run on the cluster's instances", "warning")
    platform = definition.runtime_platform
    if platform is not None and (platform.operating_system_family or "LINUX") != "LINUX":
        at: Location = ("runtimePlatform", "operatingSystemFamily")
        yield Broken(at, "Windows containers do not run on Linux instances", "build the images for LINUX", "warning")
    for member, size in (("cpu", definition.cpu), ("memory", definition.memory)):
        if size is not None and len(definition.container_definitions) > 1:
            problem = "limits each container; their sum is not capped"
            yield Broken((member,), problem, "set it on the containers to divide it", "warning")


def _container(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    logging = container.log_configuration
    if logging is not None and logging.log_driver in _JSON_FILE:
        here = (*at, "logConfiguration", "logDriver")
        yield Broken(here, f"{logging.log_driver} becomes json-file", _JSON_FILE[logging.log_driver], "warning")
    for number, requirement in enumerate(container.resource_requirements):
        if requirement.type != "GPU":
            here = (*at, "resourceRequirements", number, "type")
            yield Broken(here, "is kept, but has no effect", "there are GPUs alone", "warning")
    for number, option in enumerate(container.docker_security_options):
        if option.startswith("credentialspec:"):
            here = (*at, "dockerSecurityOptions", number)
            yield Broken(here, "is kept, but has no effect", "there is no domain to join", "warning")


def _volume(at: Location, volume: Volume) -> Iterator[Broken]:
    for name, member in _FOREIGN_STORAGE.items():
        if getattr(volume, name):
            remedy = "its data does not outlive the task"
            yield Broken((*at, member), "becomes a local volume of the task's own", remedy, "warning")


Given = tuple[Location, FieldInfo, Any]


def _given(model: BaseModel, at: Location = (), *, deep: bool = True) -> Iterator[Given]:
    """The known members that were given; not below one that is only kept."""
    for name, field in type(model).model_fields.items():
        if name not in model.model_fields_set:
            continue
        value, here = getattr(model, name), (*at, field.alias or name)
        yield here, field, value
        if deep and told(field)[0] != "kept":
            for below, item in _models(here, value):
                yield from _given(item, below)


def _models(at: Location, value: Any) -> Iterator[tuple[Location, BaseModel]]:
    if isinstance(value, BaseModel):
        yield at, value
    elif isinstance(value, list):
        yield from (((*at, index), item) for index, item in enumerate(value) if isinstance(item, BaseModel))
