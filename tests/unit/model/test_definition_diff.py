"""Differences of two definitions as lines."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given

from app.model.definition_diff import diff_lines, environment_of
from app.model.masking import Masker
from tests.unit.generated import definitions


def changed(left: Any, right: Any, **options: Any) -> list[str]:
    signs = {"added": "+", "removed": "-"}
    return [signs[line.kind] + line.text.strip() for line in diff_lines(left, right, **options) if line.kind in signs]


WEB = {
    "family": "web",
    "containerDefinitions": [
        {"name": "a", "image": "x:1", "environment": [{"name": "A", "value": "1"}, {"name": "B_TOKEN", "value": "s"}]}
    ],
}


def test_one_value_is_one_line_out_and_one_in_with_its_neighbours() -> None:
    other = json.loads(json.dumps(WEB).replace("x:1", "x:2"))
    assert changed(WEB, other) == ['-"image": "x:1",', '+"image": "x:2",']
    assert [line.kind for line in diff_lines(WEB, other, context=1)] == [
        "gap", "same", "removed", "added", "same", "gap",
    ]  # fmt: skip


def test_the_order_of_members_and_of_an_environment_is_no_difference() -> None:
    other: dict[str, Any] = {"containerDefinitions": [dict(reversed(WEB["containerDefinitions"][0].items()))]}  # type: ignore[attr-defined]
    other["family"] = "web"
    other["containerDefinitions"][0]["environment"] = list(reversed(other["containerDefinitions"][0]["environment"]))
    assert changed(WEB, other) == []


def test_the_order_of_containers_is_no_difference() -> None:
    def of(*names: str, **members: Any) -> dict[str, Any]:
        return {"containerDefinitions": [{"name": name, "image": "x", **members} for name in names]}

    assert changed(of("a", "b", "c"), of("c", "a", "b")) == []
    assert '"gone"' in repr(changed(of("a", "gone", "b"), of("b", "a")))
    assert '"a"' not in repr(changed(of("a", "gone", "b"), of("b", "a")))
    assert changed(of("a", "a"), of("a", "a", cpu=1)) != []  # of no use, and no error
    assert changed(environment_of(of("a", "b", secrets=[])), environment_of(of("b", "a"))) == []


def test_a_reference_to_a_secret_is_compared_and_not_masked() -> None:
    def of(reference: str) -> Any:
        secret = {"name": "DB_PASSWORD", "valueFrom": reference}
        return environment_of({"containerDefinitions": [{"name": "a", "secrets": [secret]}]})

    assert changed(of("arn:1"), of("arn:2"), masker=Masker()) == ['-"valueFrom": "arn:1"', '+"valueFrom": "arn:2"']


def test_a_secret_that_changed_shows_as_changed_and_not_as_it_is() -> None:
    other = json.loads(json.dumps(WEB).replace('"s"', '"hunter2"'))
    lines = changed(WEB, other, masker=Masker())
    assert len(lines) == 2
    assert "hunter2" not in repr(lines)


def test_nothing_on_the_left_is_all_added() -> None:
    assert {line.kind for line in diff_lines(None, WEB)} == {"added"}


def test_an_environment_is_compared_by_name() -> None:
    environment = environment_of(WEB)
    assert environment == {"a": {"environment": {"A": "1", "B_TOKEN": "s"}}}
    assert environment_of({"containerDefinitions": "broken"}) == {}
    assert environment_of({"containerDefinitions": [{"environment": [1, {"name": 2}]}]}) == {
        "1": {"environment": [1, {"name": 2}]}
    }


@given(definitions(), definitions())
def test_applying_the_lines_gives_the_other_side(left: dict[str, Any], right: dict[str, Any]) -> None:
    lines = diff_lines(left, right, context=100_000)
    if all(line.kind == "gap" for line in lines):
        return  # there is nothing to apply
    after = json.loads("\n".join(line.text for line in lines if line.kind != "removed"))
    assert diff_lines(after, right) == diff_lines(right, right)
    # Containers may stand in another order than on the left, and a comma tells of the line that follows.
    before = [line.text.rstrip(",") for line in lines if line.kind != "added"]
    assert sorted(before) == sorted(line.text.rstrip(",") for line in diff_lines(None, left))


def test_a_comma_alone_is_no_difference() -> None:
    left: dict[str, Any] = {"family": "x", "volumes": [{"name": "a"}]}
    assert changed(left, {**left, "cpu": "256"}) == ['+"cpu": "256"']
    assert changed({"family": "x"}, {"family": "x", "cpu": "1"}) == ['+"cpu": "1"']


def test_documents_too_large_to_compare_are_told_all_the_same() -> None:
    def large(word: str) -> Any:
        return {"family": "x", "tags": [{"key": f"{word}{number}"} for number in range(30_000)]}

    lines = diff_lines(large("a"), large("b"))
    assert {line.kind for line in lines} >= {"removed", "added"}


def test_elements_that_come_and_go_are_told_and_their_neighbours_are_not() -> None:
    def of(*names: str) -> Any:
        return {"environment": [{"name": name, "value": "x"} for name in names]}

    told = changed(of("A", "B", "C", "D"), of("A", "C", "D", "E"))
    assert [line for line in told if "name" in line] == ['-"name": "B",', '+"name": "E",']


def values_of(word: str) -> Any:
    """As many lines as a definition may have, and none of its values the same."""
    environment = [{"name": f"VARIABLE_{number}", "value": f"{word}{number % 13}"} for number in range(50)]
    return {"containerDefinitions": [{"name": f"c{number}", "environment": environment} for number in range(95)]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (values_of("a"), values_of("b")),
        ({"a": ["x"] * 260}, {"a": ["x", "y"] * 130}),
        ({"a": ["x"] * 60_000}, {"a": ["x", "y"] * 30_000}),
        ({"a": [str(n) for n in range(60_000)]}, {"a": [str(n) for n in range(60_000, 0, -1)]}),
        ({"a": ["x"] * 20 * 1_000 + ["u"]}, {"a": (["x", "y"] * 10 + ["v"]) * 1_000}),
    ],
    ids=["every value", "no line once", "no line once, and many", "reversed", "many gaps"],
)
def test_documents_that_are_hard_to_compare_are_compared_in_time(left: Any, right: Any) -> None:
    began = time.process_time()
    lines = diff_lines(left, right)
    spent = time.process_time() - began
    print(f"{len(lines)} lines, {spent:.2f} s")
    assert {"removed", "added"} <= {line.kind for line in lines}
    assert spent < 4  # far above what it takes: a guard against what grows with the square


def test_one_value_of_each_container_is_a_line_out_and_a_line_in() -> None:
    told = changed(values_of("a"), values_of("b"))
    assert len(told) == 2 * 50 * 95
    assert all('"value"' in line for line in told)
