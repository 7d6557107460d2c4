"""A form of lines by its keys, of a model that has nothing to do with containers: a list of what to buy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App
from textual.events import Paste
from textual.message import Message
from textual.pilot import Pilot

from widgets.cells import cell
from widgets.line_form import LineForm
from widgets.line_list import LineList
from widgets.line_model import FormLine, Offer, Offers
from widgets.model_form.inputs import FieldInput

SHOPS = ("baker", "butcher", "grocer")
GOODS = ("apples ", "bread", "butter")


class Shopping:
    """``shop``, a note, and a list of goods."""

    def __init__(self) -> None:
        self.state: tuple[str, str, tuple[str, ...]] = ("baker", "", ())

    @property
    def lines(self) -> Sequence[FormLine]:
        shop, note, goods = self.state
        return [
            FormLine("shop", "Shop", cell(shop), kind="choice"),
            FormLine("note", "Note", cell(note or "none", "" if note else "muted"), cell("a few words", "muted")),
            *(
                FormLine(
                    f"goods:{index}", "" if index else "Goods", cell(good), listed=True, apart=not index,
                    error="nobody sells it" if good == "air" else "", error_at=1 if good == "air" else None,
                )
                for index, good in enumerate(goods)
            ),
            FormLine("goods:+", "" if goods else "Goods", cell("+ add"), kind="add", listed=True, apart=not goods),
            FormLine("sum", "Sum", cell(str(len(goods))), kind="fixed"),
            FormLine("buy", "", cell("Buy"), kind="button", apart=True),
        ]  # fmt: skip

    def restore(self, state: Any) -> None:
        self.state = state

    def text(self, key: str) -> str:
        shop, note, goods = self.state
        return {"shop": shop, "note": note}.get(key) or (goods[int(key[6:])] if key[6:].isdigit() else "")

    def offers(self, key: str) -> Offers:
        if key == "shop":
            return Offers(tuple(Offer(shop) for shop in SHOPS))
        return Offers(tuple(Offer(good, "fresh") for good in GOODS)) if key != "note" else Offers()

    def set(self, key: str, text: str) -> None:
        shop, note, goods = self.state
        if key == "shop":
            self.state = text, note, goods
        elif key == "note":
            self.state = shop, text, goods
        else:
            index = int(key[6:])
            self.state = shop, note, (*goods[:index], text, *goods[index + 1 :])

    def take(self, key: str, text: str) -> str:
        if key.startswith("goods:") and not text:
            return self.remove(key) or key
        self.set(key, text)
        return key

    def add(self, key: str) -> str | None:
        shop, note, goods = self.state
        self.state = shop, note, (*goods, "")
        return f"goods:{len(goods)}"

    def remove(self, key: str) -> str | None:
        shop, note, goods = self.state
        index = int(key[6:])
        self.state = shop, note, (*goods[:index], *goods[index + 1 :])
        return f"goods:{index}" if index < len(goods) - 1 else "goods:+"

    def move(self, key: str, step: int) -> str | None:
        shop, note, goods = self.state
        index = int(key[6:])
        to = min(max(index + step, 0), len(goods) - 1)
        kept = [*goods[:index], *goods[index + 1 :]]
        self.state = shop, note, (*kept[:to], goods[index], *kept[to:])
        return f"goods:{to}"

    def help(self, key: str) -> str:
        return f"about {key}"


class Driven:
    def __init__(
        self, pilot: Pilot[Any], form: LineForm, lines_of: Callable[[App[Any]], list[str]], seen: list[Message]
    ) -> None:
        self.pilot, self.form, self._lines_of, self._seen = pilot, form, lines_of, seen
        assert isinstance(form.model, Shopping)
        self.model = form.model

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def cursor(self) -> str:
        line = self.form.query_one(LineList).line
        return line.key if line else ""

    @property
    def changes(self) -> int:
        """How often the form has told that its values are others."""
        return len({id(message) for message in self._seen if isinstance(message, LineForm.Changed)})

    @property
    def pressed(self) -> list[str]:
        """The keys of the buttons that were pressed."""
        unique = {id(message): message for message in self._seen if isinstance(message, LineForm.Pressed)}
        return [message.key for message in unique.values()]

    def shown(self) -> list[str]:
        return [line.rstrip() for line in self._lines_of(self.pilot.app)]


@pytest.fixture
def driven(app_of: Callable[..., Any], lines_of: Any) -> Callable[..., Any]:
    @asynccontextmanager
    async def drive(size: tuple[int, int] = (50, 14)) -> AsyncIterator[Driven]:
        form = LineForm(Shopping())
        app = app_of(form)
        seen: list[Message] = []
        async with app.run_test(size=size, notifications=True, message_hook=seen.append) as pilot:
            form.focus_lines()
            await pilot.pause()
            yield Driven(pilot, form, lines_of, seen)

    return drive


async def test_lines_stand_apart_where_there_is_room_and_close_together_where_there_is_not(driven: Any) -> None:
    async with driven() as at:
        assert at.shown()[:7] == [
            "▌Shop        baker",
            " Note        none                     a few words",
            "",
            " Goods       + add",
            " Sum         0",
            "",
            "             Buy",
        ]
        assert at.shown()[12:] == [" about shop", ""]
    async with driven((50, 7)) as at:
        assert at.shown()[:5] == [
            "▌Shop        baker",
            " Note        none                     a few words",
            " Goods       + add",
            " Sum         0",
            "             Buy",
        ]


async def test_a_choice_is_found_by_a_few_letters_and_nothing_else_can_be_typed(driven: Any) -> None:
    async with driven() as at:
        await at.press("enter")
        assert [shop for line in at.shown() for shop in SHOPS if shop in line] == ["baker", *SHOPS]
        await at.press(*"gro", "enter")
        assert at.model.state[0] == "grocer"
        await at.press("enter", *"zoo", "enter")
        assert at.form.is_typing
        assert "Nothing matches" in "\n".join(at.shown())
        await at.press("escape")
        assert at.model.state[0] == "grocer"
        await at.press("enter", "up", "enter")
        assert at.model.state[0] == "butcher"


async def test_a_text_is_taken_as_it_is_typed_and_esc_has_it_as_it_was(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "enter", *"soon")
        assert at.model.state[1] == "soon"
        await at.press("escape")
        assert at.model.state[1] == ""
        await at.press("enter", *"now", "tab")
        assert at.model.state[1] == "now"
        assert at.cursor == "goods:+"
        await at.press("u")
        assert at.model.state[1] == ""


async def test_a_digit_begins_a_new_number_where_there_is_one(driven: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered = [replace(line, number=line.key == "note") for line in Shopping().lines]
    monkeypatch.setattr(Shopping, "lines", property(lambda _: numbered))
    async with driven() as at:
        await at.press("7")
        assert not at.form.is_typing
        at.model.set("note", "1")
        await at.press("j")
        for key in ("2", "0", "enter"):
            at.pilot.app.simulate_key(key)
        await at.pilot.pause()
        await at.press("k")
        assert at.model.state[1] == "20"
        await at.press("u")
        assert at.model.state[1] == "1"


async def test_several_lines_are_pasted_as_one(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "enter", "a", "space")
        at.pilot.app.post_message(Paste("b\r\nc\n"))
        await at.pilot.pause()
        await at.press("enter")
        assert at.model.state[1] == "a b c"
        assert "pasted as one" in "\n".join(at.shown())


async def test_an_offer_that_is_no_whole_text_is_gone_on_with(driven: Any) -> None:
    async with driven() as at:
        await at.press("G", "k", "k", "enter", "down", "enter")
        assert at.form.is_typing
        await at.press(*"2kg", "enter")
        assert at.model.state[2] == ("apples 2kg",)
        assert at.cursor == "goods:0"


async def test_an_offer_is_taken_by_a_click(driven: Any) -> None:
    async with driven() as at:
        await at.pilot.click(LineList, offset=(14, 0))
        await at.pilot.pause()
        assert at.form.is_typing
        await at.pilot.click(offset=(15, 3))
        await at.pilot.pause()
        assert not at.form.is_typing
        assert at.model.state[0] == "grocer"


async def test_offers_stand_below_the_value(driven: Any) -> None:
    async with driven() as at:
        await at.press("enter")
        assert [line.find("ba") for line in at.shown()[:2]] == [13, 13]


async def test_a_line_that_is_added_is_told_at_once(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "j", "a")
        assert at.form.is_typing
        assert at.changes == 1


async def test_typed_text_wins_over_offers_unless_one_was_gone_to(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "j", "a", *"bre", "enter", "a", *"bre", "down", "enter")
        assert at.model.state[2] == ("bre", "bread")


async def test_lines_are_moved_and_removed_and_taken_back(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "j", "a", *"one", "enter", "a", *"two", "enter", "K")
        assert at.model.state[2] == ("two", "one")
        assert at.cursor == "goods:0"
        await at.press("x", "x")
        assert at.model.state[2] == ()
        assert at.cursor == "goods:+"
        await at.press("x", "K", "u", "u", "u")
        assert at.model.state[2] == ("one", "two")
        await at.press("u", "u", "u")
        assert at.model.state[2] == ()
        await at.pilot.pause()
        assert "Nothing to take back" in "\n".join(at.shown())


async def test_a_line_that_is_begun_and_left_empty_is_gone(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "j", "a", "escape")
        assert at.model.state[2] == ()
        await at.press("a", "enter")
        assert at.model.state[2] == ()
        assert at.cursor == "goods:+"


async def test_what_is_wrong_is_marked_below_and_told_in_full(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "j", "a", *"air", "enter")
        shown = at.shown()
        place = shown.index("▌Goods       air")
        assert shown[place + 1] == "              ^ nobody sells it"
        assert "nobody sells it" in shown[-2]


@pytest.mark.parametrize(
    ("value", "at", "told"),
    [
        ("abcd", 2, "  ^ it is not to be had"),
        ("日本 =", 3, "     ^ it is not to be had"),
        ("a" * 34, 30, "          it is not to be had ^"),
        ("a" * 34, 20, "it is not to be had ^"),
        ("a" * 34, 19, "it is not to be h… ^"),
        ("a" * 40, 39, "✗ it is not to be had"),
    ],
)
async def test_the_mark_is_below_the_character_with_the_words_where_there_is_room(
    app_of: Any, lines_of: Any, value: str, at: int, told: str
) -> None:
    lines = LineList()
    async with app_of(lines).run_test(size=(50, 4)) as pilot:
        lines.show([FormLine("a", "A", cell(value), error="it is not to be had", error_at=at)])
        await pilot.pause()
        assert lines_of(pilot.app)[1].rstrip() == " " * 13 + told


async def test_the_mark_stays_below_the_character_while_a_long_text_is_typed(
    driven: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(model: Shopping) -> Sequence[FormLine]:
        note = model.state[1]
        error_at = note.find("!") if "!" in note else None
        return [FormLine("note", "Note", cell(note), error="" if error_at is None else "no", error_at=error_at)]

    monkeypatch.setattr(Shopping, "lines", property(lines))
    async with driven() as at:
        await at.press("enter", *"long and longer and".replace(" ", "_"), "exclamation_mark", *"so_it_goes_on_for_long")
        assert [line.find(mark) for line, mark in zip(at.shown(), "!^", strict=False)] == [25, 25]
        await at.press("enter")
        assert [line.find(mark) for line, mark in zip(at.shown(), "!^", strict=False)] == [32, 32]


async def test_a_refresh_from_behind_leaves_what_is_typed_and_where(driven: Any) -> None:
    async with driven() as at:
        await at.press("j", "enter", "a", "b")
        at.form.refresh_lines()
        await at.press("c", "enter")
        assert at.model.state[1] == "abc"
        assert at.cursor == "note"


async def test_only_keys_that_do_something_are_in_the_footer(driven: Any) -> None:
    async with driven() as at:

        def legal() -> set[str]:
            return {found.binding.action for found in at.pilot.app.screen.active_bindings.values() if found.enabled}

        assert "add" not in legal()
        await at.press("j", "j")
        assert "add" in legal()
        assert "remove" not in legal()
        await at.press("j")
        assert "enter" not in legal()


async def test_the_button_is_pressed_by_enter_and_by_a_click(driven: Any) -> None:
    async with driven() as at:
        await at.press("G", "enter")
        await at.pilot.click(LineList, offset=(14, 6))
        await at.pilot.pause()
        assert at.pressed == ["buy", "buy"]


async def test_the_last_word_is_ended_by_a_key(driven: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shopping, "offers", lambda *_: Offers(words=("tomorrow", "today")))
    async with driven() as at:
        await at.press("j", "enter", *"by", "space", *"tod")
        typed = at.form.query_one(FieldInput)
        await at.pilot.pause()
        assert typed._suggestion == "by today"
        await at.press("right", "enter")
        assert at.model.state[1] == "by today"
