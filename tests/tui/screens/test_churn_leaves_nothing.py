"""A host on which containers and tasks come and go all day is no more in memory in the evening than in the morning."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.dom import DOMNode
from textual.pilot import Pilot

from app.model.requests import RunTaskRequest, StopTaskRequest
from app.operations import event_feed, stats
from app.operations.launch import run_task
from app.operations.session import Session
from app.operations.tasks import stop_task
from app.screens.dashboard import Dashboard
from app.screens.events import pane
from app.screens.tidying import collect
from tests.engine_bed.simulated import Simulated
from tests.tui.screens.driving import SIZE, register, session_with, until, until_shown

CONTAINERS, TASKS = 12, 6
BEFORE, AFTER = 2, 3
"""Rounds until everything that is bounded is full, and rounds in which nothing may grow."""
MOST_GROWTH = 14
"""As many as may be on their way at one moment; less than one for each task or container that has come and gone."""
SETTLES = 40
"""Looks, a quarter of a second each, in which what was left behind may still be taken down."""
DEFINITION = (
    b'{"family": "web", "containerDefinitions": '
    b'[{"name": "main", "image": "busybox", "memory": 8, "stopTimeout": 2, "command": ["sleep", "1000"]}]}'
)
VISITS = (
    ("2", r"moorage › tasks"),
    ("3", r"moorage › instances"),
    ("5", r"moorage › events"),
    ("question_mark", r"Keys of this screen"),
    ("escape", r"moorage › events"),
    ("1", r"moorage › fleet"),
    ("enter", r"moorage › prod"),
    ("escape", r"moorage › fleet"),
)


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulated]:
    made = Simulated(tmp_path)
    yield made
    made.close()


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is bounded by a number or a time fills in a moment."""
    for module in (event_feed, pane):
        monkeypatch.setattr(module, "MOST_SHOWN", 40)
    monkeypatch.setattr(stats, "HISTORY_SECONDS", 0.5)
    monkeypatch.setattr(stats, "_FORGET_EVERY", 0.5)


class Churn:
    """``turn``: every container is replaced, some are renamed and restarted; tasks are run and stopped."""

    def __init__(self, engine: Simulated, session: Session) -> None:
        self._engine = engine
        self._session = session
        self._made = 0
        self.there: set[str] = set()

    def turn(self) -> None:
        api = self._engine.api
        fresh = {self._run() for _ in range(CONTAINERS)}
        for container in fresh:
            api.rename(container, f"renamed-{container[:12]}")
            api.restart(container, timeout=0)
        for container in self.there:
            api.kill(container)
            api.remove_container(container, force=True)
        self.there = fresh
        tasks = run_task(self._session, RunTaskRequest(cluster="prod", task_definition="web", count=TASKS), _quiet)
        for task in tasks.tasks:
            stop_task(self._session, StopTaskRequest(cluster="prod", task=task.id), _quiet)

    def _run(self) -> str:
        self._made += 1
        return self._engine.run(["sleep", "1000"], name=f"svc-{self._made:05}")


def _quiet(_: object) -> None:
    return None


@pytest.mark.usefixtures("short_memory")
async def test_what_came_and_went_is_not_remembered(simulated: Simulated, tmp_path: Path) -> None:
    session = session_with(tmp_path, simulated.endpoint)
    session.settings = replace(session.settings, retention=timedelta(0))
    register(session, DEFINITION)
    churn, app = Churn(simulated, Session(session.home)), Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        for _ in range(BEFORE):
            await _round(pilot, app, churn)
        before = _alive()
        for _ in range(AFTER):
            await _round(pilot, app, churn)
        grown: Counter[str] = Counter()

        def level() -> bool:
            grown.clear()
            grown.update({name: count - before[name] for name, count in _alive().items()})
            return all(growth <= MOST_GROWTH for growth in grown.values())

        for _ in range(SETTLES):
            if level():
                break
            await pilot.pause(0.25)
        assert level(), grown.most_common(5)


async def _round(pilot: Pilot[Any], app: Dashboard, churn: Churn) -> None:
    await asyncio.to_thread(churn.turn)
    (state,) = app.desk.fleet.instances.values()
    await until(pilot, lambda: set(state.containers) == churn.there, "only what is there is known")
    for key, shown in VISITS:
        await pilot.press(key)
        await until_shown(pilot, shown)
    await until(pilot, lambda: not app.desk.events.journal().asking, "what was heard is kept")


def _alive() -> Counter[str]:
    """Objects of the program by their kind, and of Textual's all that is in a screen.

    Cells are left out: of each table those of the last rows that were painted stay.
    """
    collect()
    kinds = (type(found) for found in gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if issubclass(kind, DOMNode) or str(kind.__module__).partition(".")[0] == "app"
    )
