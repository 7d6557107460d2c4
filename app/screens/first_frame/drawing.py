"""The first frame as text: the same lines as the dashboard's own, for a terminal that shows nothing yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from app.fleet.fleet import Fleet
from app.operations.use import Use, running_ids
from app.screens.first_frame.ink import Ink
from app.screens.rows import (
    CLUSTER_COLUMNS,
    TASK_COLUMNS,
    cluster_row,
    foreign_containers,
    task_order,
    task_row,
    unmanaged_row,
)
from app.screens.standing import SIMULATED, fleet_status
from app.store.table_memory import Arrangement
from widgets.breadcrumb_line import breadcrumb_pieces
from widgets.cells import Column, Row
from widgets.columns import lay_out
from widgets.table_lines import Piece, header_text, row_pieces

DRAWN = {"fleet": "clusters", "tasks": "tasks"}
"""The screens that are drawn, with the name of their table."""
_SHARE_OF_CLUSTERS = 0.6
_SCROLL_BAR = _GUTTER = 1


def first_frame(
    screen: str,
    fleet: Fleet,
    now: datetime,
    size: tuple[int, int],
    arrangement: Arrangement,
    ink: Ink,
    *,
    simulated: bool = False,
) -> str:
    """What to write to an empty screen.

    Args:
        screen: one of ``DRAWN``.
        size: columns and lines of the terminal.
        arrangement: of the screen's table. Where it sorts the rows these are left to the dashboard.
        simulated: whether the engines are no real ones.
    """
    width, height = size
    note = SIMULATED if simulated else ()
    lines = [ink.line(breadcrumb_pieces(["moorage", screen], fleet_status(fleet, 0), note, width), width)]
    columns: Sequence[Column] = TASK_COLUMNS if screen == "tasks" else CLUSTER_COLUMNS
    if screen == "tasks":
        rows, room = task_rows(fleet, now), height - 3
    else:
        rows = (cluster_row(name, fleet, now) for name in fleet.clusters)
        room = int((height - 2) * _SHARE_OF_CLUSTERS) - 1
    lines += _table(columns, [] if arrangement.sort else list(islice(rows, room)), width, arrangement, ink)
    lines += [ink.line([], width)] * (height - len(lines))
    return "".join(f"\x1b[{number};1H{line}" for number, line in enumerate(lines[:height], 1))


def task_rows(fleet: Fleet, now: datetime) -> Iterable[Row]:
    """The rows of the screen of tasks, in its own order."""
    for task in sorted(fleet.tasks(), key=task_order):
        yield task_row(task, fleet, None, now, TASK_COLUMNS, Use(running=len(running_ids(task))))
    for container, state in foreign_containers(fleet.instances.values()):
        yield unmanaged_row(container, state, now, TASK_COLUMNS)


def _table(columns: Sequence[Column], rows: Sequence[Row], width: int, arrangement: Arrangement, ink: Ink) -> list[str]:
    layout = lay_out(columns, width - _SCROLL_BAR - _GUTTER, arrangement.hidden, arrangement.sort)
    lines = [ink.line([Piece(header_text(layout, arrangement.sorted_by), "header")], width)]
    for number, row in enumerate(rows):
        pieces = row_pieces(row, layout, cursor=not number, marked=False)
        lines.append(ink.line(pieces, width, cursor=width - _SCROLL_BAR if not number else 0))
    return lines
