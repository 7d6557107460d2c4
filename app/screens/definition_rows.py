"""Families and revisions as rows of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import datetime

from app.model.safe_text import safe_line
from app.screens import formats
from app.screens.filtering import Subject, subject
from app.store.definitions import StoredRevision
from widgets.cells import Cell, Column, Row, Span, cell

RevisionKey = tuple[str, int]
"""Family and revision."""

FAMILY_COLUMNS = (
    Column("family", "FAMILY", min_width=12, weight=3),
    Column("latest", "LATEST", width=6, align="right"),
    Column("status", "STATE", width=10, priority=2),
    Column("running", "RUNNING", min_width=7, weight=2, priority=1),
    Column("note", "NOTE", min_width=8, weight=2, priority=3),
)
REVISION_COLUMNS = (
    Column("revision", "REVISION", width=8, align="right"),
    Column("status", "STATUS", width=10),
    Column("running", "RUNNING", width=7, align="right", priority=2),
    Column("by", "BY", min_width=6, weight=1, priority=1),
    Column("age", "AGE", width=4, align="right"),
    Column("note", "NOTE", min_width=8, weight=3, priority=3),
)
_MOST_TOLD = 3


def family_row(newest: StoredRevision, running: Mapping[int, int], *, short: bool, drafts: int) -> Row:
    """
    Args:
        newest: the highest revision that is ACTIVE, else the highest.
        running: how many tasks run of each revision.
        short: only how many run in all.
        drafts: how many wait of its revisions.
    """
    active = newest.status == "ACTIVE"
    name = (Span(newest.family), Span("  draft", "busy")) if drafts else cell(newest.family)
    return Row(
        newest.family,
        (
            name,
            cell(str(newest.revision), "accent") if active else cell("none", "muted"),
            status_cell(newest, broken=False),
            _running_cell(running, short=short),
            note_cell(newest.note),
        ),
        dim=not active,
    )


def family_subject(newest: StoredRevision) -> Subject:
    text = f"{newest.family} {newest.status} {safe_line(newest.registered_by)} {safe_line(newest.note)}"
    return subject(text, family=newest.family, state=newest.status)


def revision_rows(
    revisions: Iterable[StoredRevision], running: Counter[RevisionKey], broken: Container[RevisionKey], now: datetime
) -> list[Row]:
    """In the order given. ``broken`` are those whose document cannot be read."""
    rows = []
    for stored in revisions:
        key = (stored.family, stored.revision)
        count = running[key]
        cells = (
            cell(str(stored.revision)),
            status_cell(stored, broken=key in broken),
            cell(str(count), "ok") if count else cell(formats.NOTHING, "muted"),
            cell(safe_line(stored.registered_by) or formats.NOTHING, "muted"),
            cell(formats.age(stored.registered_at, now), "muted"),
            note_cell(stored.note),
        )
        rows.append(Row(f"{stored.family}:{stored.revision}", cells, dim=stored.status != "ACTIVE"))
    return rows


def status_cell(stored: StoredRevision, *, broken: bool) -> Cell:
    if broken:
        return cell("✕ BROKEN", "bad")
    return cell("● ACTIVE", "ok") if stored.status == "ACTIVE" else cell("○ INACTIVE", "muted")


def note_cell(note: str) -> Cell:
    """The first line of a note; that there are more is seen by an ellipsis."""
    first, _, rest = note.partition("\n")
    return cell(safe_line(first) + (" …" if rest else ""), "muted")


def _running_cell(running: Mapping[int, int], *, short: bool) -> Cell:
    """``3  7:2 6:1``: how many in all, then how many of which revision."""
    total = sum(running.values())
    if not total:
        return cell(formats.NOTHING, "muted")
    if short:
        return cell(str(total), "ok")
    told = [f"{revision}:{count}" for revision, count in sorted(running.items(), reverse=True)]
    more = " …" if len(told) > _MOST_TOLD else ""
    return (Span(str(total), "ok"), Span(f" ({' '.join(told[:_MOST_TOLD])}{more})", "muted"))
