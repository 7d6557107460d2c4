"""Styles are not worked out again while nothing that they depend on has changed: they are those that Textual gives."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.css.styles import RenderStyles
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.widget import Widget

from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, register, until_shown
from tests.tui.screens.still import still_dashboard
from widgets.live_table import LiveTable
from widgets.steady_styles import SteadyStylesheet

DEFINITION = b'{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64}]}'
KEYS = (
    *("1", "2", "3", "4", "5", "enter", "escape", "tab", "j", "k", "slash", "a", "colon", "question_mark"),
    *("T", "r", "e", "l", "d", "o", "space", "x", "n", "I", "shift+tab", "ctrl+f", "G", "z"),
)
THEMES = ("moorage-dark", "moorage-light", "moorage-safe", "ansi-dark", "nord")
SIZES = ((120, 36), (80, 24), (39, 9), (200, 50))


def rules_of(styles: RenderStyles) -> dict[str, Any]:
    return {name: value for name, value in styles.base.get_rules().items() if value is not None}


def styles_of(node: DOMNode) -> dict[str, dict[str, Any]]:
    return {"": rules_of(node.styles), **{name: rules_of(part) for name, part in node._component_styles.items()}}


def all_as_textual_has_them(app: Dashboard) -> int:
    """Every node of the screen, compared with what Textual makes of the same rules; how many there are."""
    textuals = Stylesheet(variables=app.get_css_variables())
    textuals._rules = app.stylesheet.rules
    nodes = list(app.screen.walk_children(Widget, with_self=True))
    for node in nodes:
        ours = styles_of(node)
        textuals.apply(node)
        assert ours == styles_of(node), f"{node} in {app.screen}"
    return len(nodes)


async def still(pilot: Pilot[Any]) -> None:
    """Until nothing waits to be styled."""
    await pilot.pause()
    await pilot.pause()


@pytest.mark.parametrize("seed", range(4))
async def test_they_are_textuals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    app, chance, compared = still_dashboard(tmp_path, monkeypatch), random.Random(seed), 0
    register(app.desk.session, DEFINITION)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for _ in range(60):
            draw = chance.random()
            if draw < 0.08:
                await pilot.resize_terminal(*chance.choice(SIZES))
            elif draw < 0.12:
                app.theme = chance.choice(THEMES)
            else:
                await pilot.press(chance.choice(KEYS))
            await still(pilot)
            if not app.is_running:
                break
            compared += all_as_textual_has_them(app)
    assert compared > 500


async def test_a_node_is_styled_again_only_if_it_may_look_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    styled: list[DOMNode] = []
    textuals = Stylesheet.apply

    def apply(self: Stylesheet, node: DOMNode, **options: Any) -> None:
        if isinstance(node, Widget):
            styled.append(node)
        textuals(self, node, **options)

    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for key in "2", "1":
            await pilot.press(key)
            await still(pilot)
        monkeypatch.setattr(Stylesheet, "apply", apply)
        await pilot.press("2")
        await still(pilot)
        assert styled == []
        assert isinstance(app.stylesheet, SteadyStylesheet)
        table = app.screen.query_one("#tasks")
        table.add_class("-of-no-rule")
        await still(pilot)
        assert styled == []
        table.add_class(min(app.stylesheet._asked_of(table)[0]))
        await still(pilot)
        assert styled == [table]
        app.theme = "moorage-light"
        await still(pilot)
        assert app.screen.query_one("#breadcrumb") in styled


async def test_other_colours_reach_a_screen_when_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        for key in "enter", "question_mark":
            await pilot.press(key)
            await still(pilot)
        fleet, cluster, help_screen = app.screen_stack
        before = styles_of(fleet.query_one("#breadcrumb"))
        app.theme = "moorage-light"
        await still(pilot)
        assert (app.screen, styles_of(fleet.query_one("#breadcrumb"))) == (help_screen, before)
        all_as_textual_has_them(app)
        for seen in cluster, fleet:
            await pilot.press("escape")
            await still(pilot)
            assert app.screen is seen
            assert all_as_textual_has_them(app) > 5
        assert styles_of(fleet.query_one("#breadcrumb")) != before


class Again(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.stylesheet = SteadyStylesheet(variables=self.get_css_variables())


async def test_a_node_that_was_taken_away_and_comes_back_has_the_styles_of_its_parts() -> None:
    app, table = Again(), LiveTable(())
    async with app.run_test() as pilot:
        for _ in range(2):
            await app.screen.mount(table)
            await still(pilot)
            assert table.get_component_styles("live-table--cursor").background.a > 0
            await table.remove()
