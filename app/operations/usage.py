"""What unmanaged containers really use, asked for while somebody looks: a round a host every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from app.fleet.fleet import InstanceState
from app.hosts.engine import Engine
from app.hosts.usage import HostUse, UsageReader, together
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.safe_text import safe_line

PAUSE = 5.0
"""Seconds between the end of a host's round and its next."""
MOST_AT_A_TIME = 16
"""Hosts that are asked at the same time."""


@dataclass(slots=True)
class _Asked:
    """One host: its reader, and when it may be asked again. ``busy`` while a thread is at it."""

    endpoint: str
    reader: UsageReader
    due: float = 0.0
    busy: bool = False
    sums: HostUse = field(default_factory=lambda: HostUse(0, 0, 0, 0))


class UsageFeed:
    """Sums by instance. ``look`` and ``uses`` on one thread; rounds run in daemon threads, one for each host.

    Args:
        engine_of: the engine of an endpoint; may raise MoorageError.
        post: hands a call to the one thread, and wakes it.
    """

    def __init__(
        self,
        engine_of: Callable[[str], Engine],
        post: Callable[[Callable[[], None]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine_of = engine_of
        self._post = post
        self._clock = clock
        self._asked: dict[InstanceKey, _Asked] = {}
        self.uses: dict[InstanceKey, HostUse] = {}
        """By instance; one that was never asked with success, or has no unmanaged containers, is not in it."""

    def look(self, states: Iterable[InstanceState]) -> None:
        """Somebody looks at these instances now: ask those whose turn it is. Call it as often as you like."""
        now = self._clock()
        busy = sum(asked.busy for asked in self._asked.values())
        for state in states:
            known = self._asked.get(state.instance.key)
            if not state.live or (known is not None and (known.busy or known.due > now)):
                continue
            if busy >= MOST_AT_A_TIME:
                return
            busy += self._begin(state, now)

    def _begin(self, state: InstanceState, now: float) -> bool:
        """Start a round; False if there is nothing to ask."""
        key, endpoint = state.instance.key, state.instance.endpoint
        wanted = sorted(container.id for container in state.unmanaged if container.up)
        if not wanted:
            self.uses.pop(key, None)
            return False
        known = self._asked.get(key)
        if known is None or known.endpoint != endpoint:
            try:
                known = _Asked(endpoint, UsageReader(self._engine_of(endpoint)))
            except MoorageError:
                return False
            self._asked[key] = known
        known.busy, known.due = True, now
        asked = known

        def ask() -> None:
            try:
                read = together(asked.reader.round(wanted).values(), len(wanted))
            except MoorageError as error:
                read = replace(asked.sums, containers=len(wanted), problem=safe_line(error.message))
            self._post(lambda: self._take(key, asked, read))

        threading.Thread(target=ask, name=f"usage-{key.name}", daemon=True).start()
        return True

    def _take(self, key: InstanceKey, asked: _Asked, read: HostUse) -> None:
        asked.busy, asked.due, asked.sums = False, self._clock() + PAUSE, read
        if self._asked.get(key) is asked and read.known:
            self.uses[key] = read
