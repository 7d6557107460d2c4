"""What is really used, against what is reserved: as cells of tables and as bars. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.model.amounts import compact, cores_percent
from app.model.task import Task
from app.operations.use import Use
from app.screens.formats import NOTHING, mebibytes, percent
from widgets.cells import Cell, Span, Tone, cell
from widgets.meter import overlay_bar

if TYPE_CHECKING:
    from app.hosts.stats import Stats

MEBIBYTE = 1 << 20
CORE = 1024
AT_LEAST = "≥"
"""Before a sum of which a part is not known."""


# --- in rows of tasks and containers ---------------------------------------------------------------------------------


def task_cpu(task: Task, use: Use | None) -> Cell:
    """``12%`` of one core, of all its containers that are up."""
    if use is None or not use.cpu_known or task.last_status == "STOPPED":
        return cell(NOTHING, "muted")
    return cell(AT_LEAST * (not use.cpu_whole) + cores_percent(use.cpu))


def task_memory(task: Task, use: Use | None) -> Cell:
    """``181M/512M``: in use, and reserved; more than that is told by its colour."""
    reserved = task.reservation.memory
    if use is None or not use.running or task.last_status == "STOPPED":
        return cell(mebibytes(reserved) if reserved else NOTHING, "muted")
    against = Span(f"/{compact(reserved * MEBIBYTE)}" if reserved else "", "muted")
    if not use.known:
        return (Span(NOTHING, "muted"), against)
    over: Tone = "warn" if reserved and use.memory > reserved * MEBIBYTE else ""
    return (Span(AT_LEAST * (not use.whole) + compact(use.memory), over), against)


def container_cpu(stats: Stats | None) -> Cell:
    return cell(cores_percent(stats.cpu) if stats else NOTHING, "" if stats and stats.cpu is not None else "muted")


def container_memory(stats: Stats | None) -> Cell:
    """What is in use; red from nine tenths of its limit on, where the next thing is that it is killed."""
    if stats is None or stats.memory is None:
        return cell(NOTHING, "muted")
    full = stats.limit is not None and stats.memory > 0.9 * stats.limit
    return cell(compact(stats.memory), "bad" if full else "")


# --- bars of instances and clusters ----------------------------------------------------------------------------------


def memory_bar(reserved: int, use: Use, registered: int, width: int) -> Cell:
    """Of MiB: a bar, then what is reserved and what is used, both in per cent."""
    return _bar(reserved, memory_share(use), registered, width, whole=use.whole)


def cpu_bar(reserved: int, use: Use, registered: int, width: int) -> Cell:
    """Of CPU units, as ``memory_bar``."""
    return _bar(reserved, cpu_share(use), registered, width, whole=use.cpu_whole)


def memory_share(use: Use) -> float | None:
    """In MiB; None: not known."""
    return use.memory / MEBIBYTE if use.known or not use.running else None


def cpu_share(use: Use) -> float | None:
    """In CPU units; None: not known."""
    return use.cpu / 100 * CORE if use.cpu_known or not use.running else None


def share_bar(reserved: int, used: float | None, registered: int, width: int, *, whole: bool) -> Cell:
    """As in tables, with words: ``▓▓██··· 61% reserved 34% used``."""
    *drawn, held, told = _bar(reserved, used, registered, width, whole=whole)
    return (
        *drawn,
        Span(f" {held.text.strip()}", held.tone),
        Span(" reserved ", "muted"),
        Span(told.text.strip(), told.tone),
        Span(" used", "muted"),
    )


def _bar(reserved: int, used: float | None, registered: int, width: int, *, whole: bool) -> Cell:
    if not registered:
        return (Span("·" * width, "muted"), Span("    -", "muted"), Span("    -", "muted"))
    drawn = overlay_bar(reserved / registered, (used or 0) / registered, width)
    full = reserved >= registered
    told = NOTHING if used is None else AT_LEAST * (not whole) + percent(round(used), registered)
    return (
        *(Span(span.text, "bad") if full and span.tone == "bar" else span for span in drawn),
        Span(f"{percent(reserved, registered):>5}", "bad" if full else "" if reserved else "muted"),
        Span(f"{told:>5}", "muted" if used is None or not round(used) else "bar-used"),
    )
