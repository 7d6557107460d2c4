"""How the form of a task definition is laid out: nothing is left out, and nothing that it says is wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.model.task_definition import ContainerDefinition, TaskDefinition
from app.screens.definition_form import GROUPS, LABELS, definition_hints, offers
from app.screens.definition_summaries import SUMMARIES
from app.screens.json_side import masked_columns
from widgets.json_places import JsonPlaces
from widgets.model_form.shape import shape_of

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_every_member_has_a_group() -> None:
    for place, model in (((), TaskDefinition), (("containerDefinitions", "*"), ContainerDefinition)):
        grouped = [name for group in GROUPS[place] for name in group.members]
        assert sorted(grouped) == sorted(shape_of(model).members)


def test_every_label_is_of_a_member() -> None:
    names = {name for model in _shapes(shape_of(TaskDefinition)) for name in model.members}
    assert set(LABELS) <= names


def _shapes(shape: Any) -> Any:
    yield shape
    for below in (*shape.members.values(), *([shape.element] if shape.element else [])):
        yield from _shapes(below)


@given(_VALUES)
def test_a_summary_of_anything_is_a_line(value: Any) -> None:
    for summary in SUMMARIES.values():
        assert "\n" not in summary(value)


@given(_VALUES)
def test_offers_of_anything_are_names(value: Any) -> None:
    document = {"containerDefinitions": value, "volumes": value}
    for path in (
        ("containerDefinitions", 0, "dependsOn", 0, "containerName"),
        ("containerDefinitions", 0, "links", 0),
        ("containerDefinitions", 0, "mountPoints", 0, "sourceVolume"),
        ("proxyConfiguration", "containerName"),
    ):
        assert all(isinstance(name, str) and name for name in offers(document, path))


def test_other_containers_are_offered_and_not_the_one_itself() -> None:
    document = {"containerDefinitions": [{"name": "a"}, {"name": "b"}, {"image": "x"}], "volumes": [{"name": "v"}]}
    assert offers(document, ("containerDefinitions", 0, "links", 0)) == ["b"]
    assert offers(document, ("containerDefinitions", 1, "mountPoints", 0, "sourceVolume")) == ["v"]
    assert offers(document, ("family",)) == ()
    assert definition_hints().secret("DB_PASSWORD", "x")


def test_secrets_in_a_text_are_told_by_line_and_column() -> None:
    text = '{"environment": [\n  {"name": "TOKEN", "value": "abc"}, {"name": "A", "value": "b"}]}'
    members = {"environment": [{"name": "TOKEN", "value": "abc"}, {"name": "A", "value": "b"}]}
    ((line, spans),) = masked_columns(members, JsonPlaces(text)).items()
    assert [text.split("\n")[line][start:end] for start, end in spans] == ["abc"]


@given(_VALUES)
def test_masking_columns_of_anything_is_no_error(value: Any) -> None:
    assert isinstance(masked_columns(value, JsonPlaces("{}")), dict)
