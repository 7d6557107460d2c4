"""The tree of a definition's members."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from app.model.member_tree import Member, as_wanted, definition_tree, model_tree
from tests.unit.aws_client import input_shape

KINDS = {"structure": "object", "double": "number", "long": "integer"}


def _outline(member: Member) -> Any:
    below = {name: _outline(item) for name, item in member.members.items()}
    return member.kind, below or (_outline(member.element) if member.element else None)


def _shape_outline(shape: Any) -> Any:
    kind = KINDS.get(shape.type_name, shape.type_name)
    if kind == "object":
        return kind, {name: _shape_outline(item) for name, item in shape.members.items()}
    inner = {"list": "member", "map": "value"}.get(kind)
    return kind, _shape_outline(getattr(shape, inner)) if inner else None


def test_the_tree_is_that_of_the_client_of_aws() -> None:
    assert _outline(definition_tree()) == _shape_outline(input_shape())


def test_a_model_that_no_document_can_have_is_refused() -> None:
    class Odd(BaseModel):
        anything: Any

    with pytest.raises(TypeError, match="a document cannot hold"):
        model_tree(Odd)


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("memory", "512", "512"), ("memory", 512, "512"), ("memory", True, "true"), ("memory", 0.5, "0.5"),
        ("enableFaultInjection", "True", True), ("enableFaultInjection", "yes", "yes"),
        ("enableFaultInjection", 1, 1), ("ephemeralStorage", {"sizeInGiB": "21"}, {"sizeInGiB": 21}),
        ("ephemeralStorage", {"sizeInGiB": "21.5"}, {"sizeInGiB": "21.5"}),
        ("ephemeralStorage", {"sizeInGiB": "9" * 5000}, {"sizeInGiB": "9" * 5000}),
        ("ephemeralStorage", {"unknown": "21"}, {"unknown": "21"}), ("ephemeralStorage", "21", "21"),
        ("unknown", {"a": "1"}, {"a": "1"}), ("requiresCompatibilities", [1], ["1"]), ("cpu", None, None),
    ],
)  # fmt: skip
def test_scalars_become_what_the_model_wants(name: str, given: Any, wanted: Any) -> None:
    result = as_wanted({name: given}, definition_tree())[name]
    assert result == wanted
    assert type(result) is type(wanted)
