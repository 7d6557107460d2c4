"""What screens are given to work with: the fleet, the operations' session, background jobs, and launch progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from app.fleet.alerts import AlertBook
from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.errors import MoorageError
from app.model.progress import Progress
from app.model.safe_text import safe
from app.operations.event_feed import EventFeed
from app.operations.host_history import HostHistories
from app.operations.monitor import Monitor
from app.operations.past_feed import PastFeed
from app.operations.session import Session
from app.operations.stats import StatsFeed
from app.operations.usage import UsageFeed
from app.screens.doors import AllDoors, Doors
from app.screens.images.feed import ImageFeed
from app.screens.images.works import WorkBoard
from app.store.command_history import CommandHistory
from app.store.table_memory import TableMemory

T = TypeVar("T")
Post = Callable[[Callable[[], None]], None]
"""Hands a call from any thread to the screen's thread."""


class Jobs:
    """Runs operations in daemon threads, so that no key waits on a network; results come back on the screen's."""

    def __init__(self, post: Post, complain: Callable[[str], None]) -> None:
        self._post = post
        self._complain = complain

    def run(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None] | None = None
    ) -> None:
        """``failed`` gets the error in one line; without it the line is shown as a notification."""

        def job() -> None:
            try:
                result = work()
            except MoorageError as error:
                self._post(partial(failed or self._complain, error.message))
            except Exception as error:  # noqa: BLE001 - a bug in an operation must not end the dashboard; it is shown
                self._post(partial(failed or self._complain, safe(f"{type(error).__name__}: {error}")))
            else:
                self._post(partial(done, result))

        threading.Thread(target=job, name="job", daemon=True).start()

    def post(self, call: Callable[[], None]) -> None:
        self._post(call)

    def complain(self, problem: str) -> None:
        """Show what is wrong as a notification; from any thread."""
        self._post(partial(self._complain, problem))


@dataclass(slots=True)
class LaunchBoard:
    """The last step of each launch that this process has a hand in. Touched on the screen's thread only."""

    steps: dict[str, Progress] = field(default_factory=dict)

    def take(self, progress: Progress) -> None:
        if progress.step in ("running", "stopped"):
            self.steps.pop(progress.task_id, None)
        else:
            self.steps[progress.task_id] = progress

    def consider(self, fleet: Fleet, changes: ChangeSet) -> None:
        """Forget the tasks that are gone: who stopped one may not have come to its last step, or warned after it."""
        for task_id in self.steps.keys() & changes.tasks:
            if fleet.find_task(task_id) is None:
                del self.steps[task_id]


@dataclass(slots=True)
class Desk:
    session: Session
    monitor: Monitor
    jobs: Jobs
    board: LaunchBoard
    in_hand: set[str] = field(default_factory=set)
    """Ids of tasks that are being stopped from here."""
    doors: Doors = field(init=False)
    events: EventFeed = field(init=False)
    """What happened; and the journal that keeps it."""
    past: PastFeed = field(init=False)
    """Tasks that no instance has any more."""
    alerts: AlertBook = field(default_factory=AlertBook)
    """What needs a person."""
    commands: CommandHistory = field(init=False)
    tables: TableMemory = field(init=False)
    """How each table is sorted and arranged."""
    stats: StatsFeed = field(init=False)
    """What containers use; asks only while a screen looks."""
    host_histories: HostHistories = field(init=False)
    """What whole instances use, over time."""
    usage: UsageFeed = field(init=False)
    """What unmanaged containers use together."""
    images: ImageFeed = field(init=False)
    """Which images are where; asks only while a screen looks."""
    works: WorkBoard = field(init=False)
    """What is pulled, pushed, copied and built from here."""

    def __post_init__(self) -> None:
        self.doors = AllDoors(self)
        self.events = EventFeed(self.session, self.jobs.post, self.jobs.complain)
        self.past = PastFeed(self.session, self.jobs.post)
        self.commands = CommandHistory(self.session.home)
        self.tables = TableMemory(self.session.home)
        self.stats = StatsFeed(self.session.engine)
        self.usage = UsageFeed(self.stats)
        self.host_histories = HostHistories(self.stats)
        self.images = ImageFeed(self)
        self.works = WorkBoard(self.jobs)

    @property
    def fleet(self) -> Fleet:
        return self.monitor.fleet

    def tell(self, progress: Progress) -> None:
        """Take a step of a launch or a stop, from any thread."""
        self.jobs.post(lambda: self.board.take(progress))
