"""The sidecar of a revision, ``N.toml``: what may change about a document that never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from app.model.errors import DocumentError, Finding, MoorageError
from app.model.safe_text import safe, safe_line
from app.store.reading import read_file
from app.store.toml_text import MAX_BYTES, TomlText, parse_toml, render_toml

DefinitionStatus = Literal["ACTIVE", "INACTIVE"]
_KNOWN = ("status", "registeredAt", "registeredBy", "deregisteredAt", "note")
MAX_NOTE = 1_000


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Times are aware. ``note`` is safe text of one or several lines.

    ``others`` holds what a newer program wrote, to be written again.
    """

    status: DefinitionStatus
    registered_at: datetime
    registered_by: str = ""
    deregistered_at: datetime | None = None
    note: str = ""
    others: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def read_sidecar(path: Path, fallback: Sidecar) -> Sidecar:
    """The sidecar, with what it lacks taken from ``fallback``, which is also the answer if there is none.

    Raises:
        DocumentError: it is there and broken; findings with line and column.
    """
    try:
        text = parse_toml(read_file(path, MAX_BYTES, follow=False), str(path))
    except FileNotFoundError:
        return fallback
    findings = list(filter(None, (_problem(text, name) for name in _KNOWN)))
    if findings:
        raise DocumentError(str(path), findings)
    values = text.values
    return Sidecar(
        values.get("status", fallback.status),
        values.get("registeredAt", fallback.registered_at),
        values.get("registeredBy", fallback.registered_by),
        values.get("deregisteredAt", fallback.deregistered_at),
        checked_note(values.get("note", fallback.note)),
        {name: value for name, value in values.items() if name not in _KNOWN},
    )


def render_sidecar(sidecar: Sidecar, path: Path) -> bytes:
    values: dict[str, Any] = {"status": sidecar.status, "registeredAt": sidecar.registered_at.astimezone(UTC)}
    if sidecar.registered_by:
        values["registeredBy"] = safe_line(sidecar.registered_by)
    if sidecar.deregistered_at is not None:
        values["deregisteredAt"] = sidecar.deregistered_at.astimezone(UTC)
    if sidecar.note:
        values["note"] = sidecar.note
    return render_toml(values | dict(sidecar.others), path)


def checked_note(note: str) -> str:
    """A note as it is kept: safe, without the blanks around it. Raises MoorageError when it is too long."""
    kept = safe(note.replace("\r\n", "\n")).strip()
    if len(kept) > MAX_NOTE:
        raise MoorageError(f"the note has {len(kept):,} characters; the limit is {MAX_NOTE:,}: make it shorter")
    return kept


def _problem(text: TomlText, name: str) -> Finding | None:
    if name not in text.values:
        return None
    value = text.values[name]
    if name == "status":
        good, remedy = value in get_args(DefinitionStatus), "write ACTIVE or INACTIVE in quotes"
    elif name == "registeredBy":
        good, remedy = isinstance(value, str), "write a name in quotes"
    elif name == "note":
        good = isinstance(value, str) and len(safe(value)) <= MAX_NOTE
        remedy = f"write a text of at most {MAX_NOTE:,} characters in quotes"
    else:
        good = isinstance(value, datetime) and value.tzinfo is not None
        remedy = "write a date and time with its zone and no quotes, as in 2025-01-31T09:30:00Z"
    return None if good else Finding(name, f"{text.place((name,))}: is not valid", remedy)
