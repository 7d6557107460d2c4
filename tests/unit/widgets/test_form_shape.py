"""What the form takes from a model: kinds, limits, defaults, unions; of any model."""

from __future__ import annotations

import pytest

from app.model.member_tree import Member, definition_tree
from app.model.task_definition import TaskDefinition
from tests.unit.widgets.bakery import Cake
from widgets.model_form.shape import ABSENT, Shape, fits, shape_at, shape_of

CAKE = shape_of(Cake)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "text"),
        ("size", "choice"),
        ("price", "number"),
        ("gluten_free", "boolean"),
        ("baked", "text"),
        ("serves", "union"),
        ("toppings", "list"),
        ("notes", "map"),
        ("layer", "object"),
        ("decoration", "union"),
        ("order", "union"),
    ],
)
def test_every_member_has_its_kind(name: str, kind: str) -> None:
    assert CAKE.members[name].kind == kind


def test_a_member_has_its_limits_help_unit_and_default() -> None:
    grams = shape_at(CAKE, {"toppings": [{}]}, ("toppings", 0, "grams"))
    assert (grams.help, grams.unit, grams.default, grams.required) == ("How much.", "g", 20, False)
    assert grams.limits == {"minimum": 1, "maximum": 500}
    assert CAKE.members["size"].choices == ("small", "large")


def test_absent_is_told_from_a_default_that_is_empty() -> None:
    assert CAKE.members["name"].required
    assert CAKE.members["name"].default is ABSENT
    assert CAKE.members["size"].default is ABSENT
    assert CAKE.members["tags"].default == []


def test_a_model_that_contains_itself_is_walked_as_deep_as_the_document_goes() -> None:
    path = ("layer", *["on_top"] * 40, "flavour")
    assert shape_at(CAKE, {}, path).kind == "text"


def test_an_object_of_two_scalars_is_a_pair_and_one_of_three_members_is_not() -> None:
    toppings, steps = CAKE.members["toppings"].element, CAKE.members["steps"].element
    assert toppings is not None
    assert steps is not None
    assert toppings.pair == ("name", "grams")
    assert steps.pair is None


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (ABSENT, "Candle"),
        ({}, "Candle"),
        ({"kind": "figure"}, "Figure"),
        ({"of": "a swan"}, "Figure"),
        ({"kind": "candle", "count": 3}, "Candle"),
    ],
)
def test_a_union_tells_its_alternative_by_the_constants_of_the_value(value: object, title: str) -> None:
    assert CAKE.members["decoration"].alternative(value).title == title


def test_what_the_model_does_not_know_can_be_anything() -> None:
    assert shape_at(CAKE, {"x": [1]}, ("x", 0)).kind == "any"
    assert fits(CAKE.below("x"), {"y": None})


def _same(shape: Shape, member: Member) -> None:
    kinds = {"string": {"text", "choice"}, "integer": {"integer"}, "number": {"number"}, "boolean": {"boolean"}}
    assert shape.kind in kinds.get(member.kind, {member.kind}), member
    assert set(shape.members) == set(member.members)
    for name, below in member.members.items():
        _same(shape.members[name], below)
    if member.element is not None:
        assert shape.element is not None
        _same(shape.element, member.element)


def test_the_shape_of_a_task_definition_is_that_of_its_member_tree() -> None:
    _same(shape_of(TaskDefinition), definition_tree())
