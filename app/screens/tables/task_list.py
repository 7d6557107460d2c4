"""Which tasks a table shows and in which order: kept between looks, so that one change costs little among 10,000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.past_feed import asks_for_past
from app.screens.desk import Desk
from app.screens.events.past_rows import past_key, past_row, past_subject
from app.screens.filtering import Filter, parse_filter
from app.screens.rows import Foreign, foreign_containers, task_order, task_row, unmanaged_row
from app.screens.subjects import unmanaged_subject
from app.screens.tables.orders import CONTAINER_ORDERS, TASK_ORDERS
from app.screens.tables.task_index import TaskIndex
from app.screens.tables.use_orders import BY_USE, SORT_EVERY, foreign_use_orders, task_use_orders
from app.store.past_task import PastTask
from app.store.table_memory import Arrangement
from widgets.cells import Column, Row
from widgets.lazy_rows import LazyRows

Item = Task | Foreign | PastTask


class TaskList:
    """
    Args:
        cluster: the one whose tasks are listed; None: those of all.
        columns: what rows have cells for.
        host: the instance what is on which is listed; tasks of other clusters on its engine are dim.
    """

    def __init__(
        self, desk: Desk, cluster: str | None, columns: Sequence[Column], host: InstanceKey | None = None
    ) -> None:
        self._desk = desk
        self._cluster = cluster
        self._host = host
        self._columns = tuple(columns)
        self._asked: tuple[str, Arrangement] | None = None
        self._index = TaskIndex(desk.fleet, cluster, host)
        self._hosts: set[InstanceKey] = set()
        self._foreign: list[Foreign] = []
        self._foreign_total = 0
        self._items: list[Item] = []
        self._keys: list[str] = []
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
            self._asked = asked
            changes = None
        by_use = arrangement.sort in BY_USE and self._use_is_news()
        if self._past_is_news(text):
            changes = None
        if by_use:
            changes = None
        if changes is None or changes.tasks or changes.unmanaged or changes.instances:
            self._list(changes, parse_filter(text) if text else None, arrangement)
        items, fleet, steps, columns = self._items, self._desk.fleet, self._desk.board.steps, self._columns
        stats = self._desk.stats

        def make(index: int) -> Row:
            item = items[index]
            if isinstance(item, PastTask):
                return past_row(item, now, columns)
            if isinstance(item, Task):
                row = task_row(item, fleet, steps.get(item.id), now, columns, stats.of_task(item))
                return row if self._host is None or item.cluster == self._cluster else replace(row, dim=True)
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
            task
            for task in self._desk.past.tasks
            if self._cluster in (None, task.cluster)
            and (self._host is None or task.instance == self._host.name)
            and task.id not in there
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

    def _list(self, changes: ChangeSet | None, matches: Filter | None, arrangement: Arrangement) -> None:
        stats, sort = self._desk.stats, arrangement.sort
        value = (task_use_orders(stats) if sort in BY_USE else TASK_ORDERS).get(sort)
        if changes is None:
            self._index.begin(task_order if value is None else _by(value), matches)
        else:
            self._index.change(changes.tasks)
        if changes is None or changes.unmanaged or self._hosts != self._desk.fleet.instances.keys():
            self._find_foreign(matches)
        self.total = self._index.total + self._foreign_total
        tasks, keys, foreign = self._index.tasks, self._index.ids, self._foreign
        past = self._past(matches)
        if value is None:
            self._take([*tasks, *past, *foreign], [*keys, *map(_key, past), *map(_key, foreign)])
            return
        of_foreign = (foreign_use_orders(stats) if sort in BY_USE else CONTAINER_ORDERS)[sort]
        # Two runs that are in order already, or nearly: Python merges them in one pass.
        merged: list[tuple[Any, str, Item]] = list(zip(self._index.orders, keys, tasks, strict=True))
        order = _by_foreign(of_foreign)
        merged += sorted([(order(pair), _key(pair), pair) for pair in foreign], key=_first)
        merged.sort(key=_first)
        if arrangement.descending:
            missing = next((place for place, one in enumerate(merged) if one[0][0]), len(merged))
            merged[:missing] = merged[:missing][::-1]
        items = [one[2] for one in merged]
        self._take([*items, *past], [*[one[1] for one in merged], *map(_key, past)])

    def _find_foreign(self, matches: Filter | None) -> None:
        self._hosts = set(self._desk.fleet.instances)
        every = foreign_containers(self._states())
        self._foreign_total = len(every)
        self._foreign = [pair for pair in every if matches is None or matches(unmanaged_subject(*pair))]

    def _states(self) -> list[InstanceState]:
        instances = self._desk.fleet.instances
        if self._host is not None:
            state = instances.get(self._host)
            return [state] if state is not None else []
        return [state for state in instances.values() if self._cluster in (None, state.instance.key.cluster)]

    def _take(self, items: list[Item], keys: list[str]) -> None:
        self._items, self._keys = items, keys


def _by(value: Callable[[Task], Any]) -> Callable[[Task], Any]:
    """An order in which what has no value is last, and no two tasks are the same."""

    def order(task: Task) -> tuple[bool, Any, str]:
        found = value(task)
        return (True, 0, task.id) if found is None else (False, found, task.id)

    return order


def _by_foreign(value: Callable[[Foreign], Any]) -> Callable[[Foreign], Any]:
    def order(pair: Foreign) -> tuple[bool, Any, str]:
        found = value(pair)
        return (True, 0, _key(pair)) if found is None else (False, found, _key(pair))

    return order


def _first(one: tuple[Any, str, Item]) -> Any:
    return one[0]


def _key(item: Item) -> str:
    if isinstance(item, PastTask):
        return past_key(item)
    return item.id if isinstance(item, Task) else f"container:{item[0].id}"
