"""An app in which other colours reach a screen when it is seen."""

from __future__ import annotations

from textual.app import App
from textual.await_complete import AwaitComplete

from widgets.presence import in_sight


class StylesInSight(App[None]):
    """Textual styles all that are open one over the other at once: a dozen of them take a quarter of a second."""

    def refresh_css(self, animate: bool = True) -> None:
        self.stylesheet.set_variables(self.get_css_variables())
        self.stylesheet.reparse()
        self.stylesheet.update_nodes((self,), animate=animate)
        for screen in in_sight(self):
            self.stylesheet.update(screen, animate=animate)
            screen._css_update_count = self._css_update_count
        if self._screen_stack and self.screen.is_mounted:
            self.screen._refresh_layout(self.size)

    def pop_screen(self) -> AwaitComplete:
        """As Textual's own; what comes into sight gets the colours of today."""
        gone = super().pop_screen()
        self.call_next(self._style_what_is_seen)
        return gone

    def _style_what_is_seen(self) -> None:
        if any(screen._css_update_count != self._css_update_count for screen in in_sight(self)):
            self.refresh_css(animate=False)
