"""Requests of what is done with images: ECS has none of these, so members and flags are those of the docker command."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.model.requests import ClusterName, Names, Request

Image = Annotated[str, Field(min_length=1, description="Image, as in nginx:1.28 or registry.lan/web:7.")]
_Instances = Annotated[
    list[str], Field(max_length=100, description="Container instances (default: all of the cluster).")
]
_Platform = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?)?$", description="As in linux/arm64 (default: the host's own)."
    ),
]


class LoginRequest(Request):
    """The password is read from stdin or asked for; no flag takes it."""

    registry: Annotated[str, Field(description="Registry, as in registry.lan:5000 (default: Docker Hub).")] = ""
    username: Annotated[str, Field(description="Who you are there; asked for where there is a terminal.")] = ""
    password_stdin: Annotated[bool, Field(description="Read the password from stdin.")] = False
    cluster: ClusterName = ""
    container_instance: Annotated[
        str, Field(description="Instance that tries the password at the registry (default: one that answers).")
    ] = ""


class LogoutRequest(Request):
    registry: Annotated[str, Field(description="Registry, as in registry.lan:5000 (default: Docker Hub).")] = ""


class ListImagesRequest(Request):
    cluster: ClusterName = ""
    container_instances: _Instances = []


class PullImageRequest(Request):
    image: Image
    cluster: ClusterName = ""
    container_instances: _Instances = []
    platform: _Platform = ""


class PushImageRequest(Request):
    image: Image
    cluster: ClusterName = ""
    container_instance: Annotated[
        str, Field(description="Instance that has the image (default: the first that has it).")
    ] = ""


class TagImageRequest(Request):
    image: Image
    tag: Annotated[str, Field(min_length=1, description="Its other name, as in registry.lan/web:8.")]
    cluster: ClusterName = ""
    container_instances: _Instances = []


class RemoveImageRequest(Request):
    image: Image
    cluster: ClusterName = ""
    container_instances: _Instances = []


class PruneImagesRequest(Request):
    cluster: ClusterName = ""
    container_instances: _Instances = []
    all: Annotated[bool, Field(description="Also images with a name that no container uses.")] = False
    dry_run: Annotated[bool, Field(description="Only list what would go.")] = False


class CopyImageRequest(Request):
    image: Image
    cluster: ClusterName = ""
    from_: Annotated[
        str, Field(alias="from", description="Instance that has it, or CLUSTER/INSTANCE (default: the first with it).")
    ] = ""
    to: Annotated[list[str], Field(max_length=100, description="Instances that get it.")] = []
    to_all: Annotated[bool, Field(description="All other instances of the cluster get it.")] = False


class BuildImageRequest(Request):
    path: Annotated[str, Field(min_length=1, description="Folder that is sent to the engine as the build's context.")]
    tag: Annotated[Names, Field(description="Names of the image that is built, as in registry.lan/web:7.")]
    file: Annotated[str, Field(description="The Dockerfile (default: PATH/Dockerfile).")] = ""
    cluster: ClusterName = ""
    container_instance: Annotated[
        str, Field(description="Instance that builds (default: the one with the most free memory).")
    ] = ""
    build_arg: Annotated[list[str], Field(max_length=100, description="NAME=VALUE, or NAME from the environment.")] = []
    target: Annotated[str, Field(description="Stage to stop at.")] = ""
    platform: _Platform = ""
    no_cache: Annotated[bool, Field(description="Do every step again.")] = False
    pull: Annotated[bool, Field(description="Look in the registry for newer base images.")] = False


class DeployRequest(Request):
    file: Annotated[
        str, Field(description="moorage.toml, a Compose file, or a task definition (default: the one that is here).")
    ] = ""
    cluster: ClusterName = ""
    count: Annotated[
        int | None, Field(ge=1, le=10, description="Tasks to run (default: what the file says, or 1).")
    ] = None
    no_build: Annotated[bool, Field(description="Take the image that is there.")] = False
    dry_run: Annotated[bool, Field(description="Only tell what would be done.")] = False
