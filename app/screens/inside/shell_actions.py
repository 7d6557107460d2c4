"""``s`` and ``!``: the same on every screen that shows tasks or containers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.model.task import Task, TaskContainer
from app.screens.asking import ask, clusters_read_only, wants_a_yes
from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.frame import FrameScreen
from app.screens.log_targets import UNMANAGED
from widgets.live_table import LiveTable

if TYPE_CHECKING:
    from app.operations.shell.target import Target

SHELL_ACTIONS = ("shell", "execute")
Take = Callable[["Target"], object]


class ShellActions(FrameScreen):
    """Mixed into screens; they say which task or container is meant."""

    def task_inside(self) -> Task | None:
        """The task in whose containers something is to be run."""
        return None

    def part_inside(self, task: Task) -> TaskContainer | None:
        """The container of it, where the screen knows which."""
        return None

    def container_inside(self) -> tuple[Container, InstanceState] | None:
        """A container of no task: the one whose row the cursor is on."""
        for table in self.query("#tasks").results(LiveTable):
            key = table.cursor_key or ""
            if table.display and key.startswith(UNMANAGED):
                container_id = key.removeprefix(UNMANAGED)
                for state in self.desk.fleet.instances.values():
                    if (container := state.containers.get(container_id)) is not None:
                        return container, state
        return None

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_shell(self) -> None:
        """Hand the terminal to a shell in the container."""
        from app.screens.inside.handing import open_in_terminal

        self._with_target("A shell in which container?", partial(open_in_terminal, self))

    def action_execute(self) -> None:
        """Ask for a command, and show what it writes."""
        from app.screens.inside.output import ask_for_command

        self._with_target("Run a command in which container?", partial(ask_for_command, self))

    def _with_target(self, question: str, take: Take) -> None:
        task = self.task_inside()
        if task is not None:
            self._with_container_of(task, question, take)
        elif (found := self.container_inside()) is not None:
            from app.operations.shell.target import target_unmanaged

            container, state = found
            self._unless_refused(lambda: target_unmanaged(container, state.instance), take)
        else:
            self.say("No task or container is chosen")

    def _with_container_of(self, task: Task, question: str, take: Take) -> None:
        from app.operations.shell.target import running_parts, target_of

        state = self.desk.fleet.instances.get(task.instance)
        if state is None:
            self.say(f"{task.instance.name} is not registered any more", bad=True)
            return
        endpoint = state.instance.reached_by
        known = self.part_inside(task)
        parts = [known] if known is not None else running_parts(task)
        if not parts:
            self.say(f"Nothing runs in {task.definition} {task.id[:8]}: it is {task.last_status}")
        elif len(parts) == 1:
            self._unless_refused(lambda: target_of(task, parts[0], endpoint), take)
        else:
            choices = [
                Choice(
                    part.name,
                    part.runtime.image if part.runtime is not None else "",
                    # Not in the name of the dialog, which is closed and hears of nothing any more.
                    partial(self.app.call_later, self._unless_refused, partial(target_of, task, part, endpoint), take),
                )
                for part in parts
            ]
            self.app.push_screen(ChoiceDialog(question, ("CONTAINER", "IMAGE"), choices))

    def _unless_refused(self, target: Callable[[], Target], take: Take) -> None:
        from app.model.errors import MoorageError

        try:
            found = target()
        except MoorageError as error:
            self.say(error.message, bad=True)
            return
        clusters, where = [found.instance.cluster], f"{found.name} on {found.instance.name}"
        if clusters_read_only(self.desk, clusters) or wants_a_yes(self.desk, clusters):
            # A cluster without a policy is not asked: a shell opens at once.
            ask(self, clusters, f"Work inside {where}?", [found.where], partial(take, found), action="Open")
        else:
            take(found)
