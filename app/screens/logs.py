"""Logs of one task, full screen: followed live, searched, wrapped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.instance import InstanceKey
from app.model.task import Task
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.json_screen import search_in
from app.screens.log_feed import LogFeed
from app.screens.task_actions import TaskActions
from widgets.cells import Cell, Span
from widgets.log_view import LogView

EMPTY_LOG = """No log lines yet.

What the task's containers write to stdout and stderr appears here."""


class LogsScreen(TaskActions):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings("search", "stop", "copy.command", *INSIDE)

    def __init__(self, desk: Desk, task_id: str, instance: InstanceKey) -> None:
        super().__init__(desk)
        self._task_id = task_id
        self._instance = instance
        self._feed: LogFeed | None = None
        self._note = ""

    def chosen_task(self) -> Task | None:
        state = self.desk.fleet.instances.get(self._instance)
        return state.tasks.get(self._task_id) if state else None

    def crumbs(self) -> Iterable[str]:
        task = self.chosen_task()
        definition = (task.definition,) if task else ()
        return (self._instance.cluster, *definition, self._task_id[:8], "logs")

    def status(self) -> Cell:
        task = self.chosen_task()
        state = formats.task_status(task) if task else (Span("gone", "muted"),)
        return (*state, Span(f"  {self._note}", "muted")) if self._note else state

    def content(self) -> ComposeResult:
        yield LogView(id="log", empty=EMPTY_LOG)

    def on_mount(self) -> None:
        super().on_mount()
        view = self.query_one(LogView)
        view.focus()
        self._feed = LogFeed(self.desk, view, self._told)
        if task := self.chosen_task():
            self._feed.follow(task)

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(LogView), self.filter_text)
        task = self.chosen_task()
        if task is not None and self._feed is not None:
            self._feed.follow(task)

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    def _told(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self.refresh_now(ChangeSet())

    @on(LogView.FollowChanged)
    def _follow_changed(self) -> None:
        if self._feed is not None:
            self._feed.tell()

    def action_copy_command(self) -> None:
        self.copy(f"moorage logs {self._task_id} --cluster {self._instance.cluster} --follow", "command")
