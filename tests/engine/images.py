"""Images for tests: of as many bytes as one wants, none of which compresses or is on any engine already."""

from __future__ import annotations

import io
import os
import tarfile

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.images.listing import written
from tests.engine_bed import Daemon


def make_image(daemon: Daemon, name: str, size: int = 1 << 20) -> str:
    """An image of one layer of random bytes with that name; its id."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("bytes")
        entry.size = size
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    repository, _, tag = name.rpartition(":")
    daemon.api.import_image_from_data(buffer.getvalue(), repository=f"{repository}:{tag}", tag=tag)
    return image_id(daemon, name)


def image_id(daemon: Daemon, name: str) -> str:
    """ "" where there is no such image."""
    for found in daemon.api.images():
        if any(written(tag) == name for tag in found["RepoTags"] or ()):
            return str(found["Id"])
    return ""


def disk_used(daemon: Daemon) -> int:
    """KiB of an engine's data."""
    return int(daemon.exec(["df", "-k", "--output=used", str(daemon._data)]).stdout.split()[-1])


def engine_of(daemon: Daemon, **options: object) -> Engine:
    return Engine(parse_endpoint(daemon.endpoint), **options)  # type: ignore[arg-type]


def leave_room(daemon: Daemon, kib: int) -> None:
    """From now on its disk takes so many KiB more."""
    room = f"remount,size={disk_used(daemon) + kib}k"
    done = daemon.exec(["mount", "-o", room, str(daemon._data)])
    assert done.returncode == 0, done.stderr
