"""Steps of a deploy, and the tasks that it starts and stops → rows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.fleet.fleet import Fleet
from app.model.deployment import DeployState
from app.model.progress import Progress
from app.screens import formats
from app.screens.images.progress import bar_cell, build_line, seconds_words
from app.screens.rows import pick, progress_cell
from widgets.cells import Cell, Column, Row, Span, Tone, cell

if TYPE_CHECKING:
    from app.screens.deploying.work import StepNow

STEP_COLUMNS = (
    Column("state", "STATE", width=14),
    Column("seconds", "TIME", width=6, align="right"),
    Column("words", "WHAT", min_width=24, weight=3),
    Column("detail", "", min_width=16, weight=2, priority=1),
)
TASK_COLUMNS = (
    Column("task", "TASK", width=8),
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("status", "STATUS", width=12),
    Column("step", "", min_width=12, weight=4),
)
_STATES: dict[DeployState, tuple[str, Tone]] = {
    "waiting": ("· waiting", "muted"),
    "working": ("◌ going on", "busy"),
    "done": ("● done", "ok"),
    "nothing": ("● nothing to do", "muted"),
    "failed": ("✕ failed", "bad"),
    "stopped": ("○ stopped", "warn"),
}


def step_row(now: StepNow, clock: float) -> Row:
    took = now.seconds(clock)
    words, tone = _STATES[now.state]
    what: Tone = "strong" if now.state == "working" else "muted" if now.state == "waiting" else ""
    cells: dict[str, Cell] = {
        "state": cell("● nothing" if now.state == "nothing" else words, tone),
        "seconds": cell(seconds_words(took) if took is not None and now.state != "nothing" else "", "muted"),
        "words": cell(now.step.words, what),
        "detail": _detail(now),
    }
    return Row(str(now.step.words), pick(STEP_COLUMNS, cells))


def _detail(now: StepNow) -> Cell:
    """What came of it, or how far it is."""
    if now.state == "working":
        if now.build is not None:
            return build_line(now.build)
        if now.transfers:
            rows = list(now.transfers.values())
            going = [row for row in rows if not row.over and row.total]
            done, total = sum(min(row.done, row.total) for row in going), sum(row.total for row in going)
            over = Span(f"{sum(row.over for row in rows)} of {len(rows)}", "muted")
            return (*bar_cell(done, total), Span("  "), over) if total else (over,)
        return ()
    return cell(now.detail, "bad" if now.state == "failed" else "muted")


def task_row(step: Progress, fleet: Fleet) -> Row:
    """A task that is started or stopped."""
    task = fleet.find_task(step.task_id)
    status = formats.task_status(task) if task else cell("◌ PENDING", "busy")
    over = task is not None and task.last_status in ("RUNNING", "STOPPED")
    words: Cell = (Span(task.stopped_reason, "muted"),) if task is not None and over else progress_cell(step)
    return Row(step.task_id, (cell(step.task_id[:8], "accent"), cell(step.instance.name), status, words))
