"""Clusters and instances by keys: make, add, drain, take away. Mixed into the screens that list them."""

from __future__ import annotations

from app.fleet.fleet import InstanceState, belongs
from app.model.ids import instance_arn
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.staying import named, staying, stays
from app.screens import formats
from app.screens.asking import ask
from app.screens.drain_many import check_typed, drain_all, typed_fields, unless_read_only
from app.screens.form_dialog import Field, FormDialog
from app.screens.jumps import Jumps
from widgets.live_table import LiveTable

_LOW, _FEW, _MANY = 30, 4, 8
"""Lines of a low screen, and how many tasks are named on it and on others: the whole dialog has to fit."""
_UNWATCHED = (
    "stopped by nothing and watched by nobody (no restarts, no end with an essential container) until the engine is "
    "registered again:"
)


class InstanceDialogs(Jumps):
    @property
    def cluster(self) -> str | None:
        """The cluster that is meant, None when it is not clear."""
        return None

    def chosen_instance(self) -> InstanceState | None:
        return None

    def meant(self) -> Task | InstanceState | None:
        return self.chosen_instance()

    def marked_instances(self) -> list[InstanceState]:
        """The marked ones, sorted; there may be none."""
        tables = [table for table in self.query("#instances").results(LiveTable) if table.display]
        found = [self.instance_at(key) for table in tables for key in sorted(table.marked)]
        return [state for state in found if state is not None]

    def open_instance(self) -> None:
        if state := self.chosen_instance():
            self.app.push_screen(self.desk.doors.instance(state.instance.key))

    def instance_at(self, row_key: str | None) -> InstanceState | None:
        cluster, _, name = (row_key or "").partition("/")
        return self.desk.fleet.instances.get(InstanceKey(cluster, name))

    # --- clusters --------------------------------------------------------------------------------------------------

    def action_new_cluster(self) -> None:
        def work(values: dict[str, str]) -> str:
            from app.model.requests import CreateClusterRequest
            from app.operations.clusters import create_cluster

            create_cluster(self.desk.session, CreateClusterRequest(cluster_name=values["name"] or "default"))
            return f"Made cluster {values['name'] or 'default'}; press a to add an instance"

        fields = [Field("name", "Name", "default", "letters, digits, - and _")]
        self.app.push_screen(FormDialog(self.desk, "New cluster", fields, "Create", work))

    def delete_cluster(self, cluster: str) -> None:
        def work() -> object:
            from app.model.requests import DeleteClusterRequest
            from app.operations.clusters import delete_cluster

            return delete_cluster(self.desk.session, DeleteClusterRequest(cluster=cluster))

        def delete() -> None:
            self.desk.jobs.run(work, lambda _: self.say(f"Deleted cluster {cluster}"))

        lines = [f"The cluster {cluster!r}. It must have no container instances; nothing that runs is touched."]
        ask(self, [cluster], f"Delete cluster {cluster}?", lines, delete, action="Delete")

    # --- instances -------------------------------------------------------------------------------------------------

    def action_add_instance(self) -> None:
        known = self.cluster or next(iter(self.desk.fleet.clusters), self.desk.session.config.default_cluster)

        from app.screens.add_instance import add_instance_dialog

        self.app.push_screen(add_instance_dialog(self.desk, known))

    def action_add_contexts(self) -> None:
        from app.screens.contexts_dialog import ContextsDialog

        cluster = self.cluster or next(iter(self.desk.fleet.clusters), "")
        if cluster:
            self.app.push_screen(ContextsDialog(self.desk, cluster))
        else:
            self.say("Make a cluster first: n")

    @property
    def _most_named(self) -> int:
        return _FEW if self.app.size.height < _LOW else _MANY

    def action_drain(self) -> None:
        if len(marked := self.marked_instances()) > 1:
            drain_all(self, marked)
            return
        state = marked[0] if marked else self.chosen_instance()
        if state is None:
            return
        if state.draining:
            self._activate(state)
        else:
            self._drain(state)

    def _drain(self, state: InstanceState) -> None:
        key = state.instance.key
        if unless_read_only(self, [key.cluster]):
            return
        typed = typed_fields(self.desk, [key.cluster])

        def work(values: dict[str, str]) -> str:
            check_typed(values, typed)
            told = self.change_state(key, "DRAINING", values["reason"])
            return told[0] if told else f"{key.name} is DRAINING"

        lines = [f"No new tasks are placed on {key.name}. Nothing is moved:", *stays(state, self._most_named)]
        if not state.live:
            lines.append(f"{key.name} does not answer: other operators see it once it does.")
        fields = [Field("reason", "Reason", "", "if you like; every operator sees it"), *typed]
        self.app.push_screen(FormDialog(self.desk, f"Drain {key.name}?", fields, "Drain", work, lines))

    def _activate(self, state: InstanceState) -> None:
        key = state.instance.key
        lines = [f"New tasks may be placed on {key.name} again."]
        if (drain := state.drain) is not None:
            lines.append(f"It was drained {formats.drained(drain, self.desk.fleet.host_now(key))}".rstrip())

        def activate() -> None:
            self.desk.jobs.run(lambda: self.change_state(key, "ACTIVE"), lambda told: self.say(told[0]))

        title = f"Make {key.name} ACTIVE again?"
        ask(self, [key.cluster], title, lines, activate, action="Activate", danger=False)

    def change_state(self, key: InstanceKey, status: str, reason: str = "") -> list[str]:
        """What there is to say of it, a line each. Raises MoorageError."""
        from app.model.errors import MoorageError
        from app.model.requests import UpdateContainerInstancesStateRequest, parse_request
        from app.operations.instances import update_container_instances_state

        members = {"cluster": key.cluster, "containerInstances": [key.name], "status": status, "reason": reason}
        told: list[str] = []
        request = parse_request(UpdateContainerInstancesStateRequest, members)
        shape = update_container_instances_state(self.desk.session, request, told.append)
        if shape["failures"]:
            raise MoorageError(shape["failures"][0]["detail"])
        return told

    def action_deregister(self) -> None:
        if len(marked := self.marked_instances()) > 1:
            self.say(f"{len(marked)} instances are marked, and are deregistered one by one; esc clears the marks")
            return
        state = marked[0] if marked else self.chosen_instance()
        if state is None:
            return
        key = state.instance.key
        tasks = [task for task in staying(state) if belongs(task, state)]

        def work() -> list[str]:
            from app.model.requests import DeregisterContainerInstanceRequest
            from app.operations.leaving import deregister_container_instance

            told: list[str] = []
            # What runs there was named, and is left to itself only if it was: others may have started more by now.
            request = DeregisterContainerInstanceRequest(
                cluster=key.cluster, container_instance=key.name, force=bool(tasks) or not state.live
            )
            deregister_container_instance(self.desk.session, request, told.append)
            return told

        def done(told: list[str]) -> None:
            self.say("; ".join([f"Deregistered {key.name}", *(line for line in told if line.startswith(key.name))]))

        lines = [f"{key.name} leaves cluster {key.cluster}. Nothing on it is stopped."]
        if not state.live:
            lines.append("It does not answer, so nobody knows what runs there.")
        if (drain := state.drain) is not None:
            end = "that ends too" if state.live else "whoever registers it again may find it so"
            lines.append(f"It was drained {formats.drained(drain, self.desk.fleet.host_now(key))}; {end}.")
        if tasks:
            go = "Its task goes on," if len(tasks) == 1 else f"Its {len(tasks)} tasks go on,"
            lines += [f"{go} {_UNWATCHED}", *named(tasks, self._most_named)]
        title = f"Deregister {key.name}?"
        ask(self, [key.cluster], title, lines, lambda: self.desk.jobs.run(work, done), action="Deregister")

    def action_json(self) -> None:
        from app.operations.shapes import instance_shape

        if state := self.chosen_instance():
            key = state.instance.key
            self.app.push_screen(self.desk.doors.json([key.cluster, key.name, "JSON"], instance_shape(state)))

    def action_copy(self) -> None:
        if state := self.chosen_instance():
            self.copy(instance_arn(state.instance.key.cluster, state.instance.id), "ARN")

    def action_copy_command(self) -> None:
        if state := self.chosen_instance():
            key = state.instance.key
            command = f"moorage describe-container-instances --cluster {key.cluster} --container-instances {key.name}"
            self.copy(command, "command")
