"""Rules of volumes and of what is mounted where (design: ECS semantics 2.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.model.locations import ANY, Broken, Location, short
from app.model.task_definition import TaskDefinition
from app.model.volumes import EfsVolumeConfiguration, Volume


def broken_volumes(definition: TaskDefinition) -> Iterator[Broken]:
    counts = Counter(volume.name for volume in definition.volumes)
    at_launch = 0
    for index, volume in enumerate(definition.volumes):
        at: Location = ("volumes", index)
        if counts[volume.name] > 1:
            problem = f"{short(volume.name)!r} is defined twice"
            yield Broken((*at, "name"), problem, "give each volume its own name")
        at_launch += volume.configured_at_launch
        if volume.configured_at_launch and at_launch > 1:
            problem = "one volume at most is configured at launch"
            yield Broken((*at, "configuredAtLaunch"), problem, "remove it from the others")
        yield from _kinds(at, volume)
        yield from _docker(at, volume)
        if volume.efs_volume_configuration is not None:
            yield from _efs((*at, "efsVolumeConfiguration"), volume.efs_volume_configuration)
    yield from _mounts(definition)


def _kinds(at: Location, volume: Volume) -> Iterator[Broken]:
    given = {
        "host": volume.host is not None and volume.host.source_path,
        "dockerVolumeConfiguration": volume.docker_volume_configuration,
        "efsVolumeConfiguration": volume.efs_volume_configuration,
        "s3filesVolumeConfiguration": volume.s3files_volume_configuration,
        "fsxWindowsFileServerVolumeConfiguration": volume.fsx_windows_file_server_volume_configuration,
        "configuredAtLaunch": volume.configured_at_launch,
    }
    kinds = [kind for kind, value in given.items() if value]
    if len(kinds) > 1:
        premises = tuple((*at, kind) for kind in kinds)
        yield Broken(at, f"has {' and '.join(kinds)}", "keep one of them", premises=premises)


def _docker(at: Location, volume: Volume) -> Iterator[Broken]:
    docker = volume.docker_volume_configuration
    if docker is not None and docker.autoprovision and docker.scope == "task":
        here = (*at, "dockerVolumeConfiguration", "autoprovision")
        premises = (here, (*here[:-1], "scope"))
        yield Broken(here, "only a shared volume can have it", 'set scope to "shared", or remove it', premises=premises)


def _efs(at: Location, efs: EfsVolumeConfiguration) -> Iterator[Broken]:
    authorization = efs.authorization_config
    access_point = authorization is not None and authorization.access_point_id
    iam = authorization is not None and authorization.iam == "ENABLED"
    encryption: Location = (*at, "transitEncryption")
    premises = (encryption, (*at, "authorizationConfig"))
    if (access_point or iam) and efs.transit_encryption != "ENABLED":
        problem = "an access point or iam needs it" if efs.transit_encryption is None else "must be ENABLED here"
        remedy = "set it to ENABLED: authorizationConfig has an access point or iam"
        yield Broken(encryption, problem, remedy, premises=premises)
    if access_point and efs.root_directory not in (None, "", "/"):
        root: Location = (*at, "rootDirectory")
        premises = (root, (*at, "authorizationConfig"))
        yield Broken(root, "an access point has a root of its own", "remove it, or write /", premises=premises)


def _mounts(definition: TaskDefinition) -> Iterator[Broken]:
    names = {volume.name for volume in definition.volumes}
    for index, container in enumerate(definition.container_definitions):
        for number, mount in enumerate(container.mount_points):
            if mount.source_volume not in names:
                at = ("containerDefinitions", index, "mountPoints", number, "sourceVolume")
                problem = f"Unknown volume '{short(mount.source_volume)}'."
                yield Broken(at, problem, "add it to volumes", premises=(at, ("volumes", ANY, "name")))
