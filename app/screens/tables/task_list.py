"""Which tasks a table shows and in which order: kept between looks, so that one change costs little among 10,000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.model.task import Task
from app.operations.past_feed import asks_for_past
from app.screens.desk import Desk
from app.screens.events.past_rows import past_key, past_row, past_subject
from app.screens.filtering import Filter, Subject, parse_filter
from app.screens.rows import task_order, task_row, task_subject, unmanaged_row, unmanaged_subject
from app.screens.tables.orders import CONTAINER_ORDERS, TASK_ORDERS
from app.screens.tables.use_orders import BY_USE, SORT_EVERY, foreign_use_orders, task_use_orders
from app.store.past_task import PastTask
from app.store.table_memory import Arrangement
from widgets.cells import Column, Row
from widgets.lazy_rows import LazyRows

Foreign = tuple[Container, InstanceState]
Item = Task | Foreign | PastTask


class TaskList:
    """
    Args:
        cluster: the one whose tasks are listed; None: those of all.
        columns: what rows have cells for.
    """

    def __init__(self, desk: Desk, cluster: str | None, columns: Sequence[Column]) -> None:
        self._desk = desk
        self._cluster = cluster
        self._columns = tuple(columns)
        self._asked: tuple[str, Arrangement] | None = None
        self._verdicts: dict[str, tuple[Task, bool]] = {}
        self._subjects: dict[str, tuple[Task, Subject]] = {}
        self._values: dict[str, tuple[Task, Any]] = {}
        self._items: list[Item] = []
        self._keys: tuple[str, ...] = ()
        self._sorted_at = 0.0
        self._past_seen = -1
        self.total = 0

    @property
    def count(self) -> int:
        """How many rows there are with the filter; ``total``: without it."""
        return len(self._keys)

    def rows(self, changes: ChangeSet | None, text: str, arrangement: Arrangement, now: datetime) -> LazyRows:
        """
        Args:
            changes: what has changed since the last call; None: everything may have.
            text: the filter.
        """
        asked = (text, arrangement)
        if asked != self._asked:
            if self._asked is None or text != self._asked[0]:
                self._verdicts.clear()
            self._values.clear()
            self._asked = asked
            changes = None
        by_use = arrangement.sort in BY_USE and self._use_is_news()
        if self._past_is_news(text):
            changes = None
        if changes is None or changes.tasks or changes.unmanaged or changes.instances or by_use:
            self._list(parse_filter(text) if text else None, arrangement)
        items, fleet, steps, columns = self._items, self._desk.fleet, self._desk.board.steps, self._columns
        stats = self._desk.stats

        def make(index: int) -> Row:
            item = items[index]
            if isinstance(item, PastTask):
                return past_row(item, now, columns)
            if isinstance(item, Task):
                return task_row(item, fleet, steps.get(item.id), now, columns, stats.of_task(item))
            return unmanaged_row(*item, now, columns, stats.of(item[0].id))

        return LazyRows(self._keys, make)

    def _past_is_news(self, text: str) -> bool:
        """What no instance has any more is listed where stopped tasks are asked for."""
        past, seen = self._desk.past, self._past_seen
        if asks_for_past(text):
            past.look()
            self._past_seen = past.changed
        else:
            self._past_seen = -1
        return seen != self._past_seen

    def _past(self, matches: Filter | None) -> list[PastTask]:
        if self._past_seen < 0 or matches is None:
            return []
        there = {task.id for task in self._desk.fleet.tasks(self._cluster)}
        found = [
            task for task in self._desk.past.tasks if self._cluster in (None, task.cluster) and task.id not in there
        ]
        self.total += len(found)
        return [task for task in found if matches(past_subject(task))]

    def _use_is_news(self) -> bool:
        """All are to be asked then, not only those in sight; and it is time to sort again."""
        stats = self._desk.stats
        stats.want_sums(self._states())
        due = stats.clock() - self._sorted_at >= SORT_EVERY
        if due:
            self._sorted_at = stats.clock()
        return due

    def _list(self, matches: Filter | None, arrangement: Arrangement) -> None:
        tasks, foreign = self._desk.fleet.tasks(self._cluster), self._foreign()
        self.total = len(tasks) + len(foreign)
        if matches is None:
            self._verdicts, self._subjects = {}, {}
        else:
            tasks = self._matching(tasks, matches)
            foreign = [pair for pair in foreign if matches(unmanaged_subject(*pair))]
        foreign.sort(key=lambda pair: (pair[1].instance.key, not pair[0].up, pair[0].name))
        stats, by_use = self._desk.stats, arrangement.sort in BY_USE
        value = (task_use_orders(stats) if by_use else TASK_ORDERS).get(arrangement.sort)
        if value is None:
            order = self._remembered(tasks, task_order)
            tasks.sort(key=lambda task: order[task.id][1])
            self._take([*tasks, *self._past(matches), *foreign])
            return
        tasks.sort(key=lambda task: task.id)
        if by_use:
            self._values.clear()  # the task is the same, and what it uses another
        order = self._remembered(tasks, value)
        of_container = (foreign_use_orders(stats) if by_use else CONTAINER_ORDERS)[arrangement.sort]
        valued: list[tuple[Any, Item]] = [(order[task.id][1], task) for task in tasks]
        valued += [(of_container(pair), pair) for pair in foreign]
        there = [pair for pair in valued if pair[0] is not None]
        there.sort(key=lambda pair: pair[0], reverse=arrangement.descending)
        ordered = [item for _, item in there] + [item for found, item in valued if found is None]
        self._take([*ordered, *self._past(matches)])

    def _foreign(self) -> list[Foreign]:
        return [(container, state) for state in self._states() for container in state.unmanaged]

    def _states(self) -> list[InstanceState]:
        states = self._desk.fleet.instances.values()
        return [state for state in states if self._cluster in (None, state.instance.key.cluster)]

    def _matching(self, tasks: Sequence[Task], matches: Filter) -> list[Task]:
        """Each task is looked at again only when it is another; those that are gone are forgotten."""
        known, fresh = self._verdicts, {}
        subjects, fresh_subjects = self._subjects, {}
        for task in tasks:
            subject = subjects.get(task.id)
            if subject is None or subject[0] is not task:
                subject = task, task_subject(task)
            fresh_subjects[task.id] = subject
            found = known.get(task.id)
            fresh[task.id] = found if found is not None and found[0] is task else (task, matches(subject[1]))
        self._verdicts, self._subjects = fresh, fresh_subjects
        return [task for task in tasks if fresh[task.id][1]]

    def _remembered(self, tasks: Sequence[Task], value: Callable[[Task], Any]) -> dict[str, tuple[Task, Any]]:
        """Each task's value, made again only where the task is another; those that are gone are forgotten."""
        known, fresh = self._values, {}
        for task in tasks:
            found = known.get(task.id)
            fresh[task.id] = found if found is not None and found[0] is task else (task, value(task))
        self._values = fresh
        return fresh

    def _take(self, items: list[Item]) -> None:
        """One engine in two clusters lists its unmanaged containers twice: the first row of a key stays."""
        keys = [_key(item) for item in items]
        if len(set(keys)) < len(keys):
            unique: dict[str, Item] = {}
            for key, item in zip(keys, items, strict=True):
                unique.setdefault(key, item)
            keys, items = list(unique), list(unique.values())
        self._items, self._keys = items, tuple(keys)


def _key(item: Item) -> str:
    if isinstance(item, PastTask):
        return past_key(item)
    return item.id if isinstance(item, Task) else f"container:{item[0].id}"
