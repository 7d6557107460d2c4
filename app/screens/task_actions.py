"""What can be done with tasks, the same on every screen that lists them: open, logs, JSON, run, stop, copy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.fleet.fleet import InstanceState
from app.model.ids import task_arn
from app.model.task import Task
from app.screens.asking import ask
from app.screens.bulk import Deed, do_all
from app.screens.desk import Desk
from app.screens.inside.shell_actions import SHELL_ACTIONS, ShellActions
from app.screens.jumps import JUMP_ACTIONS, Jumps
from app.screens.log_targets import LogTarget, marked_targets
from widgets.live_table import LiveTable

TASK_ACTIONS = ("run", "logs", *SHELL_ACTIONS, "json", "stop", "filter", "copy", "copy.command", *JUMP_ACTIONS)


class TaskActions(Jumps, ShellActions):
    """Mixed into screens; they say which tasks are meant."""

    def chosen_task(self) -> Task | None:
        """The task at the cursor."""
        raise NotImplementedError

    def chosen_tasks(self) -> Sequence[Task]:
        """The marked tasks, or else the one at the cursor."""
        task = self.chosen_task()
        return [task] if task is not None else []

    def meant(self) -> Task | InstanceState | None:
        return self.chosen_task()

    def task_inside(self) -> Task | None:
        return self.chosen_task()

    def open_task(self, task: Task) -> None:
        self.app.push_screen(self.desk.doors.task(task.id, task.instance))

    def action_logs(self) -> None:
        """Of the marked rows, or of the one at the cursor: tasks, and containers that are no task's."""
        targets = marked_targets(self, self.desk.fleet) or [
            LogTarget(task.instance, task.id) for task in self.chosen_tasks()
        ]
        if targets:
            self.app.push_screen(self.desk.doors.logs(targets))

    def action_json(self) -> None:
        from app.operations.task_shape import task_shape

        if task := self.chosen_task():
            shape = task_shape(task, self.desk.fleet.instances[task.instance].instance.id)
            self.app.push_screen(self.desk.doors.json([task.cluster, task.definition, task.id[:8], "JSON"], shape))

    def action_run(self) -> None:
        task = self.chosen_task()
        doors = self.desk.doors
        self.app.push_screen(doors.run(again=task) if task else doors.run(cluster=self.cluster_in_sight()))

    def action_copy(self) -> None:
        if task := self.chosen_task():
            self.copy(task_arn(task.cluster, task.id), "ARN")

    def action_copy_command(self) -> None:
        if task := self.chosen_task():
            self.copy(describe_command(task), "command")

    def action_stop(self) -> None:
        chosen = self.chosen_tasks()
        tasks = [task for task in chosen if task.last_status != "STOPPED"]
        if not tasks:
            marked = any(table.marked for table in self.query(LiveTable))
            why = "the marked tasks are STOPPED; esc clears the marks" if marked else "no running task is chosen"
            self.say(f"Nothing to stop: {why}")
            return
        one = len(tasks) == 1
        title = f"Stop task {tasks[0].id[:8]}?" if one else f"Stop {len(tasks)} tasks?"
        lines = [_stop_line(task) for task in tasks]
        if left := len(chosen) - len(tasks):
            lines.append(f"{left} of the {len(chosen)} marked {'is' if left == 1 else 'are'} STOPPED already")

        def stop() -> None:
            for table in self.query(LiveTable):
                table.clear_marks()
            self._stop(tasks)

        ask(self, [task.cluster for task in tasks], title, lines, stop, action="Stop")

    def _stop(self, tasks: Sequence[Task]) -> None:
        deeds = []
        for task in tasks:
            name = f"{task.definition} {task.id[:8]}"
            name = name if len(tasks) == 1 else f"{name} on {task.instance.name}"
            self.desk.in_hand.add(task.id)
            over = partial(self.desk.in_hand.discard, task.id)
            deeds.append(Deed(name, partial(_stop_one, self.desk, task), over))
        do_all(self.desk.jobs, deeds, lambda words, bad: self.say(words, bad=bad), "Stopped", "task")


def _stop_one(desk: Desk, task: Task) -> Task:
    """In a thread. Raises MoorageError."""
    from app.model.errors import MoorageError
    from app.operations.tasks import stop_found_task

    state = desk.fleet.instances.get(task.instance)
    if state is None:
        raise MoorageError(f"{task.instance.name} is not registered any more")
    return stop_found_task(desk.session, state.instance.reached_by, task, "", desk.tell)


def _stop_line(task: Task) -> str:
    names = ", ".join(part.name for part in task.containers if part.last_status == "RUNNING")
    longest = max((part.stop_timeout for part in task.containers), default=0)
    what = f"{task.definition}  {task.id[:8]}  on {task.instance.name}"
    return f"{what}: {names or 'not started yet'} (at most {longest} s each)"


def describe_command(task: Task) -> str:

    return f"moorage describe-tasks --cluster {task.cluster} --tasks {task.id}"
