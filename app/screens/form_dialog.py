"""A small dialog of text fields that does one thing, and stays open with the reason when that is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.screens.desk import Desk
from widgets.box import Box
from widgets.dialog import Dialog
from widgets.presence import is_here

Values = dict[str, str]
"""Of the fields that are shown, "" for the rest. A box has "true" or ""."""


@dataclass(frozen=True, slots=True)
class Field:
    """``box``: it is ticked or not; its hint is what that means. ``only_if``: without it the field is always there."""

    name: str
    title: str
    value: str = ""
    hint: str = ""
    box: bool = False
    only_if: Callable[[Values], bool] | None = None


class FormDialog(Dialog[None]):
    """``work`` is run off the screen's thread with the values; ``lines`` say above the fields what it will touch.

    It returns what to say when it is done, or what to do on the screen's thread once the dialog is closed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="dialog.cancel", tooltip="Leave without doing anything"),
    ]

    def __init__(
        self,
        desk: Desk,
        title: str,
        fields: Sequence[Field],
        action: str,
        work: Callable[[Values], str | Callable[[], object]],
        lines: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._desk = desk
        self._title = title
        self._fields = tuple(fields)
        self._action = action
        self._work = work
        self._lines = tuple(lines)
        self._busy = False

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog form-dialog")
        dialog.border_title = self._title
        with dialog:
            if self._lines:
                with VerticalScroll(classes="form-lines", can_focus=False):
                    yield Static(Content("\n".join(self._lines)))
            values = {field.name: field.value for field in self._fields}
            for field in self._fields:
                row = Horizontal(id=f"row-{field.name}", classes="form-row -close" if field.only_if else "form-row")
                row.display = field.only_if is None or field.only_if(values)
                with row:
                    yield Static(Content(field.title), classes="form-label")
                    if field.box:
                        yield Box(Content(field.hint), bool(field.value), id=f"field-{field.name}")
                    else:
                        yield Input(field.value, id=f"field-{field.name}", placeholder=field.hint, compact=True)
                yield Static(Content(field.hint), classes="form-hint")
            yield Static("", id="form-error", markup=False)
            with Horizontal(classes="form-buttons"):
                yield Static(Content("enter next   esc cancel"), classes="form-keys")
                yield Button(self._action, id="form-go", compact=True)

    @on(Input.Changed)
    @on(Box.Changed)
    def _show_fields(self) -> None:
        if not is_here(self):
            return
        values = {field.name: self._value(field) for field in self._fields}
        for field in self._fields:
            self.query_one(f"#row-{field.name}").display = field.only_if is None or field.only_if(values)

    def _value(self, field: Field) -> str:
        widget = self.query_one(f"#field-{field.name}")
        if isinstance(widget, Box):
            return "true" if widget.value else ""
        return widget.value.strip() if isinstance(widget, Input) else ""

    def _there(self) -> list[Field]:
        return [field for field in self._fields if self.query_one(f"#row-{field.name}").display]

    def action_cancel(self) -> None:
        self.dismiss()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        """enter goes to the next field, and on the last one does it."""
        if event.input.id == f"field-{self._there()[-1].name}":
            self._go()
        else:
            self.focus_next()

    @on(Button.Pressed)
    def _go(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._show(f"{self._action}…", failed=False)
        there = self._there()
        values = {field.name: self._value(field) if field in there else "" for field in self._fields}
        self._desk.jobs.run(lambda: self._work(values), self._done, self._failed)

    def _done(self, result: str | Callable[[], object]) -> None:
        if isinstance(result, str):
            self.app.notify(result, markup=False)
        if not is_here(self):
            return
        self.dismiss()
        if not isinstance(result, str):
            result()

    def _failed(self, message: str) -> None:
        self._busy = False
        if is_here(self):
            self._show(message, failed=True)

    def _show(self, message: str, *, failed: bool) -> None:
        line = self.query_one("#form-error", Static)
        line.update(Content(message))
        line.set_class(failed, "-failed")
