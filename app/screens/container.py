"""An unmanaged container: what its engine says of it, what it uses, and its logs; live. Shown, never touched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.operations.stats import HISTORY_SECONDS
from app.screens import formats, task_stats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.facts import Facts, FactsPane
from app.screens.inside.shell_actions import SHELL_ACTIONS, ShellActions
from app.screens.json_screen import search_in
from app.screens.log_feed import LogFeed
from app.screens.log_targets import LogTarget
from widgets.cells import Cell, Span
from widgets.graphs import Graphs
from widgets.log_view import LogView
from widgets.pane_tabs import PaneTabs
from widgets.presence import is_on_top

LOGS, STATS = range(2)
_REMOVED: Final = "removed: it is no longer on its instance"


class ContainerScreen(ShellActions):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        *("edit", "logs", *SHELL_ACTIONS, "search", "next.pane", "jump.instance", "copy", "copy.command", *INSIDE),
        edit="task definition…",
        logs="logs full screen",
    )

    def __init__(self, desk: Desk, container_id: str) -> None:
        super().__init__(desk)
        self._container_id = container_id
        self._last: tuple[Container, InstanceState] | None = None
        self._feed: LogFeed | None = None
        self._log_note = ""
        self._tabs = PaneTabs(["Logs", "Stats"], id="tabs")
        self._title = ""

    def _found(self) -> tuple[Container, InstanceState] | None:
        for state in self.desk.fleet.instances.values():
            if (container := state.containers.get(self._container_id)) is not None:
                self._last = container, state
                return self._last
        return None

    def container_inside(self) -> tuple[Container, InstanceState] | None:
        return self._found()

    # --- frame -----------------------------------------------------------------------------------------------------

    def cluster_in_sight(self) -> str:
        found = self._found() or self._last
        return found[1].instance.key.cluster if found else ""

    def crumbs(self) -> Iterable[str]:
        found = self._found() or self._last
        if found is None:
            return ("container", self._container_id[:12])
        return (found[1].instance.key.cluster, "unmanaged", found[0].name)

    def status(self) -> Cell:
        """Its state; when its host does not answer, that it is old."""
        found = self._found()
        if found is None:
            return (Span("removed", "muted"),)
        container, state = found
        spans = [*formats.docker_status(container)]
        if container.health in ("healthy", "unhealthy"):
            good = container.health == "healthy"
            spans.append(Span(f" {'✓' if good else '✗'} {container.health}", "ok" if good else "bad"))
        spans.append(Span(f"  on {state.instance.key.name}", "muted"))
        if state.freshness.reach not in ("live", "connecting"):
            spans += [Span("  "), *formats.reach(state.freshness, self.now(), draining=False)]
        return tuple(spans)

    def content(self) -> ComposeResult:
        with FactsPane(id="container-facts", classes="panel") as pane:
            pane.border_title = " Container "
            yield Facts(id="facts")
        yield self._tabs
        yield LogView(id="log", empty="No log lines yet.")
        yield Graphs(HISTORY_SECONDS, id="stats")

    def on_mount(self) -> None:
        self._show_pane(LOGS)
        super().on_mount()
        if found := self._found():
            target = LogTarget(found[1].instance.key, container_id=self._container_id)
            self._feed = LogFeed(self.desk, self.query_one(LogView), self._told, [target])
            self._feed.sync()

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(LogView), self.filter_text)
        found = self._found()
        self.desk.stats.collect()
        if self._feed is not None:
            self._feed.sync()
        if found is None:
            self.query_one(Facts).show([("State", _REMOVED)])
            self.query_one(Graphs).show([], [], "The container is no longer on its instance.")
            return
        container, state = found
        self.query_one(Facts).show(_facts(container, state, self.desk.fleet.host_now(state.instance.key)))
        self._show_use(container, state)

    def _show_use(self, container: Container, state: InstanceState) -> None:
        stats, pane = self.desk.stats, self.query_one("#container-facts")
        ids = [container.id] if container.up else []
        stats.want(state, ids)
        title = f" Container  {task_stats.use_title(stats, ids, 0, pane.size.width - 16)}".rstrip() + " "
        if title != self._title:
            self._title = title
            pane.border_title = Content(title)
        if self._pane == STATS:
            self.query_one(Graphs).show(*task_stats.container_graphs(stats, container, container.name))

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _pane(self) -> int:
        return self._tabs.index

    def _show_pane(self, index: int) -> None:
        for place, name in enumerate(("#log", "#stats")):
            self.query_one(name).display = place == index

    @on(PaneTabs.Opened)
    def _pane_opened(self, event: PaneTabs.Opened) -> None:
        self._show_pane(event.index)
        self._told(self._log_note)
        self.query_one("#log" if event.index == LOGS else "#stats").focus()
        self.refresh_now(None)

    def action_next_pane(self) -> None:
        self._tabs.open(self._pane + 1)

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    def _told(self, note: str) -> None:
        """What the log is doing stands beside the log alone."""
        self._log_note = note
        self._tabs.set_note(note if self._pane == LOGS else "")

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """A task definition of this container, in the editor; the container itself is left as it is."""
        from app.operations.container_import import Imported, members_on_instance
        from app.operations.editing import edit_members

        found = self._found()
        if found is None:
            self.say("The container is no longer on its instance")
            return
        endpoint = found[1].instance.reached_by

        def done(imported: Imported) -> None:
            if is_on_top(self):
                self.app.push_screen(self.desk.doors.editor(edit_members(*imported)))

        self.desk.jobs.run(lambda: members_on_instance(self.desk.session, endpoint, self._container_id), done)

    def action_logs(self) -> None:
        if found := self._found() or self._last:
            target = LogTarget(found[1].instance.key, container_id=self._container_id)
            self.app.push_screen(self.desk.doors.logs([target]))

    def action_jump_instance(self) -> None:
        if found := self._found() or self._last:
            self.app.push_screen(self.desk.doors.instance(found[1].instance.key))

    def action_copy(self) -> None:
        self.copy(self._container_id, "container id")

    def action_copy_command(self) -> None:
        if found := self._found() or self._last:
            key = found[1].instance.key
            where = f"--cluster {key.cluster} --container-instance {key.name}"
            self.copy(f"moorage import {where} --container {self._container_id[:12]}", "command")


def _facts(container: Container, state: InstanceState, host_now: datetime) -> list[tuple[str, str]]:
    """``host_now`` as the clock of its host has it."""
    moments = (("started", container.started_at), ("finished", container.finished_at))
    times = [f"{word} {formats.age(moment, host_now)} ago" for word, moment in moments if moment is not None]
    exit_code = "" if container.exit_code is None else str(container.exit_code)
    facts = [
        ("State", container.state + (f" ({container.health})" if container.health else "")),
        ("Name", container.name),
        ("Image", container.image),
        ("On", f"{state.instance.key.name}  {state.instance.endpoint}"),
        ("Ports", formats.ports(container.ports) or "none published"),
        ("Times", ", ".join([f"created {formats.age(container.created_at, host_now)} ago", *times])),
        ("Exit code", f"{exit_code}, out of memory" if exit_code and container.oom_killed else exit_code),
        ("Error", container.error),
        ("Docker id", container.id),
        ("Unmanaged", container.damage or "not started by Moorage: it is shown and counted, and never touched"),
    ]
    return [(name, value) for name, value in facts if value]
