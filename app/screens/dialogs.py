"""Clusters and instances by keys: make, add, drain, take away. Mixed into the screens that list them."""

from __future__ import annotations

import os

from app.fleet.fleet import InstanceState
from app.hosts.endpoint import local_endpoint
from app.model.ids import instance_arn
from app.model.instance import InstanceKey
from app.screens.form_dialog import Field, FormDialog
from app.screens.frame import FrameScreen
from widgets.confirm import Confirm


class InstanceDialogs(FrameScreen):
    @property
    def cluster(self) -> str | None:
        """The cluster that is meant, None when it is not clear."""
        return None

    def chosen_instance(self) -> InstanceState | None:
        return None

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

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(work, lambda _: self.say(f"Deleted cluster {cluster}"))

        lines = [f"The cluster {cluster!r}. It must have no container instances; nothing that runs is touched."]
        self.app.push_screen(Confirm(f"Delete cluster {cluster}?", lines, action="Delete"), answered)

    # --- instances -------------------------------------------------------------------------------------------------

    def action_add_instance(self) -> None:
        known = self.cluster or next(iter(self.desk.fleet.clusters), self.desk.session.config.default_cluster)

        def work(values: dict[str, str]) -> str:
            from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
            from app.operations.clusters import create_cluster
            from app.operations.instances import register_container_instance

            cluster = values["cluster"] or known
            if cluster not in self.desk.session.active_clusters():
                create_cluster(self.desk.session, CreateClusterRequest(cluster_name=cluster))
            request = RegisterContainerInstanceRequest(
                cluster=cluster, endpoint=values["endpoint"], name=values["name"]
            )
            shape = register_container_instance(self.desk.session, request)
            return f"Added {shape['containerInstance']['name']} to cluster {cluster}"

        fields = [
            Field("cluster", "Cluster", known, "made if it does not exist"),
            Field("endpoint", "Endpoint", local_endpoint(os.environ), "unix:///PATH or tcp://127.0.0.1:PORT"),
            Field("name", "Name", "", "the engine's host name if empty"),
        ]
        self.app.push_screen(FormDialog(self.desk, "Add a container instance", fields, "Add", work))

    def action_add_contexts(self) -> None:
        from app.screens.contexts_dialog import ContextsDialog

        cluster = self.cluster or next(iter(self.desk.fleet.clusters), "")
        if cluster:
            self.app.push_screen(ContextsDialog(self.desk, cluster))
        else:
            self.say("Make a cluster first: n")

    def action_drain(self) -> None:
        state = self.chosen_instance()
        if state is None:
            return
        key = state.instance.key
        status = "ACTIVE" if state.instance.status == "DRAINING" else "DRAINING"

        def work() -> object:
            from app.model.requests import UpdateContainerInstancesStateRequest
            from app.operations.instances import update_container_instances_state

            request = UpdateContainerInstancesStateRequest.model_validate(
                {"cluster": key.cluster, "containerInstances": [key.name], "status": status}
            )
            return update_container_instances_state(self.desk.session, request)

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(work, lambda _: self.say(f"{key.name} is {status}"))

        stay = sum(task.last_status != "STOPPED" for task in state.tasks.values())
        if status == "DRAINING":
            lines = [
                f"No new tasks are placed on {key.name}.",
                f"The {stay} tasks that are there stay until they are stopped.",
            ]
            self.app.push_screen(Confirm(f"Drain {key.name}?", lines, action="Drain"), answered)
        else:
            answered(yes=True)

    def action_deregister(self) -> None:
        state = self.chosen_instance()
        if state is None:
            return
        key = state.instance.key
        tasks = [task for task in state.tasks.values() if task.last_status != "STOPPED"]

        def work() -> object:
            from app.model.requests import DeregisterContainerInstanceRequest
            from app.operations.instances import deregister_container_instance

            request = DeregisterContainerInstanceRequest(cluster=key.cluster, container_instance=key.name, force=True)
            return deregister_container_instance(self.desk.session, request)

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(work, lambda _: self.say(f"Deregistered {key.name}"))

        lines = [f"{key.name} leaves cluster {key.cluster}; nothing on it is stopped or removed."]
        lines += [f"goes on, unwatched: {task.definition}  {task.id[:8]}" for task in tasks]
        self.app.push_screen(Confirm(f"Deregister {key.name}?", lines, action="Deregister"), answered)

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
