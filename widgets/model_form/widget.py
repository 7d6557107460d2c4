"""The form: rows to move among by keys, each edited in place; elements that come, go and move."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType

from widgets.model_form.cells import FormCells
from widgets.model_form.edits import value_at
from widgets.model_form.form_model import Target
from widgets.model_form.inputs import FieldInput, TextDialog
from widgets.model_form.shape import ABSENT, SCALARS, Path


class ModelForm(FormCells):
    """A form for a document of a model.

    Args:
        shape: the model (``shape_of``).
        hints: what the model does not say.
        empty: shown instead of rows when a search finds nothing.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ModelForm {
        width: 1fr; height: 1fr; layout: vertical; layers: base above; background: $background;
        & > #form-help { height: 2; color: $text-muted; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: what is typed right behind the key that opens an input must find it open.
        Binding("enter", "enter", "edit", id="form.edit", tooltip="Edit, choose, fold or add", priority=True),
        Binding("space", "turn", "Turn", show=False, id="form.toggle", tooltip="Fold, or turn yes into no"),
        Binding("a", "add", "add", id="form.add", tooltip="Add an element to this list"),
        Binding("x,delete,backspace", "remove", "remove", id="form.remove", tooltip="Remove it, or set it no more"),
        Binding("C", "duplicate", "copy", id="form.copy", tooltip="Add a copy of this element"),
        Binding("K,shift+up", "shift(-1)", "up", id="form.move_up", show=False, tooltip="Move this element up"),
        Binding("J,shift+down", "shift(1)", "down", id="form.move_down", show=False, tooltip="Move this element down"),
        Binding("p", "paste_lines", "paste", id="form.paste", show=False, tooltip="Paste NAME=value lines"),
        Binding("v", "reveal", "reveal", id="form.reveal", show=False, tooltip="Show or mask secrets"),
        Binding("u,ctrl+z", "undo", "undo", id="form.undo", tooltip="Take the last edit back"),
        Binding("U,ctrl+y", "redo", "Redo", id="form.redo", show=False, tooltip="Do again what was taken back"),
        Binding("n", "next_finding(1)", "Next finding", id="form.next", show=False, tooltip="To the next finding"),
        Binding("N", "next_finding(-1)", "Last finding", id="form.prev", show=False, tooltip="To the one before"),
        Binding("right_square_bracket", "section(1)", "Section", id="form.section", show=False,
                tooltip="To the next section"),
        Binding("left_square_bracket", "section(-1)", "Section", id="form.section_back", show=False,
                tooltip="To the section before"),
        Binding("up,k", "move(-1)", "Up", show=False, id="form.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", show=False, id="form.down", tooltip="One row down"),
        Binding("left,h", "side(-1)", "Left", show=False, id="form.left", tooltip="Fold, or to the left"),
        Binding("right,l", "side(1)", "Right", show=False, id="form.right", tooltip="Unfold, or to the right"),
        Binding("home,g", "ends(False)", "First", show=False, id="form.first", tooltip="The first row"),
        Binding("end,G", "ends(True)", "Last", show=False, id="form.last", tooltip="The last row"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="form.page_up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="form.page_down", tooltip="One page down"),
    ]  # fmt: skip

    # --- elements --------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Add to the list or map that the cursor is in, or at."""
        row = self._grid.row
        if row is None:
            return
        path = row.path
        while path or row.kind != "group":
            if self._can_add(path):
                self.add_to(path)
                return
            if not path:
                return
            path = path[:-1]

    def _can_add(self, path: Path) -> bool:
        row = next((row for row in self.model.rows if row.path == path and row.kind == "heading"), None)
        return row is not None and row.shape.alternative(value_at(self.model.document, path)).kind in ("list", "map")

    def add_to(self, path: Path) -> None:
        self._went(self.model.add(path))

    def action_remove(self) -> None:
        """Remove the element or entry at the cursor; a member is set no more."""
        row = self._grid.row
        if row is None or row.kind in ("group", "add", "variant"):
            return
        path = row.path
        if row.kind == "pair" and self._grid.cell and not row.cells[1].shape.required and row.cells[1].path:
            path = row.cells[1].path  # the second of a pair may go alone
        if value_at(self.model.document, path) is not ABSENT:
            self._removed(self.model.remove(path) if path == row.path else self._unset(path))

    def action_duplicate(self) -> None:
        self._went(self.model.duplicate(self._element()))

    def action_shift(self, step: int) -> None:
        path = self._element()
        if path:
            self._went(self.model.move(path, step))

    def _element(self) -> Path:
        """The element that the cursor is at or in, of the nearest list."""
        row = self._grid.row
        path = row.path if row and row.kind != "add" else ()
        if row is not None and row.kind == "entry":
            return path
        while path and not isinstance(path[-1], int):
            path = path[:-1]
        return path

    def _went(self, target: Target | None) -> None:
        if target is None:
            return
        self._changed()
        self._grid.go_to(target.key, target.cell)
        row = self._grid.row
        if target.edit and row is not None and row.key == target.key and row.cells:
            ghost = self.model.view.ghost is not None
            if ghost or row.cells[target.cell].shape.kind in SCALARS:
                self._begin(row, target.cell, adds=ghost)

    # --- pasting ---------------------------------------------------------------------------------------------------

    def action_paste_lines(self) -> None:
        """A dialog for NAME=value lines."""
        path = self._pairs_here()
        if path is None:
            self.app.notify("Lines can be pasted into lists of names and values", markup=False)
            return

        def done(text: str | None) -> None:
            if text:
                self._paste(path, text)

        self.app.push_screen(TextDialog("Paste NAME=value lines", hint="esc takes them; u takes them back"), done)

    def on_paste(self, event: events.Paste) -> None:
        """A paste with the cursor on a list of names and values."""
        path = self._pairs_here()
        if path is not None and self._edit is None:
            event.stop()
            self._paste(path, event.text)

    @on(FieldInput.Lines)
    def _lines(self, event: FieldInput.Lines) -> None:
        """Several lines were pasted into a field: names and values for its list, or a text of several lines."""
        event.stop()
        edit = self._edit
        if edit is None:
            return
        path = self._pairs_here() if not edit.cell else None
        typed_before = self._input.value
        self._keep("cancel")
        if path is not None:
            self._paste(path, event.text)
        elif edit.row.cells[edit.cell].path is not None:
            self._set(edit.row.cells[edit.cell], typed_before + event.text)

    def _pairs_here(self) -> Path | None:
        row = self._grid.row
        if row is None or row.kind == "group":
            return None
        return next((path for path in (row.path, row.path[:-1]) if path and self.model.takes_pairs(path)), None)

    def _paste(self, path: Path, text: str) -> None:
        count = self.model.paste(path, text)
        self._changed()
        self.app.notify(f"{count} taken" if count else "No NAME=value line there", markup=False)

    # --- undo, secrets, folds --------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        if self.model.undo():
            self._changed()
        else:
            self.app.notify("Nothing to take back", markup=False)

    def action_redo(self) -> None:
        if self.model.redo():
            self._changed()

    def action_reveal(self) -> None:
        self.model.view.revealed = not self.model.view.revealed
        self.model.looked_at_anew()
        self._show()
        self.post_message(self.Revealed(self.model.view.revealed, self))
