"""One row a name over all hosts: where it is, what uses it, and whether it means something else by now."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.model.cluster import ClusterFile, InstanceEntry
from app.model.image import HostImage, ImageDisk
from app.model.instance import Freshness, InstanceKey
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold
from app.operations.images import listing
from app.operations.images.listing import image_rows, survey_images
from app.operations.images.uses import ImageUses, image_uses
from tests.unit.builders import NOW, container, tag
from tests.unit.operations.images.made import ONE, TWO, fleet, host, image, image_id, moment, task
from tests.unit.operations.test_schedulers import session_in

BOTH = (ONE, TWO)


def test_a_row_for_each_name_and_those_without_one_last() -> None:
    copies = [
        image("a", "web:7", "web:latest", size=5, created=moment(10)),
        image("c"),
        image("b", "web:7", on=TWO, size=9, created=moment(20)),
        image("c", on=TWO),
    ]
    first, second, last = image_rows(copies, BOTH, ImageUses())
    assert (first.name, first.ids, first.missing) == ("web:7", (image_id("a"), image_id("b")), ())
    assert (first.size, first.created) == (9, moment(20))
    assert (second.name, second.ids, second.missing) == ("web:latest", (image_id("a"),), (TWO,))
    assert (last.dangling, last.ids, len(last.copies), last.missing) == (True, (image_id("c"),), 2, ())


def test_tasks_that_use_it_and_those_whose_name_has_moved() -> None:
    tasks = [*task(1, "web:7", "a"), *task(2, "web:7", "b"), *task(3, "web:7", "b", "exited"), *task(4, "db", "d")]
    uses = image_uses(fleet(host(ONE, *tasks)), "default")
    named, old = image_rows([image("a", "web:7"), image("b")], (ONE,), uses)
    ids = [f"{number:032x}" for number in range(5)]
    assert (named.tasks, named.moved) == ((ids[1], ids[2]), (ids[2],))
    assert (old.tasks, old.moved) == ((ids[2], ids[3]), ())


def test_on_another_host_the_same_name_is_what_it_means_there() -> None:
    uses = image_uses(fleet(host(ONE, *task(1, "web", "a")), host(TWO, *task(2, "web", "b"))), "default")
    (row,) = image_rows([image("a", "web:latest"), image("b", "web:latest", on=TWO)], BOTH, uses)
    assert (len(row.tasks), row.moved) == (2, ())


def test_hosts_that_are_known_not_to_answer_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that swallows every question would have all others wait for it."""
    known = fleet(host(ONE))
    known.apply([FreshnessTold(TWO, Freshness("unreachable", NOW, SafeText("no route to it")))])
    asked: list[InstanceKey] = []

    def read(engine: object, key: InstanceKey, users: object) -> tuple[HostImage, ...]:
        asked.append(key)
        return (image("a", "web:7"),)

    monkeypatch.setattr(listing, "read_images", read)
    monkeypatch.setattr(listing, "read_disk", lambda engine: ImageDisk(9, 4, 1))
    entries = [
        InstanceEntry(
            name=key.name, id=key.name.encode().hex().zfill(32), endpoint=f"unix:///{key.name}", registered_at=NOW
        )
        for key in BOTH
    ]
    cluster = ClusterFile(name="default", instances=entries)
    found = survey_images(session_in(tmp_path), cluster, image_uses(known, "default"))
    assert asked == [ONE]
    assert (found.failures, found.disk) == ({TWO: "no route to it"}, {ONE: ImageDisk(9, 4, 1)})
    assert [(row.name, row.missing) for row in found.rows] == [("web:7", ())]


def test_what_a_digest_names_never_moves() -> None:
    digest = f"web@{image_id('e')}"
    uses = image_uses(fleet(host(ONE, *task(1, digest, "a"))), "default")
    (row,) = image_rows([image("b", "web:7")], (ONE,), uses)
    assert (row.tasks, row.moved) == ((), ())


def test_containers_of_others_use_images_too_and_their_tasks_are_not_ours() -> None:
    foreign = container(tag(cluster="else"), image_id=image_id("a"))
    uses = image_uses(fleet(host(ONE, foreign)), "default")
    assert uses.users(ONE) == {image_id("a"): (foreign.id,)}
    assert uses.users(TWO) == {}
    (row,) = image_rows([image("a", "web:7")], (ONE,), uses)
    assert row.tasks == ()
