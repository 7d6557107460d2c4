"""Names and values in two aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


class Facts(Static):
    """``show`` takes pairs of plain text; values wrap, names do not."""

    DEFAULT_CSS = """
    Facts { width: 1fr; height: auto; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", markup=False, id=id, classes=classes)
        self._shown: tuple[tuple[str, str], ...] = ()

    def show(self, facts: Sequence[tuple[str, str]]) -> None:
        pairs = tuple(facts)
        if pairs == self._shown:
            return
        self._shown = pairs
        width = max((len(name) for name, _ in pairs), default=0)
        lines = [Content.assemble((f"{name:<{width}}  ", "$text-muted"), Content(value)) for name, value in pairs]
        self.update(Content("\n").join(lines))
