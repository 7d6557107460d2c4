"""The images of an engine, and what they take of its disk: Docker's JSON → the model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError, translated
from app.hosts.reading import readable
from app.model.errors import MoorageError
from app.model.image import HostImage, ImageDisk
from app.model.image_reference import parse_reference
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText, safe_line, shared

LIST_TIMEOUT: Final = 15.0
"""Seconds for a list: with containerd's image store an engine reads something of each image for it."""
DISK_TIMEOUT: Final = 10.0
"""Seconds for the question what takes the disk: engines of before 2022 measure every container and volume for it."""
_ASK_AGAIN: Final = 600.0
"""Seconds for which an engine that took too long over it is left in peace: it goes on measuring when we are gone."""
_LARGEST: Final = 1 << 60
_LONGEST_NAME, _MOST_NAMES, _LONGEST_ID, _MOST_IMAGES = 400, 200, 100, 20_000
_DISK_BY_TYPE: Final = (1, 42)
_slow: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()


def read_images(engine: Engine, instance: InstanceKey, users: Mapping[str, Sequence[str]]) -> tuple[HostImage, ...]:
    """All images but those in between that a build has left; the newest first. Raises HostError.

    Args:
        users: ids of containers by the id of the image that they are made of.
    """
    with translated("listing images"):
        api = engine.api()
        response = api._get(api._url("/images/json"), timeout=LIST_TIMEOUT)
        return images_from(api._result(response, True), instance, users)


@readable
def images_from(told: Any, instance: InstanceKey, users: Mapping[str, Sequence[str]]) -> tuple[HostImage, ...]:
    """From the answer of ``/images/json``."""
    if not isinstance(told, list):
        raise HostError(f"the answer cannot be read: a list was expected, not {type(told).__name__}", "failed")
    found = [_image(entry, instance, users) for entry in told[:_MOST_IMAGES]]
    return tuple(sorted(found, key=lambda image: (-_moment(image), image.names, image.id)))


def _image(entry: Json, instance: InstanceKey, users: Mapping[str, Sequence[str]]) -> HostImage:
    id_ = safe_line(str(entry["Id"])[:_LONGEST_ID])
    created = _whole(entry.get("Created"))
    return HostImage(
        instance=instance,
        id=shared(id_),
        names=_names(entry.get("RepoTags")),
        digests=_names(entry.get("RepoDigests")),
        size=_whole(entry.get("Size")),
        created=datetime.fromtimestamp(created, UTC) if created else None,
        containers=tuple(users.get(id_, ())),
    )


def _names(told: Any) -> tuple[SafeText, ...]:
    """As people write them; Docker says ``<none>:<none>`` for what has none."""
    names = [str(name)[:_LONGEST_NAME] for name in (told or ())[:_MOST_NAMES]]
    return tuple(dict.fromkeys(shared(written(name)) for name in names if not name.startswith("<none>")))


def written(name: str) -> SafeText:
    """``docker.io/library/nginx:1`` → ``nginx:1``; what is no name stays as it is."""
    try:
        return safe_line(parse_reference(name))
    except MoorageError:
        return safe_line(name)


def _moment(image: HostImage) -> float:
    return image.created.timestamp() if image.created else 0.0


# --- the disk ---------------------------------------------------------------------------------------------------------


def read_disk(engine: Engine) -> ImageDisk | None:
    """None: it does not tell in time, or is measuring for somebody else. Raises HostError when it does not answer."""
    if time.monotonic() < _slow.get(engine, 0.0):
        return None
    try:
        with translated("asking what takes the disk"):
            api = engine.api()
            params = {"type": ["image", "build-cache"]} if _version(api) >= _DISK_BY_TYPE else {}
            response = api._get(api._url("/system/df"), params=params, timeout=DISK_TIMEOUT)
            return disk_from(api._result(response, True))
    except HostError as error:
        if error.kind == "timeout":
            _slow[engine] = time.monotonic() + _ASK_AGAIN
        if error.kind == "unreachable":
            raise
        return None


@readable
def disk_from(told: Any) -> ImageDisk:
    """From the answer of ``/system/df``. ``reclaimable`` counts no layer that images share: so much goes at least."""
    images: Iterable[Json] = told.get("Images") or ()
    unused = [image for image in images if _whole(image.get("Containers")) == 0 and image.get("Containers") != -1]
    return ImageDisk(
        # podman 4 tells of no layers; what is shared counts for each image then.
        used=_whole(told.get("LayersSize")) or sum(_whole(image.get("Size")) for image in images),
        reclaimable=sum(max(_whole(image.get("Size")) - _whole(image.get("SharedSize")), 0) for image in unused),
        count=sum(1 for _ in images),
        build_cache=sum(_whole(part.get("Size")) for part in told.get("BuildCache") or ()),
    )


def _version(api: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(api._version).split("."))


def _whole(told: object) -> int:
    """A number of bytes or seconds; 0 for what is none."""
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= _LARGEST else 0
