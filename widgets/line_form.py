"""A small form of lines: each typed in place with offers below it, chosen, added, removed or moved, all by keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from widgets.line_list import LineList
from widgets.line_model import LineModel, Offer, Offers
from widgets.line_offers import LastWord, OfferedLines
from widgets.model_form.inputs import FieldInput
from widgets.plain import plain
from widgets.presence import GoesQuietly

_MOST_SEEN = 8
HELP_HEIGHT = 2


@dataclass(slots=True)
class _Edit:
    """What is being typed: the line, the values before it, its text then, and what is offered for what was typed."""

    key: str
    before: Any
    text: str
    chosen: bool
    offers: Offers
    shown: list[Offer] = field(default_factory=list)
    matched: str | None = None


class LineForm(GoesQuietly, Widget):
    """The form of a ``LineModel``.

    Args:
        model: whose lines these are; ``refresh_lines`` shows what has changed there.
    """

    DEFAULT_CSS = """
    LineForm {
        width: 1fr; height: 1fr; layout: vertical; layers: base above; background: $background;
        & > #line-help { height: 2; color: $text-muted; padding: 0 1; }
        & > #line-help.-wrong { color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # All with priority: what is typed right behind one that opens an input must find it open, and none of them may
        # overtake another. While a line is typed they are text: see check_action.
        Binding("enter", "enter", "edit", id="lines.edit", tooltip="Edit, choose, add or do it", priority=True),
        Binding("a", "add", "add", id="lines.add", tooltip="Add a line to this list", priority=True),
        Binding("x,delete,backspace", "remove", "remove", id="lines.remove", tooltip="Remove the line", priority=True),
        Binding(
            "K,shift+up", "shift(-1)", "Up", id="lines.move_up", show=False, tooltip="Move the line up", priority=True
        ),
        Binding(
            "J,shift+down",
            "shift(1)",
            "Down",
            id="lines.move_down",
            show=False,
            tooltip="Move the line down",
            priority=True,
        ),
        Binding(
            "u,ctrl+z", "undo", "undo", id="lines.undo", show=False, tooltip="Take the last edit back", priority=True
        ),
        Binding("up,k", "move(-1)", "Up", show=False, id="lines.up", tooltip="One line up", priority=True),
        Binding("down,j", "move(1)", "Down", show=False, id="lines.down", tooltip="One line down", priority=True),
        Binding(
            "home,g", "ends(False)", "First", show=False, id="lines.first", tooltip="The first line", priority=True
        ),
        Binding("end,G", "ends(True)", "Last", show=False, id="lines.last", tooltip="The last line", priority=True),
        *(
            Binding(digit, f"digit({digit})", "Number", show=False, tooltip="Type a new number", priority=True)
            for digit in "1234567890"
        ),
    ]

    @dataclass
    class Changed(Message):
        """The model's values are others, perhaps in the middle of typing."""

        form: LineForm

        @property
        def control(self) -> LineForm:
            """The form, for selectors in ``on``."""
            return self.form

    @dataclass
    class Pressed(Message):
        """A line that is a button was pressed."""

        key: str
        form: LineForm

        @property
        def control(self) -> LineForm:
            """The form, for selectors in ``on``."""
            return self.form

    def __init__(self, model: LineModel, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.model = model
        self._list = LineList(id="lines")
        self._help = Static("", id="line-help", markup=False)
        self._input = FieldInput(self._left)
        self._input.suggester = self._ends = LastWord()
        self._offers = OfferedLines()
        self._edit: _Edit | None = None
        self._past: list[Any] = []

    def compose(self) -> ComposeResult:
        """The lines, what the one at the cursor is about, and what is laid over them."""
        yield self._list
        yield self._help
        yield self._input
        yield self._offers

    def on_mount(self) -> None:
        """Show the lines; what is laid over one follows it."""
        self.refresh_lines()
        self.watch(self._list, "scroll_y", self._place, init=False)
        self.watch(self._input, "scroll_x", self._mark_follows, init=False)

    def on_resize(self) -> None:
        """What is laid over a line follows it."""
        self.call_after_refresh(self._place)

    # --- lines -----------------------------------------------------------------------------------------------------

    @property
    def is_typing(self) -> bool:
        """Whether a line is being edited."""
        return self._edit is not None

    @property
    def rows(self) -> int:
        """How many rows it takes to show all."""
        return self._list.rows + HELP_HEIGHT

    def refresh_lines(self) -> None:
        """Show the model's lines as they are now; the cursor and what is typed stay."""
        self._list.show(self.model.lines)
        self._place()

    def focus_lines(self, key: str = "") -> None:
        """Give the keys to the lines, with the cursor on one of them."""
        if key:
            self._list.go_to(key)
        self.screen.set_focus(self._list)

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        line = self._list.line
        if line is not None:
            self._help.update(Content(plain(line.error or self.model.help(line.key))), layout=False)
            self._help.set_class(bool(line.error), "-wrong")
        self.refresh_bindings()

    @on(LineList.Pressed)
    def _clicked(self, event: LineList.Pressed) -> None:
        event.stop()
        self.action_enter()

    # --- keys ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are text; and what the line at the cursor does not take is not offered."""
        if self._edit is not None:
            return action == "enter"
        line = self._list.line
        if action == "enter":
            return line is not None and line.kind != "fixed"
        if action == "digit":
            return line is not None and line.number
        if action in ("add", "remove", "shift"):
            return line is not None and line.listed and (action == "add" or line.kind != "add")
        return True

    def action_enter(self) -> None:
        """What enter does at the cursor, or to what is being typed."""
        line = self._list.line
        if self._edit is not None:
            self._input.in_turn(lambda: self._left("enter"), "enter")
        elif line is not None and line.kind == "button":
            self.post_message(self.Pressed(line.key, self))
        elif line is not None and line.kind == "add":
            self.action_add()
        elif line is not None and line.kind != "fixed":
            self._begin(line.key, self.model.state)

    def action_digit(self, digit: int) -> None:
        """Begin a new number at the cursor."""
        if line := self._list.line:
            self._begin(line.key, self.model.state)
            self._input.begin(str(digit))
            self._take_typed(str(digit))

    def action_add(self) -> None:
        """Add a line to the list that the cursor is in, and type in it."""
        line = self._list.line
        before = self.model.state
        key = self.model.add(line.key) if line else None
        if key is not None:
            self._changed()
            self._begin(key, before)

    def action_remove(self) -> None:
        """Remove the line at the cursor."""
        if line := self._list.line:
            before = self.model.state
            self._did(before, self.model.remove(line.key))

    def action_shift(self, step: int) -> None:
        """Move the line at the cursor among those of its list."""
        if line := self._list.line:
            before = self.model.state
            self._did(before, self.model.move(line.key, step))

    def action_undo(self) -> None:
        """Take the last edit back."""
        if not self._past:
            self.app.notify("Nothing to take back", markup=False)
            return
        self.model.restore(self._past.pop())
        self._changed()

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self._list.step(lines)

    def action_ends(self, last: bool) -> None:
        """Move the cursor to the first line or the last."""
        self._list.to_end(last=last)

    def _did(self, before: Any, key: str | None) -> None:
        if key is None:
            return
        self._keep(before)
        self._changed()
        self._list.go_to(key)

    def _keep(self, before: Any) -> None:
        if before != self.model.state:
            self._past = [*self._past[-100:], before]

    def _changed(self) -> None:
        self.refresh_lines()
        self.post_message(self.Changed(self))

    # --- typing ----------------------------------------------------------------------------------------------------

    def _begin(self, key: str, before: Any) -> None:
        self._list.go_to(key)
        line = self._list.line
        chosen = line is not None and line.kind == "choice"
        text = self.model.text(key)
        self._edit = _Edit(key, before, text, chosen, self.model.offers(key))
        self._ends.words = self._edit.offers.words
        self._input.placeholder = text if chosen else ""
        self._input.begin("" if chosen else text)
        self._match("" if chosen else text)
        self._place()
        self._mark_follows()

    def _mark_follows(self) -> None:
        """The mark below what is wrong stays below it when a long text scrolls."""
        self._list.scrolled(int(self._input.scroll_x) if self._edit is not None else 0)

    def _place(self) -> None:
        """Put what is typed over its line, and the offers below it, or above where there is no room."""
        if self._edit is None:
            return
        region = self._list.value_region()
        self._input.place(region)
        rows = min(self._offers.option_count, _MOST_SEEN)
        on_screen = region.y + self._list.region.y
        below = self.screen.size.height - 1 - on_screen - 1
        up = rows > below and on_screen > below
        rows = min(rows, on_screen if up else below)
        longest = max((cell_len(offer.text) + cell_len(offer.note) + 6 for offer in self._edit.shown), default=0)
        self._offers.styles.offset = (region.x - 1, region.y - rows if up else region.y + 1)
        self._offers.styles.width = min(max(longest, 16), self.screen.size.width - self._list.region.x - region.x)
        self._offers.styles.height = max(rows, 1)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._edit is not None and event.input is self._input:
            self._take_typed(event.value)

    def _take_typed(self, text: str) -> None:
        edit = self._edit
        assert edit is not None
        self._match(text)
        if not edit.chosen and text != self.model.text(edit.key):
            self.model.set(edit.key, text)
            self._changed()

    def _match(self, text: str) -> None:
        """Offer what has all the words that were typed in it; before anything is typed, everything."""
        edit = self._edit
        assert edit is not None
        edit.matched = text
        words = [] if text == edit.text and not edit.chosen else text.casefold().split()
        found = [
            offer for offer in edit.offers.offers
            if all(word in f"{offer.text} {offer.note}".casefold() for word in words)
        ]  # fmt: skip
        if found != edit.shown:
            edit.shown = found
            self._offers.offer(found)
        self._offers.display = bool(found) and not (len(found) == 1 and found[0].text == text)
        texts = [offer.text for offer in found]
        if edit.chosen and not words:
            self._offers.highlighted = texts.index(edit.text) if edit.text in texts else (0 if texts else None)
        else:
            first = (edit.offers.first or edit.chosen) and found and text not in texts and bool(words)
            self._offers.highlighted = 0 if first else None
        self._place()

    def _left(self, how: str) -> None:
        edit = self._edit
        if edit is None:
            return
        if self._input.value != edit.matched:
            # The input tells of its change later than the key that follows it.
            self._take_typed(self._input.value)
        offered = self._offers.highlighted if self._offers.display else None
        if how in ("up", "down") and self._offers.display:
            self._offers.action_cursor_down() if how == "down" else self._offers.action_cursor_up()
        elif how == "cancel" or (how == "blur" and edit.chosen):
            self._end(edit, None, how)
        elif how in ("enter", "next") and offered is not None:
            self._take_offer(edit, edit.shown[offered], how)
        elif edit.chosen and how == "enter":
            self.app.notify("Nothing matches; esc leaves it as it was", markup=False)
        else:
            self._end(edit, None if edit.chosen else self._input.value, how)

    def _take_offer(self, edit: _Edit, offer: Offer, how: str = "enter") -> None:
        if offer.whole:
            self._end(edit, offer.text, how)
            return
        self._input.value = offer.text
        self._input.cursor_position = len(offer.text)
        edit.text = offer.text
        self._take_typed(offer.text)

    @on(FieldInput.Lines)
    def _pasted(self, event: FieldInput.Lines) -> None:
        event.stop()
        self._input.insert_text_at_cursor(" ".join(event.text.split("\n")).replace("\r", "").strip())
        self.app.notify("Several lines were pasted as one", markup=False)

    @on(OptionList.OptionSelected)
    def _clicked_offer(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._edit is not None and self._offers.has_still(event):
            self._take_offer(self._edit, self._edit.shown[event.option_index])

    def _end(self, edit: _Edit, text: str | None, how: str) -> None:
        """Typing is over: with this text, or with None as it was before."""
        self._edit = None
        self._input.display = self._offers.display = False
        self._mark_follows()
        if how != "blur":
            self.screen.set_focus(self._list)
        if text is None:
            self.model.restore(edit.before)
            key = edit.key
        else:
            key = self.model.take(edit.key, text)
            self._keep(edit.before)
        self._changed()
        self._list.go_to(key)
        if how in ("up", "down", "next", "previous"):
            self._list.step(1 if how in ("down", "next") else -1)
