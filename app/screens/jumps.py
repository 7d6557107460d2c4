"""From a task to its instance, its definition and its siblings, from an instance to its tasks; and what they are."""

from __future__ import annotations

from app.fleet.fleet import InstanceState
from app.model.task import Task
from app.screens.filtering import exactly
from app.screens.frame import FrameScreen

JUMP_ACTIONS = ("describe", "jump.instance", "jump.definition", "jump.tasks")
_OF_TASKS_ALONE = frozenset({"jump_instance", "jump_definition"})


class Jumps(FrameScreen):
    """Mixed into screens that list tasks or instances; they say which one is meant."""

    def meant(self) -> Task | InstanceState | None:
        """The task or the instance at the cursor."""
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """From an instance there is no way to itself."""
        if action in _OF_TASKS_ALONE and isinstance(self.meant(), InstanceState):
            return False
        return super().check_action(action, parameters)

    def action_jump_instance(self) -> None:
        """To the instance that the task is on."""
        task = self.meant()
        if isinstance(task, Task):
            self.app.push_screen(self.desk.doors.instance(task.instance))

    def action_jump_definition(self) -> None:
        """To the revision that the task was started from."""
        task = self.meant()
        if isinstance(task, Task):
            self.app.push_screen(self.desk.doors.definitions(task.family, task.revision))

    def action_jump_tasks(self) -> None:
        """Of a task to those of its group, of an instance to what is on it."""
        meant = self.meant()
        if isinstance(meant, Task):
            self.app.push_screen(self.desk.doors.tasks(siblings_of(meant)))
        elif meant is not None:
            key = meant.instance.key
            self.app.push_screen(self.desk.doors.cluster(key.cluster, wanted=exactly("host", key.name)))

    def action_describe(self) -> None:
        from app.screens.describing import DescribeDialog

        if (meant := self.meant()) is not None:
            self.app.push_screen(DescribeDialog(self, meant))


def siblings_of(task: Task) -> str:
    """The filter that leaves the tasks of its group: by itself those of its family."""
    own = task.group in ("", f"family:{task.family}")
    part = exactly("family", task.family) if own else exactly("group", task.group)
    return f"{part} {exactly('cluster', task.cluster)}"
