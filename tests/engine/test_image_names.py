"""Images are named, listed and removed on a real engine: exactly those, never by force, and never what is used."""

from __future__ import annotations

import pytest

from app.hosts.errors import HostError
from app.hosts.images.listing import read_disk, read_images
from app.hosts.images.naming import remove, remove_exactly, tag
from app.hosts.policy.rule import ReadOnlyError
from app.model.image import HostImage
from app.model.image_reference import parse_reference
from tests.engine.images import engine_of, image_id, make_image
from tests.engine.launching import HOST, Bench, definition
from tests.engine_bed import Daemon

WEB, ALIAS, OTHER = "web:7", "registry.lan:5000/team/web:7", "other:1"


def listed(daemon: Daemon) -> dict[str, HostImage]:
    """By id; the engine's own busybox is left out."""
    found = read_images(engine_of(daemon), HOST, {})
    return {image.id: image for image in found if "busybox:latest" not in image.names}


def test_a_list_tells_names_sizes_and_what_has_none(engine: Daemon) -> None:
    old = make_image(engine, WEB, 3 << 20)
    tag(engine_of(engine), WEB, parse_reference(ALIAS))
    assert sorted(listed(engine)[old].names) == [ALIAS, WEB]
    new = make_image(engine, WEB, 1 << 20)
    tag(engine_of(engine), WEB, parse_reference(ALIAS))
    found = listed(engine)
    assert (found[old].names, found[old].dangling, found[old].digests) == ((), True, ())
    assert (sorted(found[new].names), found[new].dangling) == ([ALIAS, WEB], False)
    assert (found[old].size, found[new].size) == (3 << 20, 1 << 20)
    assert found[new].created is not None
    disk = read_disk(engine_of(engine))
    assert disk is not None
    assert (disk.count, disk.used >= 4 << 20, disk.reclaimable >= 4 << 20) == (3, True, True)


def test_a_name_goes_and_the_image_with_its_last(engine: Daemon) -> None:
    made = make_image(engine, WEB)
    tag(engine_of(engine), WEB, parse_reference(ALIAS))
    with pytest.raises(HostError, match="has several names"):
        remove(engine_of(engine), made)
    assert remove(engine_of(engine), ALIAS) == ()
    assert list(listed(engine)) == [made]
    assert made in remove(engine_of(engine), WEB)
    assert listed(engine) == {}
    with pytest.raises(HostError) as gone:
        remove(engine_of(engine), WEB)
    assert gone.value.kind == "not-found"


def test_what_is_used_stays_and_its_users_are_named(engine: Daemon) -> None:
    bench = Bench(engine)
    task = bench.launcher().launch(bench.order(definition({"name": "web"})))
    assert task.last_status == "RUNNING"
    engine.run(["true"], name="ended")
    with pytest.raises(HostError) as used:
        remove(engine_of(engine), "busybox:latest")
    assert used.value.kind == "conflict"
    assert used.value.message.startswith("busybox:latest is used by ")
    for user in (f"task {task.id[:8]} (web)", "container ended"):
        assert user in used.value.message
    assert image_id(engine, "busybox:latest")


def test_a_read_only_engine_keeps_all(engine: Daemon) -> None:
    made = make_image(engine, WEB)
    locked = engine_of(engine, read_only=True)
    for change in (
        lambda: remove(locked, WEB),
        lambda: tag(locked, WEB, parse_reference(OTHER)),
        lambda: remove_exactly(locked, listed(engine)[made]),
    ):
        with pytest.raises(ReadOnlyError):
            change()
    assert listed(engine)[made].names == (WEB,)


# --- by a list --------------------------------------------------------------------------------------------------------


def test_exactly_what_was_listed_goes_with_all_its_names(engine: Daemon) -> None:
    make_image(engine, WEB)
    tag(engine_of(engine), WEB, parse_reference(ALIAS))
    tag(engine_of(engine), WEB, parse_reference(OTHER))
    (image,) = listed(engine).values()
    assert remove_exactly(engine_of(engine), image)
    assert listed(engine) == {}
    assert not remove_exactly(engine_of(engine), image)


def test_a_name_that_means_another_image_by_then_is_let_be(engine: Daemon) -> None:
    make_image(engine, WEB)
    tag(engine_of(engine), WEB, parse_reference(ALIAS))
    tag(engine_of(engine), WEB, parse_reference(OTHER))
    (image,) = listed(engine).values()
    newer = make_image(engine, WEB)
    assert remove_exactly(engine_of(engine), image)
    assert {one.id: one.names for one in listed(engine).values()} == {newer: (WEB,)}


@pytest.mark.parametrize("names", [[], [ALIAS]])
def test_what_has_become_used_keeps_all_its_names(engine: Daemon, names: list[str]) -> None:
    """A container that has ended is enough; of several names Docker would take all but the last."""
    engine.api.tag("busybox:latest", "web", "7")
    made = engine.api.create_container(WEB, ["true"], name="user")
    commit = engine.api.commit(made["Id"], "mine", "1")["Id"]
    for name in names:
        tag(engine_of(engine), "mine:1", parse_reference(name))
    image = listed(engine)[commit]
    engine.api.create_container("mine:1", ["true"], name="late")
    with pytest.raises(HostError, match="used by container late") as used:
        remove_exactly(engine_of(engine), image)
    assert used.value.kind == "conflict"
    assert sorted(listed(engine)[commit].names) == sorted(["mine:1", *names])
