"""The component styles of one widget, looked up once until they change."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


class ComponentStyles:
    """Styles named ``PREFIX--NAME``: Textual composes one anew at each look, which is most of a line's cost."""

    def __init__(self, widget: Widget, prefix: str) -> None:
        self._widget = widget
        self._prefix = prefix
        self._known: dict[tuple[str, str], Style] = {}

    def forget(self) -> None:
        """Colours changed: for ``notify_style_update``."""
        self._known.clear()

    def get(self, name: str = "", ground: str = "") -> Style:
        """The style of that name; "" is the widget's own text.

        Args:
            ground: the component that it lies on (a cursor, a chosen cell): it gives background, reverse, underline.
        """
        style = self._known.get((name, ground))
        if style is None:
            style = self._compose(name)
            if ground:
                under = self._compose(ground)
                flags = Style(reverse=under.reverse or None, underline=under.underline or None)
                style = style + Style(bgcolor=under.bgcolor) + flags
            self._known[name, ground] = style
        return style

    def _compose(self, name: str) -> Style:
        if not name:
            return self._widget.rich_style
        return self._widget.get_component_rich_style(f"{self._prefix}--{name}")
