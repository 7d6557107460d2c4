"""Which version of Docker's API is spoken with an engine. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from app.hosts.errors import HostError
from app.model.safe_text import safe_line

OLDEST: Final = (1, 41)
"""Docker 20.10."""
NEWEST: Final = (1, 51)
"""Docker 28: what later ones leave out or change has not been tried."""
_VERSION: Final = re.compile(r"(\d{1,2})\.(\d{1,3})")
_WRONG_VERSION: Final = re.compile(rb"client version [0-9.]+ is too (old|new)")


def negotiated(told: Any) -> str:
    """The newest version that both know, from an engine's ``/version``. Raises HostError refused when there is none."""
    members = told if isinstance(told, dict) else {}
    newest = _parsed(members.get("ApiVersion"))
    oldest = _parsed(members.get("MinAPIVersion") or "1.0")
    if newest < OLDEST:
        name = safe_line(str(members.get("Version") or "?")[:40])
        raise HostError(
            f"INCOMPATIBLE: its API is {_text(newest)} (Docker {name}); Moorage needs {_text(OLDEST)}, which is Docker"
            " 20.10, or a newer one",
            "refused",
        )
    if oldest > NEWEST:
        raise HostError(
            f"INCOMPATIBLE: its API begins at {_text(oldest)}, and this Moorage speaks {_text(NEWEST)} at most; use a"
            " newer Moorage",
            "refused",
        )
    return _text(min(newest, NEWEST))


def is_wrong_version(status: int, body: bytes) -> bool:
    """Is this how an engine says that it has become another one, and does not speak our version any more?"""
    return status == 400 and _WRONG_VERSION.search(body[:400]) is not None


def _parsed(version: object) -> tuple[int, int]:
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        raise HostError("no Docker Engine answers there: it tells no API version", "failed")
    return int(match[1]), int(match[2])


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
