"""Events → rows. Pure, and the only place that formats them for the screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.model.event import Event, span_words
from app.operations.event_feed import Away
from app.operations.event_words import detail_words, subject_words
from app.screens.filtering import Subject, subject
from app.screens.rows import pick
from app.screens.tables.orders import Orders, natural
from widgets.cells import Cell, Column, Row, Span, Tone, cell

EVENT_COLUMNS = (
    Column("time", "TIME", width=8),
    Column("what", "EVENT", width=12),
    Column("instance", "ON", min_width=8, weight=1),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=6),
    Column("subject", "TASK, CONTAINER", min_width=18, weight=3),
    Column("detail", "DETAIL", min_width=20, weight=5),
)
EMPTY_EVENTS = """No events yet.

What happens on hosts (containers made, started, died, killed; hosts silent and
back) and what is done from here appears here, by whatever hand, and is kept."""

EVENT_ORDERS: Orders[Event] = {
    "time": lambda event: (event.at, event.id),
    "what": lambda event: event.what,
    "instance": lambda event: natural(event.instance) or None,
    "cluster": lambda event: natural(event.cluster) or None,
    "subject": lambda event: natural(subject_words(event)) or None,
    "detail": lambda event: natural(detail_words(event)) or None,
}
"""Those equal in a column keep their order: the newest first."""

_WORDS: Mapping[str, tuple[str, Tone]] = {
    "created": ("◌ created", "muted"),
    "started": ("● started", "ok"),
    "oom": ("✕ OOM kill", "bad"),
    "healthy": ("✓ healthy", "ok"),
    "unhealthy": ("✗ unhealthy", "bad"),
    "killed": ("◐ signalled", "warn"),
    "paused": ("◫ paused", "warn"),
    "unpaused": ("● unpaused", "ok"),
    "renamed": ("· renamed", "muted"),
    "removed": ("○ removed", "muted"),
    "launch": ("▸ launch", "busy"),
    "stop": ("◐ to stop", "warn"),
    "failed": ("✕ not run", "bad"),
    "connected": ("● connected", "ok"),
    "silent": ("◐ silent", "warn"),
    "back": ("● back", "ok"),
    "gap": ("… gap", "warn"),
    "draining": ("⊘ DRAINING", "warn"),
    "active": ("● ACTIVE", "ok"),
    "lost": ("✕ not kept", "bad"),
    "call": ("▸ done here", "accent"),
}


def word_of(what: str, *, bad: bool) -> tuple[str, Tone]:
    """The glyph and the word of an event, and its tone."""
    if what == "died":
        return ("✕ died", "bad") if bad else ("○ ended", "muted")
    return _WORDS[what]


def event_row(event: Event, columns: tuple[Column, ...], *, bad: bool) -> Row:
    words, detail = subject_words(event) or event.container_id[:12], detail_words(event)
    if event.what == "call":
        verb, _, words_of_it = event.detail.partition(": ")
        words, detail = verb, f"by {event.by}: {words_of_it}"
    elif not words:
        # An instance's own: the column that would be empty takes what comes first.
        words, _, detail = detail.partition("; ")
    cells: dict[str, Cell] = {
        "time": cell(clock(event.at), "muted"),
        "what": cell(*word_of(event.what, bad=bad)),
        "instance": cell(event.instance),
        "cluster": cell(event.cluster, "muted"),
        "subject": _subject_cell(event) if event.task_id and event.what != "call" else cell(words),
        "detail": cell(detail, "bad" if bad else ""),
    }
    return Row(row_key(event), pick(columns, cells))


def row_key(event: Event) -> str:
    return f"event:{event.id}"


def whole_line(event: Event) -> Cell:
    """All of an event in a line of its own: what happened where, or the command that was given."""
    when = Span(f"{event.at.astimezone():%d %b %H:%M:%S}  ", "muted")
    if event.command:
        return (when, Span(event.command, "accent"))
    where = f"{event.instance}: " if event.instance else ""
    words = "  ".join(word for word in (subject_words(event), detail_words(event)) if word)
    return (when, Span(f"{where}{words or event.what}"))


def _subject_cell(event: Event) -> Cell:
    spans = [Span(f"{event.definition} "), Span(event.task_id[:8], "accent"), Span(f" {event.container}")]
    return tuple(span for span in spans if span.text.strip())


def clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


def day_of(event: Event) -> str:
    return event.at.astimezone().strftime("%a %d %b %Y")


def divider(key: str, words: str, columns: tuple[Column, ...], more: str = "", tone: Tone = "muted") -> Row:
    """A line that is no event."""
    cells: dict[str, Cell] = {column.key: cell("") for column in columns}
    cells |= {"time": cell("─" * 8, tone), "what": cell("─" * 12, tone), "instance": cell("─" * 8, tone)}
    cells |= {"subject": cell(words, tone), "detail": cell(more, tone)}
    return Row(key, pick(columns, cells))


def away_words(away: Away) -> str:
    bad = f", {away.bad} of them bad" if away.bad else ""
    return f"{away.count} event{'' if away.count == 1 else 's'}{bad} in {span_words(away.until - away.since)}"


def event_subject(event: Event) -> Subject:
    words = (
        *(event.what, event.kind, event.instance, event.cluster, subject_words(event), event.task_id),
        *(event.container_id, detail_words(event), event.command),
    )
    return subject(
        " ".join(words),
        cluster=event.cluster,
        host=event.instance,
        family=event.family,
        task=event.task_id,
        kind=f"{event.kind} {event.what}",
    )
