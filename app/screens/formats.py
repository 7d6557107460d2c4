"""Numbers, times and states as a person reads them (design: look). Pure: the clock comes in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.model.container import Container, PortBinding
from app.model.drain import DrainMark
from app.model.instance import Freshness
from app.model.task import Health, Task, TaskContainer
from widgets.cells import Cell, Span, cell

NOTHING = "-"
MOST_SKEW = timedelta(seconds=2)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(since: datetime | None, now: datetime) -> str:
    """``4s 3m 2h 5d``; a moment that lies ahead, by the skew of a clock, is ``0s``."""
    if since is None:
        return NOTHING
    return _duration(max(int((now - since).total_seconds()), 0))


def _duration(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h"
    return f"{seconds // _DAY}d"


def mebibytes(amount: int) -> str:
    """``512M`` below a GiB, ``1.5G`` from there on."""
    if amount < 1024:
        return f"{amount}M"
    return f"{amount / 1024:.3g}G"


def size(amount: int) -> str:
    """Bytes in three significant digits: ``181M``."""
    value = float(amount)
    for unit in ("B", "K", "M", "G"):
        if value < 1000:
            return f"{value:.3g}{unit}"
        value /= 1024
    return f"{value:.3g}T"


def cpu_units(units: int) -> str:
    return f"{units}u" if units else NOTHING


def percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}%" if whole else NOTHING


def ports(bindings: Iterable[PortBinding]) -> str:
    """``:8080→80``; with the address when it is not every one, and the protocol when it is not tcp."""
    return " ".join(
        f"{port.host_ip}:{port.host_port}→{port.container_port}{'' if port.protocol == 'tcp' else '/' + port.protocol}"
        for port in bindings
    )


# --- states: a glyph, a word and a tone, the same everywhere ----------------------------------------------------------


def task_status(task: Task) -> Cell:
    if task.last_status == "STOPPED":
        return cell("✕ STOPPED", "bad") if task.failed else cell("○ STOPPED", "muted")
    if task.last_status == "RUNNING":
        return cell("● RUNNING", "ok")
    return cell("◌ PENDING", "busy") if task.last_status == "PENDING" else cell("◐ STOPPING", "warn")


def container_status(part: TaskContainer) -> Cell:
    if part.runtime is not None and part.runtime.state == "paused":
        return cell("◫ PAUSED", "warn")
    if part.restarting:
        return cell("↻ RESTARTS", "warn")
    if part.last_status == "RUNNING":
        again = (Span(f" ↻{part.restart_count}", "warn"),) if part.restart_count else ()
        return (Span("● RUNNING", "ok"), *again)
    if part.failed and not part.ran:
        # ECS calls it STOPPED, and some with an exit code, though it never ran.
        return cell("✕ NOT RUN", "bad")
    if part.last_status == "PENDING":
        return cell("◌ PENDING", "busy")
    return cell("✕ STOPPED", "bad") if part.exit_code else cell("○ STOPPED", "muted")


def docker_status(container: Container) -> Cell:
    """An unmanaged container, in Docker's own words."""
    word = container.state.upper()
    if container.state == "exited" and container.exit_code is not None:
        word = f"EXITED {container.exit_code}"
    return cell(f"· {word}", "muted")


def health(verdict: Health) -> Cell:
    if verdict == "HEALTHY":
        return cell("✓", "ok")
    return cell("✗", "bad") if verdict == "UNHEALTHY" else cell(NOTHING, "muted")


def reach(freshness: Freshness, now: datetime, *, draining: bool) -> Cell:
    since = age(freshness.since, now)
    if freshness.reach == "live":
        return cell("⊘ DRAINING", "warn") if draining else cell("● live", "ok")
    if freshness.reach == "connecting":
        return cell("◌ connecting", "busy")
    return cell(f"◐ stale {since}", "warn") if freshness.reach == "stale" else cell("✕ unreachable", "bad")


def reach_detail(freshness: Freshness, now: datetime) -> str:
    """Why, and when it is tried again."""
    if freshness.reach in ("live", "connecting"):
        return ""
    wait = max(int((freshness.next_try - now).total_seconds()) + 1, 0) if freshness.next_try else 0
    again = f"; next try in {wait}s" if wait else "; trying now"
    return f"{freshness.reason or 'no answer'}{again}"


def skew(offset: timedelta) -> str:
    """``clock 1h ahead``, when a host's clock is so far from ours that somebody should set it; else ""."""
    if abs(offset) <= MOST_SKEW:
        return ""
    return f"clock {_duration(int(abs(offset).total_seconds()))} {'ahead' if offset > timedelta(0) else 'behind'}"


def drained(mark: DrainMark, host_now: datetime) -> str:
    """``by ops 5m ago: a new kernel``, as far as it is known; "" when nothing is."""
    by = f"by {mark.by}" if mark.by else ""
    ago = f"{age(mark.at, host_now)} ago" if mark.at else ""
    return ": ".join(part for part in (" ".join(part for part in (by, ago) if part), mark.reason) if part)
