"""A build as it goes on: the context on its way, the steps, and what they write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.images.deeds import ImageDeeds
from app.screens.images.progress import STEP_COLUMNS, build_line, context_line, step_row
from app.screens.images.work_screen import WorkScreen
from app.screens.images.works import BuildWork
from app.screens.json_screen import search_in
from widgets.cell_line import CellLine
from widgets.cells import Cell, Span
from widgets.live_table import LiveTable
from widgets.log_view import LogLine, LogView

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow

_AFTER = frozenset({"run", "push_image", "copy_image", "tag_image"})


class BuildScreen(WorkScreen, ImageDeeds):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "work.stop", "image.push", "image.copy", "run", "image.tag", "search", "copy.command", "next.pane", *INSIDE
    )
    work: BuildWork

    def __init__(self, desk: Desk, work: BuildWork) -> None:
        super().__init__(desk, work)
        self._next_line = 0
        self._steps = 0

    def more_status(self) -> Cell:
        progress = self.work.progress
        if progress is None:
            return ()
        place = Span(f"  on {progress.instance.name}", "muted")
        return (place, Span("  "), *build_line(progress)[:1]) if self.work.going and progress.steps else (place,)

    def content(self) -> ComposeResult:
        yield CellLine(id="build-context")
        steps = LiveTable(
            STEP_COLUMNS, id="steps", classes="panel", markable=False, openable=False, empty="No step yet."
        )
        steps.border_title = " Steps "
        yield steps
        yield CellLine(id="build-end")
        log = LogView(id="build-log", classes="panel", empty="Nothing was written yet.")
        log.border_title = " Output "
        yield log

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#build-log").focus()

    def sync(self, changes: ChangeSet | None) -> None:
        super().sync(changes)
        if changes is None and self.filter_text:
            search_in(self.query_one(LogView), self.filter_text)

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    def show(self) -> None:
        work, progress = self.work, self.work.progress
        self.query_one("#build-context", CellLine).set(context_line(progress))
        table = self.query_one("#steps", LiveTable)
        if progress is not None:
            at_end = not self._steps or table.cursor_key == str(self._steps)
            table.set_rows([step_row(step) for step in progress.steps])
            if progress.steps and progress.steps[-1].number != self._steps:
                self._steps = progress.steps[-1].number
                if at_end:
                    table.move_to(str(self._steps))
        lines, self._next_line = work.lines_from(self._next_line)
        self.query_one(LogView).append([LogLine(line) for line in lines])
        self._show_end()

    def _show_end(self) -> None:
        """Why it failed, in one line, or what there is now."""
        work, end = self.work, self.query_one("#build-end", CellLine)
        end.display = not work.going
        if work.outcome == "done":
            names = " ".join(work.tags)
            detail = work.progress.detail if work.progress is not None else ""
            end.set((Span("● ", "ok"), Span(names, "strong"), Span(f"  {detail}", "muted")))
        elif work.outcome == "stopped":
            end.set((Span("○ stopped: ", "warn"), Span("nothing has the name that it was to get", "muted")))
        elif work.outcome:
            end.set((Span("✕ ", "bad"), Span(work.problem, "bad")))

    def ended(self) -> None:
        mark, words = "good", "built"
        if self.work.outcome != "done":
            mark, words = "bad", self.work.problem or self.work.outcome
        self.query_one(LogView).append([LogLine(words, mark=mark)])  # type: ignore[arg-type]
        self.desk.images.look(self.work.cluster, self._known)

    def _known(self) -> None:
        """The images are read again, among them what was built."""
        if self.is_attached:
            self.refresh_bindings()

    # --- what may be done with it then ------------------------------------------------------------------------------

    def chosen_image(self) -> ImageRow | None:
        survey = self.desk.images.of(self.work.cluster).survey
        rows: Sequence[ImageRow] = survey.rows if survey is not None else ()
        return next((row for row in rows if row.name and row.name in self.work.tags), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _AFTER and (self.work.outcome != "done" or (action != "run" and self.chosen_image() is None)):
            return False
        return super().check_action(action, parameters)

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(cluster=self.work.cluster))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#build-log"), self.query_one("#steps")])
