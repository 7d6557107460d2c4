"""Container instances of all clusters, and what can be done with one on any screen that lists them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.screens.actions import INSIDE, bindings
from app.screens.dialogs import InstanceDialogs
from app.screens.filtering import Filter
from app.screens.rows import INSTANCE_COLUMNS, instance_row, instance_subject
from widgets.live_table import LiveTable

EMPTY_INSTANCES = """No container instance yet.

A container instance is a Docker Engine that tasks can run on.
Press a to add one."""


class InstancesScreen(InstanceDialogs):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "add.instance", "add.contexts", "json", "deregister", "drain", "filter", "copy", "copy.command", *INSIDE
    )

    def crumbs(self) -> Iterable[str]:
        return ("instances",)

    def content(self) -> ComposeResult:
        yield LiveTable(INSTANCE_COLUMNS, id="instances", empty=EMPTY_INSTANCES, markable=False)

    def sync(self, changes: ChangeSet | None) -> None:
        table = self.query_one("#instances", LiveTable)
        table.empty_text = "No row matches the filter. esc clears it." if self.filter_text else EMPTY_INSTANCES
        table.set_rows(
            [instance_row(state, self.now(), INSTANCE_COLUMNS) for state in self.states(None, self.row_filter())]
        )

    def chosen_instance(self) -> InstanceState | None:
        return self.instance_at(self.query_one("#instances", LiveTable).cursor_key)

    def states(self, cluster: str | None, matches: Filter) -> list[InstanceState]:
        return matching_states(self.desk.fleet.instances.values(), cluster, matches)

    @on(LiveTable.RowActivated, "#instances")
    def _open(self) -> None:
        self.action_json()


def matching_states(states: Iterable[InstanceState], cluster: str | None, matches: Filter) -> list[InstanceState]:
    found = [
        state for state in states if cluster in (None, state.instance.key.cluster) and matches(instance_subject(state))
    ]
    return sorted(found, key=lambda state: state.instance.key)
