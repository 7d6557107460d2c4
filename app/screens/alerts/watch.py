"""Feeds the alerts with what changes and what is measured, and rings the bell, never more than once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from app.fleet.changes import ChangeSet
from app.model.task import Task
from app.screens.desk import Desk

BELL_EVERY = 10.0
MEASURED_AT_ONCE = 500
"""Tasks whose memory is looked at in one tick: of ten thousand each comes round in twenty seconds."""


class AlertWatch:
    def __init__(self, desk: Desk, ring: Callable[[], None] | None) -> None:
        self._desk = desk
        self._ring = ring
        self._began = datetime.now(UTC)
        self._rang_at = -BELL_EVERY
        self._looked = False
        self._round: Iterator[Task] = iter(())

    def consider(self, changes: ChangeSet) -> None:
        """At every change; the first time everything is looked at."""
        if changes.tasks or not self._looked:
            self._desk.alerts.consider(self._desk.fleet, changes if self._looked else None)
            self._looked = True

    def tick(self) -> None:
        """Once a second."""
        self.consider(ChangeSet())
        self._measure()
        desk = self._desk
        unseen = desk.alerts.unseen(desk.fleet, datetime.now(UTC))
        new = desk.alerts.new_since_last(unseen, self._began)
        if new and self._ring is not None and time.monotonic() - self._rang_at >= BELL_EVERY:
            self._rang_at = time.monotonic()
            self._ring()

    def _measure(self) -> None:
        desk = self._desk
        for _ in range(MEASURED_AT_ONCE):
            task = next(self._round, None)
            if task is None:
                self._round = iter(desk.fleet.tasks())
                return
            for part in task.containers:
                stats = desk.stats.of(part.runtime.id) if part.runtime is not None else None
                if stats is not None and stats.memory is not None and stats.limit:
                    now = desk.fleet.host_now(task.instance)
                    desk.alerts.measured(task, part.name, stats.memory, stats.limit, now)
