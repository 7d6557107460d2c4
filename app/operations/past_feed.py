"""Tasks of the past for a table: read from the history while somebody asks for stopped tasks."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from app.model.errors import MoorageError
from app.operations.session import Session
from app.store.past_task import PastTask

MOST_PAST = 2000
LOOK_EVERY = 3.0
"""Seconds between two looks."""
_ASKED = re.compile(r'(?:\A|\s)state:=?"?stopp?(?:ed?)?"?(?=\s|\Z)', re.IGNORECASE)


def asks_for_past(text: str) -> bool:
    """Does a filter ask for STOPPED tasks? ``state:stop`` does, as far as it is typed."""
    return _ASKED.search(text) is not None


class PastFeed:
    """Call everything on the screens' thread. ``tasks``: the one that ended last first.

    Args:
        post: hands a call to that thread, and wakes it.
    """

    def __init__(self, session: Session, post: Callable[[Callable[[], None]], None]) -> None:
        self._session = session
        self._post = post
        self._busy = False
        self._due = 0.0
        self.tasks: Sequence[PastTask] = ()
        self.changed = 0
        """Grows with each change of ``tasks``."""
        self.trouble = ""
        """Why the history cannot be read, in a line."""

    def look(self) -> None:
        """Somebody looks now. Call it as often as you like."""
        now = time.monotonic()
        if not self._busy and now >= self._due:
            self._busy, self._due = True, now + LOOK_EVERY
            threading.Thread(target=self._read, name="past-feed", daemon=True).start()

    def _read(self) -> None:
        # Here, so that the first frame need not wait for it.
        from app.store.history import HistoryStore

        store, found, trouble = HistoryStore(self._session.home), list[PastTask](), ""
        try:
            found = store.search(limit=MOST_PAST)
            trouble = "; ".join(store.take_warnings())
        except MoorageError as error:
            trouble = error.message
        self._post(partial(self._take, found, trouble))

    def _take(self, found: list[PastTask], trouble: str) -> None:
        self._busy = False
        if (found, trouble) != (list(self.tasks), self.trouble):
            self.tasks, self.trouble = found, trouble
            self.changed += 1
