"""A lease on a launch: a sign of life that every operator can read, so that two never work on one launch."""

from __future__ import annotations

import threading
from types import TracebackType

from app.hosts.engine import Engine
from app.hosts.errors import CALL_TIMEOUT, HostError
from app.hosts.task_objects import release_leases, write_record
from app.model.record import LEASE_TERM, Lease

_RENEWAL = LEASE_TERM.total_seconds() / 3
_MOST_UNREADABLE = 10


def take_lease(engine: Engine, task_id: str, number: int, owner: str) -> int:
    """Try to become the one who works on a launch: the number of the lease, 0 when somebody else has it.

    The first writer of a number wins. What nobody can read under its name is nobody's: the next number is taken then.
    """
    for after in range(number, number + _MOST_UNREADABLE):
        lease = write_record(engine, Lease(task_id, after, owner, engine.now()))
        if lease is not None:
            return after if isinstance(lease, Lease) and lease.owner == owner else 0
    return 0


class LeaseKeeper:
    """Renews a lease while its block runs. Quick launches need none: the task's record counts as the first."""

    def __init__(self, engine: Engine, task_id: str, owner: str, number: int = 0, renewal: float = _RENEWAL) -> None:
        self._engine = engine
        self._task_id = task_id
        self._owner = owner
        self._number = number
        self._renewal = renewal
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{task_id[:8]}", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # A renewal that is under way must not come after the task's records are taken away.
        self._thread.join(CALL_TIMEOUT)
        # A lease that is left behind when the launch was broken off runs out by itself.
        if kind is None and self._number:
            release_leases(self._engine, self._task_id)

    def _renew(self) -> None:
        while not self._over.wait(self._renewal):
            try:
                write_record(self._engine, Lease(self._task_id, self._number + 1, self._owner, self._engine.now()))
            except HostError:
                continue  # the host is away for a moment: tried again at the next turn
            self._number += 1
