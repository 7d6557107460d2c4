"""Stowage: each instance a bar of its memory or CPU, each task a block in it, and what would still go in.

Pure. Every bar has the same width, whatever the size of its instance: see ``widgets.block_layout``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.fleet.fleet import InstanceState, belongs
from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.model.task import Task
from app.operations.usage import HostUse
from app.screens import formats
from widgets.block_layout import COLOURS, NEUTRAL, Bar, Block
from widgets.cells import Cell, Span, cell

Resource = Literal["memory", "cpu"]

OTHERS: Final = "unmanaged"
"""The key of the block of what unmanaged containers use."""
PLANNED: Final = "planned:"
"""How the keys of planned tasks' blocks begin."""
_MOST_PLANNED: Final = 500


@dataclass(frozen=True, slots=True)
class _Plan:
    counts: Mapping[InstanceKey, int]
    wanted: Resources
    definition: str
    refusals: Mapping[InstanceKey, str]


def family_colour(family: str) -> int:
    """The number of a family's colour: the same everywhere, in every run and on every machine."""
    return zlib.crc32(family.encode("utf-8", "surrogatepass")) % COLOURS


def bar_key(key: InstanceKey) -> str:
    """An instance's key in tables and bars."""
    return f"{key.cluster}/{key.name}"


def stowage_bars(
    states: Iterable[InstanceState],
    resource: Resource,
    usage: Mapping[InstanceKey, HostUse],
    ghosts: Mapping[InstanceKey, int] | None = None,
    wanted: Resources = Resources(),  # noqa: B008 - frozen
    refusals: Mapping[InstanceKey, str] | None = None,
    planned: str = "",
) -> list[Bar]:
    """One bar for each instance, by name.

    Args:
        usage: what unmanaged containers of an instance use; instances that are not in it show none.
        ghosts: how many planned tasks would go to each instance. None at all: no launch is being planned.
        wanted: what one planned task reserves.
        refusals: why an instance takes none of them.
        planned: the definition of the planned tasks, as web:8.
    """
    plan = _Plan(ghosts or {}, wanted, planned, refusals or {}) if ghosts is not None or refusals is not None else None
    ordered = sorted(states, key=lambda state: state.instance.key)
    return [_bar(state, resource, usage.get(state.instance.key), plan) for state in ordered]


class StowageBars:
    """Makes bars, and makes those again only whose instance is not what it was: for a screen that asks all the time."""

    def __init__(self) -> None:
        self._made: dict[InstanceKey, tuple[tuple[object, ...], tuple[Task, ...], Bar]] = {}

    def bars(
        self, states: Iterable[InstanceState], resource: Resource, usage: Mapping[InstanceKey, HostUse]
    ) -> list[Bar]:
        """As ``stowage_bars`` without a plan."""
        bars: list[Bar] = []
        made: dict[InstanceKey, tuple[tuple[object, ...], tuple[Task, ...], Bar]] = {}
        for state in sorted(states, key=lambda state: state.instance.key):
            key, tasks = state.instance.key, tuple(state.tasks.values())
            told = state.freshness
            look = (resource, usage.get(key), state.info, state.instance, told.reach, told.reason, state.draining)
            known = self._made.get(key)
            same = known is not None and known[0] == look and _same(known[1], tasks)
            bar = known[2] if known is not None and same else _bar(state, resource, usage.get(key), None)
            made[key] = look, tasks, bar
            bars.append(bar)
        self._made = made
        return bars


def _same(before: tuple[Task, ...], after: tuple[Task, ...]) -> bool:
    # By identity: tasks are frozen, and equal ones are long to compare.
    return len(before) == len(after) and all(one is other for one, other in zip(before, after, strict=True))


# --- one bar ----------------------------------------------------------------------------------------------------------


def _bar(state: InstanceState, resource: Resource, use: HostUse | None, plan: _Plan | None) -> Bar:
    key = state.instance.key
    held = held_tasks(state)
    blocks = [_task_block(task, state, resource) for task in held]
    capacity = amount(state.registered, resource)
    free = capacity - sum(amount(task.reservation, resource) for task in held)
    coming = _planned_blocks(key, resource, plan) if plan else []
    left = free - sum(int(block.size) for block in coming)
    if use is not None and use.containers:
        # It is not in the books, so it is drawn in what is left and never makes a bar look as if too much were in it.
        size = min(use.memory if resource == "memory" else use.cpu, max(left, 0))
        blocks.append(Block(OTHERS, size, f"{use.containers} unmanaged", NEUTRAL, "other", _short(size, resource)))
    blocks += coming
    return Bar(
        key=bar_key(key),
        title=_title(state),
        capacity=capacity,
        blocks=tuple(block for block in blocks if block.size > 0),
        note=_note(state, resource, left, capacity, plan),
        dim=not state.live and state.freshness.reach != "connecting",
    )


def held_tasks(state: InstanceState) -> list[Task]:
    """The tasks that hold something there: own ones by family and age, then those of other clusters.

    A block so keeps its place while its task lives.
    """

    def order(task: Task) -> tuple[object, ...]:
        foreign = not belongs(task, state)
        return foreign, task.cluster if foreign else "", task.family, task.created_at, task.id

    return sorted((task for task in state.tasks.values() if task.last_status != "STOPPED"), key=order)


def _task_block(task: Task, state: InstanceState, resource: Resource) -> Block:
    size = amount(task.reservation, resource)
    colour = family_colour(task.family) if belongs(task, state) else NEUTRAL
    return Block(task.id, size, task.definition, colour, "task", _short(size, resource), task.family)


def _planned_blocks(key: InstanceKey, resource: Resource, plan: _Plan) -> list[Block]:
    count, size = plan.counts.get(key, 0), amount(plan.wanted, resource)
    if not count or not size:
        return []
    family = plan.definition.partition(":")[0]
    colour = family_colour(family)
    if count > _MOST_PLANNED:
        # Thousands are no more than a pattern anyway.
        return [Block(f"{PLANNED}0", size * count, f"+{count}", colour, "ghost", _short(size * count, resource))]
    return [
        Block(f"{PLANNED}{number}", size, plan.definition, colour, "ghost", _short(size, resource), family)
        for number in range(count)
    ]


def _title(state: InstanceState) -> Cell:
    reach = state.freshness.reach
    name = Span(state.instance.key.name, "strong")
    if reach == "live":
        return (Span("⊘ ", "warn") if state.draining else Span("● ", "ok"), name)
    glyph = {"connecting": Span("◌ ", "busy"), "stale": Span("◐ ", "warn")}.get(reach, Span("✕ ", "bad"))
    return (glyph, name)


def _note(state: InstanceState, resource: Resource, left: int, capacity: int, plan: _Plan | None) -> Cell:
    key, reach = state.instance.key, state.freshness.reach
    if plan is not None:
        count = plan.counts.get(key, 0)
        refusal = plan.refusals.get(key, "")
        lead = Span(f"+{count:<3} " if count else " 0   ", "accent" if count else "muted")
        return (lead, Span(refusal, "muted")) if refusal and not count else (lead, Span(_left(left, resource)))
    words = {"stale": Span("stale", "warn"), "unreachable": Span("unreachable", "bad")}.get(reach)
    if words is None and state.draining:
        words = Span("DRAINING", "warn")
    if reach == "connecting" or not capacity:
        return (words,) if words else cell("connecting" if reach == "connecting" else "", "busy")
    if left < 0 or words is not None:
        said = _left(left, resource)
        # Words as short as they can be, so that what is wrong is not cut on a narrow screen.
        said = said.removesuffix(" left") if words and resource == "cpu" else said
        return (Span(said, "bad" if left < 0 else "muted"), *((Span(" "), words) if words else ()))
    if resource == "memory":
        return (Span(_short(left, resource)), Span(f" of {_short(capacity, resource)} left", "muted"))
    return (Span(cores(left).split()[0]), Span(f" of {cores(capacity)} left", "muted"))


def _left(left: int, resource: Resource) -> str:
    if left < 0:
        return f"{_short(-left, resource)} over"
    return f"{_short(left, resource)} left" if resource == "memory" else f"{cores(left)} left"


# --- numbers ----------------------------------------------------------------------------------------------------------


def amount(resources: Resources, resource: Resource) -> int:
    """MiB, or CPU units."""
    return resources.memory if resource == "memory" else resources.cpu


def cores(units: int) -> str:
    """``1.2 cores``, of CPU units."""
    value = units / 1024
    shown = f"{value:.1f}".removesuffix(".0") if value < 100 else f"{value:.0f}"
    return f"{shown} core{'' if shown == '1' else 's'}"


def _short(quantity: float, resource: Resource) -> str:
    if resource == "memory":
        return formats.mebibytes(round(quantity))
    units = round(quantity)
    return f"{units}u" if units < 1024 or units % 1024 else f"{units // 1024} cores" if units != 1024 else "1 core"
