"""Telling engines that they are drained, which did not answer when that was asked: by whoever watches them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from app.fleet.fleet import Fleet
from app.hosts.threads import start_soon
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.operations.session import Session

_RETRY_AFTER = 60.0


class DrainTeller:
    """``consider`` is cheap and may be called at every change; engines are told in daemon threads.

    ``report`` is called from one of them.
    """

    def __init__(self, session: Session, report: Callable[[InstanceKey, str], None]) -> None:
        self._session = session
        self._report = report
        self._lock = threading.Lock()
        self._not_before: dict[InstanceKey, float] = {}

    def consider(self, fleet: Fleet, untouchable: Collection[str]) -> None:
        """``untouchable``: the URLs of engines at which nothing may be changed."""
        for key, state in fleet.instances.items():
            touchable = state.instance.endpoint not in untouchable
            if touchable and state.live and state.drain_untold and self._turn(key):
                start_soon(threading.Thread(target=self._tell, args=(key,), name=f"drain-{key.name}", daemon=True))

    def _turn(self, key: InstanceKey) -> bool:
        with self._lock:
            now = time.monotonic()
            if now < self._not_before.get(key, now):
                return False
            self._not_before[key] = now + _RETRY_AFTER
            return True

    def _tell(self, key: InstanceKey) -> None:
        # Here, so that the first frame need not wait for what reads and writes cluster files.
        from app.operations.draining import tell_engine

        try:
            mark = tell_engine(self._session, key)
        except MoorageError as error:
            self._report(key, f"{key.name} can't be told that it is DRAINING: {error.message}; tried again soon")
            return
        with self._lock:
            # What this answers to may still be seen for a moment; but it may be asked for anew at any later time.
            self._not_before[key] = time.monotonic() + 1
        if mark is not None:
            self._report(key, f"{key.name} is told now that it is DRAINING; all operators see it")
