"""What the widget tests share: an app of one widget, the screen as text, and waiting on a condition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget


class OneWidget(App[None]):
    """An app with some widgets, which records their messages."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *shown: Widget) -> None:
        super().__init__()
        self.shown = shown
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.shown


@pytest.fixture
def app_of() -> Callable[..., OneWidget]:
    return OneWidget


@pytest.fixture
def lines_of() -> Callable[[App[Any]], list[str]]:
    """The screen as lines of text."""

    def lines(app: App[Any]) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]

    return lines


@pytest.fixture
def drawn_by() -> Callable[[Widget], list[int]]:
    """A list that grows by every line that the widget is asked to draw from now on."""

    def count(widget: Widget) -> list[int]:
        drawn: list[int] = []
        original = widget.render_line

        def counted(y: int) -> Strip:
            drawn.append(y)
            return original(y)

        widget.render_line = counted  # type: ignore[method-assign]
        return drawn

    return count


@pytest.fixture
def until() -> Callable[[Pilot[Any], Callable[[], bool]], Awaitable[None]]:
    """Wait until a condition holds, three seconds at most."""

    async def wait(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
        deadline = asyncio.get_running_loop().time() + 3
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, "the condition did not come true in 3 s"
            await pilot.pause(0.01)

    return wait
