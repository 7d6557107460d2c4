"""volumes: where the files of a task live (design: ECS semantics 2.5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.model.document import Document, about
from app.model.names import ABSOLUTE_PATH_PATTERN, CONTAINER_NAME_PATTERN

Name = Annotated[str, Field(min_length=1, max_length=255, pattern=CONTAINER_NAME_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=4096)]
Port = Annotated[int, Field(ge=1, le=65535)]

_OWN_VOLUME = "a local volume of the task's own; its data does not outlive the task"


class HostVolume(Document):
    source_path: Annotated[
        str | None,
        Field(max_length=4096, pattern=ABSOLUTE_PATH_PATTERN),
        about("Folder on the instance; absent: one for this task alone."),
    ] = None


class DockerVolumeConfiguration(Document):
    scope: Annotated[
        Literal["task", "shared"], about("task: goes with the task; shared: stays, for others to use.")
    ] = "task"
    autoprovision: Annotated[bool, about("Make a shared volume that is not there.")] = False
    driver: Annotated[Text | None, about("Volume driver of the engine; absent: local.")] = None
    driver_opts: Annotated[dict[str, str], about("Options of the driver.")] = {}
    labels: Annotated[dict[str, str], about("Labels of the volume.")] = {}


class EfsAuthorizationConfig(Document):
    access_point_id: Annotated[str | None, about("EFS access point.")] = None
    iam: Annotated[Literal["ENABLED", "DISABLED"] | None, about("Whether the task role is used.")] = None


class EfsVolumeConfiguration(Document):
    file_system_id: Annotated[Text, about("EFS file system.")]
    root_directory: Annotated[str | None, about("Folder of it that is mounted.")] = None
    transit_encryption: Annotated[
        Literal["ENABLED", "DISABLED"] | None, about("Encrypt between the instance and EFS.")
    ] = None
    transit_encryption_port: Annotated[Port | None, about("Port of the encrypted traffic.")] = None
    authorization_config: Annotated[EfsAuthorizationConfig | None, about("How EFS lets it in.")] = None


class S3FilesVolumeConfiguration(Document):
    file_system_arn: Annotated[Text, about("S3 file system.")]
    root_directory: Annotated[str | None, about("Folder of it that is mounted.")] = None
    transit_encryption_port: Annotated[Port | None, about("Port of the encrypted traffic.")] = None
    access_point_arn: Annotated[str | None, about("S3 files access point.")] = None


class FsxAuthorizationConfig(Document):
    credentials_parameter: Annotated[Text, about("ARN of the secret with the credentials.")]
    domain: Annotated[Text, about("Domain of the directory.")]


class FsxVolumeConfiguration(Document):
    file_system_id: Annotated[Text, about("FSx for Windows file system.")]
    root_directory: Annotated[Text, about("Folder of it that is mounted.")]
    authorization_config: Annotated[FsxAuthorizationConfig, about("How FSx lets it in.")]


class Volume(Document):
    name: Annotated[Name, about("Name that mount points use.")]
    host: Annotated[HostVolume | None, about("Where on the instance; absent: a volume for this task alone.")] = None
    docker_volume_configuration: Annotated[
        DockerVolumeConfiguration | None, about("A Docker volume, of the task or shared.")
    ] = None
    efs_volume_configuration: Annotated[
        EfsVolumeConfiguration | None, about("An Amazon EFS file system.", "emulated", _OWN_VOLUME)
    ] = None
    s3files_volume_configuration: Annotated[
        S3FilesVolumeConfiguration | None,
        Field(alias="s3filesVolumeConfiguration"),
        about("An Amazon S3 file system.", "emulated", _OWN_VOLUME),
    ] = None
    fsx_windows_file_server_volume_configuration: Annotated[
        FsxVolumeConfiguration | None, about("An Amazon FSx for Windows file system.", "emulated", _OWN_VOLUME)
    ] = None
    configured_at_launch: Annotated[bool, about("Its details come when the task is run.", "emulated", _OWN_VOLUME)] = (
        False
    )
