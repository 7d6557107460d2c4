"""An unmanaged container: what its engine says of it. Shown, never touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.fleet.fleet import InstanceState
from app.model.container import Container
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.facts import Facts
from app.screens.inside.shell_actions import SHELL_ACTIONS, ShellActions
from app.screens.log_targets import LogTarget


class ContainerScreen(ShellActions):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "edit", "logs", *SHELL_ACTIONS, "copy", "copy.command", *INSIDE, edit="task definition…"
    )

    def __init__(self, desk: Desk, container_id: str) -> None:
        super().__init__(desk)
        self._container_id = container_id
        self._last: tuple[Container, InstanceState] | None = None

    def _found(self) -> tuple[Container, InstanceState] | None:
        for state in self.desk.fleet.instances.values():
            if (container := state.containers.get(self._container_id)) is not None:
                self._last = container, state
                return self._last
        return None

    def container_inside(self) -> tuple[Container, InstanceState] | None:
        return self._found()

    def crumbs(self) -> Iterable[str]:
        found = self._found() or self._last
        if found is None:
            return ("container", self._container_id[:12])
        return (found[1].instance.key.cluster, "unmanaged", found[0].name)

    def content(self) -> ComposeResult:
        yield Facts(id="facts")

    def sync(self, changes: ChangeSet | None) -> None:
        found = self._found()
        facts = self.query_one(Facts)
        if found is None:
            facts.show([("State", "removed: it is no longer on its instance")])
            return
        container, state = found
        now = self.now() + state.clock_offset
        facts.show(
            [
                ("State", container.state + (f" ({container.health})" if container.health else "")),
                ("Name", container.name),
                ("Image", container.image),
                ("On", f"{state.instance.key.name}  {state.instance.endpoint}"),
                ("Ports", formats.ports(container.ports) or "none published"),
                ("Created", f"{formats.age(container.created_at, now)} ago"),
                ("Exit code", formats.NOTHING if container.exit_code is None else str(container.exit_code)),
                ("Docker id", container.id),
                ("Unmanaged", container.damage or "not started by Moorage: it is shown and counted, and never touched"),
            ]
        )

    def action_edit(self) -> None:
        """A task definition of this container, in the editor; the container itself is left as it is."""
        from app.operations.container_import import Imported, members_on_instance
        from app.operations.editing import edit_members

        found = self._found()
        if found is None:
            self.say("The container is no longer on its instance")
            return
        endpoint = found[1].instance.endpoint

        def done(imported: Imported) -> None:
            if self.is_current:
                self.app.push_screen(self.desk.doors.editor(edit_members(*imported)))

        self.desk.jobs.run(lambda: members_on_instance(self.desk.session, endpoint, self._container_id), done)

    def action_logs(self) -> None:
        if found := self._found() or self._last:
            target = LogTarget(found[1].instance.key, container_id=self._container_id)
            self.app.push_screen(self.desk.doors.logs([target]))

    def action_copy(self) -> None:
        self.copy(self._container_id, "container id")

    def action_copy_command(self) -> None:
        if found := self._found() or self._last:
            key = found[1].instance.key
            where = f"--cluster {key.cluster} --container-instance {key.name}"
            self.copy(f"moorage import {where} --container {self._container_id[:12]}", "command")
