"""Tells the feeds of stats what is on screen; called whenever a screen is brought up to date, so once a second."""

from __future__ import annotations

from collections.abc import Iterable

from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.operations.stats import up_ids
from app.operations.use import running_ids
from app.screens.desk import Desk
from widgets.live_table import LiveTable

HISTORY_EVERY = 5.0
"""Seconds between two sums of an instance that is a row: there may be thousands of containers behind those in sight."""
HOST_EVERY = 4.0
"""Seconds between two questions about a container that is one of all on an instance in sight."""
MOST_A_SECOND_OF_HOST = 20
"""Questions for all of these together."""


def look_at_rows(desk: Desk, table: LiveTable) -> None:
    """The rows of tasks and unmanaged containers that are in sight."""
    fleet = desk.fleet
    wanted: dict[InstanceKey, list[str]] = {}
    for key in table.visible_keys:
        container = key.removeprefix("container:")
        if container == key:
            if (task := fleet.find_task(key)) is not None and (ids := running_ids(task)):
                wanted.setdefault(task.instance, []).extend(ids)
            continue
        for state in fleet.instances.values():
            if (found := state.containers.get(container)) is not None:
                if found.up:
                    wanted.setdefault(state.instance.key, []).append(container)
                break
    for instance, ids in wanted.items():
        if (asked := fleet.instances.get(instance)) is not None:
            desk.stats.want(asked, ids)


def look_at_instances(desk: Desk, table: LiveTable, states: Iterable[InstanceState]) -> None:
    """Of these instances those whose rows are in sight: everything on them, slowly."""
    shown = set(table.visible_keys)
    chosen = [state for state in states if f"{state.instance.key.cluster}/{state.instance.key.name}" in shown]
    desk.stats.want_sums(chosen)
    desk.host_histories.note(chosen, HISTORY_EVERY)


def look_at_host(desk: Desk, state: InstanceState) -> None:
    """All that is up on an instance that has a screen of its own, oftener than where it is a row."""
    ids = up_ids(state.containers.values())
    desk.stats.want(state, ids, max(HOST_EVERY, len(ids) / MOST_A_SECOND_OF_HOST))
    desk.host_histories.note([state])
