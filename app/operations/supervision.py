"""Doing what is due on all tasks of the fleet, and remembering those that end, beside whatever else this process does.

Stateless but for what is under way: with several processes doing this at once, each step is idempotent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from app.fleet.fleet import Fleet, InstanceState, belongs
from app.hosts.supervisor import Hand, act, due, left_over, sweep
from app.hosts.task_objects import read_task
from app.hosts.threads import start_soon
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.progress import Progress, Tell
from app.model.resources import Resources
from app.model.task import Task
from app.operations.drain_teller import DrainTeller
from app.operations.placeholders import PlaceholderSweep
from app.operations.restart_teller import RestartTeller
from app.operations.session import Session

if TYPE_CHECKING:
    from app.operations.history import Historian

Report = Callable[[InstanceKey, str], None]
"""Called from a working thread with what was done, or could not be done, on an instance."""

AT_ONCE = 8
"""Tasks that are worked on at the same time; the next ones' turn comes at the next look."""
_RETRY_AFTER = 5.0
_VERB = "supervise"
"""What the events and the audit log call it: nobody has called a verb."""


class Rests:
    """Which tasks are left in peace for a while after they were worked on. Keeps none whose rest is over."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: dict[str, float] = {}

    def begin(self, task_id: str) -> None:
        now = self._clock()
        self._until = {resting: until for resting, until in self._until.items() if until > now}
        self._until[task_id] = now + self._seconds

    def __contains__(self, task_id: str) -> bool:
        return self._clock() < self._until.get(task_id, 0)

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._until)


class Supervision:
    """``consider`` is cheap and may be called at every change; the work goes on in daemon threads.

    ``complain`` is called from one of them with what is wrong with the history.
    """

    def __init__(
        self, session: Session, report: Report, complain: Callable[[str], None], tell: Tell | None = None
    ) -> None:
        self._session = session
        self._report = report
        self._complain = complain
        self._tell = tell or _quiet
        self._historian: Historian | None = None
        self._placeholders = PlaceholderSweep(session, report)
        self._drains = DrainTeller(session, report)
        self._restarts = RestartTeller(session, report)
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._rests = Rests(_RETRY_AFTER)

    @property
    def busy(self) -> bool:
        with self._lock:
            return bool(self._under_way) or self._placeholders.busy

    def consider(self, fleet: Fleet, in_hand: Collection[str] = ()) -> None:
        """Begin what is due; ``in_hand``: ids of tasks that this process is at work on already."""
        self._remember(fleet)
        # What is read-only here is left to whoever may change it: nothing is done there, and nothing complained of.
        untouchable = self._session.policies.untouchable()
        self._placeholders.consider(fleet, untouchable, in_hand)
        self._drains.consider(fleet, untouchable)
        self._restarts.consider(fleet, untouchable)
        retention = self._session.settings.retention
        for key, state in fleet.instances.items():
            if not state.live or state.instance.endpoint in untouchable:
                continue
            now = fleet.host_now(key)
            for task in map(state.tasks.__getitem__, state.restless):
                if belongs(task, state) and task.id not in in_hand and due(task, now, retention) is not None:
                    self._begin(task.id, state, f"{task.definition} {task.id[:8]}")
            for task_id in state.records_by_task.keys() - state.tasks.keys():
                if all(left_over(state.records[name], now, retention) for name in state.records_by_task[task_id]):
                    self._begin(task_id, state, f"records of {task_id[:8]}")

    def close(self, within: float = 2.0) -> None:
        """Finish what is being remembered, for at most ``within`` seconds.

        What finds no time is remembered by whoever watches next; what is under way on hosts ends with the process.
        """
        if self._historian is not None:
            self._historian.close(within)

    def _keep(self, key: InstanceKey, task: Task, done: str) -> None:
        # Here, because it brings pydantic along, which a first frame has no time for.
        from app.operations.deeds import keep_deed

        keep_deed(
            self._session,
            _VERB,
            done,
            cluster=key.cluster,
            instance=key.name,
            task_id=task.id,
            family=task.family,
            revision=task.revision,
        )

    def _remember(self, fleet: Fleet) -> None:
        if self._historian is None:
            # Here, so that the first frame need not wait for what reads logs and writes a database.
            from app.operations.history import Historian

            self._historian = Historian(self._session, self._complain)
        self._historian.note(fleet)

    def _begin(self, task_id: str, state: InstanceState, name: str) -> None:
        with self._lock:
            if task_id in self._under_way or len(self._under_way) >= AT_ONCE or task_id in self._rests:
                return
            self._under_way.add(task_id)
        job = (task_id, state.instance, state.registered, name)
        start_soon(threading.Thread(target=self._act, args=job, name=f"due-{task_id[:8]}", daemon=True))

    def _act(self, task_id: str, instance: Instance, capacity: Resources, name: str) -> None:
        try:
            engine, settings = self._session.engine(instance.reached_by), self._session.settings
            # What was seen may be old by now: look again right before acting.
            fresh = read_task(engine, instance.key, task_id)
            if fresh is None:
                sweep(engine, task_id, settings.retention)
            what = due(fresh, engine.now(), settings.retention) if fresh is not None else None
            if fresh is not None and what == "forget":
                from app.operations.history import remember_if_possible

                for warning in remember_if_possible(self._session, engine, fresh):
                    self._complain(warning)
            hand = Hand(self._session.owner, self._tell, capacity, settings)
            done = act(engine, fresh, what, hand) if fresh and what else ""
            if fresh and done:
                self._report(instance.key, done)
                self._keep(instance.key, fresh, done)
                self._placeholders.soon(instance.key.cluster)
        except MoorageError as error:
            self._report(instance.key, f"{name}: {error.message}; tried again soon")
        finally:
            with self._lock:
                self._under_way.discard(task_id)
                self._rests.begin(task_id)


def _quiet(_: Progress) -> None:
    return None
