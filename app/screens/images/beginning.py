"""A deed with images begins: it goes on by itself, a screen shows it, and its end is told wherever one is by then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from app.model.image_progress import TransferVerb
from app.screens.images.works import BuildWork, Transfer, Work

if TYPE_CHECKING:
    from textual.app import App

    from app.screens.desk import Desk
    from app.screens.frame import FrameScreen

W = TypeVar("W", bound=Work)
TOO_MANY = "So much is under way already that nothing more is begun: wait, or stop some of it (U)"
_DONE = {
    "pull": "Pulled",
    "push": "Pushed",
    "copy": "Copied",
    "build": "Built",
    "remove": "Removed",
    "prune": "Pruned",
    "tag": "Tagged",
    "deploy": "Deployed",
}


def begin_transfer(
    screen: FrameScreen,
    verb: TransferVerb,
    cluster: str,
    about: str,
    command: str,
    run: Callable[[Transfer], object],
) -> None:
    """Have it done in a thread, and show how it goes on."""
    desk = screen.desk
    if desk.works.full:
        screen.say(TOO_MANY, bad=True)
        return
    work = desk.works.transfer(verb, cluster, about, command, run, partial(_over, screen.app, desk))
    screen.app.push_screen(desk.doors.work(work))


def begin(app: App[Any], desk: Desk, make: Callable[[int], W], run: Callable[[W], object]) -> None:
    """As ``begin_transfer``, of a work of another kind: ``make`` makes it of its number."""
    work = desk.works.begin(make, run, partial(_over, app, desk))
    app.push_screen(desk.doors.work(work))


def begin_build(
    screen: FrameScreen, cluster: str, tags: tuple[str, ...], command: str, run: Callable[[BuildWork], object]
) -> None:
    """As ``begin_transfer``."""
    desk = screen.desk
    if desk.works.full:
        screen.say(TOO_MANY, bad=True)
        return
    work = desk.works.build(cluster, tags, command, run, partial(_over, screen.app, desk))
    screen.app.push_screen(desk.doors.work(work))


def _over(app: App[Any], desk: Desk, work: Work) -> None:
    """The images are others now. Who does not look at it hears of the end."""
    desk.images.stale(work.cluster)
    if getattr(app.screen, "work", None) is not work:
        bad = work.outcome == "failed"
        app.notify(end_words(work), severity="error" if bad else "information", markup=False, timeout=8 if bad else 4)


def end_words(work: Work) -> str:
    """The end in one line: ``Pulled nginx:1.28 on 2 instances; 1 not: edge-3: no space left on device``."""
    if work.outcome == "stopped":
        return f"Stopped: {work.what}"
    if not isinstance(work, Transfer):
        return f"{_DONE[work.verb]} {work.about}" if work.outcome == "done" else f"{work.what}: {work.problem}"
    rows = work.rows()
    states = Counter(row.state for row in rows)
    well = states["done"] + states["present"]
    bad = [f"{row.instance.name}: {row.detail}" for row in rows if row.state == "failed"]
    if not rows or (not well and not bad):
        return f"{work.what}: {work.problem}" if work.problem else f"{_DONE[work.verb]} {work.about}"
    where = f"on {well} instance{'' if well == 1 else 's'}" if len({row.instance for row in rows}) == len(rows) else ""
    head = " ".join(part for part in (_DONE[work.verb], work.about, where) if part) if well else work.what
    if not bad:
        return f"{head}; {work.problem}" if work.problem else head
    told = "; ".join(bad[:2]) + (f"; and {len(bad) - 2} more" if len(bad) > 2 else "")
    return f"{head}; {len(bad)} not: {told}" if well else f"{head}: {told}"
