"""Telling of tasks that they ended because their engine was restarted: by whoever watches it when it is there again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from app.fleet.fleet import Fleet, belongs
from app.hosts.engine_restart import engine_started_at, mark_restart, restart_after
from app.hosts.threads import start_soon
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.task import Task
from app.operations.session import Session


class RestartTeller:
    """``consider`` is cheap and may be called at every change; engines are asked in daemon threads, each once when it
    comes into reach.

    ``report`` is called from one of them.
    """

    def __init__(self, session: Session, report: Callable[[InstanceKey, str], None]) -> None:
        self._session = session
        self._report = report
        self._asked: dict[InstanceKey, datetime] = {}

    def consider(self, fleet: Fleet, untouchable: Collection[str]) -> None:
        """``untouchable``: the URLs of engines at which nothing may be changed."""
        for key, state in fleet.instances.items():
            since = state.freshness.since
            if not state.live or state.instance.endpoint in untouchable or self._asked.get(key) == since:
                continue
            self._asked[key] = since
            ended = [
                task
                for task in map(state.tasks.__getitem__, state.restless)
                if task.last_status == "STOPPED" and not task.stopped_by and belongs(task, state)
            ]
            if ended:
                job = (state.instance, ended)
                start_soon(threading.Thread(target=self._tell, args=job, name=f"restart-{key.name}", daemon=True))

    def _tell(self, instance: Instance, ended: Sequence[Task]) -> None:
        try:
            engine = self._session.engine(instance.reached_by)
            started_at = engine_started_at(engine)
            if started_at is None:
                return
            with_it = []
            for task in ended:
                if (after := restart_after(task, started_at)) is not None:
                    mark_restart(engine, task, after)
                    with_it.append(f"{task.definition} {task.id[:8]}")
        except MoorageError:
            # It is out of reach again, and is asked when it comes back: nothing else depends on it.
            return
        if with_it:
            self._report(instance.key, f"{instance.key.name} was restarted, which ended {', '.join(sorted(with_it))}")
