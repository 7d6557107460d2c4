"""The text of a JSON document: where its members are, and edits that leave the rest of it alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.json_places import JsonPlaces
from widgets.json_splice import spliced

TEXT = """{
    "family": "web",   "x": {"kept":1.50},
    "containerDefinitions": [
        { "name": "a", "image": "b" },
        { "name": "c", "image": "d",
          "command": [] }
    ]
}
"""


def edited(**changes: Any) -> tuple[Any, Any]:
    old = json.loads(TEXT)
    return old, {**old, **changes}


def test_places_are_told_and_found_again() -> None:
    places = JsonPlaces(TEXT)
    place = places.place(("containerDefinitions", 1, "image"))
    assert place is not None
    assert TEXT[place.begin : place.end] == '"image": "d"'
    assert TEXT[place.start : place.end] == '"d"'
    assert places.path_at(place.start) == ("containerDefinitions", 1, "image")
    assert places.location(place.begin) == (4, 23)
    assert places.offset(4, 23) == place.begin
    assert places.place(("containerDefinitions", 7)) is None


@pytest.mark.parametrize("text", ["", "{", "]]", '{"a": [1, {"b"', "nonsense", '"', "{}}", '{"a"}', '[,,]"'])
def test_places_of_what_is_no_json_are_no_error(text: str) -> None:
    places = JsonPlaces(text)
    assert places.path_at(0) in ((), ("",), (0,))


def test_a_value_is_replaced_where_it_stands() -> None:
    old, new = edited(family="shop")
    assert spliced(TEXT, old, new) == TEXT.replace('"web"', '"shop"')


def test_a_member_is_added_as_the_one_beside_it_is_written() -> None:
    old = json.loads(TEXT)
    new = json.loads(TEXT)
    new["containerDefinitions"][0]["cpu"] = 5
    assert spliced(TEXT, old, new) == TEXT.replace('"image": "b" }', '"image": "b", "cpu": 5 }')
    new = json.loads(TEXT)
    new["tags"] = [{"key": "a"}]
    assert spliced(TEXT, old, new).endswith(
        '    ],\n    "tags": [\n        {\n            "key": "a"\n        }\n    ]\n}\n'
    )


def test_an_element_is_added_and_removed_and_nothing_else_is_touched() -> None:
    old = json.loads(TEXT)
    new = json.loads(TEXT)
    del new["containerDefinitions"][0]
    text = spliced(TEXT, old, new)
    assert text == TEXT.replace('{ "name": "a", "image": "b" },\n        ', "")
    new2 = json.loads(text)
    new2["containerDefinitions"][0]["command"].append("sh")
    assert '"x": {"kept":1.50}' in spliced(text, new, new2)
    assert json.loads(spliced(text, new, new2)) == new2


def test_true_is_not_taken_for_one() -> None:
    assert spliced('{"a": 1}', {"a": 1}, {"a": True}) == '{"a": true}'


def test_a_text_that_is_not_that_of_the_document_is_written_anew() -> None:
    assert json.loads(spliced("{", {"a": 1}, {"a": 2})) == {"a": 2}
    assert json.loads(spliced('{"b": 1}', {"a": 1}, {"a": 2})) == {"a": 2}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, _VALUES, st.sampled_from([None, 1, 2, 4, "\t"]), st.booleans())
def test_whatever_changes_the_text_is_that_of_the_new_document(
    old: Any, new: Any, unit: int | str | None, ascii: bool
) -> None:
    text = json.dumps(old, indent=unit, ensure_ascii=ascii)
    assert json.dumps(json.loads(spliced(text, old, new))) == json.dumps(new)


@given(_VALUES, st.data(), st.sampled_from([None, 2]))
def test_every_place_of_a_text_holds_its_value(document: Any, data: Any, unit: int | None) -> None:
    text = json.dumps(document, indent=unit)
    places = JsonPlaces(text)

    def check(value: Any, path: tuple[str | int, ...]) -> None:
        place = places.place(path)
        assert place is not None
        assert json.loads(text[place.start : place.end]) == value
        assert places.path_at(place.end - 1)[: len(path)] == path
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            check(item, (*path, key))

    check(document, ())
