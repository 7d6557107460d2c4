"""Two definitions compared: two revisions, or one with what really runs, or with a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.model.definition_diff import diff_lines, environment_of
from app.model.errors import MoorageError
from app.model.masking import Masker
from app.model.safe_text import safe_line
from app.model.task import Task
from app.operations.comparing import Side
from app.operations.definition_shape import registered_members
from app.operations.drift import Running, notes_of, running_on_instance, running_tasks_of
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.definition_file import definition_file_dialog
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.screens.json_screen import search_in
from widgets.cells import Cell, Span
from widgets.diff_view import DiffRow, DiffView
from widgets.pane_tabs import PaneTabs
from widgets.presence import is_here

if TYPE_CHECKING:
    from app.operations.importing import Imported

WHOLE, ENVIRONMENT = 0, 1
MOST_NOTES = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What is compared. ``command`` is the same in a shell; ``left`` the left revision, 0 where it is nothing."""

    sides: tuple[Side, Side]
    left: int
    command: str


class ComparisonScreen(FrameScreen):
    """``left`` and ``right`` are revisions of a family; ``left`` None: nothing, so that everything is new."""

    FILTER_HINT = "text  /regex/"
    AUTO_FOCUS = "DiffView"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("diff.whole", "diff.before", "diff.running", "diff.file", "reveal", "search", "next.pane"),
        *bindings("copy.command", *INSIDE),
    ]

    def __init__(self, desk: Desk, family: str, left: int | None, right: int) -> None:
        super().__init__(desk)
        self._family = family
        self._left = left or 0
        self._right = right
        self._shown: Shown | None = None
        self._revealed = False

    # --- frame -----------------------------------------------------------------------------------------------------

    def crumbs(self) -> Iterable[str]:
        return ("definitions", f"{self._family}:{self._right}", "diff")

    def status(self) -> Cell:
        return (Span("secrets shown", "warn"),) if self._revealed else (Span("secrets masked", "muted"),)

    def content(self) -> ComposeResult:
        yield Static("", id="sides", markup=False)
        yield PaneTabs(("Whole", "Environment"), id="comparisons")
        yield DiffView(id="diff")

    def on_mount(self) -> None:
        self._compare_revisions(self._left)
        super().on_mount()

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(DiffView), self.filter_text)

    def matches(self) -> int | None:
        return search_in(self.query_one(DiffView), self.filter_text)

    # --- what is compared ------------------------------------------------------------------------------------------

    def _compare_revisions(self, left: int) -> None:
        name = f"{self._family}:{self._right}"
        try:
            before = self._side(left) if left else Side("nothing", None)
            command = f"moorage diff {self._family}:{left} {name}" if left else f"moorage export {name}"
            self._show(Shown((before, self._side(self._right)), left, command))
        except MoorageError as error:
            self.say(error.message, bad=True)

    def _side(self, revision: int) -> Side:
        stored = self.desk.session.definitions.read(self._family, revision)
        told = (f"{formats.age(stored.registered_at, self.now())} ago", stored.note.replace("\n", " "))
        who = f"by {stored.registered_by}" if stored.registered_by else ""
        label = f"{self._family}:{revision}  {'  '.join(filter(None, (who, *told)))}"
        return Side(label, registered_members(stored))

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._paint()

    def _paint(self) -> None:
        if self._shown is None:
            return
        left, right = self._shown.sides
        tabs = self.query_one(PaneTabs)
        one, other = left.members, right.members
        if tabs.index == ENVIRONMENT:
            one, other = environment_of(one), environment_of(other)
        lines = diff_lines(one, other, masker=None if self._revealed else Masker())
        self.query_one(DiffView).set_lines([DiffRow(line.kind, line.text) for line in lines])
        added = sum(line.kind == "added" for line in lines)
        removed = sum(line.kind == "removed" for line in lines)
        tabs.set_note(f"+{added} -{removed}" if added or removed else "no difference")
        self.query_one("#sides", Static).update(_head(left, right))
        self.refresh_now(None)

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_whole(self) -> None:
        tabs = self.query_one(PaneTabs)
        tabs.open(tabs.index + 1)

    def action_next_pane(self) -> None:
        self.action_whole()

    @on(PaneTabs.Opened)
    def _opened(self) -> None:
        self._paint()

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self._paint()

    def action_before(self) -> None:
        """From a task or a file back to the revisions; from there one revision further back."""
        shown = self._shown
        if shown is not None and shown.left < 0:
            self._compare_revisions(self._left)
            return
        known = self.desk.session.definitions.revisions(self._family)
        earlier = [number for number in known if number < self._left]
        if not earlier:
            self.say(f"No revision of {self._family} is before {self._family}:{self._left or self._right}")
            return
        self._left = earlier[-1]
        self._compare_revisions(self._left)

    def action_running(self) -> None:
        tasks = running_tasks_of(self.desk.fleet, self._family, self._right)
        if not tasks:
            self.say(f"No task of {self._family}:{self._right} is RUNNING in sight")
        elif len(tasks) == 1:
            self._compare_with(tasks[0])
        else:
            choices = [
                Choice(task.id[:8], str(task.instance.name), partial(self._compare_with, task)) for task in tasks
            ]
            title = f"Which task of {self._family}:{self._right}?"
            self.app.push_screen(ChoiceDialog(title, ("TASK", "INSTANCE"), choices))

    def _compare_with(self, task: Task) -> None:
        state = self.desk.fleet.instances.get(task.instance)
        if state is None:
            self.say(f"{task.instance.name} is not registered any more", bad=True)
            return
        endpoint, name = state.instance.reached_by, f"{self._family}:{self._right}"

        def done(running: Running) -> None:
            if not is_here(self):
                return
            label = f"task {task.id[:8]} as it runs on {task.instance.name}"
            sides = Side(name, running.revision), Side(label, running.members, tuple(notes_of(running)))
            self._show(Shown(sides, -1, f"moorage diff {name} --running {task.id} --cluster {task.cluster}"))

        self.desk.jobs.run(lambda: running_on_instance(self.desk.session, endpoint, task), done)

    def action_file(self) -> None:
        name = f"{self._family}:{self._right}"

        def take(imported: Imported) -> None:
            revision = self._shown_right()
            if revision is not None:
                losses = tuple(str(loss) for loss in imported.losses)
                right = Side(imported.source, imported.members, losses)
                self._show(Shown((revision, right), -1, f"moorage diff {name} {shlex.quote(imported.source)}"))

        dialog = definition_file_dialog(
            self.desk, f"Compare {name} with a file", "Compare", self.app.push_screen, take, self._family
        )
        self.app.push_screen(dialog)

    def _shown_right(self) -> Side | None:
        try:
            return self._side(self._right)
        except MoorageError as error:
            self.say(error.message, bad=True)
            return None

    def action_copy_command(self) -> None:
        if self._shown is not None:
            # With nothing on the left there is nothing to compare: the command prints the revision.
            alone = self._shown.left != 0 and self.query_one(PaneTabs).index == ENVIRONMENT
            self.copy(self._shown.command + (" --environment" if alone else ""), "command")


def _head(left: Side, right: Side) -> Content:
    """Both sides, each with the sign that its lines have, and what there is to say."""
    lines = [Content.styled(f" - {safe_line(left.label)}", "$text-error")]
    lines.append(Content.styled(f" + {safe_line(right.label)}", "$text-success"))
    lines += [Content.styled(f" ▲ {safe_line(note)}", "$state-stopping") for note in right.notes[:MOST_NOTES]]
    if len(right.notes) > MOST_NOTES:
        lines.append(Content.styled(f"   and {len(right.notes) - MOST_NOTES} more", "$text-muted"))
    return Content("\n").join(lines)
