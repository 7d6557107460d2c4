"""Between the watchers' threads and the fleet's one thread: the latest update of each object wins.

Bounded by the number of objects, not by the rate of events.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from app.model.instance import InstanceKey
from app.model.update import HostRead, HostUpdate


class Inbox:
    """``wake`` is called, from the putting thread, when the first update comes into an empty inbox.

    And by ``drain``, when it leaves some.
    """

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

    def drain(self, most: int | None = None) -> list[HostUpdate]:
        """The updates, in the order in which they are to be applied; ``most``: of about how many objects.

        There may be a hundred hosts whose every task came at once: nobody wants to wait until all of it is applied.
        """
        with self._lock:
            if most is None:
                updates, self._updates = self._updates, {}
                return list(updates.values())
            taken: list[HostUpdate] = []
            while self._updates and most > 0:
                update = self._updates.pop(next(iter(self._updates)))
                taken.append(update)
                most -= _objects(update)
            left = bool(self._updates)
        if left:
            self._wake()
        return taken


def _objects(update: HostUpdate) -> int:
    return 1 + len(update.containers) + len(update.records) if isinstance(update, HostRead) else 1
