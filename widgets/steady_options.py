"""A list of options that changes while one types, and under the mouse."""

from __future__ import annotations

from textual import events
from textual.widgets import OptionList


class SteadyOptions(OptionList):
    """What was clicked may be there no more when the click is told: then it is none.

    Textual looks the clicked option up by the number that it was painted with, and ends the program where there are
    fewer by now.
    """

    def has_still(self, event: OptionList.OptionSelected) -> bool:
        """Is what was selected still at its place? It is told later than it happens."""
        return event.option_index < self.option_count and self.options[event.option_index] is event.option

    async def _on_click(self, event: events.Click) -> None:
        painted = event.style.meta.get("option")
        if painted is not None and painted >= self.option_count:
            event.prevent_default()  # OptionList's own handler comes after this one
