"""The first screen of a home with no cluster: one key makes a cluster of the engine here, one opens the demo fleet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.hosts.endpoint import local_endpoint
from app.model.endpoint import NO_FILES
from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.screens.actions import AT_HOME, bindings
from app.screens.desk import Desk
from app.screens.dialogs import InstanceDialogs
from app.screens.samples import register_samples, sample_files

_DEMO = "opens the demo fleet: thirteen simulated engines to try everything on"


class FirstRunScreen(InstanceDialogs):
    """Says what was tried. With an engine: enter makes cluster ``default``. Without: how to add a host."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "make_default",
            "make the cluster",
            id="first.make",
            tooltip="Make cluster default with this engine",
        ),
        Binding("t", "look_again", "try again", id="first.again", tooltip="Look for an engine again"),
        Binding("D", "app.demo", "demo fleet", id="first.demo", tooltip="Open a simulated fleet, as moorage demo does"),
        *bindings("add.instance", *AT_HOME, add_instance="add a host"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._endpoint = local_endpoint(os.environ)
        self._problem: str | None = None

    def crumbs(self) -> Iterable[str]:
        return ("first run",)

    def content(self) -> ComposeResult:
        with Vertical(id="first-run"):
            yield Static("", id="first-text")

    def on_mount(self) -> None:
        super().on_mount()
        self.action_look_again()

    def sync(self, changes: ChangeSet | None) -> None:
        if self.desk.fleet.clusters:
            self.app.call_later(self.app.run_action, "home")
            return
        self.query_one("#first-text", Static).update(self._text())

    def _text(self) -> Content:
        head = Content.styled("Moorage turns the Docker hosts you have into ECS clusters.", "bold")
        count = len(sample_files())
        if self._problem is None:
            body = [Content(f"Looking for a Docker Engine at {self._endpoint.url} …")]
        elif not self._problem:
            body = [
                Content.assemble(("● ", "$state-running"), f"A Docker Engine answers at {self._endpoint.url}"),
                Content(""),
                Content.assemble(
                    ("enter", "bold $accent-text"), "  makes a cluster named default with this engine as its first"
                ),
                Content(f"       container instance, and registers the {count} sample task definitions"),
                Content.assemble(("a", "bold $accent-text"), "      adds another host instead"),
                Content.assemble(("D", "bold $accent-text"), f"      {_DEMO}"),
            ]
        else:
            body = [
                Content.assemble(("✕ ", "$state-failed"), f"No Docker Engine at {self._endpoint.url}"),
                Content.styled(f"  {self._problem}", "$text-muted"),
                Content.styled("  (tried DOCKER_HOST if set, else the usual socket)", "$text-muted"),
                Content(""),
                Content.assemble(
                    ("a", "bold $accent-text"), "  adds a host: a unix socket, ssh://you@edge, or TCP with TLS"
                ),
                Content.assemble(("t", "bold $accent-text"), "  tries again"),
                Content.assemble(("D", "bold $accent-text"), f"  {_DEMO}"),
            ]
        return Content("\n").join([head, Content(""), *body])

    def action_look_again(self) -> None:
        self._problem = None
        self.refresh_now(None)
        self.desk.jobs.run(lambda: self.desk.session.probe(self._endpoint), self._found)

    def _found(self, problem: str) -> None:
        self._problem = problem
        self.refresh_bindings()
        self.refresh_now(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "make_default" and self._problem != "":
            return False
        return super().check_action(action, parameters)

    def action_make_default(self) -> None:
        self.desk.jobs.run(
            self._make,
            lambda names: self.say(f"Made cluster default; {len(names)} samples registered. Press r to run one"),
        )

    def _make(self) -> list[str]:
        from app.operations.clusters import create_cluster
        from app.operations.instances import register_container_instance

        session = self.desk.session
        cluster = session.config.default_cluster
        create_cluster(session, CreateClusterRequest(cluster_name=cluster))
        files = self._endpoint.tls or NO_FILES
        request = RegisterContainerInstanceRequest(
            cluster=cluster, endpoint=self._endpoint.url, ca=files.ca, cert=files.cert, key=files.key
        )
        register_container_instance(session, request)
        return register_samples(session)
