"""``d``: what a task or an instance is, on one page, with the ways that lead from it."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from app.fleet.fleet import InstanceState, belongs
from app.model.task import Task
from app.screens import formats
from app.screens.actions import ACTIONS
from app.screens.facts import Facts, FactsPane
from app.screens.jumps import Jumps
from widgets.key_hints import KeyHints


def _way(id_: str) -> Binding:
    """A key of the screen below, as it is there."""
    action = ACTIONS[id_]
    return Binding(action.keys, f"way('{action.name}')", action.title, id=action.id, tooltip=action.help)


class DescribeDialog(ModalScreen[None]):
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
            title, facts = f"Instance {meant.instance.key.name}", instance_facts(self._below, meant)
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


def instance_facts(screen: Jumps, state: InstanceState) -> list[tuple[str, str]]:
    """What one wants to know of an instance; foreign text in it is safe already."""
    instance, info, registered, reserved = state.instance, state.info, state.registered, state.reserved
    now = screen.now()
    own = [task for task in state.tasks.values() if belongs(task, state)]
    counts = Counter(task.last_status for task in own)
    reach = "".join(span.text for span in formats.reach(state.freshness, now, draining=state.draining))
    drain = formats.drained(state.drain, screen.desk.fleet.host_now(instance.key)) if state.drain else ""
    offset = state.clock_offset.total_seconds()
    facts = [
        ("State", " ".join(part for part in (reach, formats.reach_detail(state.freshness, now)) if part)),
        ("Draining", drain),
        ("Cluster", instance.key.cluster),
        ("Endpoint", instance.endpoint),
        ("Registered", f"{formats.age(instance.registered_at, now)} ago"),
        ("Engine", f"{info.version}, API {info.api_version}, {info.os_type} {info.architecture}" if info else ""),
        ("Host", str(info.hostname) if info else ""),
        ("CPU", f"{reserved.cpu} of {registered.cpu} units reserved" if registered.cpu else ""),
        ("Memory", f"{reserved.memory} of {registered.memory} MiB reserved" if registered.memory else ""),
        ("Tasks", ", ".join(f"{count} {word}" for word, count in counts.most_common()) or "none"),
        ("Unmanaged", f"{len(state.unmanaged)} containers" if state.unmanaged else ""),
        ("Attributes", ", ".join(f"{name}={value}" if value else name for name, value in instance.attributes)),
        ("Clock", f"{abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'} of here" if abs(offset) >= 1 else ""),
        ("Warnings", "; ".join(info.warnings) if info else ""),
        ("Id", instance.id),
    ]
    return [(name, value) for name, value in facts if value]
