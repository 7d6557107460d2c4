"""Which hosts of a log desk are silent, since when, and how large the gap was when they are back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.model.safe_text import SafeText, safe_line

NOTICED_WITHIN = timedelta(seconds=9)
"""A host that hangs is found out by a ping: up to 3 s until it is sent, and 5 s until it is given up."""
_LONG_GAP = 120


@dataclass(slots=True)
class HostPulse:
    """``heard``: when something came from the host last; ``since``: since when it is silent, None: it is not."""

    name: str
    heard: datetime
    since: datetime | None = None

    def hear(self, now: datetime) -> SafeText | None:
        """Something came. What to tell: that it is back, if it was silent."""
        before, self.heard, self.since = self.since, now, None
        return None if before is None else safe_line(f"{self.name} back: gap of {duration(now - before)}")

    def lose(self, noticed: datetime, reason: str, *, at_once: bool) -> SafeText | None:
        """It does not answer. What to tell, if that is news.

        Args:
            at_once: the connection broke, just then; otherwise it may have been dead for as long as a ping takes.
        """
        if self.since is not None:
            return None
        self.since = noticed if at_once else max(self.heard, noticed - NOTICED_WITHIN)
        why = f": {reason}" if reason else ""
        return safe_line(f"{self.name} silent since {clock(self.since)}{why}")


def clock(moment: datetime) -> str:
    """The time of day, local, as it is shown."""
    return moment.astimezone().strftime("%H:%M:%S")


def duration(span: timedelta) -> str:
    """``61 s``, ``3 min 5 s``, ``2 h 5 min``."""
    seconds = max(round(span.total_seconds()), 1)
    if seconds < _LONG_GAP:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < _LONG_GAP:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
