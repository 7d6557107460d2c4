"""Names and values in two aligned columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget


class FactsPane(VerticalScroll):
    """Scrolls the facts in it, with the keys that tables have."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]


class Facts(Widget):
    """``show`` takes pairs of plain text; values wrap below themselves, names do not."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"facts--name"}
    DEFAULT_CSS = """
    Facts { width: 1fr; height: auto; padding: 0 1; }
    Facts > .facts--name { color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[tuple[str, str], ...] = ()

    def show(self, facts: Sequence[tuple[str, str]]) -> None:
        pairs = tuple(facts)
        if pairs != self._shown:
            self._shown = pairs
            self.refresh(layout=True)

    def render(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style=self.get_component_rich_style("facts--name", partial=True))
        table.add_column(overflow="fold")
        for name, value in self._shown:
            table.add_row(Text(name), Text(value))
        return table
