"""Asks what is to be deployed: the file, and what goes over what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.model.errors import MoorageError
from app.operations.deploying.files import files_in
from app.screens.form_dialog import Field, FormDialog, Values

if TYPE_CHECKING:
    from app.model.image_requests import DeployRequest
    from app.screens.frame import FrameScreen

_MOST_OFFERED = 3


def deploy_dialog(screen: FrameScreen, cluster: str = "") -> FormDialog:
    """``cluster``: the one in sight, proposed; "" leaves it to the file."""
    here = files_in(".")
    desk = screen.desk

    def request(values: Values) -> DeployRequest:
        from app.model.image_requests import DeployRequest
        from app.model.requests import parse_request

        count = values["count"]
        if count and not count.isdecimal():
            raise MoorageError("Count: write a number, 1 to 10")
        members = {
            "file": values["file"],
            "cluster": values["cluster"],
            "count": int(count) if count else None,
            "noBuild": bool(values["nobuild"]),
        }
        return parse_request(DeployRequest, {name: value for name, value in members.items() if value})

    def command(values: Values) -> str:
        from app.operations.deeds import command_of

        return command_of("deploy", request(values))

    def work(values: Values) -> Callable[[], object]:
        from app.operations.deploying.planning import plan_deploy
        from app.screens.deploying.plan_screen import DeployPlanScreen

        wanted = request(values)
        plan = plan_deploy(desk.session, wanted)
        return lambda: screen.app.push_screen(DeployPlanScreen(desk, wanted, plan))

    offered = f"Here: {', '.join(here[:_MOST_OFFERED])}." if here else "Here is no file of its own; name one."
    fields = [
        Field("file", "File", here[0] if here else "", "moorage.toml, a Compose file or a task definition"),
        Field("cluster", "Cluster", cluster, "the file's own, or config's default_cluster", close=True),
        Field("count", "Count", "", "what the file says, or 1", close=True),
        Field("nobuild", "No build", "", "take the image that is there", box=True, close=True),
    ]
    lines = [offered, "First the plan is shown; nothing is done yet."]
    return FormDialog(desk, "Deploy", fields, "Plan", work, lines, command)
