"""The board of launches remembers the last step of those that go on, and of no task that is gone."""

from __future__ import annotations

from app.fleet.fleet import Fleet
from app.model.instance import Instance
from app.model.progress import Progress, Step
from app.model.update import HostRead
from app.screens.desk import LaunchBoard
from tests.unit.builders import HOST, NOW, container, tag


def test_steps_of_tasks_that_are_gone_are_forgotten() -> None:
    fleet, board = Fleet(), LaunchBoard()
    fleet.register([HOST.cluster], [Instance(HOST, "0" * 32, "unix:///x.sock", "ACTIVE", NOW)])

    def take(task_id: str, *steps: Step) -> None:
        for step in steps:
            board.take(Progress(task_id, HOST, step))

    for number in range(50):
        task_id = f"{number:032x}"
        board.consider(fleet, fleet.apply([HostRead(HOST, (container(tag(task_id=task_id)),), ())]))
        # Stopped from elsewhere in the middle of it, or with a warning behind the last step.
        take(task_id, "stop") if number % 2 else take(task_id, "stop", "stopped", "warning")

    assert len(board.steps) <= 2
    board.consider(fleet, fleet.apply([HostRead(HOST, (), ())]))
    assert not board.steps


def test_a_task_that_no_host_has_shown_yet_keeps_its_step() -> None:
    fleet, board = Fleet(), LaunchBoard()
    fleet.register([HOST.cluster], [Instance(HOST, "0" * 32, "unix:///x.sock", "ACTIVE", NOW)])
    board.take(Progress("ab" * 16, HOST, "pull"))

    board.consider(fleet, fleet.apply([HostRead(HOST, (container(),), ())]))

    assert board.steps["ab" * 16].step == "pull"
