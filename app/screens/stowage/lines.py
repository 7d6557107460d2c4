"""What is said of the block at the cursor, in one line; and what the patterns of the picture mean."""

from __future__ import annotations

from datetime import datetime

from app.fleet.fleet import InstanceState, belongs
from app.model.task import Task
from app.operations.usage import HostUse
from app.screens import formats
from app.screens.stowage.bars import Resource, amount, cores, held_tasks
from widgets.cells import Cell, Span, cell

_GAP = Span("  ")


def task_line(task: Task, state: InstanceState, now: datetime) -> Cell:
    """``3f9c21ab web:7 ● RUNNING ✓ 512M 256u family:web by ops 3m``; ``now`` as the host's clock has it."""
    spans = [Span(task.id[:8], "accent"), _GAP, Span(task.definition, "strong"), _GAP, *formats.task_status(task)]
    if task.health != "UNKNOWN":
        spans += [Span(" "), *formats.health(task.health)]
    reserved = f"{formats.mebibytes(task.reservation.memory)}  {formats.cpu_units(task.reservation.cpu)}"
    spans += [_GAP, Span(reserved), _GAP, Span(task.group, "muted")]
    if not belongs(task, state):
        spans += [_GAP, Span(f"of cluster {task.cluster}", "warn")]
    if task.started_by:
        spans += [_GAP, Span(f"by {task.started_by}", "muted")]
    moment = task.started_at or task.created_at
    return (*spans, _GAP, Span(formats.age(moment, now), "muted"))


def others_line(state: InstanceState, use: HostUse) -> Cell:
    """What the unmanaged containers of an instance use, and which they are."""
    names = [str(container.name) for container in state.unmanaged if container.up]
    what = "1 unmanaged container uses" if use.containers == 1 else f"{use.containers} unmanaged containers use"
    used = f"{what} {formats.mebibytes(use.memory)} and {cores(use.cpu)}"
    if use.known < use.containers:
        used += f" ({use.known} asked so far)"
    spans = [Span("░ ", "muted"), Span(used), Span(f": {', '.join(sorted(names))}", "muted")]
    if use.problem:
        spans = [Span("◐ as of before: ", "warn"), *spans[1:2], _GAP, Span(use.problem, "warn")]
    return tuple(spans)


def bare_line(state: InstanceState, resource: Resource) -> Cell:
    """Of an instance that has no block to be chosen."""
    name = state.instance.key.name
    if not state.live and state.freshness.reach != "connecting":
        return cell(f"{name}: {state.freshness.reason or 'no answer'}", "warn")
    if state.info is None:
        return cell(f"{name} has not answered yet", "busy")
    if held_tasks(state):
        return cell(f"The tasks on {name} reserve no {'memory' if resource == 'memory' else 'CPU'}", "muted")
    return cell(f"Nothing runs on {name} yet: r runs a task", "muted")


def bar_words(state: InstanceState, resource: Resource) -> Cell:
    """``edge-1: 5 tasks``, and how many of them cannot be seen because they reserve nothing."""
    held = held_tasks(state)
    unseen = sum(not amount(task.reservation, resource) for task in held)
    count = f"{len(held)} task{'' if len(held) == 1 else 's'}"
    no = f", {unseen} without {'memory' if resource == 'memory' else 'CPU'}" if unseen else ""
    return cell(f"{state.instance.key.name}: {count}{no}", "muted")


def legend(resource: Resource, *, foreign: bool) -> Cell:
    """The patterns. ``foreign``: there are tasks of other clusters to be told apart."""
    shown = "Memory" if resource == "memory" else "CPU"
    spans = [Span(f"{shown}  ", "strong"), Span("█", "accent"), Span(" tasks  ", "muted")]
    if foreign:
        spans.append(Span("█ of other clusters  ", "muted"))
    return (*spans, Span("░ unmanaged  · free", "muted"))
