"""Docker's lists of images and of what takes the disk, of any engine: read, or one line."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.images.listing import disk_from, images_from
from app.model.image import ImageDisk
from tests.unit.builders import HOST

ID, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def test_images_the_newest_first_with_their_users() -> None:
    told = [
        {"Id": ID, "RepoTags": ["docker.io/library/nginx:1", "nginx:1", "reg.lan/web:7"], "Size": 10, "Created": 1000},
        {"Id": OTHER, "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Size": 5, "Created": 2000},
    ]
    newer, older = images_from(told, HOST, {ID: ["c1", "c2"]})
    assert (newer.id, newer.names, newer.digests, newer.dangling, newer.containers) == (OTHER, (), (), True, ())
    assert (older.names, older.containers, older.size) == (("nginx:1", "reg.lan/web:7"), ("c1", "c2"), 10)
    assert older.created == datetime.fromtimestamp(1000, UTC)
    assert older.instance == HOST


def test_what_is_pulled_by_its_digest_has_no_name() -> None:
    told = [{"Id": ID, "RepoTags": None, "RepoDigests": [f"nginx@{OTHER}"], "Size": -1, "Created": 0}]
    (image,) = images_from(told, HOST, {})
    assert (image.names, image.digests, image.dangling) == ((), (f"nginx@{OTHER}",), True)
    assert (image.size, image.created) == (0, None)


def test_the_disk() -> None:
    told = {
        "LayersSize": 100,
        "Images": [
            {"Size": 60, "SharedSize": 20, "Containers": 0},
            {"Size": 50, "SharedSize": 20, "Containers": 2},
            {"Size": 30, "SharedSize": -1, "Containers": -1},
        ],
        "BuildCache": [{"Size": 7}, {"Size": 8}],
    }
    assert disk_from(told) == ImageDisk(used=100, reclaimable=40, count=3, build_cache=15)
    assert disk_from({"LayersSize": 0, "Images": None, "BuildCache": None}) == ImageDisk(0, 0, 0)
    assert disk_from({**told, "LayersSize": 0}).used == 140, "podman 4 tells none"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("Id", "RepoTags", "RepoDigests", "Size", "Created", "SharedSize", "Containers"), JUNK),
)


@given(st.lists(ENTRY | JUNK, max_size=4) | JUNK)
def test_whatever_is_told_is_images_or_one_line(told: Any) -> None:
    with contextlib.suppress(HostError):
        for image in images_from(told, HOST, {}):
            assert image.size >= 0
            assert all("\x1b" not in text for text in (image.id, *image.names, *image.digests))


@given(
    st.fixed_dictionaries(
        {}, optional={"LayersSize": JUNK, "Images": st.lists(ENTRY | JUNK, max_size=3) | JUNK, "BuildCache": JUNK}
    )
    | JUNK
)
def test_whatever_is_told_of_the_disk_is_numbers_or_one_line(told: Any) -> None:
    with contextlib.suppress(HostError):
        disk = disk_from(told)
        assert min(disk.used, disk.reclaimable, disk.count, disk.build_cache) >= 0
