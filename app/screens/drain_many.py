"""Draining marked instances, or making them ACTIVE again: one question that names them all, one notice at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from app.fleet.fleet import InstanceState
from app.screens.asking import ask, clusters_read_only, name_to_type, read_only_words
from app.screens.bulk import Deed, do_all
from app.screens.form_dialog import Field, FormDialog
from widgets.live_table import LiveTable

if TYPE_CHECKING:
    from app.screens.desk import Desk
    from app.screens.dialogs import InstanceDialogs


def drain_all(screen: InstanceDialogs, states: Sequence[InstanceState]) -> None:
    """Those that take tasks are drained; if all drain already they are made ACTIVE."""
    active = [state for state in states if not state.draining]
    clusters = [state.instance.key.cluster for state in active or states]
    if not active:
        lines = ["New tasks may be placed on them again:", *(_line(state) for state in states)]
        title = f"Make {len(states)} instances ACTIVE again?"

        def activate() -> None:
            _change(screen, states, "ACTIVE", "", "Activated")

        ask(screen, clusters, title, lines, activate, action="Activate", danger=False)
        return
    if unless_read_only(screen, clusters):
        return
    typed = typed_fields(screen.desk, clusters)

    def work(values: dict[str, str]) -> str:
        check_typed(values, typed)
        screen.desk.jobs.post(lambda: _change(screen, active, "DRAINING", values["reason"], "Drained"))
        return f"Draining {_count(active)}"

    lines = ["No new tasks are placed on them. Nothing is moved:", *(_line(state) for state in active)]
    if left := len(states) - len(active):
        lines.append(f"{left} of the {len(states)} marked {'drains' if left == 1 else 'drain'} already.")
    fields = [Field("reason", "Reason", "", "if you like; every operator sees it"), *typed]
    screen.app.push_screen(FormDialog(screen.desk, f"Drain {_count(active)}?", fields, "Drain", work, lines))


def unless_read_only(screen: InstanceDialogs, clusters: Sequence[str]) -> bool:
    """Say why nothing is done, if one of the clusters is read-only; whether it is."""
    locked = clusters_read_only(screen.desk, clusters)
    if locked:
        screen.say(read_only_words(locked), bad=True)
    return bool(locked)


def typed_fields(desk: Desk, clusters: Sequence[str]) -> list[Field]:
    """The field for the name that has to be typed, where one has to be."""
    name = name_to_type(desk, clusters)
    return [Field("typed", "Cluster", "", f"type {name} to go on")] if name else []


def check_typed(values: dict[str, str], fields: Sequence[Field]) -> None:
    """Raises MoorageError unless what has to be typed was."""
    from app.model.errors import MoorageError

    if fields and values["typed"] != fields[0].hint.removeprefix("type ").removesuffix(" to go on"):
        raise MoorageError(fields[0].hint)


def _change(screen: InstanceDialogs, states: Sequence[InstanceState], status: str, reason: str, verb: str) -> None:
    for table in screen.query(LiveTable):
        table.clear_marks()
    change: Callable[..., object] = screen.change_state
    deeds = [Deed(state.instance.key.name, partial(change, state.instance.key, status, reason)) for state in states]
    do_all(screen.desk.jobs, deeds, lambda words, bad: screen.say(words, bad=bad), verb, "instance")


def _count(states: Sequence[InstanceState]) -> str:
    return f"{len(states)} instances" if len(states) != 1 else states[0].instance.key.name


def _line(state: InstanceState) -> str:
    key = state.instance.key
    running = sum(task.last_status == "RUNNING" for task in state.tasks.values())
    away = "" if state.live else "; it does not answer: others see it once it does"
    return f"  {key.name} of {key.cluster}, {running} RUNNING{away}"
