from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Button

from widgets.confirm import Confirm

LINES = [f"{number:08x}  web:7  edge-{number}" for number in range(40)]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("enter",), False),
        (("y",), True),
        (("n",), False),
        (("escape",), False),
        (("tab", "enter"), True),
        (("right", "enter"), True),
        (("right", "left", "enter"), False),
        (("j", "y"), True),
    ],
)
async def test_keys(app_of: Any, keys: tuple[str, ...], answer: bool) -> None:
    answers: list[bool | None] = []
    async with app_of().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(Confirm("Stop 40 tasks", LINES), answers.append)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        assert answers == [answer]


@pytest.mark.parametrize("size", [(80, 24), (40, 14)])
async def test_names_what_it_touches_and_fits(app_of: Any, lines_of: Any, size: tuple[int, int]) -> None:
    async with app_of().run_test(size=size) as pilot:
        pilot.app.push_screen(Confirm("Stop 40 tasks [/foo]", LINES, action="Stop [/foo]"))
        await pilot.pause()
        text = "\n".join(lines_of(pilot.app))
        assert "Stop 40 tasks [/foo]" in text
        assert LINES[0] in text and LINES[39] not in text
        assert "Cancel" in text
        assert pilot.app.screen.query_one("#confirm-cancel", Button).has_focus
        for _ in range(4):
            await pilot.press("pagedown")
        await pilot.pause()
        assert LINES[39] in "\n".join(lines_of(pilot.app))


async def test_hostile_lines(app_of: Any, lines_of: Any) -> None:
    async with app_of().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(
            Confirm("\x1b]0;x\x07", ["[/foo]", "[@click=app.quit]x[/]", "\u202e\x9b31m"], action="[b]")
        )
        await pilot.pause()
        text = "".join(lines_of(pilot.app))
        assert "[/foo]" in text and "[@click=app.quit]x[/]" in text and "[b]" in text
        assert text.isprintable()


async def test_click(app_of: Any) -> None:
    answers: list[bool | None] = []
    async with app_of().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(Confirm("Stop", ["a"], danger=False), answers.append)
        await pilot.pause()
        await pilot.click("#confirm-action")
        await pilot.pause()
        assert answers == [True]


async def test_a_yes_before_the_question_is_seen_is_no_answer(app_of: Any) -> None:
    question = Confirm("Stop it?", ["web"])
    async with app_of().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(question)
        question.action_answer(True)
        await pilot.pause()
        assert pilot.app.screen is question
        await pilot.press("y")
        assert pilot.app.screen is not question


async def test_a_second_answer_that_comes_before_it_is_gone_counts_nothing(app_of: Any) -> None:
    answers: list[bool | None] = []
    async with app_of().run_test(size=(80, 24)) as pilot:
        below = pilot.app.screen
        dialog = Confirm("Stop 40 tasks", LINES)
        pilot.app.push_screen(dialog, answers.append)
        await pilot.pause()
        for answer in (True, False, True):
            dialog.dismiss(answer)
        await pilot.pause()
        assert answers == [True]
        assert pilot.app.screen is below


@pytest.mark.parametrize(
    ("keys", "answers"),
    [
        (("y",), []),
        (("y", "enter"), []),
        ((*"prod", "enter"), [True]),
        ((*"prod", "tab", "tab", "enter"), [True]),
        (("tab", "tab", "enter"), []),
        (("tab", "y"), []),
        ((*"prod", "tab", "enter"), [False]),
        ((*"prod", "escape"), [False]),
        ((*"Prod", "enter"), []),
    ],
)
async def test_a_name_that_has_to_be_typed(app_of: Any, keys: tuple[str, ...], answers: list[bool]) -> None:
    given: list[bool | None] = []
    async with app_of().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(Confirm("Stop it?", LINES, type_name="prod"), given.append)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        assert given == answers


@pytest.mark.parametrize("size", [(80, 24), (40, 14)])
async def test_what_has_to_be_typed_is_seen_beside_a_long_list(
    app_of: Any, lines_of: Any, size: tuple[int, int]
) -> None:
    async with app_of().run_test(size=size) as pilot:
        pilot.app.push_screen(Confirm("Stop 40 tasks", LINES, type_name="prod"))
        await pilot.pause()
        text = "\n".join(lines_of(pilot.app))
        assert "Type prod" in text and "Cancel" in text
        await pilot.press("enter")
        await pilot.pause()
        assert "✕ Type prod" in "\n".join(lines_of(pilot.app))
