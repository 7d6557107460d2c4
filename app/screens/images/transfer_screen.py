"""A pull, a push, a copy or a removal as it goes on: each instance, and the layers of the one at the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.model.image_progress import TransferProgress
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.images.beginning import end_words
from app.screens.images.progress import (
    LAYER_COLUMNS,
    TRANSFER_COLUMNS,
    layer_row,
    rate_of,
    transfer_columns,
    transfer_key,
    transfer_row,
)
from app.screens.images.work_screen import WorkScreen
from app.screens.images.works import Transfer
from widgets.cell_line import CellLine
from widgets.cells import Cell, Span, Tone
from widgets.live_table import LiveTable

_NO_LAYERS = {"copy": "A copy is one stream; it has no layers of its own.", "done": "Nothing more to tell of it."}


class TransferScreen(WorkScreen):
    BINDINGS: ClassVar[list[BindingType]] = bindings("work.stop", "run", "copy.command", "next.pane", "filter", *INSIDE)
    work: Transfer

    def __init__(self, desk: Desk, work: Transfer) -> None:
        super().__init__(desk, work)
        self._rows: dict[str, TransferProgress] = {}

    def more_status(self) -> Cell:
        rows = list(self._rows.values())
        over, rate = sum(row.over for row in rows), rate_of(rows)
        spans = [Span(f"  {over} of {len(rows)}", "strong")] if rows else []
        if rate >= 1:
            spans.append(Span(f"  {formats.size(int(rate))}/s", "muted"))
        return tuple(spans)

    def content(self) -> ComposeResult:
        yield LiveTable(TRANSFER_COLUMNS, id="transfers", empty="Beginning…", markable=False, openable=False)
        yield CellLine(id="transfer-line")
        layers = LiveTable(LAYER_COLUMNS, id="layers", classes="panel", markable=False, openable=False)
        yield layers

    def show(self) -> None:
        table, wanted = self.query_one("#transfers", LiveTable), self.filter_text.lower()
        rows = self.work.rows()
        columns = transfer_columns(rows)
        self._rows = {transfer_key(row): row for row in rows}
        shown = [row for row in rows if not wanted or wanted in f"{transfer_key(row)} {row.state} {row.detail}".lower()]
        self.counted(len(shown), len(rows))
        if columns != table.columns:
            table.set_rows([])  # cells match their columns
            table.set_columns(columns)
        table.set_rows([transfer_row(row, columns) for row in shown])
        if not rows and not self.work.going:
            table.empty_text = self.work.problem or "Nothing was done."
        self._show_layers()
        self._show_line()

    def _show_line(self) -> None:
        """How it ended; or all of what is told of the instance at the cursor, where the table has to cut it."""
        line, work = self.query_one("#transfer-line", CellLine), self.work
        row = self._chosen
        if row is not None and row.over and row.detail:
            bad: Tone = "bad" if row.state == "failed" else "muted"
            line.set((Span(f"{row.instance.name}: ", "strong"), Span(row.detail, bad)))
        elif work.going:
            line.set((Span("It goes on when you leave.", "muted"),))
        else:
            line.set((Span(end_words(work), "bad" if work.outcome == "failed" else ""),))

    @property
    def _chosen(self) -> TransferProgress | None:
        return self._rows.get(self.query_one("#transfers", LiveTable).cursor_key or "")

    @on(LiveTable.RowHighlighted, "#transfers")
    def _highlighted(self) -> None:
        self._show_layers()
        self._show_line()

    def _show_layers(self) -> None:
        row, layers = self._chosen, self.query_one("#layers", LiveTable)
        title = f" Layers of {row.instance.name} " if row is not None else " Layers "
        if layers.border_title != title:
            layers.border_title = title
        layers.display = row is not None and (bool(row.layers) or row.verb in ("pull", "push"))
        if row is not None:
            layers.empty_text = _NO_LAYERS["done"] if row.over else "No layer is told of yet."
            layers.set_rows([layer_row(layer, place) for place, layer in enumerate(row.layers)])

    def ended(self) -> None:
        for line in self.work.warnings[:3]:
            self.say(line, bad=True)

    # --- keys ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of what has come one may run a task."""
        if action == "run" and (self.work.going or self.work.verb not in ("pull", "copy", "tag")):
            return False
        return super().check_action(action, parameters)

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(cluster=self.work.cluster))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#transfers"), self.query_one("#layers")])
