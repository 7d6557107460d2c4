"""Row makers: the fleet's raw values → frozen rows of toned text. Pure, and the only place that formats them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.fleet.fleet import Fleet, InstanceState
from app.model.container import Container
from app.model.lifecycle import ESSENTIAL_EXITED
from app.model.progress import Progress
from app.model.record import LEASE_TERM
from app.model.task import Task, TaskContainer
from app.operations.use import UNKNOWN, Use
from app.screens import formats
from app.screens.use_cells import container_cpu, container_memory, cpu_bar, memory_bar, task_cpu, task_memory
from widgets.cells import Cell, Column, Row, Span, cell
from widgets.meter import bar

if TYPE_CHECKING:
    from app.hosts.stats import Stats

Foreign = tuple[Container, InstanceState]
"""An unmanaged container, and where it is."""
TASK_COLUMNS = (
    Column("task", "TASK", width=8),
    Column("definition", "DEFINITION", min_width=14, weight=2),
    Column("status", "STATUS", width=10),
    Column("health", "HEALTH", width=6, priority=4),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=6),
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("cpu", "CPU", width=5, align="right", priority=2),
    Column("memory", "MEM", width=9, align="right", priority=3),
    Column("detail", "PORTS OR REASON", min_width=20, weight=7),
    Column("by", "STARTED BY", width=10, priority=8),
    Column("age", "AGE", width=4, align="right", priority=1),
)
INSTANCE_COLUMNS = (
    Column("instance", "INSTANCE", min_width=10, weight=1),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=6),
    Column("state", "STATE", width=13),
    Column("cpu", "CPU reserved  used", width=18, priority=3),
    Column("memory", "MEM reserved  used", width=18, priority=2),
    Column("tasks", "TASKS", width=9),
    Column("unmanaged", "OTHER", width=5, align="right", priority=5),
    Column("engine", "ENGINE", width=9, priority=4),
    Column("endpoint", "ENDPOINT", min_width=24, weight=4, priority=1),
)
CLUSTER_COLUMNS = (
    Column("cluster", "CLUSTER", min_width=10, weight=2),
    Column("instances", "INSTANCES", width=20),
    Column("cpu", "CPU reserved  used", width=19, priority=2),
    Column("memory", "MEM reserved  used", width=19, priority=1),
    Column("tasks", "TASKS", width=13),
    Column("stopped", "STOPPED (1h)", width=12),
)
CONTAINER_COLUMNS = (
    Column("name", "CONTAINER", min_width=10, weight=2),
    Column("status", "STATUS", width=10),
    Column("health", "HEALTH", width=6, priority=3),
    Column("image", "IMAGE", min_width=8, weight=3, priority=4),
    Column("detail", "PORTS OR REASON", min_width=15, weight=3),
    Column("cpu", "CPU", width=5, align="right", priority=2),
    Column("memory", "MEM", width=4, align="right", priority=1),
    Column("exit", "EXIT", width=4, align="right"),
    Column("age", "AGE", width=4, align="right", priority=5),
)


_ERROR_NAME = re.compile(r"\A(?:Cannot(?P<what>[A-Z][a-z]+)[A-Za-z]*|[A-Za-z]+)Error: (?P<why>dependency graph: )?")


def without(columns: Sequence[Column], *keys: str) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.key not in keys)


def pick(columns: Sequence[Column], cells: dict[str, Cell]) -> tuple[Cell, ...]:
    return tuple(cells[column.key] for column in columns)


# --- tasks ------------------------------------------------------------------------------------------------------------


def task_row(
    task: Task,
    fleet: Fleet,
    step: Progress | None,
    now: datetime,
    columns: Sequence[Column],
    use: Use | None = None,
) -> Row:
    state = fleet.instances.get(task.instance)
    live = state is not None and state.live
    host_now = now + (state.clock_offset if state else timedelta(0))
    moment = task.stopped_at if task.last_status == "STOPPED" else task.started_at or task.created_at
    where: Cell = cell(task.instance.name)
    if state is not None and not live and state.freshness.reach != "connecting":
        where = (Span(task.instance.name, "warn"), Span(" ◐", "warn"))
    cells = {
        "task": cell(task.id[:8], "accent"),
        "definition": cell(task.definition),
        "status": formats.task_status(task),
        "health": formats.health(task.health),
        "cluster": cell(task.cluster, "muted"),
        "instance": where,
        "cpu": task_cpu(task, use),
        "memory": task_memory(task, use),
        "detail": task_detail(task, step, host_now),
        "by": cell(task.started_by, "muted"),
        "age": cell(formats.age(moment or task.created_at, host_now), "muted"),
    }
    return Row(task.id, pick(columns, cells), dim=not live)


def task_detail(task: Task, step: Progress | None, now: datetime) -> Cell:
    """Where it can be reached; while PENDING what it waits for; once STOPPED why."""
    if task.last_status in ("STOPPED", "STOPPING"):
        ended = [part for part in task.containers if part.essential and part.ran and part.exit_code is not None]
        culprit = max(ended, key=lambda part: part.exit_code != 0, default=None)
        why = _short_reason(str(task.stopped_reason))
        if culprit and task.stop_code == "EssentialContainerExited":
            more = culprit.reason or task.stopped_reason.partition(f"{ESSENTIAL_EXITED}: ")[2]
            why = f"exit {culprit.exit_code} of {culprit.name}" + (f": {more}" if more else "")
        return cell(why, "bad" if task.failed else "muted")
    if task.last_status == "RUNNING":
        return (*_warnings(task), Span(formats.ports(task.ports)))
    if step is not None:
        return progress_cell(step)
    if task.launch_cut_off(now):
        return cell("launch was cut off; about to be finished or undone", "warn")
    waiting = [part for part in task.containers if part.last_status == "PENDING"]
    if waiting and all(part.runtime is not None and not part.ran for part in task.parts):
        return cell(f"made, not started; {_lease_words(task, now)}", "busy")
    if waiting and waiting[0].runtime is not None:
        awaited = " ".join(f"{name} {condition}" for name, condition in waiting[0].awaits)
        return cell(f"{waiting[0].name} waits for {awaited}" if awaited else f"starting {waiting[0].name}", "busy")
    return cell(f"being made; {_lease_words(task, now)}", "busy")


def _short_reason(reason: str) -> str:
    """``CannotPullContainerError: …`` as ``pull: …``: where there is room for few words, these should tell most."""
    name = _ERROR_NAME.match(reason)
    if name is None:
        return reason
    what = f"{name['what'].lower()}: " if name["what"] and not name["why"] else ""
    return what + reason[name.end() :]


def _warnings(task: Task) -> Cell:
    """What is not as it should be in a task that runs all the same."""
    states = {
        "paused": [part.name for part in task.containers if part.runtime and part.runtime.state == "paused"],
        "restarting": [part.name for part in task.containers if part.restarting],
        "not started": [part.name for part in task.containers if part.failed and not part.ran],
    }
    return tuple(Span(f"{state}: {', '.join(names)}  ", "warn") for state, names in states.items() if names)


def _lease_words(task: Task, now: datetime) -> str:
    """Whose turn it is: its launcher's, and if that gives no sign of life, soon that of whoever watches."""
    left = LEASE_TERM - (now - (task.lease_at or task.created_at))
    return f"its launcher has {max(int(left.total_seconds()), 0)}s before others take over"


def progress_cell(step: Progress) -> Cell:
    """``pulling 62% ▆▆▆···`` and the like."""
    if step.step == "pull" and step.total:
        share = step.done / step.total
        return (
            Span(f"pulling {round(share * 100):>2}% ", "busy"),
            Span(bar(share, 10), "bar-used"),
            Span(f" {formats.size(step.total)}", "muted"),
        )
    words = {
        "placed": "placed",
        "pull": f"pulling: {step.detail}" if step.detail else "pulling",
        "create": f"creating {step.container}",
        "start": f"starting {step.container}",
        "wait": f"{step.container} {step.detail}",
        "stop": f"stopping {step.container}",
        "warning": str(step.detail),
    }
    return cell(words.get(step.step, step.step), "warn" if step.step in ("warning", "stop") else "busy")


def task_order(task: Task) -> tuple[int, float, str]:
    """What moves first, then what runs, then what has stopped, each newest first."""
    rank = {"PENDING": 0, "STOPPING": 1, "RUNNING": 2, "STOPPED": 3}[task.last_status]
    moment = task.stopped_at if task.last_status == "STOPPED" and task.stopped_at else task.created_at
    return rank, -moment.timestamp(), task.id


def foreign_containers(states: Iterable[InstanceState]) -> list[Foreign]:
    """What Moorage did not start, in order. One engine in two clusters lists it twice: the first of them counts."""
    unique: dict[str, Foreign] = {}
    for state in states:
        for container in state.unmanaged:
            unique.setdefault(container.id, (container, state))
    return sorted(unique.values(), key=lambda pair: (pair[1].instance.key, not pair[0].up, pair[0].name, pair[0].id))


def unmanaged_row(
    container: Container,
    state: InstanceState,
    now: datetime,
    columns: Sequence[Column],
    stats: Stats | None = None,
) -> Row:
    host_now = now + state.clock_offset
    cells = {
        "task": cell("·"),
        "definition": cell(container.name),
        "status": formats.docker_status(container),
        "health": cell(formats.NOTHING),
        "cluster": cell(state.instance.key.cluster),
        "instance": cell(state.instance.key.name),
        "cpu": container_cpu(stats),
        "memory": container_memory(stats),
        "detail": cell(container.damage or formats.ports(container.ports) or container.image),
        "by": cell("damaged" if container.damage else "unmanaged"),
        "age": cell(formats.age(container.created_at, host_now)),
    }
    return Row(f"container:{container.id}", pick(columns, cells), dim=True)


# --- instances --------------------------------------------------------------------------------------------------------


def instance_row(state: InstanceState, now: datetime, columns: Sequence[Column], use: Use | None = None) -> Row:
    """``use``: what everything on it really uses; None: nobody has asked."""
    registered, reserved = state.registered, state.reserved
    running = sum(task.last_status == "RUNNING" for task in state.tasks.values())
    moving = sum(task.last_status in ("PENDING", "STOPPING") for task in state.tasks.values())
    detail = "; ".join(_instance_notes(state, now))
    cells = {
        "instance": cell(state.instance.key.name, "strong"),
        "cluster": cell(state.instance.key.cluster, "muted"),
        "state": formats.reach(state.freshness, now, draining=state.draining),
        "cpu": cpu_bar(reserved.cpu, use or UNKNOWN, registered.cpu, 8),
        "memory": memory_bar(reserved.memory, use or UNKNOWN, registered.memory, 8),
        "tasks": _counts(running, moving),
        "unmanaged": cell(str(len(state.unmanaged)) if state.unmanaged else formats.NOTHING, "muted"),
        "engine": cell(state.info.version if state.info else formats.NOTHING, "muted"),
        "endpoint": (*_exposed(state), *(cell(detail, "warn") if detail else cell(state.instance.endpoint, "muted"))),
    }
    return Row(_instance_key(state), pick(columns, cells))


def _exposed(state: InstanceState) -> Cell:
    return (Span("INSECURE", "bad"), Span(" ")) if state.instance.reached_by.is_exposed else ()


def _instance_notes(state: InstanceState, now: datetime) -> Iterator[str]:
    """Why it does not answer, and who drains it."""
    if away := formats.reach_detail(state.freshness, now):
        yield away
    if skew := formats.skew(state.clock_offset):
        yield skew
    if (drain := state.drain) is not None:
        words = formats.drained(drain, now + state.clock_offset)
        if words or not state.live:
            yield words if state.live else "DRAINING" + (f", {words}" if words else "")
        if state.drain_untold:
            yield "others see it once it answers"


def _instance_key(state: InstanceState) -> str:
    return f"{state.instance.key.cluster}/{state.instance.key.name}"


def _counts(running: int, moving: int) -> Cell:
    spans = [Span(f"● {running:<3}", "ok" if running else "muted")]
    if moving:
        spans.append(Span(f" ◌ {moving}", "busy"))
    return tuple(spans)


# --- clusters ---------------------------------------------------------------------------------------------------------


def cluster_row(name: str, fleet: Fleet, now: datetime, use: Use | None = None, *, read_only: bool = False) -> Row:
    states = fleet.of_cluster(name)
    restless = fleet.restless_tasks(name)
    running = sum(state.running for state in states)
    moving = sum(task.last_status in ("PENDING", "STOPPING") for task in restless)
    stopped = [task for task in restless if recently_stopped(task, now)]
    failed = sum(task.failed for task in stopped)
    cells = {
        "cluster": (Span(name, "strong"), *([Span("  ⊘ read-only", "warn")] if read_only else [])),
        "instances": (Span(f"{len(states):<4}", ""), *reach_counts(states)),
        "cpu": cpu_bar(
            sum(state.reserved.cpu for state in states),
            use or UNKNOWN,
            sum(state.registered.cpu for state in states),
            9,
        ),
        "memory": memory_bar(
            sum(state.reserved.memory for state in states),
            use or UNKNOWN,
            sum(state.registered.memory for state in states),
            9,
        ),
        "tasks": _counts(running, moving),
        "stopped": (Span(f"{len(stopped):<4}", "muted"), *([Span(f"✕ {failed}", "bad")] if failed else [])),
    }
    return Row(name, pick(CLUSTER_COLUMNS, cells))


def recently_stopped(task: Task, now: datetime) -> bool:
    ended = task.stopped_at or task.stopping_at
    return task.last_status == "STOPPED" and ended is not None and now - ended < timedelta(hours=1)


def reach_counts(states: Sequence[InstanceState]) -> tuple[Span, ...]:
    """``● 7 ◐ 1``: live, stale or connecting, unreachable."""
    spans: list[Span] = []
    for glyph, tone, reaches in (
        ("●", "ok", ("live",)),
        ("◌", "busy", ("connecting",)),
        ("◐", "warn", ("stale",)),
        ("✕", "bad", ("unreachable",)),
    ):
        count = sum(state.freshness.reach in reaches for state in states)
        if count:
            spans.append(Span(f"{glyph} {count}  ", tone))  # type: ignore[arg-type]
    return tuple(spans)


# --- containers of a task ---------------------------------------------------------------------------------------------


def container_row(part: TaskContainer, now: datetime, stats: Stats | None = None) -> Row:
    runtime = part.runtime
    detail = _short_reason(str(part.reason)) or (formats.ports(runtime.ports) if runtime else "")
    moment = (runtime.finished_at or runtime.started_at) if runtime else None
    name: Cell = (Span(part.name, "strong"), Span("" if part.essential else "  not essential", "muted"))
    cells = {
        "name": name,
        "status": formats.container_status(part),
        "health": formats.health(part.health) if part.health_checked else cell(formats.NOTHING, "muted"),
        "image": cell(runtime.image if runtime else formats.NOTHING, "muted"),
        "detail": cell(detail, "bad" if part.reason else ""),
        "cpu": container_cpu(stats),
        "memory": container_memory(stats),
        "exit": cell(
            formats.NOTHING if part.exit_code is None else str(part.exit_code), "bad" if part.exit_code else "muted"
        ),
        "age": cell(formats.age(moment, now), "muted"),
    }
    return Row(part.name, pick(CONTAINER_COLUMNS, cells))
