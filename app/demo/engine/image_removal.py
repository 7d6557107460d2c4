"""What a removal of an image does, and what it is refused for: Docker's own rules. Changes the machine, no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from app.demo.engine.images import Image, canonical, repository
from app.demo.engine.machine import Machine
from app.demo.engine.refused import Refused

Told = list[dict[str, str]]


def remove_image(machine: Machine, wanted: str, *, force: bool, prune: bool = True) -> Told:
    """A name is taken away, and the image with its last one; an id means the image itself. Raises Refused.

    ``prune``: what it was built from goes, too, where it has no name and no other use.
    """
    images = machine.images
    image = images.find(wanted)
    if image is None:
        raise Refused(404, f"No such image: {canonical(wanted)}")
    told: Told = []
    by_id = images.by_id(wanted) is image
    if not by_id:
        user = next(_users(machine, image), None)
        if user is not None and not force and _single(machine, image):
            raise Refused(
                409,
                f'conflict: unable to remove repository reference "{wanted}" (must force) - container {user[:12]} is '
                f"using its referenced image {image.short}",
            )
        _untag(machine, image, canonical(wanted), told)
        if not any(repository(name) == repository(wanted) for name in images.names(image)):
            for digest in [name for name in images.digests(image) if repository(name) == repository(wanted)]:
                _untag(machine, image, digest, told)
        if images.names(image) or images.digests(image):
            return told
    elif _single(machine, image):
        conflict = _conflict(machine, image, force=force, names_count=False)
        if conflict:
            raise Refused(409, conflict)
        for name in (*images.names(image), *images.digests(image)):
            _untag(machine, image, name, told)
    conflict = _conflict(machine, image, force=force)
    if conflict:
        if not by_id:
            return told  # it has lost its name, and stays for its containers, or for what was built from it
        raise Refused(409, conflict)
    return told + delete_image(machine, image, prune=prune)


def delete_image(machine: Machine, image: Image, *, prune: bool = True) -> Told:
    """With the names that it still has, and the layers that only it has; ``prune`` as above."""
    images = machine.images
    told: Told = []
    parent = images.parent(image)
    for name in (*images.names(image), *images.digests(image)):
        _untag(machine, image, name, told)
    images.remove(image)
    _tell(machine, "delete", image)
    told.append({"Deleted": image.id})
    told += [{"Deleted": layer.diff_id} for layer in reversed(image.layers) if not images.has_layer(layer)]
    if prune and parent is not None and not _conflict(machine, parent, force=False):
        told += delete_image(machine, parent)
    return told


def unused(machine: Machine, image: Image) -> bool:
    return next(_users(machine, image), None) is None


def _untag(machine: Machine, image: Image, name: str, told: Told) -> None:
    machine.images.forget(name)
    _tell(machine, "untag", image)
    told.append({"Untagged": name})


def _tell(machine: Machine, action: str, image: Image) -> None:
    machine.events.add(machine.clock(), "image", action, image.id, {"name": image.id})


def _users(machine: Machine, image: Image) -> Iterator[str]:
    """Ids of the containers that are made of it."""
    return (container.id for container in machine.containers.values() if container.image.id == image.id)


def _single(machine: Machine, image: Image) -> bool:
    """Has it one tag at most, and all its digests in the same repository?"""
    names, digests = machine.images.names(image), machine.images.digests(image)
    if len(names) + len(digests) <= 1:
        return True
    repositories = {repository(name) for name in digests}
    return len(names) <= 1 and repositories == {repository((names or digests)[0])}


def _conflict(machine: Machine, image: Image, *, force: bool, names_count: bool = True) -> str:
    """Why it cannot be removed; "" when it can."""
    users = [container for container in machine.containers.values() if container.image.id == image.id]
    words = f"conflict: unable to delete {image.short} "
    if machine.images.has_children(image):
        return f"{words}(cannot be forced) - image has dependent child images"
    running = next((container for container in users if container.up), None)
    if running is not None:
        return f"{words}(cannot be forced) - image is being used by running container {running.id[:12]}"
    if force:
        return ""
    if names_count and (machine.images.names(image) or machine.images.digests(image)):
        return f"{words}(must be forced) - image is referenced in multiple repositories"
    if users:
        return f"{words}(must be forced) - image is being used by stopped container {users[0].id[:12]}"
    return ""
