from __future__ import annotations

from itertools import product

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from themes.derive import SEMANTIC_VARIABLES, contrast, variable_defaults
from themes.own import STYLESHEET, THEMES, VARIABLE_DEFAULTS
from widgets.block_bar import BlockBars
from widgets.breadcrumb import Breadcrumb
from widgets.cells import Column, Row, cell
from widgets.confirm import Confirm
from widgets.json_view import JsonView
from widgets.key_hints import KeyHints
from widgets.live_table import LiveTable
from widgets.log_view import LogLine, LogView

GROUNDS = ("background", "surface", "panel", "cursor-background", "cursor-background-faint")
TEXTS = (
    "foreground",
    "text",
    "text-muted",
    "accent-text",
    "text-primary",
    "text-secondary",
    "text-success",
    "text-warning",
    "text-error",
    "bar-used",
    *(name for name in SEMANTIC_VARIABLES if name.startswith(("state-", "source-"))),
)


def variables(theme: Theme) -> dict[str, str]:
    return {**variable_defaults(theme), **theme.to_color_system().generate(), **theme.variables}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_all_text_can_be_read(theme: Theme) -> None:
    said = variables(theme)
    ratios = {
        (text, ground): contrast(Color.parse(said[text]), Color.parse(said[ground]))
        for text, ground in product(TEXTS, GROUNDS)
    }
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [*THEMES, *BUILTIN_THEMES.values()], ids=lambda theme: theme.name)
def test_words_on_blocks_can_be_read(theme: Theme) -> None:
    said = variables(theme)
    if theme.ansi or Color.parse(said["background"]).ansi is not None:
        return
    blocks = [name for name in SEMANTIC_VARIABLES if name.startswith("block-") and "text" not in name]
    pairs = {name: "block-selected-text" if name == "block-selected" else "block-text" for name in blocks}
    ratios = {block: contrast(Color.parse(said[block]), Color.parse(said[text])) for block, text in pairs.items()}
    assert len(ratios) == 10
    assert {block: ratio for block, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_blocks_stand_out_from_the_ground_and_from_each_other(theme: Theme) -> None:
    said = variables(theme)
    blocks = [said[f"block-{index}"] for index in range(8)]
    assert len(set(blocks)) == 8
    assert all(contrast(Color.parse(block), Color.parse(said["background"])) >= 1.5 for block in blocks)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_our_themes_say_every_semantic_variable(theme: Theme) -> None:
    assert set(SEMANTIC_VARIABLES) <= set(theme.variables)


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_states_can_be_read_in_every_theme_of_textual(name: str) -> None:
    theme = BUILTIN_THEMES[name]
    said = variables(theme)
    assert set(SEMANTIC_VARIABLES) <= set(said)
    ground = Color.parse(said["background"])
    if ground.ansi is not None or theme.ansi:
        return
    states = [name for name in SEMANTIC_VARIABLES if name.startswith(("state-", "source-", "accent"))]
    ratios = {state: contrast(Color.parse(said[state]), ground) for state in states}
    assert {state: ratio for state, ratio in ratios.items() if ratio < 4.5} == {}


def test_contrast_is_that_of_the_standard() -> None:
    assert round(contrast(Color.parse("#000000"), Color.parse("#ffffff")), 2) == 21
    assert round(contrast(Color.parse("#777777"), Color.parse("#ffffff")), 2) == 4.48


def test_colours_of_the_safe_theme_differ_without_red_and_green() -> None:
    safe = THEMES[2].variables
    states = [Color.parse(safe[f"state-{state}"]) for state in ("running", "failed")]
    assert states[0].b > states[0].r and states[1].r > states[1].b, "blue against orange"


class Shown(App[None]):
    CSS_PATH = str(STYLESHEET)
    ENABLE_COMMAND_PALETTE = False
    derived = True

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme) if self.derived else VARIABLE_DEFAULTS

    def compose(self) -> ComposeResult:
        yield Breadcrumb(("a", "b"))
        yield LiveTable([Column("a", "A")], classes="panel")
        yield BlockBars()
        yield LogView(classes="panel")
        yield JsonView('{"a": 1}')
        yield KeyHints()


@pytest.mark.parametrize("derived", [True, False])
async def test_the_stylesheet_works_under_every_theme(derived: bool) -> None:
    app = Shown()
    app.derived = derived
    for theme in THEMES:
        app.register_theme(theme)
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(LiveTable).set_rows([Row("a", (cell("a", "ok"),))])
        app.query_one(LogView).append([LogLine("a", "web")])
        app.push_screen(Confirm("Stop", ["a"]))
        for name in app.available_themes:
            app.theme = name
            await pilot.pause()
            assert app.theme_variables["state-running"]
