"""Making a used engine clean again through its own API."""

from __future__ import annotations

from contextlib import suppress

import docker

from tests.engine_bed import image
from tests.engine_bed.waiting import wait_until

_BUILT_IN_NETWORKS = {"bridge", "host", "none"}


def clean(api: docker.APIClient) -> None:
    """Removes all containers, networks, volumes and images but busybox; AssertionError if something stays."""
    wait_until(lambda: _no_containers(api), within=30, every=0.05, what="every container removed")
    for network in api.networks():
        if network["Name"] not in _BUILT_IN_NETWORKS:
            with suppress(docker.errors.NotFound):
                api.remove_network(network["Id"])
    for volume in api.volumes()["Volumes"] or []:
        with suppress(docker.errors.NotFound):
            api.remove_volume(volume["Name"], force=True)
    wait_until(lambda: _only_busybox(api), within=30, every=0.05, what="every image but busybox removed")


def _no_containers(api: docker.APIClient) -> bool:
    """One sweep. 404: gone by itself; 409: its removal is under way already (--rm), or, on podman, others go first."""
    for container in api.containers(all=True):
        try:
            api.remove_container(container["Id"], force=True, v=True)
        except docker.errors.APIError as refused:
            if refused.status_code not in (404, 409) and "has dependent containers" not in str(refused.explanation):
                raise
    return not api.containers(all=True)


def _only_busybox(api: docker.APIClient) -> bool:
    """One sweep; whether nothing else is left. 409: others are made of it, which were made in the same second."""
    others = False
    for found in api.images():
        tags = [tag for tag in found["RepoTags"] or [] if tag != "<none>:<none>"]
        if not image.NAMES.intersection(tags):
            others = True
            with suppress(docker.errors.NotFound):
                _remove_unless_needed(api, found["Id"])
            continue
        for tag in tags:
            if tag not in image.NAMES:
                api.remove_image(tag)
    return not others


def _remove_unless_needed(api: docker.APIClient, image_id: str) -> None:
    try:
        api.remove_image(image_id, force=True)
    except docker.errors.APIError as refused:
        if refused.status_code != 409:
            raise
