"""The form: rows to move among by keys, each edited in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from widgets.model_form.about import about_row
from widgets.model_form.edits import value_at
from widgets.model_form.form_model import FormModel, Target
from widgets.model_form.grid import FormGrid
from widgets.model_form.hints import FormFinding, FormHints
from widgets.model_form.inputs import FieldInput, OfferList, TextDialog
from widgets.model_form.rows import ADD, FormCell, FormRow, RowKey
from widgets.model_form.shape import ABSENT, SCALARS, Path, Shape
from widgets.model_form.values import blank, read, typed
from widgets.pane_tabs import PaneTabs

NO_OFFER = "not set"
ANOTHER = "another…"


@dataclass(slots=True)
class _Edit:
    """What is being typed: the row, which cell, the document before it, and whether it began as an addition."""

    row: FormRow
    cell: int
    before: Any
    adds: bool


class ModelForm(Widget):
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

    @dataclass
    class Changed(Message):
        """An edit made another document of it."""

        document: Any
        form: ModelForm

        @property
        def control(self) -> ModelForm:
            """The form, for selectors in ``on``."""
            return self.form

    @dataclass
    class Moved(Message):
        """The cursor is at another place of the document."""

        path: Path
        form: ModelForm

        @property
        def control(self) -> ModelForm:
            """The form, for selectors in ``on``."""
            return self.form

    def __init__(self, shape: Shape, hints: FormHints | None = None, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = FormModel(shape, hints or FormHints())
        self._grid = FormGrid(empty=empty, id="form-rows")
        self._input = FieldInput(self._left)
        self._offers = OfferList(self._not_chosen)
        self._tabs = PaneTabs((), id="form-sections")
        self._help = Static("", id="form-help", markup=False)
        self._edit: _Edit | None = None
        self._choosing: Callable[[int], None] | None = None

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._grid
        yield self._help
        yield self._input
        yield self._offers

    def on_mount(self) -> None:
        self._tabs.display = () in self.model.hints.groups
        self._show()

    def on_focus(self) -> None:
        self._grid.focus()

    # --- what the owner does ---------------------------------------------------------------------------------------

    def set_document(self, document: Any) -> None:
        """Show another document; folds, search and cursor stay."""
        self._leave_edit()
        self.model.load(document)
        self._show()

    def set_findings(self, findings: Sequence[FormFinding]) -> None:
        self.model.tell(findings)
        self._show()

    def search(self, query: str) -> None:
        """Show only rows that match, and go to the first of them."""
        if query == self.model.view.query:
            return
        self.model.search(query)
        self._show()
        wanted = query.casefold()
        hit = next((row for row in self.model.rows if wanted and _is_hit(row, wanted)), None)
        if hit is not None:
            self._grid.go_to(hit.key)

    def go_to(self, path: Path) -> None:
        """Unfold what hides a place, and put the cursor there."""
        key = self.model.reveal(path)
        self._show()
        row = self.model.row(key)
        cells = row.cells if row else ()
        self._grid.go_to(key, next((number for number, cell in enumerate(cells) if cell.path == path), 0))

    @property
    def path(self) -> Path:
        """The place at the cursor."""
        row = self._grid.row
        return row.path if row else ()

    @property
    def is_typing(self) -> bool:
        """Whether a field is being edited."""
        return self._edit is not None

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

    @on(FormGrid.Clicked)
    def _clicked(self, event: FormGrid.Clicked) -> None:
        event.stop()
        self.action_enter()

    @on(PaneTabs.Opened)
    def _to_section(self, event: PaneTabs.Opened) -> None:
        event.stop()
        tops = [row for row in self.model.rows if not row.depth and row.kind != "unknown"]
        if event.index < len(tops):
            self._grid.go_to(tops[event.index].key)
            self._grid.focus()

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
            self._add(row.path)
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
            self._choose(cell, [str(choice) for choice in cell.shape.choices], value, others=False)
        elif offers and not adds:
            self._choose(cell, offers, value, others=True)
        elif isinstance(value, str) and "\n" in value:
            self._edit_lines(row, number, value)
        else:
            self._type(row, number, value, adds=adds)

    def _type(self, row: FormRow, number: int, value: Any, *, adds: bool) -> None:
        self._grid.go_to(row.key, number)
        region = self._grid.cell_region(number).translate((0, self._grid.virtual_region.y))
        self._edit = _Edit(row, number, self.model.document, adds)
        self._input.lay_over(region, typed(value))

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
        self._leave_edit()
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
            self.app.notify(f"{plain_name(text)} is there already", severity="error", markup=False)
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
            self._add(edit.row.path[:-1])

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

    def _leave_edit(self) -> None:
        self._edit = None
        self._input.display = False
        self._close_offers()

    # --- choosing --------------------------------------------------------------------------------------------------

    def _choose(self, cell: FormCell, values: list[str], value: Any, *, others: bool) -> None:
        """Offer values for a cell; with ``others`` something else can be typed."""
        row = self._grid.row
        assert row is not None
        unset = [] if cell.shape.required and value is ABSENT else [NO_OFFER]
        offers = [*unset, *values, *([ANOTHER] if others else [])]

        def chosen(index: int) -> None:
            if offers[index] == ANOTHER and others and index == len(offers) - 1:
                self._type(row, self._grid.cell, value, adds=False)
            elif index < len(unset):
                assert cell.path is not None
                self._removed(
                    self.model.remove(cell.path) if isinstance(cell.path[-1], int) else self._unset(cell.path)
                )
            else:
                self._set(cell, read(cell.shape, offers[index]))

        self._offer(offers, offers.index(str(value)) if str(value) in offers else 0, chosen)

    def _choose_variant(self, row: FormRow) -> None:
        alternatives = row.shape.alternatives

        def chosen(index: int) -> None:
            self.model.set(row.path, blank(alternatives[index], tells=True))
            self._changed()

        self._offer([alternative.title for alternative in alternatives], 0, chosen)

    def _offer(self, offers: list[str], highlighted: int, chosen: Callable[[int], None]) -> None:
        region = self._grid.cell_region(self._grid.cell).translate((0, self._grid.virtual_region.y))
        self._choosing = chosen
        self._offers.lay_over(region, self.size.height - 2, offers, highlighted)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
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
            if had_focus:
                self.screen.set_focus(self._grid)

    def _close_offers(self) -> None:
        self._choosing = None
        self._offers.display = False

    # --- elements --------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Add to the list or map that the cursor is in, or at."""
        row = self._grid.row
        if row is None:
            return
        path = row.path
        while path or row.kind != "group":
            if self._can_add(path):
                self._add(path)
                return
            if not path:
                return
            path = path[:-1]

    def _can_add(self, path: Path) -> bool:
        row = next((row for row in self.model.rows if row.path == path and row.kind == "heading"), None)
        return row is not None and row.shape.alternative(value_at(self.model.document, path)).kind in ("list", "map")

    def _add(self, path: Path) -> None:
        self._went(self.model.add(path))

    def action_remove(self) -> None:
        """Remove the element or entry at the cursor; a member is set no more."""
        row = self._grid.row
        if row is None or row.kind in ("group", "add", "variant"):
            return
        if value_at(self.model.document, row.path) is not ABSENT:
            self._removed(self.model.remove(row.path))

    def _unset(self, path: Path) -> Target:
        self.model.unset(path)
        return Target((path, ""))

    def _removed(self, target: Target) -> None:
        self._changed()
        self._grid.go_to(target.key)

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

    def _fold(self, row: FormRow, *, opened: bool) -> None:
        self.model.fold(row, opened=opened)
        self._show()
        self._tell_place()

    def _set(self, cell: FormCell, value: Any) -> None:
        assert cell.path is not None
        self.model.set(cell.path, value)
        self._changed()

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
        self._help.update(about_row(self._grid.row, self._grid.cell))


def _is_hit(row: FormRow, wanted: str) -> bool:
    """Whether a row itself is what was searched for, and not something on the way to it."""
    names = [row.label, *(cell.text for cell in row.cells[:-1]), *(str(part) for part in row.path[-1:])]
    return row.key[1] != ADD and any(wanted in name.casefold() for name in names)


def plain_name(text: str) -> str:
    return repr(text[:60])


__all__ = ["FormFinding", "ModelForm"]
