"""Before a revision is made: what is different from the one it came from, a note, and whether somebody was quicker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.fleet.changes import ChangeSet
from app.model.definition_diff import DiffLine, diff_lines
from app.model.errors import MoorageError
from app.model.masking import Masker
from app.operations.definition_shape import registered_members
from app.operations.definitions import Registered, register_task_definition
from app.operations.editing import EditStart, members_of
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.store.definitions import StoredRevision
from app.store.sidecar import MAX_NOTE
from widgets.cells import Cell, Span
from widgets.diff_view import DiffRow, DiffView
from widgets.paced_input import PacedInput
from widgets.pane_tabs import PaneTabs
from widgets.presence import is_here, is_on_top


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tab: two documents, the left one None for a family that is new."""

    title: str
    left: Any
    right: Any
    note: str = ""


class RegisterScreen(FrameScreen):
    """
    Args:
        text: what is to be registered; a JSON object.
        start: what it came from.
        done: told of the new revision; None when changes are only looked at.
        note: what was written before; ``noted`` gets what is written now, as it is typed.
    """

    FILTER_HINT = "text  /regex/"
    AUTO_FOCUS = "DiffView"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("register", "reveal", "search", "next.pane", "edit.note", register="register"),
        *bindings(*INSIDE),
    ]

    def __init__(
        self,
        desk: Desk,
        text: str,
        start: EditStart,
        done: Callable[[Registered], None] | None,
        note: str = "",
        noted: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(desk)
        self._note, self._noted = note, noted
        self._text = text
        self._start = start
        self._done = done
        self._members = members_of(text)
        self._family = str(self._members.get("family", ""))
        self._latest = 0
        self._comparisons: list[Comparison] = []
        self._revealed = False
        self._busy = False
        self._registered_as: Registered | None = None

    # --- frame -----------------------------------------------------------------------------------------------------

    def crumbs(self) -> Iterable[str]:
        return ("definitions", self._family or "new", "changes" if self._done is None else "register")

    def status(self) -> Cell:
        if self._done is None:
            return ()
        return (Span(f"becomes {self._family}:{self._latest + 1}", "strong"),)

    def content(self) -> ComposeResult:
        yield Static("", id="conflict", markup=False)
        yield PaneTabs((), id="comparisons")
        yield DiffView(id="diff")
        with Horizontal(id="register-row"):
            yield Static(Content("Note"), classes="form-label")
            yield PacedInput(
                self._note, placeholder="why this revision (optional)", id="note", compact=True, max_length=MAX_NOTE
            )
            yield Button("Register", id="register-go", compact=True)

    def on_mount(self) -> None:
        self.query_one("#register-row").display = self._done is not None
        self._compare()
        super().on_mount()

    def sync(self, changes: ChangeSet | None) -> None:
        from app.screens.json_screen import search_in

        if changes is None:
            search_in(self.query_one(DiffView), self.filter_text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("register", "note") and self._done is None:
            return False
        return super().check_action(action, parameters)

    # --- what is compared ------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Look at the family as it is now: what this came from, and what has come since."""
        store = self.desk.session.definitions
        try:
            known = store.revisions(self._family) if self._family in store.families() else []
            self._latest = known[-1] if known else 0
            self._comparisons = self._all_comparisons()
        except MoorageError as error:
            self.say(error.message, bad=True)
            self._comparisons = [Comparison("Everything", None, self._members)]
        came_between = len(self._comparisons) > 1
        conflict = self.query_one("#conflict", Static)
        conflict.display = came_between
        if came_between:
            conflict.update(Content.styled(self._conflict_words(), "$state-stopping"))
        self.query_one(PaneTabs).set_titles([comparison.title for comparison in self._comparisons])
        self.query_one(PaneTabs).show_open(0)
        self._show()

    def _all_comparisons(self) -> list[Comparison]:
        base = self._start.base if self._start.base and self._start.base[0] == self._family else None
        if base is None:
            if not self._latest:
                return [Comparison("A new family", None, self._members)]
            latest = self._read(self._latest)
            title = f"Changes from {self._family}:{self._latest}, which is there already"
            return [Comparison(title, registered_members(latest), self._members, _who(latest, self.now()))]
        before = self._read(base[1])
        yours = Comparison(
            f"Changes from {self._family}:{base[1]}",
            registered_members(before),
            self._members,
            _who(before, self.now()),
        )
        if self._latest <= max(self._start.seen, base[1]):
            return [yours]
        latest = self._read(self._latest)
        theirs = registered_members(latest)
        name = f"{self._family}:{self._latest}"
        return [
            Comparison(f"From {name} to yours", theirs, self._members, _who(latest, self.now())),
            Comparison(f"{name} itself", registered_members(before), theirs, _who(latest, self.now())),
            Comparison(
                f"Yours from {self._family}:{base[1]}",
                registered_members(before),
                self._members,
                _who(before, self.now()),
            ),
        ]

    def _read(self, revision: int) -> StoredRevision:
        return self.desk.session.definitions.read(self._family, revision)

    def _conflict_words(self) -> str:
        try:
            latest = self._read(self._latest)
        except MoorageError:
            return f"▲ {self._family}:{self._latest} has come in between"
        who = latest.registered_by or "somebody"
        age = formats.age(latest.registered_at, self.now())
        return (
            f"▲ {self._family}:{self._latest} was registered by {who} {age} ago, after this draft was begun. "
            "Registering makes yours the latest; what is only in theirs is then not in it."
        )

    def _show(self) -> None:
        tabs = self.query_one(PaneTabs)
        shown = self._comparisons[tabs.index]
        lines = diff_lines(shown.left, shown.right, masker=None if self._revealed else Masker())
        self.query_one(DiffView).set_lines([DiffRow(line.kind, line.text) for line in lines])
        tabs.set_note(f"{_changes(lines)}  {shown.note}".strip())

    @on(PaneTabs.Opened)
    def _other_comparison(self) -> None:
        self._show()

    def action_next_pane(self) -> None:
        """tab: the next comparison, where there are several; the note after the last."""
        tabs = self.query_one(PaneTabs)
        if self.focused is self.query_one("#diff") and tabs.index + 1 < len(self._comparisons):
            tabs.open(tabs.index + 1)
        elif self.focused is self.query_one("#diff") and self._done is not None:
            self.query_one("#note").focus()
        else:
            tabs.open(0)
            self.query_one("#diff").focus()

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self._show()

    def action_note(self) -> None:
        self.screen.set_focus(self.query_one("#note"))

    def action_back(self) -> None:
        if self.focused is self.query_one("#note"):
            self.query_one("#diff").focus()
        else:
            super().action_back()

    @on(Input.Changed, "#note")
    def _note_typed(self, event: Input.Changed) -> None:
        if self._noted is not None:
            self._noted(event.value)

    @on(Input.Submitted, "#note")
    @on(Button.Pressed, "#register-go")
    def _go(self) -> None:
        self.action_register()

    def action_register(self) -> None:
        if self._busy or self._done is None:
            return
        self._busy = True
        note, expected = self.query_one("#note", Input).value.strip(), self._latest

        def work() -> Registered:
            return register_task_definition(
                self.desk.session,
                self._text.encode("utf-8", "surrogatepass"),
                "the draft",
                note=note,
                expected=expected,
            )

        self.desk.jobs.run(work, self._registered, self._refused)

    def _registered(self, registered: Registered) -> None:
        stored = registered.stored
        self.say(f"Registered {stored.family}:{stored.revision}; r runs it")
        self._registered_as = registered
        self._leave_if_registered()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._leave_if_registered()

    def _leave_if_registered(self) -> None:
        """As soon as it is the top screen: another may have been opened over it meanwhile."""
        registered = self._registered_as
        if registered is not None and self._done is not None and is_on_top(self) and is_here(self):
            self._registered_as = None
            self.dismiss()
            self._done(registered)

    def _refused(self, message: str) -> None:
        """Somebody was quicker, or it cannot be written: everything is there still."""
        self._busy = False
        self.say(message, bad=True)
        if is_here(self):
            self._compare()
            self.refresh_now(None)


def _who(stored: StoredRevision, now: datetime) -> str:
    age = formats.age(stored.registered_at, now)
    return f"{stored.registered_by or 'registered'} {age} ago"


def _changes(lines: list[DiffLine]) -> str:
    added = sum(line.kind == "added" for line in lines)
    removed = sum(line.kind == "removed" for line in lines)
    return f"+{added} -{removed}" if added or removed else "no change"
