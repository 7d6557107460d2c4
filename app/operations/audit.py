"""The audit log, for those who read it: ``moorage audit``. It is written where deeds are kept (``deeds.py``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.model.errors import MoorageError
from app.model.requests import Request
from app.model.since import parse_since
from app.operations.session import Session
from app.store.audit import AuditLog, Entry


class AuditRequest(Request):
    """Our own verb: on AWS this is CloudTrail."""

    cluster: Annotated[
        list[str], Field(description="Only of these clusters, by name or ARN (default: all).", default_factory=list)
    ]
    since: Annotated[str, Field(description="From then on: 90s, 10m, 2h30m, 1d, or an RFC 3339 time.")] = ""


def read_audit(session: Session, request: AuditRequest) -> tuple[dict[str, Any], list[str]]:
    """``{"entries": […]}``, oldest first, and what is wrong with the log, in lines. Raises MoorageError."""
    since = _moment(request.since, session.now())
    clusters = {session.cluster_name(name) for name in request.cluster}
    entries, broken = AuditLog(session.home).read()
    found = [
        entry
        for entry in entries
        if (not clusters or entry.get("cluster") in clusters) and (since is None or _is_since(entry, since))
    ]
    lines = "1 line" if broken == 1 else f"{broken} lines"
    trouble = [f"{lines} of the audit log cannot be read, and are left out"] if broken else []
    return {"entries": found}, trouble


def _is_since(entry: Entry, since: datetime) -> bool:
    try:
        return datetime.fromisoformat(entry["time"]) >= since
    except (ValueError, TypeError):
        return True


def _moment(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    found = parse_since(text, now)
    if found is None:
        raise MoorageError(f"since: {text!r} is no time", code="InvalidParameterException")
    return found
