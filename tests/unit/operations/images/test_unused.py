"""What prune-images lists: nothing that a container has, or that a launch is about to have."""

from __future__ import annotations

import pytest

from app.operations.images.pruning import Prune, unused_images
from tests.unit.builders import container, tag
from tests.unit.operations.images.made import ONE, fleet, host, image, image_id, task


def listed(*seen: object, also_named: bool = True) -> list[str]:
    state = fleet(host(ONE, *seen)).instances[ONE]  # type: ignore[arg-type]
    images = [image("a", "web:7"), image("b"), image("c", "db:1", digests=("db@sha256:1",)), image("d")]
    return [one.id[-1] for one in unused_images(images, state, also_named=also_named)]


def test_what_has_no_name_goes_first_and_alone_unless_all_is_asked_for() -> None:
    assert listed() == ["b", "d", "a", "c"]
    assert listed(also_named=False) == ["b", "d"]


@pytest.mark.parametrize("state", ["created", "running", "exited", "paused"])
def test_a_container_in_any_state_uses_its_image_whosever_it_is(state: str) -> None:
    assert listed(container(tag(cluster="else"), state, image_id=image_id("b"))) == ["d", "a", "c"]


def test_a_launch_that_has_pulled_and_made_nothing_yet_uses_what_it_names() -> None:
    assert listed(*task(1, "web:7", "")) == ["b", "d", "c"]
    assert listed(*task(1, "db@sha256:1", "")) == ["b", "d", "a"]
    assert listed(*task(1, "docker.io/library/web:7", "", cluster="else")) == ["b", "d", "c"]


def test_a_task_that_is_kept_uses_the_image_of_its_containers_alone() -> None:
    assert listed(*task(1, "web:7", "b", "exited")) == ["d", "a", "c"]


def test_the_answer_says_what_and_how_much() -> None:
    prune = Prune((image("a", "web:7", size=3 << 20), image("b", size=1 << 20)))
    assert prune.lines() == ["one: web:7 (aaaaaaaaaaaa), 3M", "one: bbbbbbbbbbbb (no name), 1M"]
    assert (prune.bytes, prune.shape()["bytes"]) == (4 << 20, 4 << 20)
    assert [one["names"] for one in prune.shape()["images"]] == [["web:7"], []]
