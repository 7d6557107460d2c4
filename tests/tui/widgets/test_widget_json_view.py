from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.json_view import JsonView, json_tokens

DOCUMENT = json.dumps(
    {"family": "web", "n": -1.5e3, "on": True, "none": None, "deep": [{"k": "日本"}] * 30}, indent=2, ensure_ascii=False
)


async def test_shows_and_moves(app_of: Any, lines_of: Any) -> None:
    view = JsonView(DOCUMENT)
    async with app_of(view).run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert lines_of(pilot.app)[1].strip() == '"family": "web",' or '"family": "web",' in lines_of(pilot.app)[1]
        await pilot.press("G")
        assert lines_of(pilot.app)[-1].startswith(" }")
        await pilot.press("g", "j")
        assert '"family"' in lines_of(pilot.app)[0]
        assert view.text == DOCUMENT


async def test_scrolls_sideways_and_resets(app_of: Any, lines_of: Any) -> None:
    view = JsonView('{"a": "' + "x" * 100 + 'END"}')
    async with app_of(view).run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        for _ in range(12):
            await pilot.press("right")
        assert "END" in lines_of(pilot.app)[0]
        view.set_text('{"b": 1}')
        await pilot.pause()
        assert lines_of(pilot.app)[0].startswith(' {"b": 1}')


async def test_colours_and_search(app_of: Any) -> None:
    view = JsonView(DOCUMENT)
    async with app_of(view).run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        styles = {segment.text: segment.style for segment in view.render_line(1)}
        assert styles['"family"'] != styles['"web"']
        assert view.search(re.compile("日本")) == 30
        await pilot.press("n")
        assert view.current_match == 7
        await pilot.press("N")
        assert view.current_match == 94


@pytest.mark.parametrize(
    "text", ["", "[/foo]", '"\x1b[31mred\x1b]0;x\x07"', "\u202e", "x" * 1_000_000, '{"a": "\ud800"}']
)
async def test_any_text(app_of: Any, lines_of: Any, text: str) -> None:
    view = JsonView()
    async with app_of(view).run_test(size=(40, 6)) as pilot:
        view.set_text(text)
        await pilot.pause()
        assert "".join(lines_of(pilot.app)).isprintable()


@given(st.text())
def test_tokens_are_the_line(line: str) -> None:
    assert "".join(text for _, text in json_tokens(line)) == line


def test_kinds() -> None:
    kinds = [(kind, text) for kind, text in json_tokens('"a": "b:", -1.5, true') if text.strip()]
    assert kinds == [
        ("key", '"a"'),
        ("punctuation", ":"),
        ("string", '"b:"'),
        ("punctuation", ","),
        ("number", "-1.5"),
        ("punctuation", ","),
        ("literal", "true"),
    ]
