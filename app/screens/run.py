"""Run: what to launch and where it would go; then each task's way to RUNNING, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.validation import Number
from textual.widgets import Button, Input, Select, Static

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.definition_document import DefinitionDocument
from app.model.errors import MoorageError
from app.model.progress import Progress
from app.model.requests import RunTaskRequest, StartTaskRequest
from app.model.resources import Resources
from app.operations.candidates import candidate
from app.operations.definitions import find_definition, parsed
from app.operations.launch import Launched, run_task, start_task
from app.placement.constraints import check_expressions
from app.placement.demand import Demand, demand_of
from app.placement.planner import refusal
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.screens.rows import progress_cell, task_detail
from widgets.cells import Cell, Column, Row, Span, cell
from widgets.confirm import Confirm
from widgets.live_table import LiveTable
from widgets.meter import GROUND

PREVIEW_COLUMNS = (
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("memory", "MEMORY", width=20, priority=1),
    Column("verdict", "", min_width=12, weight=3),
)
LAUNCH_COLUMNS = (
    Column("task", "TASK", width=8),
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("status", "STATUS", width=10),
    Column("step", "", min_width=12, weight=4),
)
MOST_TASKS = 10
ANY = ""


class RunScreen(FrameScreen):
    """``definition`` is family:revision, "" to choose. Nothing is launched before a question was answered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("launch", "copy.command", *INSIDE, copy_command="copy command"),
    ]

    def __init__(self, desk: Desk, definition: str = "", cluster: str = "") -> None:
        super().__init__(desk)
        self._definitions = _known_definitions(desk)
        known = [name for name, _ in self._definitions]
        latest = definition.partition(":")[0]
        self._first = (
            definition
            if definition in known
            else next((name for name in known if name.split(":")[0] == latest), next(iter(known), ""))
        )
        clusters = desk.fleet.clusters
        self._cluster = cluster if cluster in clusters else next(iter(clusters), "")
        self._documents: dict[str, DefinitionDocument | str] = {}
        self._tasks: dict[str, Progress] = {}
        self._launched: Launched | None = None
        self._launching = False
        self._offered: list[str] | None = None

    # --- frame -----------------------------------------------------------------------------------------------------

    def crumbs(self) -> Iterable[str]:
        return ("run",)

    def status(self) -> Cell:
        if not self.query("#definition"):
            return ()
        words = f"{self._definition or 'nothing'} × {self._count or '?'} on {self._chosen_cluster or 'no cluster'}"
        return (Span(words, "strong"),)

    def content(self) -> ComposeResult:
        clusters = [(name, name) for name in self.desk.fleet.clusters]
        definitions = [(name, name) for name, _ in self._definitions]
        with Horizontal(id="run-panes"):
            with Vertical(id="run-form", classes="panel") as form:
                form.border_title = " What "
                yield from _field("Definition", _menu(definitions, self._first, "definition", "register one first"))
                yield from _field("Cluster", _menu(clusters, self._cluster, "cluster", "make one first"))
                yield from _field(
                    "Count", Input("1", id="count", type="integer", compact=True, validators=[Number(1, MOST_TASKS)])
                )
                yield from _field("On", _menu([("wherever it fits", ANY)], ANY, "instance", ""))
                yield Static("", id="run-facts")
                yield Button("Run", id="go", compact=True)
            with Vertical(id="run-side", classes="panel -divided") as side:
                side.border_title = "Where they could go "
                yield LiveTable(
                    PREVIEW_COLUMNS,
                    id="preview",
                    empty="No container instance to show.",
                    markable=False,
                    openable=False,
                )
        launches = LiveTable(LAUNCH_COLUMNS, id="launches", classes="panel", markable=False)
        launches.border_title = " Launch "
        yield launches

    def on_mount(self) -> None:
        self.query_one("#launches").display = False
        super().on_mount()
        self.query_one("#definition" if not self._first else "#go").focus()

    # --- the form's values -----------------------------------------------------------------------------------------

    def _selected(self, name: str) -> str:
        value = self.query_one(f"#{name}", Select).value
        return value if isinstance(value, str) else ""

    @property
    def _definition(self) -> str:
        return self._selected("definition")

    @property
    def _chosen_cluster(self) -> str:
        return self._selected("cluster")

    @property
    def _count(self) -> int:
        text = self.query_one("#count", Input).value
        return int(text) if text.isdigit() and 1 <= int(text) <= MOST_TASKS else 0

    def _document(self) -> DefinitionDocument | str:
        """The chosen definition, or why it cannot be read."""
        name = self._definition
        if not name:
            return "Choose a task definition"
        if name not in self._documents:
            try:
                document = parsed(find_definition(self.desk.session, name))
                check_expressions(document.definition, name)
                self._documents[name] = document
            except MoorageError as error:
                self._documents[name] = error.message
        return self._documents[name]

    @on(Select.Changed)
    @on(Input.Changed, "#count")
    def _changed(self) -> None:
        self.refresh_now(None)

    # --- preview ---------------------------------------------------------------------------------------------------

    def sync(self, changes: ChangeSet | None) -> None:
        states = sorted(self.desk.fleet.of_cluster(self._chosen_cluster), key=lambda state: state.instance.key)
        self._offer_instances(states)
        document = self._document()
        demand = Demand()
        if not isinstance(document, str):
            demand = demand_of(document.definition, f"family:{document.definition.family}")
        self._show_facts(document, demand.resources)
        usable = [] if isinstance(document, str) else states
        self.query_one("#preview", LiveTable).set_rows([preview_row(state, demand) for state in usable])
        fitting = sum(refusal(candidate(state), demand) is None for state in usable)
        self.query_one("#run-side").border_title = f"Where they could go: fits on {fitting} of {len(states)} "
        self._show_launches()

    def _offer_instances(self, states: list[InstanceState]) -> None:
        menu = self.query_one("#instance", Select)
        names = [state.instance.key.name for state in states]
        if names != self._offered:
            self._offered = names
            menu.set_options([("wherever it fits", ANY), *((f"only on {name}", name) for name in names)])
            menu.value = ANY

    def _show_facts(self, document: DefinitionDocument | str, wanted: Resources) -> None:
        if isinstance(document, str):
            self.query_one("#run-facts", Static).update(Content.styled(document, "$state-failed"))
            return
        names = ", ".join(container.name for container in document.definition.container_definitions)
        ports = ", ".join(str(port) for port in sorted(wanted.ports | wanted.ports_udp)) or "none fixed"
        lines = [
            Content.assemble(("Containers  ", "$text-muted"), Content(names)),
            Content.assemble(
                ("Reserves    ", "$text-muted"),
                f"CPU {formats.cpu_units(wanted.cpu)}, memory {formats.mebibytes(wanted.memory)}",
            ),
            Content.assemble(("Host ports  ", "$text-muted"), ports),
            *(Content.styled(f"▲ {warning}", "$state-stopping") for warning in document.warnings),
        ]
        self.query_one("#run-facts", Static).update(Content("\n").join(lines))

    # --- launch ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "launch" and self._launching:
            return False
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        self.action_launch()

    def action_launch(self) -> None:
        document = self._document()
        if self._launching:
            return
        if isinstance(document, str) or not self._count or not self._chosen_cluster:
            problem = document if isinstance(document, str) else "A count from 1 to 10 and a cluster are needed"
            self.say(problem, bad=True)
            return
        where = self._selected("instance")
        what = f"{self._definition} × {1 if where else self._count} on {where or self._chosen_cluster}"

        def answered(yes: bool | None) -> None:
            if yes:
                self._launch()

        lines = [what, "", self._command()]
        self.app.push_screen(Confirm(f"Run {self._definition}?", lines, action="Run", danger=False), answered)

    def _launch(self) -> None:
        desk, where = self.desk, self._selected("instance")
        members = {"cluster": self._chosen_cluster, "taskDefinition": self._definition}
        run = RunTaskRequest.model_validate({**members, "count": self._count})
        start = StartTaskRequest.model_validate({**members, "containerInstances": [where]}) if where else None

        def tell(progress: Progress) -> None:
            desk.tell(progress)
            desk.jobs.post(lambda: self._told(progress))

        def work() -> Launched:
            return start_task(desk.session, start, tell) if start else run_task(desk.session, run, tell)

        self._launching, self._launched = True, None
        self._tasks.clear()
        self.query_one("#launches").display = True
        self.query_one("#launches").focus()
        self.refresh_bindings()
        # The screen may be gone when it is over, and its form with it.
        desk.jobs.run(work, partial(self._over, run.task_definition), self._refused)

    def _told(self, progress: Progress) -> None:
        self._tasks[progress.task_id] = progress
        if self.is_current:
            self._show_launches()

    def _over(self, definition: str, launched: Launched) -> None:
        self._launching, self._launched = False, launched
        self._forget_steps()
        well = sum(task.stop_code != "TaskFailedToStart" for task in launched.tasks)
        not_placed = f"; {len(launched.failures)} refusals" if launched.failures else ""
        failed = f", {len(launched.tasks) - well} failed" if well < len(launched.tasks) else ""
        message = f"{definition}: {well} launched{failed}{not_placed}"
        self.say(message, bad=not launched.succeeded)
        if self.is_attached:
            self.refresh_bindings()
            self.refresh_now(None)

    def _forget_steps(self) -> None:
        """A launch that was cut off tells no last step: from now on its rows say what its host shows."""
        for task_id in self._tasks:
            self.desk.board.steps.pop(task_id, None)

    def _refused(self, message: str) -> None:
        self._launching = False
        self._forget_steps()
        self.say(message, bad=True)
        if self.is_attached:
            self.refresh_bindings()

    def _show_launches(self) -> None:
        rows = []
        for task_id, progress in self._tasks.items():
            task = self.desk.fleet.find_task(task_id)
            status = formats.task_status(task) if task else cell("◌ PENDING", "busy")
            step = progress_cell(progress)
            if task is not None and task.last_status in ("RUNNING", "STOPPED"):
                step = task_detail(task, None, self.desk.fleet.host_now(task.instance))
            rows.append(Row(task_id, (cell(task_id[:8], "accent"), cell(progress.instance.name), status, step)))
        for index, failure in enumerate(self._launched.failures if self._launched else ()):
            why = f"{failure['reason']}  {failure.get('detail', '')}"
            rows.append(
                Row(f"failure:{index}", (cell("-", "muted"), cell(""), cell("✕ not placed", "bad"), cell(why, "bad")))
            )
        self.query_one("#launches", LiveTable).set_rows(rows)

    @on(LiveTable.RowActivated, "#launches")
    def _open(self, event: LiveTable.RowActivated) -> None:
        if task := self.desk.fleet.find_task(event.key):
            self.app.push_screen(self.desk.doors.task(task.id, task.instance))

    # --- command ---------------------------------------------------------------------------------------------------

    def _command(self) -> str:
        where = self._selected("instance")
        base = f"--cluster {self._chosen_cluster} --task-definition {self._definition}"
        if where:
            return f"moorage start-task {base} --container-instances {where}"
        return f"moorage run-task {base} --count {self._count or 1}"

    def action_copy_command(self) -> None:
        self.copy(self._command(), "command")


def preview_row(state: InstanceState, demand: Demand) -> Row:
    """One instance: its memory with what is reserved and what these would take, and fits or why not."""
    why, wanted = refusal(candidate(state), demand), demand.resources
    registered, reserved = state.registered.memory, state.reserved.memory
    left = registered - reserved - wanted.memory
    verdict = (
        cell(f"✗ {why.words}", "bad")
        if why
        else (Span("✓ fits", "ok"), Span(f"  {formats.mebibytes(left)} left", "muted"))
    )
    return Row(
        state.instance.key.name,
        (cell(state.instance.key.name), _ghost_bar(registered, reserved, 0 if why else wanted.memory), verdict),
    )


def _ghost_bar(registered: int, reserved: int, wanted: int, width: int = 20) -> Cell:
    if not registered:
        return cell(GROUND * width, "muted")
    solid = min(round(reserved / registered * width), width)
    ghost = min(max(round(wanted / registered * width), 1 if wanted else 0), width - solid)
    return (Span("█" * solid, "bar-used"), Span("▒" * ghost, "accent"), Span(GROUND * (width - solid - ghost), "muted"))


def _known_definitions(desk: Desk) -> list[tuple[str, int]]:
    """ACTIVE revisions as family:revision, families by name, the latest first."""
    store, found = desk.session.definitions, []
    for family in store.families():
        for revision in sorted(store.revisions(family), reverse=True):
            try:
                if store.read(family, revision).status == "ACTIVE":
                    found.append((f"{family}:{revision}", revision))
            except MoorageError:
                continue  # a broken one is told on the definitions screen
    return found


def _field(title: str, widget: Input | Select[str]) -> ComposeResult:
    with Horizontal(classes="form-row"):
        yield Static(Content(title), classes="form-label")
        yield widget


def _menu(options: list[tuple[str, str]], value: str, name: str, prompt: str) -> Select[str]:
    known = [option for _, option in options]
    if value in known:
        return Select(options, value=value, allow_blank=False, id=name, compact=True)
    return Select(options, prompt=prompt or "choose", id=name, compact=True)
