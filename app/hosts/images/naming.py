"""Names of images on an engine: another one is given, one is taken away, and with its last the image goes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError, translated
from app.hosts.reading import container_from_list
from app.model.image import HostImage
from app.model.image_reference import ImageReference, parse_reference
from app.model.safe_text import safe_line

REMOVE_TIMEOUT: Final = 120.0
"""Seconds: an image of many layers has much to be taken away."""
_ID: Final = re.compile(r"sha256:[0-9a-f]{12,64}")
_BARE_ID: Final = re.compile("[0-9a-f]{64}")
_SEVERAL_NAMES: Final = ("multiple repositories", "by ID with more than one tag")
"""Docker's words, and podman's."""
_MOST_USERS: Final = 3


def image_name(text: str) -> str:
    """What a person calls an image as it is told to an engine: a name with its tag or digest, or ``sha256:`` and an id.

    Raises MoorageError (InvalidParameterException).
    """
    return text if _ID.fullmatch(text) else str(parse_reference(text))


def image_or_none(engine: Engine, name: str) -> Json | None:
    """What inspecting it tells; None: there is no such image. Raises HostError."""
    try:
        return engine.image(name)
    except HostError as error:
        if error.kind == "not-found":
            return None
        raise


def tag(engine: Engine, name: str, other: ImageReference) -> None:
    """Give the image ``name`` the name ``other`` too; what had that one loses it. not-found: there is no such image."""
    api = engine.gate("tag")
    with translated("tag"):
        params = {"repo": other.name, "tag": other.tag}
        api._raise_for_status(api._post(api._url("/images/{0}/tag", name), params=params))


def remove(engine: Engine, name: str) -> tuple[str, ...]:
    """Take a name away, or an image by its id; never by force. What went: ids of images, the last name's alone.

    Raises HostError: conflict, with the tasks and containers that use it, or because it has several names.
    """
    try:
        return _removed(engine, name)
    except HostError as error:
        if error.kind != "conflict":
            raise
        if any(words in error.message for words in _SEVERAL_NAMES):
            raise HostError(f"{name} has several names; take each of them away", "conflict") from error
        told = image_or_none(engine, name)
        used = users_words(engine.containers(), str(told.get("Id"))) if told else ""
        words = f"{name} is used by {used}; stop and remove them first" if used else error.message
        raise HostError(words, "conflict") from error


def remove_exactly(engine: Engine, image: HostImage) -> bool:
    """Take this image away with all its names, as far as these are still its own; False: it had gone already.

    Raises HostError; conflict: it is used by now, or others are made of it.
    """
    try:
        _removed(engine, image.id)
    except HostError as error:
        if error.kind == "not-found":
            return False
        if error.kind != "conflict":
            raise
        # Of an image with several names the engine has not looked yet whether something uses it, and where a name is
        # not the last it would not.
        if used := users_words(engine.containers(), image.id):
            raise HostError(f"it is used by {used}", "conflict") from error
        if not any(words in error.message for words in _SEVERAL_NAMES):
            raise
    else:
        return True
    for name in (*image.names, *image.digests):
        told = image_or_none(engine, name)
        if told is not None and told.get("Id") == image.id:
            _removed_or_gone(engine, name)
    _removed_or_gone(engine, image.id)
    return True


def _removed(engine: Engine, name: str) -> tuple[str, ...]:
    api = engine.gate("remove-image")
    with translated("removing an image"):
        response = api._delete(api._url("/images/{0}", name), timeout=REMOVE_TIMEOUT)
        told = api._result(response, True)
    entries = told if isinstance(told, list) else []
    gone = [str(entry["Deleted"]) for entry in entries if isinstance(entry, dict) and "Deleted" in entry]
    # podman leaves the beginning of an id out.
    return tuple(safe_line(f"sha256:{id_}" if _BARE_ID.fullmatch(id_) else id_[:100]) for id_ in gone)


def _removed_or_gone(engine: Engine, name: str) -> None:
    """Somebody else may have been first."""
    try:
        _removed(engine, name)
    except HostError as error:
        if error.kind != "not-found":
            raise


def users_words(containers: Iterable[Json], image_id: str) -> str:
    """``task 3f9c21ab (web), container db``: what is made of an image, in a few words; "" for nothing."""
    users = []
    for entry in containers:
        if str(entry.get("ImageID")) == image_id:
            container = container_from_list(entry)
            ours = container.tag
            users.append(f"task {ours.task_id[:8]} ({ours.container})" if ours else f"container {container.name}")
    more = [f"{len(users) - _MOST_USERS} more"] if len(users) > _MOST_USERS else []
    return ", ".join([*users[:_MOST_USERS], *more])
