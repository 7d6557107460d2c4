"""Tasks in an order, kept so that a change of a few among 10,000 costs little: each is taken out and put in again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from app.fleet.fleet import Fleet
from app.model.instance import InstanceKey
from app.model.task import Task
from app.screens.filtering import Filter, Subject
from app.screens.subjects import task_subject

MANY = 0.2
"""From this share on it is quicker to begin anew than to change one by one."""


class TaskIndex:
    """``tasks`` and ``ids`` are in order and side by side; ``total`` counts those that the filter leaves out, too.

    Args:
        host: the instance all of whose tasks are meant, those of other clusters on its engine, too; None: no matter.
    """

    def __init__(self, fleet: Fleet, cluster: str | None, host: InstanceKey | None = None) -> None:
        self._fleet = fleet
        self._cluster = cluster
        self._host = host
        self._order: Callable[[Task], Any] = lambda task: task.id
        self._matches: Filter | None = None
        self._subjects: dict[str, tuple[Task, Subject]] = {}
        self._places: dict[str, Any] = {}
        self._every: dict[str, Task] = {}
        self.orders: list[Any] = []
        self.ids: list[str] = []
        self.tasks: list[Task] = []

    @property
    def total(self) -> int:
        return len(self._every)

    def begin(self, order: Callable[[Task], Any], matches: Filter | None) -> None:
        """Look at all tasks anew. ``order`` gives values that differ between any two tasks."""
        self._order, self._matches = order, matches
        self._every = {task.id: task for task in self._all()}
        if matches is None:
            self._subjects = {}
            chosen = list(self._every.values())
        else:
            self._subjects = {task.id: self._subject(task) for task in self._every.values()}
            chosen = [task for task, subject in self._subjects.values() if matches(subject)]
        ordered = sorted([(order(task), task.id, task) for task in chosen], key=_first)
        self.orders, self.ids = [one[0] for one in ordered], [one[1] for one in ordered]
        self.tasks = [one[2] for one in ordered]
        self._places = dict(zip(self.ids, self.orders, strict=True))

    def change(self, ids: Iterable[str]) -> None:
        """Look at these tasks alone: they changed, came or went."""
        changed = set(ids)
        if len(changed) > MANY * max(len(self._every), 1):
            self.begin(self._order, self._matches)
            return
        for id_ in changed:
            self._remove(id_)
            task = self._find(id_)
            if task is None:
                self._every.pop(id_, None)
                self._subjects.pop(id_, None)
            else:
                self._every[id_] = task
                self._add(task)

    def _remove(self, id_: str) -> None:
        order = self._places.pop(id_, None)
        if order is not None:
            place = bisect_left(self.orders, order)
            del self.orders[place], self.ids[place], self.tasks[place]

    def _add(self, task: Task) -> None:
        if self._matches is not None:
            self._subjects[task.id] = self._subject(task)
            if not self._matches(self._subjects[task.id][1]):
                return
        order = self._order(task)
        place = bisect_left(self.orders, order)
        self._places[task.id] = order
        self.orders.insert(place, order)
        self.ids.insert(place, task.id)
        self.tasks.insert(place, task)

    def _all(self) -> Iterable[Task]:
        if self._host is None:
            return self._fleet.tasks(self._cluster)
        state = self._fleet.instances.get(self._host)
        return state.tasks.values() if state is not None else ()

    def _find(self, id_: str) -> Task | None:
        if self._host is not None:
            state = self._fleet.instances.get(self._host)
            return state.tasks.get(id_) if state is not None else None
        return self._fleet.own_task(id_, self._cluster)

    def _subject(self, task: Task) -> tuple[Task, Subject]:
        known = self._subjects.get(task.id)
        return known if known is not None and known[0] is task else (task, task_subject(task))


def _first(one: tuple[Any, str, Task]) -> Any:
    return one[0]
