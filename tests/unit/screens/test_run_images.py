"""The line Images of the Run form, and when it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.model.task_definition import TaskDefinition
from app.operations.images.presence import Presence
from app.screens.run import looking
from app.screens.run.images import images_cell, images_help, images_note, missing_images, named, short_image
from app.screens.run.looking import EVERY, ImageLook
from tests.unit.builders import NOW
from widgets.cells import cell_text

ONE, TWO, THREE = KEYS = tuple(InstanceKey("prod", f"edge-{number}") for number in (1, 2, 3))


def _presence(*silent: InstanceKey, **here: tuple[InstanceKey, ...]) -> Presence:
    found = {image: dict.fromkeys(keys, "sha256:1") for image, keys in here.items()}
    return Presence(tuple(here), found, KEYS, dict.fromkeys(silent, SafeText("no route to it")))


@pytest.mark.parametrize(
    ("presence", "only", "words"),
    [
        (None, (), "-"),
        (_presence(web=KEYS), (), "on all 3 hosts"),
        (_presence(TWO, THREE, web=(ONE,)), (), "on the host"),
        (_presence(*KEYS, web=()), (), "no host answers"),
        (_presence(web=(ONE, TWO)), (), "2 of 3 hosts have web"),
        (_presence(web=(ONE, TWO)), ("edge-1",), "on the host"),
        (_presence(web=(ONE, TWO)), ("edge-3",), "the host lacks web"),
        (_presence(THREE, web=(ONE,)), (), "1 of 2 hosts have web"),
        (_presence(web=()), (), "no host has web"),
        (_presence(web=(ONE,), db=()), (), "1 of 3 hosts have web and 1 more"),
        (
            Presence(("web",), {"web": {ONE: "a", TWO: "b"}}, KEYS[:2], unlike=frozenset({"web"})),
            (),
            "web is not the same on all hosts",
        ),
    ],
)
def test_words(presence: Presence | None, only: tuple[str, ...], words: str) -> None:
    assert cell_text(images_cell(presence, only)) == words


def test_a_note_says_what_can_be_done() -> None:
    notes = [
        cell_text(images_note(one)) for one in (None, _presence(web=KEYS), _presence(web=(ONE,)), _presence(web=()))
    ]
    assert notes == ["", "", "[copy…]", "[pull…]"]


def test_a_name_is_short_where_there_is_little_room() -> None:
    digest = "a" * 64
    assert short_image("registry.lan:5000/team/app:8") == "app:8"
    assert short_image(f"registry.lan/app:8@sha256:{digest}") == f"app:8@{digest[:12]}"
    assert short_image("nginx\x1b[2J") == safe_line("nginx\x1b[2J")


def test_all_that_is_missing_is_told_below() -> None:
    presence = _presence(web=(ONE,), db=())
    assert [(one.image, one.lacking) for one in missing_images(presence)] == [("web", (TWO, THREE)), ("db", KEYS)]
    assert images_help(presence).startswith("web is not on edge-2, edge-3; db is not on edge-1, edge-2, edge-3. ")
    assert "copies it from another host" in images_help(presence)
    assert named([InstanceKey("prod", str(number)) for number in range(9)]) == "0, 1, 2 and 6 more"


class _Jobs:
    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Presence], Callable[[Presence], None]]] = []

    def run(self, work: Callable[[], Presence], done: Callable[[Presence], None], _failed: object = None) -> None:
        self.waiting.append((work, done))

    def finish(self) -> None:
        work, done = self.waiting.pop(0)
        done(work())


class _Desk:
    session = None

    def __init__(self) -> None:
        self.jobs = _Jobs()


def _definition(*images: str) -> TaskDefinition:
    parts = [{"name": f"c{number}", "image": image, "memory": 16} for number, image in enumerate(images)]
    return TaskDefinition.model_validate({"family": "web", "containerDefinitions": parts})


def test_it_asks_once_and_again_when_that_is_old_or_something_else_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, told, now = _Desk(), [0], [100.0]
    monkeypatch.setattr(
        looking,
        "definition_presence",
        lambda _, made, __: _presence(**{p.image: () for p in made.container_definitions}),
    )

    def changed() -> None:
        told[0] += 1

    look = ImageLook(cast("Any", desk), changed, lambda: now[0])
    instances = [Instance(ONE, "1" * 32, "unix:///1", "ACTIVE", NOW)]
    web, shop = _definition("web"), _definition("shop")
    assert look.look(None, instances) is None
    assert look.look(web, []) is None
    assert look.look(web, instances) is look.look(web, instances) is None
    assert len(desk.jobs.waiting) == 1
    desk.jobs.finish()
    assert told == [1]
    assert (found := look.look(web, instances)) is not None
    assert not desk.jobs.waiting

    lab = [Instance(InstanceKey("lab", "edge-1"), "2" * 32, "unix:///1", "ACTIVE", NOW)]
    look._busy = True
    assert look.look(web, lab) is None, "what is known is of another cluster"
    look._busy = False
    assert look.look(shop, instances) is None, "what is known is of another definition"
    assert look.look(web, instances) is found
    desk.jobs.finish()
    look.look(web, instances)
    desk.jobs.finish()
    now[0] += EVERY
    look.look(web, instances)
    desk.jobs.finish()
    look.stale()
    look.look(web, instances)
    assert len(desk.jobs.waiting) == 1
