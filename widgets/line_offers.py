"""What is offered below the line of a form that is typed in, and how its last word may end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual.content import Content
from textual.suggester import Suggester
from textual.widgets.option_list import Option

from widgets.line_model import Offer
from widgets.plain import plain
from widgets.steady_options import SteadyOptions


class OfferedLines(SteadyOptions, can_focus=False):
    """The offers below the line that is typed in; the keys stay with its input."""

    DEFAULT_CSS = """
    OfferedLines {
        position: absolute; display: none; overlay: screen; layer: above; border: none; padding: 0;
        background: $panel; color: $foreground; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
        &.-textual-compact > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted { background: $primary 45%; color: $foreground; text-style: bold; }
        &:ansi > .option-list--option-highlighted { text-style: reverse; }
    }
    """

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Show these instead."""
        self.clear_options()
        self.add_options([Option(_told(offer)) for offer in offers])


class LastWord(Suggester):
    """Suggests how the last word that is typed ends."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.words: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The whole value with the first known word that begins so; None when there is none."""
        typed = re.split(r"[\s(\[,]", value)[-1]
        known = (word for word in self.words if typed and word.startswith(typed) and word != typed)
        return next((value + word[len(typed) :] for word in known), None)


def _told(offer: Offer) -> Content:
    text = Content(plain(offer.text))
    return Content.assemble(text, "  ", (plain(offer.note), "dim")) if offer.note else text
