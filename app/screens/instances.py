"""Container instances of all clusters, and what can be done with one on any screen that lists them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.dialogs import InstanceDialogs
from app.screens.filtering import INSTANCE_TERMS, Filter
from app.screens.frame import FrameScreen
from app.screens.looking import look_at_instances
from app.screens.rows import INSTANCE_COLUMNS, instance_row
from app.screens.subjects import instance_subject
from app.screens.tables.orders import instance_orders
from widgets.live_table import LiveTable

EMPTY_INSTANCES = """No container instance yet.

A container instance is a Docker Engine that tasks can run on.
Press a to add one."""


class InstancesScreen(InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "run",
        "add.instance",
        "add.contexts",
        "json",
        "deregister",
        "drain",
        "filter",
        "copy",
        "copy.command",
        *("describe", "jump.tasks"),
        *TABLE_ACTIONS,
        *INSIDE,
    )
    ARRANGED = ("instances",)
    FILTER_TERMS = INSTANCE_TERMS

    def crumbs(self) -> Iterable[str]:
        return ("instances",)

    def content(self) -> ComposeResult:
        yield LiveTable(INSTANCE_COLUMNS, id="instances", empty=EMPTY_INSTANCES)

    def sync(self, changes: ChangeSet | None) -> None:
        table = self.query_one("#instances", LiveTable)
        self.desk.stats.collect()
        table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else EMPTY_INSTANCES
        states = self.arranged(table, self.states(None, self.row_filter()), instance_orders())
        self.counted(len(states), len(self.desk.fleet.instances))
        now = self.now()
        use = self.desk.stats.of_instance
        table.set_rows([instance_row(state, now, INSTANCE_COLUMNS, use(state)) for state in states])
        look_at_instances(self.desk, table, states)

    def chosen_instance(self) -> InstanceState | None:
        return self.instance_at(self.query_one("#instances", LiveTable).cursor_key)

    def states(self, cluster: str | None, matches: Filter) -> list[InstanceState]:
        return matching_states(self.desk.fleet.instances.values(), cluster, matches)

    def action_run(self) -> None:
        state = self.chosen_instance()
        open_run(self, self.query_one("#instances", LiveTable), state.instance.key.cluster if state else "")

    @on(LiveTable.RowActivated, "#instances")
    def _open(self) -> None:
        self.open_instance()


def open_run(screen: FrameScreen, table: LiveTable, cluster: str) -> None:
    """Run on the instances that are marked in a table; without any wherever it fits in the cluster."""
    keys = [key.partition("/") for key in sorted(table.marked)]
    clusters = {key[0] for key in keys} or {cluster}
    if len(clusters) > 1:
        screen.say("The marked instances are of several clusters; a launch is in one", bad=True)
        return
    screen.app.push_screen(screen.desk.doors.run(cluster=clusters.pop(), instances=[key[2] for key in keys]))


def matching_states(states: Iterable[InstanceState], cluster: str | None, matches: Filter) -> list[InstanceState]:
    found = [
        state for state in states if cluster in (None, state.instance.key.cluster) and matches(instance_subject(state))
    ]
    return sorted(found, key=lambda state: state.instance.key)
