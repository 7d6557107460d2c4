"""The rows of a form and the cursor among them: what is shown, folded, searched for, and told to the owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from widgets.model_form.about import about_row
from widgets.model_form.form_model import FormModel
from widgets.model_form.grid import FormGrid
from widgets.model_form.hints import FormFinding, FormHints
from widgets.model_form.rows import ADD, FormRow
from widgets.model_form.shape import Path, Shape
from widgets.pane_tabs import PaneTabs
from widgets.presence import GoesQuietly


class FormRows(GoesQuietly, Widget):
    """The part of a form that only looks; ``FormCells`` edits what is at the cursor."""

    @dataclass
    class Changed(Message):
        """An edit made another document of it."""

        document: Any
        form: FormRows

        @property
        def control(self) -> FormRows:
            """The form, for selectors in ``on``."""
            return self.form

    @dataclass
    class Moved(Message):
        """The cursor is at another place of the document."""

        path: Path
        form: FormRows

        @property
        def control(self) -> FormRows:
            """The form, for selectors in ``on``."""
            return self.form

    @dataclass
    class Revealed(Message):
        """Secrets are shown from now on, or masked again."""

        revealed: bool
        form: FormRows

        @property
        def control(self) -> FormRows:
            """The form, for selectors in ``on``."""
            return self.form

    def __init__(self, shape: Shape, hints: FormHints | None = None, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = FormModel(shape, hints or FormHints())
        self._grid = FormGrid(empty=empty, id="form-rows")
        self._tabs = PaneTabs((), id="form-sections")
        self._help = Static("", id="form-help", markup=False)
        self._searched_from: Path = ()

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._grid
        yield self._help

    def on_mount(self) -> None:
        self._tabs.display = () in self.model.hints.groups
        self._show()

    def leave_edit(self) -> None:
        """Whatever is being edited is so no more."""

    # --- what the owner does ---------------------------------------------------------------------------------------

    def set_document(self, document: Any) -> None:
        """Show another document; folds, search and cursor stay."""
        self.leave_edit()
        self.model.load(document)
        self._show()

    def set_findings(self, findings: Sequence[FormFinding]) -> None:
        self.model.tell(findings)
        self._show()

    def search(self, query: str) -> None:
        """Show only rows that match, and go to the nearest of them: by its name, and to where the cursor was."""
        if query == self.model.view.query:
            return
        if not self.model.view.query:
            self._searched_from = self.path
        self.model.search(query)
        self._show()
        wanted, here = query.casefold(), self._searched_from
        hits = [(_nearness(row, wanted), -_shared(row.path, here), n) for n, row in enumerate(self.model.rows)]
        best = min((hit for hit in hits if hit[0] is not None), default=None)
        if query and best is not None:
            self._grid.go_to(self.model.rows[best[2]].key)

    def go_to(self, path: Path) -> None:
        """Unfold what hides a place, and put the cursor there."""
        key = self.model.reveal(path)
        self._show()
        if key is None:
            return
        row = self.model.row(key)
        cells = row.cells if row else ()
        self._grid.go_to(key, next((number for number, cell in enumerate(cells) if cell.path == path), 0))

    @property
    def path(self) -> Path:
        """The place at the cursor."""
        row = self._grid.row
        return row.path if row else ()

    # --- moving ----------------------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self._grid.step(rows)

    def action_page(self, pages: int) -> None:
        self._grid.page(pages)

    def action_ends(self, last: bool) -> None:
        self._grid.to_end(last=last)

    def action_side(self, step: int) -> None:
        """Between the cells of a pair; else right unfolds, and left folds or goes to what the row is part of."""
        row, grid = self._grid.row, self._grid
        if row is None:
            return
        if len(row.cells) > 1 and 0 <= grid.cell + step < len(row.cells):
            grid.go_to(row.key, grid.cell + step)
        elif row.foldable and row.open != (step > 0):
            self._fold(row, opened=step > 0)
        elif step < 0:
            above = [other for other in self.model.rows[: grid.cursor] if other.depth < row.depth]
            if above:
                grid.go_to(above[-1].key)

    def action_section(self, step: int) -> None:
        tops = [number for number, row in enumerate(self.model.rows) if not row.depth and row.kind != "unknown"]
        here = [number for number in tops if (number - self._grid.cursor) * step > 0]
        if here:
            self._grid.go_to(self.model.rows[here[0] if step > 0 else here[-1]].key)

    def action_next_finding(self, step: int) -> None:
        """To the place of the next finding in order, from the first again after the last."""
        findings = self.model.view.findings
        if not findings:
            return
        places = list(dict.fromkeys(finding.path for finding in findings))
        here = self.path
        index = places.index(here) + step if here in places else (0 if step > 0 else -1)
        self.go_to(places[index % len(places)])

    @on(FormGrid.Moved)
    def _moved(self, event: FormGrid.Moved) -> None:
        event.stop()
        self._tell_place()

    @on(PaneTabs.Opened)
    def _to_section(self, event: PaneTabs.Opened) -> None:
        event.stop()
        tops = [row for row in self.model.rows if not row.depth and row.kind != "unknown"]
        if event.index < len(tops):
            self._grid.go_to(tops[event.index].key)
            self._grid.focus()

    def _fold(self, row: FormRow, *, opened: bool) -> None:
        self.model.fold(row, opened=opened)
        self._show()
        self._tell_place()

    # --- showing ---------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._show()
        self.post_message(self.Changed(self.model.document, self))

    def _show(self) -> None:
        self._grid.show(self.model.rows)
        self._show_sections()
        self._show_help()

    def _tell_place(self) -> None:
        self._show_sections()
        self._show_help()
        self.post_message(self.Moved(self.path, self))

    def _show_sections(self) -> None:
        tops = [number for number, row in enumerate(self.model.rows) if not row.depth and row.kind != "unknown"]
        self._tabs.set_titles([self.model.rows[number].label for number in tops])
        here = sum(number <= self._grid.cursor for number in tops) - 1
        self._tabs.show_open(max(here, 0))

    def _show_help(self) -> None:
        # Of a fixed height: without a layout of the whole screen for each key.
        self._help.update(about_row(self._grid.row, self._grid.cell), layout=False)


def _shared(one: Path, other: Path) -> int:
    """How many parts two places have in common from the top."""
    return next(
        (size for size, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _nearness(row: FormRow, wanted: str) -> int | None:
    """How near a row itself is to what was searched for, the nearest 0; None for one on the way to a hit."""
    if row.key[1] == ADD:
        return None
    names = [row.label, *(cell.text for cell in row.cells[:-1]), *(str(part) for part in row.path[-1:])]
    found = [name.casefold() for name in names if wanted in name.casefold()]
    if not found:
        return None
    nearest = 0 if wanted in found else 1 if any(name.startswith(wanted) for name in found) else 2
    return nearest + 3 * (row.kind == "group")
