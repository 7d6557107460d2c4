"""What an edit begins with, and everything that is said of a text while it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.definition_document import parse_definition
from app.model.errors import DocumentError, Finding
from app.model.task_definition import TaskDefinition
from app.operations.definitions import register_task_definition
from app.operations.editing import (
    BLANK,
    check_text,
    edit_blank,
    edit_members,
    edit_revision,
    members_of,
    read_text,
)
from app.operations.session import Session
from app.store.home import resolve_home
from tests.unit.generated import definitions
from widgets.json_splice import spliced
from widgets.model_form.edits import value_at
from widgets.model_form.form_model import FormModel
from widgets.model_form.hints import FormHints
from widgets.model_form.shape import Path as Place
from widgets.model_form.shape import shape_of

GOOD = {"family": "web", "containerDefinitions": [{"name": "a", "image": "b", "memory": 8}]}
SHAPE = shape_of(TaskDefinition)


def revision(folder: Path, document: bytes) -> Any:
    session = Session(resolve_home(str(folder), {}))
    return register_task_definition(session, document, "web.json").stored


def test_what_registering_takes_is_edited_as_it_is_written(tmp_path: Path) -> None:
    written = b'{ "family":"web","x":1.50,\n"containerDefinitions":[{"name":"a","image":"b","memory":8}]}'
    start = edit_revision(revision(tmp_path, written))
    assert start.text.encode() == written
    assert start.base == ("web", 1)


def test_a_document_in_one_long_line_is_laid_out(tmp_path: Path) -> None:
    pairs = [{"name": f"N{number}", "value": "x" * 40} for number in range(100)]
    container = {"name": "a", "image": "b", "memory": 8, "environment": pairs}
    document = {"family": "web", "containerDefinitions": [container]}
    start = edit_revision(revision(tmp_path, json.dumps(document).encode()))
    assert json.loads(start.text) == document
    assert max(map(len, start.text.split("\n"))) < 100


def test_another_dialect_is_edited_as_the_members_that_it_has(tmp_path: Path) -> None:
    described = {"taskDefinition": {**GOOD, "revision": 7, "status": "ACTIVE", "cpu": None}}
    start = edit_revision(revision(tmp_path, json.dumps(described).encode()))
    assert json.loads(start.text) == GOOD


def test_a_revision_that_somebody_broke_is_edited_as_it_is(tmp_path: Path) -> None:
    stored = revision(tmp_path, json.dumps(GOOD).encode())
    path = tmp_path / "task-definitions" / "web" / "1.json"
    path.write_text('{"family": ')
    again = Session(resolve_home(str(tmp_path), {})).definitions.read(stored.family, stored.revision)
    assert edit_revision(again).text == '{"family": '


def test_losses_come_along_and_a_blank_one_says_what_it_lacks() -> None:
    loss = Finding("services.web", "has no place", "leave it", "warning")
    assert edit_members(GOOD, (loss,)).losses == (loss,)
    assert edit_blank().text == BLANK
    assert [told.at for told in check_text(BLANK).findings] == [("family",), ("containerDefinitions",)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1,', "line 1, column 9"),
        ('{\n  "a": 1,\n  "a": 2\n}', "line 3, column 3"),
        ("[]", "line 1, column 1"),
        ('{"a": NaN}', "line 1, column 7"),
        ("[" * 100_000, "line 1, column 65"),
        ('{"a": "\ud800"}', "line 1, column"),
    ],
)
def test_a_text_that_is_no_document_is_told_with_its_place(text: str, where: str) -> None:
    checked = check_text(text)
    assert checked.members is None
    assert checked.syntax is not None
    assert checked.syntax.path.startswith(where)
    assert checked.errors == 1


def test_findings_have_places_errors_come_first_and_no_value_is_quoted() -> None:
    document = {
        **GOOD,
        "taskRoleArn": "arn:aws:iam::1:role/x",
        "containerDefinitions": [{"name": "a", "image": "b", "memory": "hunter2", "dependsOn": [{}]}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:x =="}],
    }
    found = check_text(json.dumps(document)).findings
    assert [told.severity for told in found] == ["error"] * len(found)
    assert ("containerDefinitions", 0, "memory") in [told.at for told in found]
    assert "hunter2" not in repr(found)


def test_expressions_are_looked_at_when_all_else_is_right() -> None:
    document = {**GOOD, "placementConstraints": [{"type": "memberOf", "expression": "attribute:x =="}]}
    (told,) = check_text(json.dumps(document)).findings
    assert told.at == ("placementConstraints", 0, "expression")


def test_findings_of_a_wrapped_document_are_where_they_stand() -> None:
    (told,) = check_text(json.dumps({"taskDefinition": {**GOOD, "family": "no good"}})).findings
    assert told.at == ("taskDefinition", "family")
    assert members_of(json.dumps({"taskDefinition": GOOD})) == GOOD
    assert members_of("[") == {}


@given(definitions())
def test_the_editor_and_registering_say_the_same(document: dict[str, Any]) -> None:
    checked = check_text(json.dumps(document))
    try:
        understood = parse_definition(json.dumps(document).encode(), "x")
    except DocumentError as error:
        assert checked.errors == len(error.findings)
    else:
        assert checked.errors <= len(document.get("placementConstraints", ()))  # expressions are asked for beside it
        assert checked.warnings == len(understood.warnings)


def _places(value: Any, path: Place = ()) -> list[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*path, key), *_places(item, (*path, key))]]


@given(definitions(), st.data())
def test_any_document_through_the_form_and_back_is_the_same_document(document: dict[str, Any], data: Any) -> None:
    """Unknown members, their order and the rest of the text come through an edit and its undoing."""
    text = edit_members(document).text
    members = read_text(text).members
    form = FormModel(SHAPE, FormHints())
    form.load(members)
    assert spliced(text, members, form.document) == text
    place = data.draw(st.sampled_from(_places(document)))
    old = value_at(document, place)
    form.set(place, "typed")
    typed = spliced(text, members, form.document)
    assert value_at(json.loads(typed), place) == "typed"
    form.set(place, old)
    back = spliced(typed, json.loads(typed), form.document)
    assert json.dumps(json.loads(back)) == json.dumps(document)
    assert form.undo()
    assert form.undo()
    assert form.document == document
