"""A task that no instance has any more, as it is remembered: why it ended, exit codes, last lines, timeline."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.errors import MoorageError
from app.model.event import length_words
from app.model.ids import task_arn
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.events.timeline_pane import TimelinePane
from app.screens.facts import Facts, FactsPane
from app.screens.frame import FrameScreen
from app.screens.json_screen import masked_json, search_in
from app.store.past_task import PastContainer, PastTask
from widgets.cells import Cell, Column, Row, Span, cell
from widgets.json_view import JsonView
from widgets.live_table import LiveTable
from widgets.log_view import LogLine, LogView
from widgets.pane_tabs import PaneTabs
from widgets.presence import is_here

COLUMNS = (
    Column("name", "CONTAINER", min_width=14, weight=2),
    Column("status", "STATUS", width=10),
    Column("exit", "EXIT", width=4, align="right"),
    Column("ran", "RAN FOR", width=7, align="right"),
    Column("image", "IMAGE", min_width=8, weight=3, priority=2),
    Column("detail", "REASON", min_width=12, weight=4),
)
_PANES = ("#past-lines", "#past-timeline", "#past-details", "#past-json")
_LINES, _TIMELINE, _DETAILS, _JSON = range(4)
_UNKNOWN = "Nothing is remembered of this task but its events: nobody watched when it ended."


class PastTaskScreen(FrameScreen):
    """Reads the history when it is opened; the task is of the past and changes no more."""

    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "run", "json", "search", "next.pane", "copy", "copy.command", *INSIDE, run="run definition"
    )

    def __init__(self, desk: Desk, task_id: str, cluster: str) -> None:
        super().__init__(desk)
        self._task_id = task_id
        self._cluster = cluster
        self._past: PastTask | None = None
        self._read = False
        self._tabs = PaneTabs(["Last lines", "Timeline", "Details", "JSON"], id="tabs")

    def crumbs(self) -> Iterable[str]:
        definition = (f"{self._past.family}:{self._past.revision}",) if self._past else ()
        return (self._cluster, *definition, self._task_id[:8])

    def status(self) -> Cell:
        past = self._past
        if past is None:
            return (Span("of the past", "muted"),)
        state = ("✕ STOPPED", "bad") if past.failed else ("○ STOPPED", "muted")
        ago = f"  was on {past.instance}, ended {formats.age(past.ended_at, self.now())} ago"
        return (Span(*state), Span(ago, "muted"))  # type: ignore[arg-type]

    def content(self) -> ComposeResult:
        containers = LiveTable(COLUMNS, id="past-containers", classes="panel", markable=False, openable=False)
        containers.border_title = " Containers "
        yield containers
        yield self._tabs
        yield LogView(id="past-lines", empty="No log lines are left.")
        yield TimelinePane(self.desk, self._task_id, id="past-timeline")
        with FactsPane(id="past-details"):
            yield Facts(id="past-facts")
        yield JsonView(id="past-json")

    def on_mount(self) -> None:
        self._show_pane()
        super().on_mount()
        self.query_one("#past-containers").focus()
        self.desk.jobs.run(partial(_find, self.desk, self._task_id, self._cluster), self._found)

    def _found(self, past: PastTask | None) -> None:
        self._past, self._read = past, True
        if not is_here(self):
            return
        log = self.query_one("#past-lines", LogView)
        if past is not None:
            self.query_one("#past-containers", LiveTable).set_rows([_row(part) for part in past.containers])
            several = len(past.containers) > 1
            for place, part in enumerate(past.containers):
                source = part.name if several else ""
                log.append([LogLine(line, source, place, "") for line in part.last_lines])
            self.query_one("#past-facts", Facts).show(past_facts(past))
            self.query_one("#past-json", JsonView).set_text(masked_json(self._shape(past))[0])
        else:
            self.query_one("#past-facts", Facts).show([("Known", _UNKNOWN), ("Task id", self._task_id)])
            self._tabs.open(_TIMELINE)
        self.refresh_now(None)

    def _shape(self, past: PastTask) -> dict[str, Any]:
        from app.operations.history_shape import past_task_shape
        from app.operations.tasks import whence

        state = next(
            (one for one in self.desk.fleet.of_cluster(past.cluster) if one.instance.key.name == past.instance), None
        )
        instance = state.instance.id if state is not None else past.instance
        return past_task_shape(past, instance, whence(self.desk.fleet, past))

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            self.matches()
        if self._pane == _TIMELINE:
            self.query_one(TimelinePane).show(None, self._past)

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _pane(self) -> int:
        return self._tabs.index

    def _show_pane(self) -> None:
        for place, name in enumerate(_PANES):
            self.query_one(name).display = place == self._pane

    @on(PaneTabs.Opened)
    def _pane_opened(self) -> None:
        self._show_pane()
        self.refresh_now(None)

    def action_next_pane(self) -> None:
        """tab goes round: containers, then each of the tabs below."""
        tabs, last = self._tabs, len(_PANES) - 1
        on_top = self.focused is self.query_one("#past-containers")
        if not on_top and tabs.index == last:
            tabs.open(_LINES)
            self.set_focus(self.query_one("#past-containers"))
            return
        tabs.open(_LINES if on_top else tabs.index + 1)
        pane = self.query_one(_PANES[tabs.index])
        # At once: focus() would come after the keys that were typed right behind this one.
        self.set_focus(pane.table if isinstance(pane, TimelinePane) else pane)

    def matches(self) -> int | None:
        view = self.query_one("#past-json", JsonView) if self._pane == _JSON else self.query_one("#past-lines", LogView)
        return search_in(view, self.filter_text)

    # --- what can be done ------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        past = self._past
        definition = f"{past.family}:{past.revision}" if past else ""
        self.app.push_screen(self.desk.doors.run(definition=definition, cluster=self._cluster))

    def action_json(self) -> None:
        if self._past is not None:
            crumbs = [self._cluster, self._past.family, self._task_id[:8], "JSON"]
            self.app.push_screen(self.desk.doors.json(crumbs, self._shape(self._past)))

    def action_copy(self) -> None:
        self.copy(task_arn(self._cluster, self._task_id), "ARN")

    def action_copy_command(self) -> None:
        self.copy(f"moorage describe-tasks --cluster {self._cluster} --tasks {self._task_id}", "command")


def _find(desk: Desk, task_id: str, cluster: str) -> PastTask | None:
    from app.store.history import HistoryStore

    store = HistoryStore(desk.session.home)
    found = next((task for task in store.find(task_id) if task.cluster == cluster and task.id == task_id), None)
    if warnings := store.take_warnings():
        raise MoorageError("; ".join(warnings))
    return found


def _row(part: PastContainer) -> Row:
    ran = part.finished_at - part.started_at if part.started_at and part.finished_at else None
    bad = bool(part.exit_code) or part.oom_killed
    if part.started_at is None and not part.runtime_id:
        status = cell("✕ NOT RUN", "bad")
    else:
        status = cell("✕ STOPPED", "bad") if bad else cell("○ STOPPED", "muted")
    name: Cell = (Span(part.name, "strong"), Span("" if part.essential else "  not essential", "muted"))
    reason = "OOM killed" if part.oom_killed and "OutOfMemory" not in part.reason else ""
    words = ": ".join(word for word in (reason, str(part.reason)) if word)
    return Row(
        part.name,
        (
            name,
            status,
            cell(formats.NOTHING if part.exit_code is None else str(part.exit_code), "bad" if part.exit_code else ""),
            cell(length_words(ran) if ran is not None else formats.NOTHING, "muted"),
            cell(part.image, "muted"),
            cell(words, "bad"),
        ),
    )


def past_facts(past: PastTask) -> list[tuple[str, str]]:
    """What one wants to know of it at a glance."""
    moments = (("created", past.created_at), ("started", past.started_at), ("stopped", past.stopped_at))
    times = [f"{word} {moment.astimezone():%Y-%m-%d %H:%M:%S}" for word, moment in moments if moment is not None]
    ran = past.stopped_at - past.started_at if past.stopped_at and past.started_at else None
    facts = [
        ("Why", str(past.stopped_reason)),
        ("Stop code", f"{past.stop_code}, by {past.stopped_by}" if past.stopped_by else str(past.stop_code)),
        ("Times", ", ".join(times)),
        ("Ran for", length_words(ran) if ran is not None else ""),
        ("By", f"{past.started_by}, group {past.group}"),
        ("Was on", f"{past.instance} of {past.cluster}"),
        ("Reserved", f"CPU {formats.cpu_units(past.cpu)}, memory {formats.mebibytes(past.memory)}"),
        ("Tags", ", ".join(f"{key}={value}" for key, value in past.tags)),
        ("Task id", str(past.id)),
    ]
    return [(name, value) for name, value in facts if value]
