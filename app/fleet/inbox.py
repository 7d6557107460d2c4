"""Between the watchers' threads and the fleet's one thread: the latest update of each object wins.

Bounded by the number of objects, not by the rate of events.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from app.model.instance import InstanceKey
from app.model.update import HostRead, HostUpdate


class Inbox:
    """``wake`` is called, from the putting thread, when the first update comes into an empty inbox."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._updates: dict[tuple[InstanceKey, Hashable], HostUpdate] = {}

    def put(self, update: HostUpdate) -> None:
        key = (update.instance, update.subject)
        with self._lock:
            was_empty = not self._updates
            if isinstance(update, HostRead):
                # It replaces all that was known of the host, so older news of its objects must not come after it.
                for stale in [
                    other for other in self._updates if other[0] == update.instance and isinstance(other[1], tuple)
                ]:
                    del self._updates[stale]
            self._updates.pop(key, None)
            self._updates[key] = update
        if was_empty:
            self._wake()

    def drain(self) -> list[HostUpdate]:
        """All updates, in the order in which they are to be applied."""
        with self._lock:
            updates, self._updates = self._updates, {}
        return list(updates.values())
