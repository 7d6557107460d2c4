"""The form by its keys, with a model that has nothing to do with containers."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot

from tests.unit.widgets.bakery import Cake
from tests.unit.widgets.test_form_model import CAKE
from widgets.model_form.hints import FormFinding, FormHints, Group
from widgets.model_form.inputs import TextDialog
from widgets.model_form.shape import shape_of
from widgets.model_form.widget import ModelForm

Lines = Callable[[App[Any]], list[str]]
SIZE = (70, 26)


class Driven:
    def __init__(self, pilot: Pilot[Any], form: ModelForm, lines_of: Lines) -> None:
        self.pilot, self.form, self._lines_of = pilot, form, lines_of

    @property
    def document(self) -> Any:
        return self.form.model.document

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {" ": "space", "_": "underscore", ".": "full_stop", "-": "minus", '"': "quotation_mark"}
        await self.press(*(names.get(character, character) for character in text))

    async def at(self, *path: str | int) -> None:
        self.form.go_to(path)
        await self.pilot.pause()

    def shown(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines_of(self.pilot.app))


@pytest.fixture
def driven(app_of: Callable[..., Any], lines_of: Lines) -> Callable[..., Any]:
    @asynccontextmanager
    async def drive(document: Any = None, **hints: Any) -> AsyncIterator[Driven]:
        form = ModelForm(shape_of(Cake), FormHints(**hints))
        app = app_of(form)
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            form.set_document(copy.deepcopy(CAKE if document is None else document))
            app.screen.set_focus(form.query_one("#form-rows"))
            await pilot.pause()
            yield Driven(pilot, form, lines_of)

    return drive


async def test_a_text_is_typed_in_its_place_and_the_document_follows_every_key(driven: Any) -> None:
    async with driven() as it:
        await it.press("enter")
        await it.type(" Torte")
        assert it.document["name"] == "Sacher Torte"
        assert [message.document["name"] for message in it.pilot.app.seen if False] == []
        await it.press("enter")
        assert not it.form.is_typing
        await it.press("u")
        assert it.document == CAKE


async def test_keys_that_come_right_behind_enter_are_text(driven: Any) -> None:
    async with driven() as it:
        await it.pilot.press("enter", "x", "u", "q", "enter", "j")
        await it.pilot.pause()
        assert it.document["name"] == "Sacherxuq"


async def test_esc_leaves_it_as_it_was_and_undo_knows_nothing_of_it(driven: Any) -> None:
    async with driven() as it:
        await it.press("enter")
        await it.type("zzz")
        await it.press("escape")
        assert it.document == CAKE
        assert not it.form.model.undo() or it.document == {}


async def test_what_is_no_number_is_kept_and_shown_as_wrong(driven: Any) -> None:
    async with driven() as it:
        await it.at("steps", 0, "minutes")
        await it.press("enter")
        await it.type("x")
        await it.press("enter")
        assert it.document["steps"][0]["minutes"] == "5x"
        assert it.form.model.row((("steps", 0, "minutes"), "")).cells[0].tone == "bad"
        await it.press("enter", "backspace", "2", "enter")
        assert it.document["steps"][0]["minutes"] == 52


async def test_an_emptied_number_is_absent_and_an_emptied_text_is_empty(driven: Any) -> None:
    async with driven() as it:
        await it.at("toppings", 0, "grams")
        await it.press("enter", "backspace", "backspace", "enter")
        assert it.document["toppings"][0] == {"name": "cream"}
        await it.at("layer", "flavour")
        await it.press("enter", *["backspace"] * 7, "enter")
        assert it.document["layer"] == {"flavour": ""}


async def test_a_text_that_was_absent_stays_so_when_nothing_is_typed(driven: Any) -> None:
    async with driven() as it:
        await it.at("baked")
        await it.press("enter", "2", "backspace", "enter")
        assert "baked" not in it.document


async def test_yes_and_no_turn_and_x_unsets(driven: Any) -> None:
    async with driven() as it:
        await it.at("gluten_free")
        await it.press("enter")
        assert it.document["gluten_free"] is True
        await it.press("space")
        assert it.document["gluten_free"] is False
        await it.press("x")
        assert "gluten_free" not in it.document


async def test_a_choice_is_chosen_from_a_list_and_unset_by_it(driven: Any) -> None:
    async with driven() as it:
        await it.at("size")
        await it.press("enter")
        assert "not set" in it.shown()
        assert "large" in it.shown()
        await it.press("down", "down", "enter")
        assert it.document["size"] == "large"
        await it.press("enter", "up", "up", "enter")
        assert "size" not in it.document
        await it.press("enter", "down", "escape")
        assert "size" not in it.document


async def test_scalars_are_added_one_after_the_other_until_nothing_is_typed(driven: Any) -> None:
    async with driven() as it:
        await it.at("tags")
        await it.press("a")
        await it.type("rich")
        await it.press("enter")
        await it.type("old")
        await it.press("enter", "enter")
        assert it.document["tags"] == ["dark", "rich", "old"]
        assert not it.form.is_typing


async def test_pairs_are_typed_name_and_value(driven: Any) -> None:
    async with driven() as it:
        await it.at("toppings")
        await it.press("a")
        await it.type("sugar")
        await it.press("enter")
        await it.type("7")
        await it.press("enter", "escape")
        assert it.document["toppings"][2:] == [{"name": "sugar", "grams": 7}]


async def test_entries_of_a_map_are_added_renamed_and_never_lost(driven: Any) -> None:
    async with driven() as it:
        await it.at("notes")
        await it.press("a")
        await it.type("c")
        await it.press("enter")
        await it.type("3")
        await it.press("enter", "escape")
        assert it.document["notes"] == {"b": "1", "a": "2", "c": "3"}
        await it.at("notes", "c")
        await it.press("left", "enter", "backspace")
        await it.type("a")
        await it.press("enter")
        assert it.document["notes"] == {"b": "1", "a": "2", "c": "3"}
        assert "there already" in it.shown()


async def test_elements_are_copied_moved_and_removed(driven: Any) -> None:
    async with driven() as it:
        await it.at("steps", 0)
        await it.press("J")
        assert [step["what"] for step in it.document["steps"]] == ["bake", "mix"]
        assert it.form.path == ("steps", 1)
        await it.press("C")
        assert [step["what"] for step in it.document["steps"]] == ["bake", "mix", "mix"]
        await it.press("x", "K")
        assert [step["what"] for step in it.document["steps"]] == ["mix", "bake"]


async def test_an_alternative_of_a_union_is_chosen(driven: Any) -> None:
    async with driven() as it:
        await it.at("decoration")
        await it.press("enter", "down", "enter", "down", "enter")
        assert it.document["decoration"] == {"kind": "figure"}
        assert "Standing" in it.shown()


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("a dozen", "a dozen")])
async def test_a_union_of_scalars_takes_the_first_that_fits(driven: Any, text: str, value: object) -> None:
    async with driven() as it:
        await it.at("serves")
        await it.press("enter")
        await it.type(text)
        await it.press("enter")
        assert it.document["serves"] == value


async def test_tab_goes_from_field_to_field(driven: Any) -> None:
    async with driven() as it:
        await it.at("toppings", 0, "name")
        await it.press("enter")
        await it.type("s")
        await it.press("tab", "backspace", "backspace", "9", "tab")
        await it.type("x")
        await it.press("enter")
        assert it.document["toppings"] == [{"name": "creams", "grams": 9}, {"name": "nutsx", "grams": 10}]


async def test_several_lines_are_edited_as_they_are(driven: Any) -> None:
    async with driven({"name": "x", "layer": {}, "notes": {"recipe": "one\ntwo"}}) as it:
        await it.at("notes", "recipe")
        await it.press("right", "enter")
        assert isinstance(it.pilot.app.screen, TextDialog)
        await it.press("enter")
        await it.type("three")
        await it.press("escape")
        assert it.document["notes"] == {"recipe": "one\ntwo\nthree"}


async def test_lines_are_pasted_into_names_and_values(driven: Any) -> None:
    async with driven() as it:
        await it.at("notes")
        it.pilot.app.screen.focused.post_message(events.Paste("b=new\nd=4"))
        await it.pilot.pause()
        assert it.document["notes"] == {"b": "new", "a": "2", "d": "4"}
        await it.press("u")
        assert it.document == CAKE


async def test_a_line_is_pasted_into_a_field_once(driven: Any) -> None:
    async with driven() as it:
        await it.press("enter")
        it.pilot.app.screen.focused.post_message(events.Paste(" Torte"))
        await it.press("enter")
        assert it.document["name"] == "Sacher Torte"


async def test_lines_pasted_into_a_value_make_it_a_text_of_several_lines(driven: Any) -> None:
    async with driven() as it:
        await it.at("layer", "flavour")
        await it.press("enter")
        it.pilot.app.screen.focused.post_message(events.Paste(" and\nplum"))
        await it.pilot.pause()
        assert it.document["layer"]["flavour"] == "apricot and\nplum"


async def test_findings_are_shown_and_n_goes_to_them_wherever_they_are_folded(driven: Any) -> None:
    async with driven() as it:
        it.form.set_findings([FormFinding(("steps", 1, "tools", 0), "is not clean"), FormFinding(("name",), "dull")])
        await it.press("n")
        assert it.form.path == ("steps", 1, "tools", 0)
        assert "is not clean" in it.shown()
        await it.press("n")
        assert it.form.path == ("name",)


async def test_a_search_finds_and_the_cursor_is_there(driven: Any) -> None:
    async with driven() as it:
        it.form.search("minutes")
        await it.pilot.pause()
        assert it.form.path[-1] == "minutes"
        it.form.search("")
        await it.pilot.pause()
        assert "Gluten free" in it.shown()


async def test_hostile_text_is_shown_and_drives_nothing(driven: Any) -> None:
    hostile = "\x1b]0;pwned\x07[/]\u202e[@click=app.quit]x"
    document = {"name": hostile, "layer": {"flavour": hostile}, hostile: hostile, "notes": {hostile: hostile}}
    async with driven(document, groups={(): (Group("All", ("name", "layer", "notes"), open=True),)}) as it:
        it.form.set_findings([FormFinding(("name",), hostile)])
        await it.press("n", "G", "g")
        assert "\x1b" not in it.shown()
        assert "\u202e" not in it.shown()
        assert it.document == document


async def test_a_small_form_lays_its_offers_where_there_is_room(driven: Any) -> None:
    async with driven() as it:
        await it.pilot.resize_terminal(40, 8)
        await it.at("size")
        await it.press("enter")
        assert "large" in it.shown()
        await it.press("escape")
        assert it.document == CAKE


@pytest.mark.parametrize("count", [3, 12, 40])
async def test_what_is_typed_stands_on_its_row_wherever_that_is_scrolled_to(driven: Any, count: int) -> None:
    async with driven({**CAKE, "tags": [f"tag{number}" for number in range(count)]}) as it:
        await it.pilot.resize_terminal(50, 12)
        await it.at("tags")
        await it.press("a")
        await it.type("typed")
        (line,) = [line for line in it.shown().split("\n") if "typed" in line]
        assert f" {count + 1} " in line
        await it.press("enter", "escape", "g")
        it.form._grid.scroll_to(y=5, animate=False, force=True)
        await it.pilot.pause()
        await it.at("tags", count)
        await it.press("enter")
        (line,) = [line for line in it.shown().split("\n") if "typed" in line]
        assert f" {count + 1} " in line


async def test_what_is_typed_goes_with_its_row_when_the_rows_are_scrolled(driven: Any) -> None:
    async with driven({**CAKE, "tags": [f"tag{number}" for number in range(40)]}) as it:
        await it.at("tags", 30)
        await it.press("enter")
        await it.type("-typed")
        for step in (2, -1):
            it.form._grid.scroll_to(y=it.form._grid.scroll_offset.y + step, animate=False, force=True)
            await it.pilot.pause()
            (line,) = [line for line in it.shown().split("\n") if "typed" in line]
            assert " 31 " in line
