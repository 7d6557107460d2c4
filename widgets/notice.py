"""A notice that may run out while it is put on the screen."""

from __future__ import annotations

from typing import Final

from textual.notifications import Notification

SOON: Final = 0.01


class Notice(Notification):
    """Never shown for less than no time.

    Textual 8.2.8 asks a notice for the time that is left to it after it was found not to have run out. If it has by
    then, the delay is negative, and a timer with one turns round for ever, with the whole program.
    """

    @property
    def time_left(self) -> float:
        """Seconds, and some always."""
        return max(super().time_left, SOON)

    @property
    def has_expired(self) -> bool:
        """Whether it is to be shown no more."""
        return super().time_left <= 0
