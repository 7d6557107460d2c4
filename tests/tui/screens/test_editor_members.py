"""Every member of a task definition, set and unset through the form: the JSON is what the model wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from textual.app import App, ComposeResult

from app.model.member_tree import Member, definition_tree
from app.model.task_definition import TaskDefinition
from app.screens.definition_form import definition_hints
from widgets.model_form.edits import value_at, with_value
from widgets.model_form.shape import ABSENT, SCALARS, Path, Shape, shape_at, shape_of
from widgets.model_form.widget import ModelForm

SHAPE = shape_of(TaskDefinition)
KEY = "some.key"
CANDIDATES = ("web-1", "X", "/data", "1", "80-90", "credentialspec:x", "abcdefgh", "1 vCPU")


def leaves(shape: Shape, path: Path = ()) -> Iterator[Path]:
    """The path of every scalar of the model, with the first element of lists and one key of maps."""
    if shape.kind in SCALARS:
        yield path
    elif shape.kind == "object":
        for name, member in shape.members.items():
            yield from leaves(member, (*path, name))
    elif shape.element is not None:
        yield from leaves(shape.element, (*path, 0 if shape.kind == "list" else KEY))


def sample(shape: Shape) -> Any:
    limits = shape.limits
    match shape.kind:
        case "boolean":
            return not shape.default
        case "choice":
            return shape.choices[0]
        case "integer":
            return max(limits.get("minimum", 1), 1)
    fitting = [
        text
        for text in CANDIDATES
        if re.search(limits.get("pattern", ""), text) and len(text) >= limits.get("minLength", 0)
    ]
    return fitting[0]


class Hand:
    """Does what keys do, without the time that a key takes."""

    def __init__(self, form: ModelForm) -> None:
        self.form = form

    @property
    def document(self) -> Any:
        return self.form.model.document

    def type(self, text: str) -> None:
        self.form._input.value = text
        self.form._left("down")

    def add(self, path: Path, leaf: Path) -> None:
        """a on a list or map; whatever is asked for at once is typed, or left, as far as it is the leaf."""
        self.form.go_to(path)
        self.form.action_add()
        size = len(path) + 1
        element = shape_at(SHAPE, self.document, (*path, leaf[len(path)]))
        if self.form._choosing is not None:
            if path == leaf[:-1]:
                self.choose(sample(element))
            elif element.pair is not None:
                self.choose(sample(element.members[element.pair[0]]))
            self.form._not_chosen()  # what is asked for next
            if self.form.is_typing:
                self.form._left("cancel")
        if not self.form.is_typing:
            return
        if path != leaf[:-1] and element.pair is None:
            self.form._left("cancel")  # a member of a new object that must be there; it is set in its turn
        elif element.pair is not None:
            first = element.members[element.pair[0]]
            self.form._input.value = str(sample(first))
            self.form._left("enter")
            if self.form.is_typing:
                self.form._left("cancel")
            self.form._close_offers()
        elif isinstance(leaf[size - 1], str):
            self.form._input.value = KEY
            self.form._left("enter")  # goes on to the value
            self.type(str(sample(shape_at(SHAPE, self.document, leaf))))
        else:
            self.type(str(sample(element)))

    def choose(self, value: Any) -> None:
        offers = [str(option.prompt) for option in self.form._offers.options]
        self.form._chosen(offers.index(str(value)))

    def set(self, leaf: Path) -> Any:
        for size, part in enumerate(leaf):
            above = leaf[:size]
            here = value_at(self.document, above)
            is_map = shape_at(SHAPE, self.document, above).kind == "map"
            if (isinstance(part, int) or is_map) and (not isinstance(here, list | dict) or not here):
                self.add(above, leaf)
        value = sample(shape_at(SHAPE, self.document, leaf))
        if value_at(self.document, leaf) == value:
            return value
        self.form.go_to(leaf)
        self.form.action_enter()
        if self.form._choosing is not None:
            self.choose(value)
        elif self.form.is_typing:
            self.type(str(value))
        return value


class FormApp(App[None]):
    def __init__(self, form: ModelForm) -> None:
        super().__init__()
        self._form = form

    def compose(self) -> ComposeResult:
        yield self._form


@pytest.fixture
async def hand() -> Any:
    form = ModelForm(SHAPE, definition_hints())
    async with FormApp(form).run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        yield Hand(form)


async def test_every_member_is_set_and_unset_through_the_form(hand: Hand) -> None:
    seen = 0
    for leaf in leaves(SHAPE):
        hand.form.set_document({})
        value = hand.set(leaf)
        assert value_at(hand.document, leaf) == value, leaf
        assert type(value_at(hand.document, leaf)) is type(value), leaf
        wanted = with_value({}, leaf, value, SHAPE)
        assert _within(wanted, hand.document), (leaf, hand.document)
        assert _problem(hand.document, leaf) is None, leaf
        hand.form.go_to(leaf)
        hand.form.action_remove()
        assert value_at(hand.document, leaf) is ABSENT, leaf
        seen += 1
    assert seen == _scalars(definition_tree())


def _scalars(member: Member) -> int:
    """How many the model has, counted without the form."""
    below = [*member.members.values(), *([member.element] if member.element else [])]
    return sum(map(_scalars, below)) if below else 1


def _within(wanted: Any, got: Any) -> bool:
    """What was set is there, and nothing is there that is not on the way to it or must go with it."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            name in got and _within(value, got[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(got, list) and len(got) == len(wanted) and all(map(_within, wanted, got))
    return bool(wanted == got)


def _problem(document: Any, leaf: Path) -> str | None:
    """What the model has against this member; others that must be there may be missing."""
    try:
        TaskDefinition.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [detail for detail in error.errors() if detail["type"] != "missing"]
        return next((detail["msg"] for detail in found if tuple(detail["loc"]) == leaf), None)
    return None
