"""Answers in JSON, and bodies that must be some."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from app.demo.engine.connection import Answer
from app.demo.engine.http import Request
from app.demo.engine.refused import Refused

NOTHING = Answer(204, type="")


def told(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, separators=(",", ":")).encode() + b"\n")


def listed(entries: Iterable[bytes]) -> Answer:
    """A list of what is JSON already."""
    return Answer(200, b"[" + b",".join(entries) + b"]\n")


def body_of(request: Request) -> dict[str, Any]:
    """Raises Refused."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refused(400, "invalid JSON: the body cannot be read") from None
    if not isinstance(body, dict):
        raise Refused(400, "invalid JSON: the body is no object")
    return body


def number(request: Request, name: str) -> int | None:
    """A whole number among the parameters; None: there is none. Raises Refused."""
    text = request.last(name)
    try:
        return int(text) if text else None
    except ValueError:
        raise Refused(400, f'strconv.Atoi: parsing "{text[:40]}": invalid syntax') from None
