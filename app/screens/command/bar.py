"""A line to type a command in, with what it may mean and what was said before.

``:`` opens it at the lower end of a screen; ctrl+p at the upper end, as a palette, also while text is typed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.scalar import Scalar
from textual.widget import Widget
from textual.widgets import Input, Static

from app.screens.command.entries import entries, of_families, tasks_named
from app.screens.command.entry import Entry, Kind
from app.screens.command.matching import found, nearest
from app.screens.frame import FrameScreen
from widgets.cells import Column, Row, cell
from widgets.live_table import LiveTable
from widgets.paced_input import PacedInput
from widgets.presence import GoesQuietly, is_here

MOST_SHOWN = 12
MOST_SAID = 5
_COLUMNS = (
    Column("command", "COMMAND", min_width=22, weight=2),
    Column("key", "KEY", width=6),
    Column("detail", "WHAT", min_width=20, weight=4, priority=1),
)


class CommandBar(GoesQuietly, Vertical):
    """Lies over an end of a screen, and is for what can be done there.

    A part of the screen and no dialog: Textual paints a whole screen anew for a dialog, and this is to open in a frame.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "do it", id="command.take", tooltip="Do what is chosen above", priority=True),
        Binding(
            "tab", "complete", "complete", id="command.complete", tooltip="Write out what is chosen", priority=True
        ),
        Binding("up", "move(-1)", "Up", show=False, id="command.up", tooltip="The one above", priority=True),
        Binding("down", "move(1)", "Down", show=False, id="command.down", tooltip="The one below", priority=True),
        Binding("escape", "close", "leave", id="command.close", tooltip="Leave without doing anything", priority=True),
    ]

    def __init__(self, below: FrameScreen) -> None:
        super().__init__(id="command-bar")
        self._below = below
        self._desk = below.desk
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._seen = ""
        self._families: list[str] = []
        self._back_to: Widget | None = None
        self._list = LiveTable(_COLUMNS, id="command-list", markable=False)
        self._list.can_focus = False
        self._input = PacedInput(
            placeholder="a command, a screen, a cluster, a task …", compact=True, id="command-input"
        )
        self._note = Static("", id="command-note", markup=False)
        self._prompt = Static(":", id="command-prompt")
        self._line = Horizontal(self._prompt, self._input, self._note, id="command-line")

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._line

    def open(self, *, palette: bool) -> None:
        """Show it with nothing typed. What the keys of the screen do is asked before they are text.

        Opened while it is open, it only moves to where it is asked for.
        """
        self._take_place(palette)
        if self.display:
            return
        self._back_to = self.screen.focused
        self._entries = [*entries(self._below), *of_families(self._below, self._families)]
        self._input.value = ""
        self._show()
        self.display = True
        # At once: the keys that were typed right behind the colon are its text.
        self.screen.set_focus(self._input)
        self._desk.jobs.run(self._desk.session.definitions.families, self._take_families, lambda _: None)
        if not self._desk.commands.said:
            self._desk.jobs.run(self._desk.commands.load, lambda _: self._again(), lambda _: None)

    def _take_place(self, palette: bool) -> None:
        """At the lower end the list is above the line, at the upper end below it."""
        if palette == self.has_class("-palette"):
            return
        self.set_class(palette, "-palette")
        if palette:
            self.move_child(self._line, before=self._list)
        else:
            self.move_child(self._line, after=self._list)
        self._prompt.update("›" if palette else ":")

    def _close(self) -> None:
        self.display = False
        back_to, self._back_to = self._back_to, None
        if back_to is not None and back_to.is_attached and back_to.focusable:
            self.screen.set_focus(back_to)
        else:
            self.screen.set_focus(None)
            self.screen.focus_next()

    def on_descendant_blur(self) -> None:
        """Somebody has clicked on something else."""
        self.call_later(self._close_if_left)

    def _close_if_left(self) -> None:
        if self.display and self.app.app_focus and self.screen.focused is not self._input:
            self.display = False

    def _take_families(self, families: list[str]) -> None:
        if families != self._families:
            self._families = families
            self._entries = [entry for entry in self._entries if entry.kind != Kind.DEFINITION]
            self._entries += of_families(self._below, families)
            self._again()

    def _again(self) -> None:
        if is_here(self) and self.display:
            self._show()

    # --- what is offered -------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self._catch_up()

    def _show(self) -> None:
        text = self._seen = self._input.value.strip()
        if text.startswith("/"):
            self._shown = [self._filter_by(text[1:])]
        elif text:
            tasks = tasks_named(self._below, text)
            self._shown = found(text, [*self._entries, *tasks], MOST_SHOWN)
        else:
            said = self._said()
            self._shown = [*said, *(entry for entry in self._entries if entry not in said)][:MOST_SHOWN]
        table = self._list
        rows = [
            Row(str(number), (cell(entry.words, "accent"), cell(entry.key, "strong"), cell(entry.detail, "muted")))
            for number, entry in enumerate(self._shown)
        ]
        table.set_rows(rows)
        if table.styles.height != Scalar.from_number(len(rows) + 1):
            table.styles.height = len(rows) + 1
        if rows:
            table.move_to("0")
        table.display = bool(rows)
        self._tell("" if rows else self._unknown(text))

    def _said(self) -> list[Entry]:
        """What was said last and is still there, the last one first."""
        there = {entry.words: entry for entry in self._entries}
        said: list[Entry] = []
        for words in reversed(self._desk.commands.said):
            if len(said) == MOST_SAID:
                break
            entry = there.get(words)
            if entry is None and words.startswith("task "):
                entry = next((one for one in tasks_named(self._below, words.split()[1]) if one.words == words), None)
            if entry is not None:
                said.append(entry)
        return said

    def _filter_by(self, text: str) -> Entry:
        return Entry(Kind.ACTION, f"/{text}", "/", "Filter this screen by it", partial(self._below.show_filtered, text))

    def _unknown(self, text: str) -> str:
        close = nearest(text, self._entries)
        return "no such command" + (f" – did you mean {close.words}? tab takes it" if close else "")

    def _tell(self, note: str) -> None:
        self._note.update(Content(note))
        self._note.display = bool(note)

    # --- keys ------------------------------------------------------------------------------------------------------

    @property
    def _chosen(self) -> Entry | None:
        key = self._list.cursor_key
        return self._shown[int(key)] if key is not None and self._shown else None

    def _catch_up(self) -> None:
        """The input tells of its change later than the key that follows it."""
        if self._input.value.strip() != self._seen:
            self._show()

    def action_take(self) -> None:
        self._after_typing(self._take)

    def action_complete(self) -> None:
        self._after_typing(self._complete)

    def action_move(self, rows: int) -> None:
        self._after_typing(partial(self._list.action_move, rows))

    def action_close(self) -> None:
        self._close()

    def _after_typing(self, deed: Callable[[], object]) -> None:
        """These keys overtake what was typed before them and still waits for the input: it comes first."""

        def after() -> None:
            self._catch_up()
            deed()

        self._input.call_later(after)

    def _take(self) -> None:
        entry = self._chosen
        if entry is None or not self.display:
            return
        self._close()
        if not entry.words.startswith("/"):
            self._desk.commands.add(entry.words)
            self._desk.jobs.run(self._desk.commands.save, lambda _: None)
        self.app.call_later(entry.take)

    def _complete(self) -> None:
        entry = self._chosen or nearest(self._input.value, self._entries)
        if entry is not None:
            self._input.value = entry.words
            self._input.cursor_position = len(entry.words)
            self._catch_up()
