"""``d``: what a task or an instance is, on one page, with the ways that lead from it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from app.fleet.fleet import InstanceState
from app.model.task import Task
from app.screens.actions import ACTIONS
from app.screens.facts import Facts, FactsPane
from app.screens.jumps import Jumps
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints


def _way(id_: str) -> Binding:
    """A key of the screen below, as it is there."""
    action = ACTIONS[id_]
    return Binding(action.keys, f"way('{action.name}')", action.title, id=action.id, tooltip=action.help)


class DescribeDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        _way("jump.instance"),
        _way("jump.definition"),
        _way("jump.tasks"),
        _way("json"),
        _way("copy"),
        Binding("escape,q,d", "close", "close", id="describe.close", tooltip="Back to the list"),
    ]

    def __init__(self, below: Jumps, meant: Task | InstanceState) -> None:
        super().__init__()
        self._below = below
        self._meant = meant

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog describe-dialog")
        meant, desk = self._meant, self._below.desk
        if isinstance(meant, Task):
            from app.screens.task_facts import task_facts

            title, facts = (
                f"Task {meant.id[:8]} of {meant.definition}",
                [*task_facts(desk, meant), _siblings(self._below, meant)],
            )
        else:
            from app.screens.instance.facts import instance_facts

            title, facts = f"Instance {meant.instance.key.name}", instance_facts(desk, meant, self._below.now())
        dialog.border_title = Content(title)
        page = Facts(id="description")
        page.show(facts)
        with dialog:
            with FactsPane(id="description-pane"):
                yield page
            yield KeyHints(id="describe-keys")

    def on_mount(self) -> None:
        self.query_one(FactsPane).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The ways that there are from what is described."""
        return self._below.check_action(str(parameters[0]), ()) if action == "way" else True

    async def action_way(self, name: str) -> None:
        self.dismiss()
        self.app.call_later(self._below.run_action, name)

    def action_close(self) -> None:
        self.dismiss()


def _siblings(screen: Jumps, task: Task) -> tuple[str, str]:
    others = [one for one in screen.desk.fleet.tasks(task.cluster) if one.group == task.group and one.id != task.id]
    running = sum(one.last_status == "RUNNING" for one in others)
    return "Siblings", f"{len(others)} more in group {task.group}, {running} of them RUNNING"
