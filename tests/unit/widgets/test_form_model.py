"""What a form does to its document, whoever presses the keys."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.task_definition import TaskDefinition
from tests.unit.generated import definitions
from tests.unit.widgets.bakery import Cake
from widgets.model_form.edits import value_at, with_value, without
from widgets.model_form.form_model import FormModel
from widgets.model_form.hints import FormFinding, FormHints, Group
from widgets.model_form.rows import FormRow
from widgets.model_form.shape import ABSENT, Path, shape_of

CAKE: dict[str, Any] = {
    "name": "Sacher",
    "unknown": {"kept": [1, 2.5, None]},
    "toppings": [{"name": "cream", "grams": 40}, {"name": "nuts", "grams": 10}],
    "steps": [{"what": "mix", "minutes": 5}, {"what": "bake", "minutes": 50, "tools": ["oven"]}],
    "tags": ["dark"],
    "notes": {"b": "1", "a": "2"},
    "layer": {"flavour": "apricot"},
}


def form(document: Any = None, **hints: Any) -> FormModel:
    model = FormModel(shape_of(Cake), FormHints(**hints))
    model.load(copy.deepcopy(CAKE if document is None else document))
    return model


def labels(model: FormModel) -> list[str]:
    return [row.label or row.cells[0].text for row in model.rows]


def row_at(model: FormModel, *path: str | int) -> FormRow:
    found = model.row((path, ""))
    assert found is not None, f"no row at {path}: {labels(model)}"
    return found


def test_a_new_member_stands_where_the_model_has_it_and_the_rest_stays_in_its_order() -> None:
    model = form()
    model.set(("gluten_free",), True)
    model.set(("size",), "small")
    assert list(model.document) == [
        "name", "size", "gluten_free", "unknown", "toppings", "steps", "tags", "notes", "layer",
    ]  # fmt: skip
    assert model.document["unknown"] == CAKE["unknown"]


def test_setting_below_what_is_not_there_makes_it_and_unsetting_takes_it_away_again() -> None:
    model = form()
    model.set(("layer", "on_top", "flavour"), "cherry")
    assert model.document["layer"] == {"flavour": "apricot", "on_top": {"flavour": "cherry"}}
    model.unset(("layer", "on_top", "flavour"))
    assert model.document == CAKE


def test_an_object_that_must_be_there_stays_when_its_last_member_goes() -> None:
    model = form()
    model.unset(("layer", "flavour"))
    assert model.document["layer"] == {}


def test_what_was_there_empty_stays_empty() -> None:
    model = form({**CAKE, "tags": [], "notes": {}})
    model.set(("name",), "Linzer")
    assert model.document["tags"] == []
    assert model.document["notes"] == {}


@pytest.mark.parametrize("path", [(), ("name",), ("layer", "flavour")])
def test_what_is_no_element_is_not_copied(path: Path) -> None:
    """A heading, and what stands in no list: the key is pressed there all the same."""
    model = form()
    assert model.duplicate(path) is None
    assert model.document == CAKE


def test_elements_are_copied_moved_and_removed_and_folds_go_with_them() -> None:
    model = form()
    for path in (("steps",), ("steps", 1)):
        model.fold(row_at(model, *path), opened=True)
    target = model.move(("steps", 1), -1)
    assert [step["what"] for step in model.document["steps"]] == ["bake", "mix"]
    assert target.key == (("steps", 0), "")
    assert row_at(model, "steps", 0).open
    assert not row_at(model, "steps", 1).open
    model.duplicate(("steps", 0))
    assert [step["what"] for step in model.document["steps"]] == ["bake", "bake", "mix"]
    assert model.remove(("steps", 2)).key == (("steps", 1), "")
    assert model.remove(("steps", 0)).key == (("steps", 0), "")
    assert model.remove(("steps", 0)).key == (("steps",), "+")
    assert model.document["steps"] == []


def test_moving_stops_at_the_ends() -> None:
    model = form()
    model.move(("steps", 0), -1)
    model.move(("steps", 1), 5)
    assert model.document == CAKE


def test_an_object_that_is_added_asks_first_for_what_must_be_said() -> None:
    model = form()
    target = model.add(("steps",))
    assert target is not None
    assert (target.key[0], target.edit) == (("steps", 2, "what"), True)
    assert model.document["steps"][2] == {}


def test_a_scalar_or_a_pair_that_is_added_is_not_there_before_it_is_typed() -> None:
    for path in (("tags",), ("toppings",)):
        model = form()
        target = model.add(path)
        assert target is not None
        assert model.document == CAKE
        assert model.row(target.key) is not None
        model.forget_ghost()
        assert model.row(target.key) is None


def test_undo_and_redo_go_through_every_edit_and_typing_is_one() -> None:
    model = form()
    for text in ("L", "Li", "Linzer"):
        model.set(("name",), text, typing="a session")
    model.remove(("tags", 0))
    assert model.undo()
    assert model.document["tags"] == ["dark"]
    assert model.undo()
    assert model.document == CAKE
    assert model.redo()
    assert model.document["name"] == "Linzer"
    model.set(("name",), "Esterházy")
    assert not model.redo()


def test_names_and_values_are_pasted_over_those_that_are_there() -> None:
    model = form({"name": "x", "layer": {}, "notes": {"a": "1"}})
    assert model.paste(("notes",), "# all\nB=two words\na=2\n\nnonsense") == 3
    assert model.document["notes"] == {"a": "2", "B": "two words", "nonsense": ""}


def test_an_entry_gets_another_key_in_its_place_and_no_entry_is_lost_to_it() -> None:
    model = form()
    assert model.rename(("notes", "b"), "c")
    assert list(model.document["notes"].items()) == [("c", "1"), ("a", "2")]
    assert not model.rename(("notes", "c"), "a")
    assert list(model.document["notes"].items()) == [("c", "1"), ("a", "2")]


def test_a_search_without_a_match_has_no_place_to_go_to() -> None:
    model = form()
    model.search("[/x][bold]")
    assert (model.rows, model.reveal(("name",)), model.reveal(())) == ([], None, None)


def test_a_search_shows_what_matches_wherever_it_is_folded_away_or_not_there() -> None:
    model = form()
    model.search("flav")
    shown = [row.path for row in model.rows if row.kind == "field"]
    assert ("layer", "flavour") in shown
    assert ("layer", "on_top", "flavour") in shown
    assert all("flavour" in path for path in shown)
    assert len(model.rows) < 60  # a model that contains itself is not searched for ever


def test_a_place_is_revealed_through_groups_and_folds() -> None:
    model = form(groups={(): (Group("Making", ("steps", "tags")), Group("Look", ("decoration",)))})
    key = model.reveal(("steps", 1, "tools", 0))
    assert key == (("steps", 1, "tools", 0), "")
    assert model.row(key) is not None
    assert model.reveal(("decoration", "count")) == (("decoration", "count"), "")


def test_members_that_no_group_has_come_after_the_groups() -> None:
    model = form(groups={(): (Group("Made of", ("toppings", "layer"), open=True),)})
    assert labels(model)[0] == "Made of"
    assert {"Name", "Tags", "unknown"} <= set(labels(model))


def test_a_finding_is_at_its_row_and_on_whatever_folds_it_away() -> None:
    model = form()
    finding = FormFinding(("steps", 1, "minutes"), "too long")
    model.tell([finding])
    assert row_at(model, "steps").findings == (finding,)
    model.reveal(finding.path)
    assert row_at(model, "steps").findings == ()
    assert row_at(model, "steps", 1, "minutes").findings == (finding,)


def test_secrets_are_masked_until_they_are_revealed_in_summaries_too() -> None:
    document = {"name": "x", "layer": {}, "notes": {"pin": "1234", "shelf": "low"}}
    model = form(document, secret=lambda name, value: name == "pin")
    assert "1234" not in repr(model.rows)
    model.fold(row_at(model, "notes"), opened=True)
    assert "1234" not in repr(model.rows)
    model.view.revealed = True
    model.looked_at_anew()
    assert "1234" in repr(model.rows)


@pytest.mark.parametrize(
    "document",
    [
        {"name": 5, "layer": [], "toppings": {"a": 1}, "notes": [1], "decoration": "x", "steps": [[], None, 7]},
        {"name": None, "layer": None, "tags": [{}], "serves": {}, "order": {"a": 1}, "shelves": {"a": 1}},
    ],
)
def test_what_does_not_fit_the_model_is_shown_as_it_is(document: dict[str, Any]) -> None:
    model = form(document)
    model.search("e")  # unfolds everything
    model.rows  # noqa: B018 - it is made here
    model.search("")
    for name in ("toppings", "notes", "decoration"):
        if name in document:
            assert row_at(model, name).cells[0].tone == "bad"
    assert model.document == document


def _paths(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        return [path, *(found for key, item in value.items() for found in _paths(item, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for index, item in enumerate(value) for found in _paths(item, (*path, index)))]
    return [path]


@given(definitions(), st.data())
def test_a_document_goes_through_an_edit_and_back_whatever_it_holds(document: dict[str, Any], data: Any) -> None:
    shape, before = shape_of(TaskDefinition), json.dumps(document)
    path = data.draw(st.sampled_from([path for path in _paths(document) if path]))
    value = value_at(document, path)
    edited = with_value(document, path, "something else", shape)
    assert value_at(edited, path) == "something else"
    assert json.dumps(with_value(edited, path, value, shape)) == before
    assert json.dumps(document) == before
    assert value_at(without(document, path), path) is ABSENT or isinstance(path[-1], int)


@given(definitions())
def test_any_definition_is_shown_by_the_form_and_untouched_by_it(document: dict[str, Any]) -> None:
    before = json.dumps(document)
    model = FormModel(shape_of(TaskDefinition), FormHints())
    model.load(document)
    for _ in range(6):
        for row in list(model.rows):
            if row.foldable and not row.open:
                model.view.folds[row.key] = True
        model.looked_at_anew()
    shown = {cell.path for row in model.rows for cell in row.cells if cell.path is not None}
    leaves = {path for path in _paths(document) if not isinstance(value_at(document, path), dict | list)}
    assert leaves <= shown | {path for path in leaves if not _is_known(path, shown)}
    assert json.dumps(model.document) == before


def _is_known(path: Path, shown: set[Path]) -> bool:
    """Below a member that the model does not know everything is one row."""
    return not any(path[:length] in shown for length in range(len(path)))
