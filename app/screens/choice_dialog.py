"""A small dialog that offers a few things to choose one of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from widgets.cells import Column, Row, cell
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints
from widgets.live_table import LiveTable
from widgets.presence import is_on_top


@dataclass(frozen=True, slots=True)
class Choice:
    """``title`` and ``detail`` are safe text; ``take`` is called once the dialog is closed."""

    title: str
    detail: str
    take: Callable[[], object]


class ChoiceDialog(Dialog[None]):
    """
    Args:
        heads: the headings of titles and details.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "cancel", id="choice.cancel", tooltip="Leave without doing anything"),
    ]

    def __init__(self, title: str, heads: tuple[str, str], choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title = title
        self._columns = (
            Column("title", heads[0], min_width=14, weight=2),
            Column("detail", heads[1], min_width=14, weight=3),
        )
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog drafts-dialog")
        dialog.border_title = Content(self._title)
        with dialog:
            yield LiveTable(self._columns, id="choices", markable=False)
            yield KeyHints(id="choice-keys")

    def on_mount(self) -> None:
        table = self.query_one(LiveTable)
        table.set_rows(
            [
                Row(str(number), (cell(choice.title, "accent"), cell(choice.detail, "muted")))
                for number, choice in enumerate(self._choices)
            ]
        )
        table.focus()

    def action_cancel(self) -> None:
        self.dismiss()

    @on(LiveTable.RowActivated)
    def _activated(self, event: LiveTable.RowActivated) -> None:
        if is_on_top(self):  # a second enter comes before it is gone
            self.dismiss()
            self._choices[int(event.key)].take()
