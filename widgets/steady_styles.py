"""A stylesheet that is parsed anew when its variables have changed, and not for each screen that is shown first."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class SteadyStylesheet(Stylesheet):
    """Textual 8.2.8 asks for both whenever a screen is new: that is a quarter of what the first sight of one costs."""

    _changed = False

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            self._changed = True
            super().set_variables(variables)

    def reparse(self) -> None:
        if self._changed:
            super().reparse()
            self._changed = False
