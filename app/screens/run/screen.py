"""Run: what to launch and where it would go; then each task's way to RUNNING, or the reason why not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from app.fleet.changes import ChangeSet
from app.model.definition_document import DefinitionDocument
from app.model.errors import MoorageError
from app.model.names import BUILT_IN
from app.operations.candidates import instance_facts
from app.operations.schedulers import known_schedulers
from app.screens.actions import INSIDE, bindings
from app.screens.asking import ask
from app.screens.desk import Desk
from app.screens.run.choice import RunChoice
from app.screens.run.command import command_of, has_secrets
from app.screens.run.documents import Documents
from app.screens.run.form import IMAGES, RUN, RunForm, RunWorld, reservation_words
from app.screens.run.launch import LAUNCH_COLUMNS, RunLaunch, first_definitions, known_definitions
from app.screens.run.looking import LooksForImages
from app.screens.run.where import WherePane
from widgets.cells import Cell, Span
from widgets.line_form import LineForm
from widgets.live_table import LiveTable
from widgets.presence import is_here

PAUSE = 0.25
"""Seconds between two looks at the fleet: the picture need not follow every event at once, as the form does."""
SLOW = 0.05
"""Seconds. A picture that took longer, of many hundred instances, does not follow each key but a pause."""
_BARS_SEEN = 4
_ROUND_THE_BARS = 4
"""Rows of the picture that are no bars: its title, the reason at the cursor, the legend, and the room."""
_SHOWN = frozenset({"copy.command", "next.pane"})


class RunScreen(LooksForImages):
    """Nothing is launched before a question was answered.

    Args:
        choice: what the form begins with; its definition may be "" or one that is not ACTIVE, its cluster "".
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, show=True) if isinstance(binding, Binding) and binding.id in _SHOWN else binding
        for binding in bindings(
            "launch",
            "bring.images",
            "plan.json",
            "copy.command",
            "next.pane",
            "switch.resource",
            "reveal",
            *INSIDE,
            copy_command="copy command",
        )
    ] + [
        # The form's own keys have priority: without it they would overtake this one, which leads away from them.
        replace(binding, action="leave_form", show=True, priority=True)
        for binding in bindings("next.pane")
        if isinstance(binding, Binding)
    ]

    def __init__(self, desk: Desk, choice: RunChoice | None = None) -> None:
        super().__init__(desk)
        self._definitions = first_definitions(desk, choice.definition if choice else "")
        self._documents = Documents(desk, self._document_read)
        # Not again at each look: what is installed beside this program is on the disk.
        self._schedulers = tuple(known_schedulers(desk.session))
        self._asked = choice or RunChoice()
        self._form = RunForm(self._begun(self._asked), self._world)
        self._launch = RunLaunch(desk)
        self._timer: Timer | None = None
        self._cost = 0.0

    def _begun(self, choice: RunChoice) -> RunChoice:
        known, clusters = self._definitions, self.desk.fleet.clusters
        definition = choice.definition
        if definition not in known:
            family = definition.partition(":")[0]
            latest = next((name for name in known if name.partition(":")[0] == family), "")
            definition = latest or next(iter(known), "")
        cluster = choice.cluster if choice.cluster in clusters else next(iter(clusters), "")
        return replace(choice, definition=definition, cluster=cluster)

    def _world(self, choice: RunChoice) -> RunWorld:
        session, clusters = self.desk.session, tuple(self.desk.fleet.clusters)
        states = self.desk.fleet.of_cluster(choice.cluster)
        own = ""
        with suppress(MoorageError):  # a broken file is told on the fleet's screen
            own = session.cluster(choice.cluster).scheduler if choice.cluster else ""
        return RunWorld(
            self._definitions,
            clusters,
            self._schedulers,
            self._document(choice.definition),
            tuple(instance_facts(state) for state in states),
            own or BUILT_IN,
            session.operator,
        )

    def _document(self, name: str) -> DefinitionDocument | str:
        """A definition, or why it cannot be run."""
        if not name:
            return "register a task definition first" if not self._definitions else "choose a task definition"
        return self._documents.get(name)

    # --- frame -----------------------------------------------------------------------------------------------------

    def cluster_in_sight(self) -> str:
        return self.desk.session.cluster_name(self._form.choice.cluster)

    def crumbs(self) -> Iterable[str]:
        return ("run",)

    def status(self) -> Cell:
        wrong = len(self._form.reading.wrong)
        mistakes = Span(f"✗ {wrong} mistake{'s' * (wrong > 1)}  ", "bad")
        return (*((mistakes,) if wrong else ()), Span(self._form.headline(), "strong"))

    def content(self) -> ComposeResult:
        with Horizontal(id="run-panes"):
            form = LineForm(self._form, id="run-form", classes="panel")
            form.border_title = " What "
            yield form
            yield WherePane(id="run-side", classes="panel -divided")
        launches = LiveTable(LAUNCH_COLUMNS, id="launches", classes="panel", markable=False)
        launches.border_title = " Launch "
        yield launches

    def on_mount(self) -> None:
        """Also of the base class, which shows everything."""
        self.query_one("#launches").display = False
        self.query_one(WherePane).mark(self._form.choice.instances)
        asked, chosen = self._asked.definition, self._form.choice.definition
        self._lines.focus_lines("count" if chosen else "definition")
        if chosen and asked not in ("", chosen):
            self.say(f"{asked} is not ACTIVE; {chosen} is chosen instead")
        self.desk.jobs.run(partial(known_definitions, self.desk), self._take_definitions)

    def _document_read(self) -> None:
        if is_here(self):
            self.refresh_now(None)

    def _take_definitions(self, known: tuple[str, ...]) -> None:
        self._definitions = known
        if is_here(self):
            self.refresh_now(None)

    @property
    def run_form(self) -> RunForm:
        return self._form

    @property
    def where(self) -> WherePane:
        return self.query_one(WherePane)

    @property
    def _lines(self) -> LineForm:
        return self.query_one("#run-form", LineForm)

    def on_resize(self, event: events.Resize) -> None:
        """Also of the base class; below each other the form is as high as it needs to be."""
        self.call_after_refresh(self._arrange)

    def _arrange(self) -> None:
        """Picture and launch at once where there is room for both; else the one that has the keys."""
        if not is_here(self):
            return
        where, launches = self.query_one(WherePane), self.query_one("#launches", LiveTable)
        if not self.has_class("-narrow"):
            where.display, launches.display = True, self._launch.begun
        elif where.display and launches.display:
            where.display, launches.display = not launches.has_focus, launches.has_focus
        self._picture()

    def _share_height(self) -> None:
        """In a narrow terminal the form stands above the picture: it takes the rows that it needs, and no more."""
        form, beneath = self._lines, self.has_class("-narrow") and self.query_one(WherePane).display
        bars = min(max(len(self.desk.fleet.of_cluster(self._form.choice.cluster)), 1), _BARS_SEEN)
        height = self.size.height - 2 - bars - _ROUND_THE_BARS
        form.styles.height = min(form.rows, max(height, self.size.height // 2)) if beneath else "1fr"

    # --- what follows a change ---------------------------------------------------------------------------------------

    def sync(self, changes: ChangeSet | None) -> None:
        self._show_launches()
        if changes is None:
            self._look()
        elif self._timer is None:
            self._timer = self.set_timer(PAUSE, self._look)

    def _look(self) -> None:
        """The fleet as it is now. What is typed stays as it is."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.desk.usage.look(self.desk.fleet.of_cluster(self._form.choice.cluster))
        self._form.look_again()
        self.look_for_images()
        self._lines.refresh_lines()
        self._picture()

    @on(LineForm.Changed)
    def _edited(self) -> None:
        if self.look_for_images():
            self._lines.refresh_lines()
        where = self.query_one(WherePane)
        where.mark(self._form.choice.instances)
        if not where.display and not self._launch.going:
            self._turn_to(where)
        self.refresh_header()
        if self._cost < SLOW:
            self._picture()
        elif self._timer is None:
            self._timer = self.set_timer(PAUSE, self._look)

    @on(WherePane.Marked)
    def _marked(self, event: WherePane.Marked) -> None:
        if event.names != self._form.choice.instances:
            self._form.restore(replace(self._form.choice, instances=event.names))
            self._lines.refresh_lines()
            self._picture()
            self.refresh_header()

    def _picture(self) -> None:
        states = {state.instance.key: state for state in self.desk.fleet.of_cluster(self._form.choice.cluster)}
        uses, began = self.desk.usage.uses, time.perf_counter()
        self.query_one(WherePane).show(self._form.choice, self._form.reading, states, uses, self._chosen_by())
        self._cost = time.perf_counter() - began
        self._share_height()

    def _chosen_by(self) -> str:
        """The scheduler that chooses at the launch; "" when the picture tells where tasks go."""
        choice = self._form.choice
        name = choice.scheduler.strip() or self._form.world.own_scheduler
        return "" if choice.instances or name == BUILT_IN else name

    # --- keys ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "launch" and self._launch.going:
            return False
        if action == "leave_form":
            form = self.query_one_optional("#run-form", LineForm)
            return form is not None and form.has_focus_within and not form.is_typing
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """esc in the picture: first the marks go, then one leaves."""
        if self._form.choice.instances and self.query_one(WherePane).has_focus_within:
            self._form.restore(replace(self._form.choice, instances=()))
            self._lines.refresh_lines()
            self._edited()
        else:
            super().action_back()

    def action_next_pane(self) -> None:
        """tab: the form, the picture, the launch; in a narrow terminal the last two take turns."""
        where, launches = self.query_one(WherePane), self.query_one("#launches", LiveTable)
        if where.has_focus_within and self._launch.begun:
            self._bring(launches)
        else:
            self._lines.focus_lines()

    def action_leave_form(self) -> None:
        """tab in the form: see next_pane."""
        self._bring(self.query_one(WherePane))

    def _bring(self, pane: WherePane | LiveTable) -> None:
        if self.has_class("-narrow"):
            self._turn_to(pane)
        # At once: focus() would come after the keys that were typed right behind.
        self.set_focus(pane.table if isinstance(pane, WherePane) else pane)

    def _turn_to(self, pane: WherePane | LiveTable) -> None:
        where, launches = self.query_one(WherePane), self.query_one("#launches", LiveTable)
        where.display, launches.display = pane is where, pane is launches
        self._share_height()

    def action_resource(self) -> None:
        self.query_one(WherePane).switch_resource()
        self._picture()

    def action_reveal(self) -> None:
        self._form.revealed = not self._form.revealed
        self._lines.refresh_lines()

    def action_plan(self) -> None:
        """p: what the picture says, as ``moorage plan`` would print it."""
        shape = self.query_one(WherePane).shape(self._chosen_by() or BUILT_IN, self._form.presence)
        if shape is None:
            self.say(f"There is no plan: {self._form.reading.problem}", bad=True)
        else:
            self.app.push_screen(self.desk.doors.json(["run", self._form.choice.definition, "plan"], shape))

    def action_copy_command(self) -> None:
        request = self._form.reading.request
        if request is None:
            self.say(f"There is no command yet: {self._form.reading.problem}", bad=True)
            return
        self.app.copy_to_clipboard(command_of(request))
        with_secrets = ", its secrets too" if has_secrets(request) else ""
        self.say(f"Copied command{with_secrets}: {command_of(request, masked=True)}")

    # --- launch ----------------------------------------------------------------------------------------------------

    @on(LineForm.Pressed)
    def _pressed(self, event: LineForm.Pressed) -> None:
        if event.key == RUN:
            self.action_launch()
        elif event.key == IMAGES:
            self.action_bring_images()

    def action_launch(self) -> None:
        if self._launch.going:
            self.say("A launch is going on; wait until it is over")
            return
        reading = self._form.reading
        request = reading.request
        if request is None:
            key = next(iter(reading.wrong), "")
            self._lines.focus_lines(key)
            self.say(f"Not yet: {reading.problem}", bad=True)
            return

        def launch() -> None:
            self._launch.begin(request, self._told, self._over)
            self._begun_to_launch()

        title = f"Run {self._form.choice.definition}?"
        cluster = self.desk.session.cluster_name(request.cluster)
        ask(self, [cluster], title, self._question(), launch, action="Run", danger=False)

    def _question(self) -> Sequence[str]:
        """What will be done, and the command that does the same."""
        reading, choice = self._form.reading, self._form.choice
        assert reading.request is not None
        assert reading.demand is not None
        lines = [self._form.headline(), f"each reserves {reservation_words(reading.demand.resources)}"]
        if not choice.instances:
            lines += [f"strategy {text}" for text in choice.strategies]
            lines += [f"constraint {text}" for text in choice.constraints]
        lines += [f"override {line}" for line in self._form.masked_overrides()]
        lines += [f"▲ {line}" for line in self._form.unmet()]
        shortage = self.query_one(WherePane).shortage()
        return [*lines, *([f"▲ {shortage}"] if shortage else []), "", command_of(reading.request, masked=True)]

    def _begun_to_launch(self) -> None:
        launches = self.query_one("#launches", LiveTable)
        launches.set_rows([])
        launches.empty_text = "Choosing instances…"
        launches.display = True
        self._bring(launches)
        self.refresh_bindings()

    def _told(self) -> None:
        if is_here(self):
            self._show_launches()

    def _over(self, message: str, bad: bool) -> None:
        self.say(message, bad=bad)
        if is_here(self):
            if not self._launch.rows():
                self.query_one("#launches", LiveTable).empty_text = message
            self.refresh_bindings()
            self.images_brought()
            self.refresh_now(None)

    def _show_launches(self) -> None:
        launches = self.query_one("#launches", LiveTable)
        launches.set_rows(self._launch.rows())
        launches.border_title = f" {self._launch.title()} "

    @on(LiveTable.RowActivated, "#launches")
    def _open(self, event: LiveTable.RowActivated) -> None:
        if task := self.desk.fleet.find_task(event.key):
            self.app.push_screen(self.desk.doors.task(task.id, task.instance))
        elif why := self._launch.why(event.key):
            self.say(why, bad=True)
