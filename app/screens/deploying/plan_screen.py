"""The plan of a deploy: what will be done, step by step, before any of it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.model.deployment import DeployKind
from app.model.image_requests import DeployRequest
from app.model.safe_text import safe_line
from app.operations.deeds import command_of
from app.operations.deploying.planning import DeployPlan
from app.screens.actions import INSIDE, bindings
from app.screens.asking import ask
from app.screens.deploying.work import DeployWork
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.screens.images.beginning import TOO_MANY, begin
from widgets.cells import Cell, Span

if TYPE_CHECKING:
    from app.operations.deploying.outcome import Deployed

_KINDS: dict[DeployKind, str] = {
    "check": "look", "build": "build", "push": "push", "pull": "pull", "copy": "copy", "register": "register",
    "stop": "stop", "run": "run",
}  # fmt: skip


class DeployPlanScreen(FrameScreen):
    """Nothing is done before a question was answered."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "launch", "plan.json", "copy.command", *INSIDE, launch="deploy", copy_command="copy command"
    )

    def __init__(self, desk: Desk, request: DeployRequest, plan: DeployPlan) -> None:
        super().__init__(desk)
        self._request = request
        self._plan = plan

    def cluster_in_sight(self) -> str:
        return self._plan.cluster.name

    def crumbs(self) -> Iterable[str]:
        return (self._plan.cluster.name, "deploy", self._plan.source.file)

    def status(self) -> Cell:
        count = self._plan.source.count
        tasks = "1 task" if count == 1 else f"{count} tasks"
        return (Span(f"{tasks} of {self._plan.definition}", "strong"),)

    def content(self) -> ComposeResult:
        with VerticalScroll(id="deploy-plan", can_focus=True):
            yield Static(self._text(), id="deploy-plan-text")

    def sync(self, changes: ChangeSet | None) -> None:
        """A plan is of one moment; a deploy looks again."""

    def _text(self) -> Content:
        plan, lines = self._plan, [Content("")]
        width = max(len(words) for words in _KINDS.values())
        for number, step in enumerate(plan.steps, 1):
            kind = _KINDS[step.work]
            words = str(step.words).removeprefix(f"{kind} ")
            lines.append(
                Content.assemble(
                    (f" {number:>2}  ", "$text-muted"), (f"{kind:<{width}}  ", "bold $accent-text"), safe_line(words)
                )
            )
        lines.append(Content(""))
        lines += [
            Content.styled(f"     {words}", "$text-muted")
            for words in (
                f"file      {plan.source.file}",
                f"cluster   {plan.cluster.name}",
                f"group     {plan.source.group}: its tasks of other revisions and images are replaced",
                *_delivery(plan),
            )
        ]
        if plan.warnings:
            lines.append(Content(""))
            lines += [Content.assemble(("  ▲  ", "$text-warning"), safe_line(line)) for line in plan.warnings]
        lines += [Content(""), Content.assemble("     ", ("ctrl+r", "bold $accent-text"), " deploys, after a question")]
        return Content("\n").join(lines)

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_plan(self) -> None:
        crumbs = [self._plan.cluster.name, "deploy", "plan"]
        self.app.push_screen(self.desk.doors.json(crumbs, self._plan.shape()))

    def action_copy_command(self) -> None:
        self.copy(command_of("deploy", self._request), "command")

    def action_launch(self) -> None:
        lines = [*self._plan.question(), "", command_of("deploy", self._request)]
        title = f"Deploy {self._plan.definition} in {self._plan.cluster.name}?"
        danger = bool(self._plan.standing.replaced)
        ask(self, [self._plan.cluster.name], title, lines, self._begin, action="Deploy", danger=danger)

    def _begin(self) -> None:
        works = self.desk.works
        if works.full:
            self.say(TOO_MANY, bad=True)
            return
        command = command_of("deploy", self._request)
        app, plan, request, session = self.app, self._plan, self._request, self.desk.session

        def run(work: Any) -> Deployed:
            from app.operations.deploying.execution import deploy

            def tell(progress: Any) -> None:
                if progress.launch is not None:
                    self.desk.tell(progress.launch)
                work.take(progress)

            return deploy(session, request, plan, tell, work.stop)

        self.dismiss()
        begin(app, self.desk, partial(_made, plan, command, works.clock), run)


def _made(plan: DeployPlan, command: str, clock: Any, number: int) -> DeployWork:
    return DeployWork(number, plan, command, clock)


def _delivery(plan: DeployPlan) -> list[str]:
    if not plan.source.builds:
        return []
    words = {
        "copy": "the image is copied from the instance that builds it, without a registry",
        "push": "the image is pushed to its registry, and pulled where tasks go",
        "none": "the image stays where it is built, and tasks run there",
    }
    return [f"images    {words[plan.source.deliver]}"]
