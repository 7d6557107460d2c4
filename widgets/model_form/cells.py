"""What is edited at the cursor of a form: typed in place, chosen from a list, or turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, OptionList

from widgets.model_form.edits import value_at
from widgets.model_form.form_model import Target
from widgets.model_form.grid import FormGrid
from widgets.model_form.hints import FormHints
from widgets.model_form.inputs import FieldInput, OfferList, TextDialog
from widgets.model_form.looking import FormRows
from widgets.model_form.rows import FormCell, FormRow, RowKey
from widgets.model_form.shape import ABSENT, Path, Shape
from widgets.model_form.values import blank, read, typed

NO_OFFER = "not set"
ANOTHER = "another…"
HELP_HEIGHT = 2


@dataclass(slots=True)
class _Edit:
    """What is being typed: the row, which cell, the document before it, and whether it began as an addition."""

    row: FormRow
    cell: int
    before: Any
    adds: bool


class FormCells(FormRows):
    """``FormRows`` with one cell at a time edited. What is added is the business of ``ModelForm``."""

    def __init__(self, shape: Shape, hints: FormHints | None = None, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(shape, hints, empty=empty, id=id)
        self._input = FieldInput(self._left)
        self._offers = OfferList(self._not_chosen)
        self._edit: _Edit | None = None
        self._choosing: Callable[[int], None] | None = None

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield self._input
        yield self._offers

    def on_mount(self) -> None:
        # A row that has just come may be scrolled to after what is laid over it was placed.
        self.watch(self._grid, "scroll_y", self._place_overlay, init=False)

    def _place_overlay(self) -> None:
        """Put what is being edited over its cell, wherever that is now."""
        region = self._grid.cell_region(self._grid.cell).translate((0, self._grid.virtual_region.y))
        if self._edit is not None:
            self._input.place(region)
        elif self._choosing is not None:
            self._offers.place(region, self.size.height - HELP_HEIGHT)

    def add_to(self, path: Path) -> None:
        """Add to the list or map at ``path``."""
        raise NotImplementedError

    @property
    def is_typing(self) -> bool:
        """Whether a field is being edited."""
        return self._edit is not None

    @on(FormGrid.Clicked)
    def _clicked(self, event: FormGrid.Clicked) -> None:
        event.stop()
        self.action_enter()

    # --- editing ---------------------------------------------------------------------------------------------------

    def action_enter(self) -> None:
        """What enter does at the cursor, or to what is being edited."""
        if self._choosing is not None:
            if self._offers.highlighted is not None:
                self._chosen(self._offers.highlighted)
            return
        if self._edit is not None:
            self._input.in_turn(lambda: self._left("enter"), "enter")
            return
        row = self._grid.row
        if row is None:
            return
        if row.kind == "add":
            self.add_to(row.path)
        elif row.foldable:
            self._fold(row, opened=not row.open)
        else:
            self._begin(row, self._grid.cell)

    def action_turn(self) -> None:
        row = self._grid.row
        if row is not None and row.foldable:
            self._fold(row, opened=not row.open)
        elif row is not None and row.cells and row.cells[self._grid.cell].shape.kind == "boolean":
            self._begin(row, self._grid.cell)

    def _begin(self, row: FormRow, number: int, *, adds: bool = False) -> None:
        """Edit a cell: a yes or no turns, a choice is offered, a text is typed."""
        cell, model = row.cells[number], self.model
        value = value_at(model.document, cell.path) if cell.path is not None else row.path[-1]
        offers = list(model.hints.offers(model.document, cell.path)) if cell.path is not None else []
        if row.kind == "variant":
            self._choose_variant(row)
        elif cell.shape.kind == "boolean" and (value is ABSENT or isinstance(value, bool)):
            self._set(cell, not (cell.shape.default if value is ABSENT else value))
        elif cell.shape.kind == "choice" and (value is ABSENT or value in cell.shape.choices):
            self._choose(row, number, [str(choice) for choice in cell.shape.choices], value, others=False, adds=adds)
        elif offers:
            self._choose(row, number, offers, value, others=True, adds=adds)
        elif isinstance(value, str) and "\n" in value:
            self._edit_lines(row, number, value)
        else:
            self._type(row, number, value, adds=adds)

    def _type(self, row: FormRow, number: int, value: Any, *, adds: bool) -> None:
        self._grid.go_to(row.key, number)
        self._edit = _Edit(row, number, self.model.document, adds)
        self._input.begin(typed(value))
        self._place_overlay()

    def _edit_lines(self, row: FormRow, number: int, text: str) -> None:
        cell = row.cells[number]

        def done(new: str | None) -> None:
            if new is not None and new != text and cell.path is not None:
                self._set(cell, new)

        self.app.push_screen(TextDialog(row.label or row.cells[0].text, text), done)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._edit is not None and event.input is self._input:
            self._take(event.value)

    def _take(self, text: str) -> None:
        """Put what is typed into the document as it is typed. A name is taken when it is whole."""
        edit = self._edit
        assert edit is not None
        cell = edit.row.cells[edit.cell]
        if cell.path is None:
            return
        was_there = value_at(edit.before, cell.path) is not ABSENT
        if text or (was_there and cell.shape.kind in ("text", "choice", "union", "any")):
            self.model.set(cell.path, read(cell.shape, text), typing=edit)
        else:
            self.model.take_back(edit.before)
            if was_there:
                self.model.unset(cell.path)
        self._changed()

    def _left(self, how: str) -> None:
        if self._edit is not None:
            self._keep(how)

    def _keep(self, how: str) -> None:
        """The end of typing: keep it, or with ``cancel`` have the document as it was; then go on."""
        edit, text = self._edit, self._input.value
        assert edit is not None
        # The input tells of its change later than the key that follows it.
        if how != "cancel":
            self._take(text)
        self.leave_edit()
        if how == "cancel":
            self.model.take_back(edit.before)
        renamed = how != "cancel" and edit.row.cells[edit.cell].path is None
        key = self._named(edit, text) if renamed else edit.row.key
        self.model.forget_ghost()
        if how != "blur":
            self.screen.set_focus(self._grid)
        self._changed()
        if key is not None and how not in ("cancel", "blur"):
            self._go_on(edit, key, how, empty=not text)

    def _named(self, edit: _Edit, text: str) -> RowKey | None:
        """A name for an entry of a map was typed: its row, or None when there is no entry of that name now."""
        *above, old = edit.row.path
        if not text and edit.adds:
            return None
        if edit.adds and value_at(self.model.document, (*above, text)) is ABSENT:
            self.model.set((*above, text), "" if edit.row.cells[1].shape.kind == "text" else blank(edit.row.shape))
        elif not edit.adds and not self.model.rename(edit.row.path, text):
            self.app.notify(f"{text[:60]!r} is there already", severity="error", markup=False)
            text = str(old)
        return (*above, text), ""

    def _go_on(self, edit: _Edit, key: RowKey, how: str, *, empty: bool) -> None:
        """Where typing goes on: to the second cell of a pair, to the next element that is added, to the next field."""
        self._grid.go_to(key, edit.cell)
        row = self._grid.row
        if how == "up":
            self._grid.step(-1)
        elif how == "down":
            self._grid.step(1)
        elif (
            row is not None and row.key == key and len(row.cells) > 1 and not edit.cell and (how == "next" or edit.adds)
        ):
            self._begin(row, 1, adds=edit.adds)
        elif how in ("next", "previous"):
            self._next_field(1 if how == "next" else -1)
        elif edit.adds and not empty:
            self.add_to(edit.row.path[:-1])

    def _next_field(self, step: int) -> None:
        """The next row with something to type or choose is gone to, and typed into where it is a text."""
        rows, place = self.model.rows, self._grid.cursor + step
        while 0 <= place < len(rows) and not rows[place].cells:
            place += step
        if not 0 <= place < len(rows):
            return
        row = rows[place]
        number = 0 if step > 0 else len(row.cells) - 1
        self._grid.go_to(row.key, number)
        if row.cells[number].shape.kind in ("text", "integer", "number"):
            self._begin(row, number)

    def leave_edit(self) -> None:
        self._edit = None
        self._input.display = False
        self._close_offers()

    # --- choosing --------------------------------------------------------------------------------------------------

    def _choose(self, row: FormRow, number: int, values: list[str], value: Any, *, others: bool, adds: bool) -> None:
        """Offer values for a cell; with ``others`` something else can be typed."""
        cell = row.cells[number]
        unset = [] if adds or (cell.shape.required and value is ABSENT) else [NO_OFFER]
        offers = [*unset, *values, *([ANOTHER] if others else [])]

        def chosen(index: int) -> None:
            assert cell.path is not None
            if others and index == len(offers) - 1:
                self._type(row, number, value, adds=adds)
            elif index < len(unset):
                self._removed(
                    self.model.remove(cell.path) if isinstance(cell.path[-1], int) else self._unset(cell.path)
                )
            else:
                self._set(cell, read(cell.shape, offers[index]))
                self._after_choice(row, number, adds=adds)

        self._grid.go_to(row.key, number)
        self._offer(offers, offers.index(str(value)) if str(value) in offers else 0, chosen)

    def _after_choice(self, row: FormRow, number: int, *, adds: bool) -> None:
        """The first of a pair that is being added was chosen: the second comes next."""
        self.model.forget_ghost()
        self._show()
        pair = self._grid.row
        if adds and not number and pair is not None and pair.key == row.key and len(pair.cells) > 1:
            self._begin(pair, 1, adds=True)

    def _choose_variant(self, row: FormRow) -> None:
        alternatives = row.shape.alternatives

        def chosen(index: int) -> None:
            self.model.set(row.path, blank(alternatives[index], tells=True))
            self._changed()

        self._offer([alternative.title for alternative in alternatives], 0, chosen)

    def _offer(self, offers: list[str], highlighted: int, chosen: Callable[[int], None]) -> None:
        self._choosing = chosen
        self._offers.begin(offers, highlighted)
        self._place_overlay()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._offers.has_still(event):
            self._chosen(event.option_index)

    def _chosen(self, index: int) -> None:
        choosing = self._choosing
        self._close_offers()
        self.screen.set_focus(self._grid)
        if choosing is not None:
            choosing(index)

    def _not_chosen(self) -> None:
        if self._choosing is not None:
            had_focus = self.screen.focused is self._offers
            self._close_offers()
            self.model.forget_ghost()
            self._show()
            if had_focus:
                self.screen.set_focus(self._grid)

    def _close_offers(self) -> None:
        self._choosing = None
        self._offers.display = False

    def _set(self, cell: FormCell, value: Any) -> None:
        assert cell.path is not None
        self.model.set(cell.path, value)
        self._changed()

    def _unset(self, path: Path) -> Target:
        self.model.unset(path)
        return Target((path, ""))

    def _removed(self, target: Target) -> None:
        self._changed()
        self._grid.go_to(target.key, self._grid.cell)
