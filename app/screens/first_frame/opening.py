"""What stands on the screen before the dashboard does: read at a glance, drawn at once, handed over."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.hosts.glance import Glance
from app.store.cluster_glance import glance_at_clusters
from app.store.config import read_config
from app.store.home import Home, is_simulated

if TYPE_CHECKING:
    from app.fleet.fleet import Fleet
    from app.screens.first_frame.held import HeldTerminal

LONGEST_WAIT = 0.1
"""Seconds for engines that are slow to answer: they had the time that the loading took, too."""
WIDTHS, HEIGHTS = range(40, 1001), range(10, 501)
"""Of terminals that it is drawn for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """``fleet``: as far as it is known at a glance; no instance in it is live yet."""

    screen: str
    fleet: Fleet


def open_at_once(home: Home, wanted: str, held: HeldTerminal, within: float = LONGEST_WAIT) -> Opening:
    """Look at what runs on this machine, and show it.

    Args:
        wanted: the screen to open; "" for the one of the settings.
        within: seconds that are waited for engines, once all else is there.
    """
    config = read_config(home.config_file)[0]
    clusters, instances = glance_at_clusters(home)
    glance = Glance(instances)
    # From here on the engines are at work while modules are loaded.
    from app.fleet.fleet import Fleet

    screen, fleet = wanted or config.screen, Fleet()
    fleet.register(clusters, instances)
    _load()
    fleet.apply(glance.read(within))
    if clusters and can_draw(os.environ):
        _draw(home, config.theme, screen, fleet, held)
    return Opening(screen, fleet)


def _load() -> None:
    """What the answers and the frame need."""
    import app.hosts.glance_reading
    import app.screens.first_frame.drawing  # noqa: F401


def _draw(home: Home, theme: str, screen: str, fleet: Fleet, held: HeldTerminal) -> None:
    from datetime import UTC, datetime

    from app.screens.first_frame.drawing import DRAWN, first_frame
    from app.screens.first_frame.ink import ink_for
    from app.store.table_memory import TableMemory

    size = _size(os.environ)
    if screen in DRAWN and size[0] in WIDTHS and size[1] in HEIGHTS:
        arrangement = TableMemory(home).get(DRAWN[screen])
        ink = ink_for(theme, os.environ)
        now, simulated = datetime.now(UTC), is_simulated(home)
        held.show(first_frame(screen, fleet, now, size, arrangement, ink, simulated=simulated))


def can_draw(environ: Mapping[str, str]) -> bool:
    """Is there a terminal that takes sequences, and the characters of ours?"""
    stream = sys.__stderr__
    if environ.get("TERM", "") in ("", "dumb") or stream is None or not stream.isatty():
        return False
    return (stream.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")


def _size(environ: Mapping[str, str]) -> tuple[int, int]:
    """Columns and lines as Textual takes them: as the environment says, or else the terminal. 0: nobody knows."""
    told = [environ.get(name, "") for name in ("COLUMNS", "LINES")]
    columns, lines = (int(text) if text.isascii() and text.isdigit() else 0 for text in told)
    if not (columns and lines):
        with contextlib.suppress(OSError):
            there = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1)
            columns, lines = columns or there.columns, lines or there.lines
    return columns, lines
