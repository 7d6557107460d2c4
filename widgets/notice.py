"""A notice that may run out while it is put on the screen, and the few of them that are shown at once."""

from __future__ import annotations

from typing import Final, Self

from textual.notifications import Notification, Notifications

SOON: Final = 0.01
MOST_SHOWN: Final = 6
SAME_FOR: Final = 1.0
"""Seconds in which the same words again are no news."""


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


class Notices(Notifications):
    """Those that are shown: the last few, and none twice.

    With every key that is held down another notice may come, thirty a second. Textual lays all of them out again for
    each one more, and each screen that is gone to gets all of them anew: some hundreds held up the keys for seconds.
    """

    def add(self, notification: Notification) -> Self:
        """What says the same as one that has only just come is left out; beyond the most of them the oldest goes."""
        for shown in list(self):
            if _words(shown) == _words(notification):
                if notification.raised_at - shown.raised_at < SAME_FOR:
                    return self
                del self[shown]
        super().add(notification)
        for oldest in list(self)[:-MOST_SHOWN]:
            del self[oldest]
        return self


def _words(notification: Notification) -> tuple[str, str, str]:
    return notification.title, notification.message, notification.severity
