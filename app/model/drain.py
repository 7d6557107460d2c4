"""The mark that an engine is drained: a record about the engine itself, where every operator sees it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from app.model.record import RECORD_PREFIX
from app.model.safe_text import SafeText

_PREFIX = f"{RECORD_PREFIX}drain-"
_NAME = re.compile(re.escape(_PREFIX) + r"[0-9a-f]{16}")

LONGEST_REASON = 255


@dataclass(frozen=True, slots=True)
class DrainMark:
    """That a cluster places nothing new on this engine, since when, by whom and why.

    ``name`` is that of its volume, and tells the cluster. ``by`` is "" and ``at`` None where nobody knows: of a record
    that cannot be read, which counts all the same, and of what a cluster file alone says.
    """

    name: str
    by: SafeText = SafeText("")
    at: datetime | None = None
    reason: SafeText = SafeText("")


def drain_name(cluster: str) -> str:
    """One for each cluster that an engine is in: what drains it in prod leaves it be in staging."""
    return _PREFIX + hashlib.sha256(cluster.encode()).hexdigest()[:16]


def is_drain_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
