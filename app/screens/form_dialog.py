"""A small dialog of text fields that does one thing, and stays open with the reason when that is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from app.model.errors import MoorageError
from app.model.safe_text import safe_line
from app.screens.desk import Desk
from widgets.box import Box
from widgets.dialog import Dialog
from widgets.paced_input import PacedInput
from widgets.presence import is_here

Values = dict[str, str]
"""Of the fields that are shown, "" for the rest. A box has "true" or ""."""


@dataclass(frozen=True, slots=True)
class Field:
    """``box``: it is ticked or not; its hint is what that means. ``only_if``: without it the field is always there.

    ``close``: without an empty line below it.
    """

    name: str
    title: str
    value: str = ""
    hint: str = ""
    box: bool = False
    only_if: Callable[[Values], bool] | None = None
    close: bool = False


class FormDialog(Dialog[None]):
    """``work`` is run off the screen's thread with the values; ``lines`` say above the fields what it will touch.

    It returns what to say when it is done, or what to do on the screen's thread once the dialog is closed. ``command``
    tells the command that does the same, where there is one; it does no I/O and may raise MoorageError.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="dialog.cancel", tooltip="Leave without doing anything"),
        Binding(
            "ctrl+y", "copy_command", "copy command", id="dialog.command", tooltip="Copy the command that does the same"
        ),
        # Before the field that has the focus: until it came to this key, those behind it would be typed into it.
        Binding(
            "tab",
            "app.focus_next",
            "next",
            show=False,
            priority=True,
            id="dialog.next",
            tooltip="To the next field or button",
        ),
        Binding(
            "shift+tab",
            "app.focus_previous",
            "previous",
            show=False,
            priority=True,
            id="dialog.previous",
            tooltip="To the field before",
        ),
        Binding(
            "enter",
            "next_field",
            "done",
            show=False,
            priority=True,
            id="dialog.done",
            tooltip="To the next field; in the last one, do it",
        ),
    ]

    def __init__(
        self,
        desk: Desk,
        title: str,
        fields: Sequence[Field],
        action: str,
        work: Callable[[Values], str | Callable[[], object]],
        lines: Sequence[str] = (),
        command: Callable[[Values], str] | None = None,
    ) -> None:
        super().__init__()
        self._desk = desk
        self._title = title
        self._fields = tuple(fields)
        self._action = action
        self._work = work
        self._lines = tuple(lines)
        self._command = command
        self._busy = False

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog form-dialog")
        dialog.border_title = Content(self._title)
        with dialog:
            if self._lines:
                with VerticalScroll(classes="form-lines", can_focus=False):
                    yield Static(Content("\n".join(self._lines)))
            values = {field.name: field.value for field in self._fields}
            for field in self._fields:
                classes = "form-row -close" if field.only_if or field.close else "form-row"
                row = Horizontal(id=f"row-{field.name}", classes=classes)
                row.display = field.only_if is None or field.only_if(values)
                with row:
                    yield Static(Content(field.title), classes="form-label")
                    if field.box:
                        yield Box(Content(field.hint), bool(field.value), id=f"field-{field.name}")
                    else:
                        yield PacedInput(field.value, id=f"field-{field.name}", placeholder=field.hint, compact=True)
                yield Static(Content(field.hint), classes="form-hint")
            if self._command is not None:
                yield Static(Content(self._command_words(values)), id="form-command")
            yield Static("", id="form-error", markup=False)
            with Horizontal(classes="form-buttons"):
                copied = "" if self._command is None else "   ctrl+y copy command"
                yield Static(Content(f"enter next   esc cancel{copied}"), classes="form-keys")
                yield Button(self._action, id="form-go", compact=True)

    @on(Input.Changed)
    @on(Box.Changed)
    def _show_fields(self) -> None:
        if not is_here(self):
            return
        values = {field.name: self._value(field) for field in self._fields}
        for field in self._fields:
            self.query_one(f"#row-{field.name}").display = field.only_if is None or field.only_if(values)
        if self.query("#form-error.-failed"):
            # What was wrong may be right by now.
            self._show("", failed=False)
        if self._command is not None:
            self.query_one("#form-command", Static).update(Content(self._command_words(self._values())))

    def _values(self) -> Values:
        """Of the fields that are shown."""
        there = self._there()
        return {field.name: self._value(field) if field in there else "" for field in self._fields}

    def _command_words(self, values: Values) -> str:
        """The command, "" as long as what is typed is none."""
        try:
            return safe_line(self._command(values)) if self._command is not None else ""
        except MoorageError:
            return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is not always a command that does the same."""
        return self._command is not None if action == "copy_command" else True

    def action_copy_command(self) -> None:
        """For a shell; what is wrong with what is typed is told instead."""
        if self._command is None:
            return
        try:
            command = self._command(self._values())
        except MoorageError as error:
            self._show(error.message, failed=True)
            return
        self.app.copy_to_clipboard(command)
        self.app.notify(f"Copied command: {safe_line(command)}", markup=False)

    def _value(self, field: Field) -> str:
        widget = self.query_one(f"#field-{field.name}")
        if isinstance(widget, Box):
            return "true" if widget.value else ""
        return widget.value.strip() if isinstance(widget, Input) else ""

    def _there(self) -> list[Field]:
        return [field for field in self._fields if self.query_one(f"#row-{field.name}").display]

    def action_cancel(self) -> None:
        self.dismiss()

    def action_next_field(self) -> None:
        """enter goes to the next field; on the last one, and on the button, the key goes on to who has the focus."""
        if not isinstance(self.focused, Input | Box) or self._is_last(self.focused):
            raise SkipAction
        self.focus_next()

    @on(Input.Submitted)
    @on(Box.Passed)
    def _submitted(self, event: Input.Submitted | Box.Passed) -> None:
        """On the last field enter does it, once all that was typed before it is there."""
        if self._is_last(event.box if isinstance(event, Box.Passed) else event.input):
            self._go()
        else:  # what was typed has brought another field
            self.focus_next()

    def _is_last(self, field: Widget) -> bool:
        return field.id == f"field-{self._there()[-1].name}"

    @on(Button.Pressed)
    def _go(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._show(f"{self._action}…", failed=False)
        values = self._values()
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
