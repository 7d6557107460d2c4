"""Driving the dashboard as a person does: keys in, the screen's text out, and waiting for what shall appear."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Button

from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.operations import clusters, definitions, instances
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.store.home import Home, resolve_home

SIZE = (120, 36)
WITHIN = 30.0


def home_at(folder: Path) -> Home:
    return resolve_home(str(folder), {})


def session_with(folder: Path, *endpoints: str, cluster: str = "prod") -> Session:
    """A session whose home has one cluster with these engines."""
    session = Session(home_at(folder))
    clusters.create_cluster(session, CreateClusterRequest(cluster_name=cluster))
    for endpoint in endpoints:
        request = RegisterContainerInstanceRequest(cluster=cluster, endpoint=endpoint)
        instances.register_container_instance(session, request)
    return session


def register(session: Session, document: bytes, name: str = "test.json") -> str:
    stored = definitions.register_task_definition(session, document, name).stored
    return f"{stored.family}:{stored.revision}"


def screen_text(app: Dashboard) -> str:
    """What is on the screen, a line each, without the blanks at the right."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str, within: float = WITHIN) -> None:
    """Wait until something holds; fails with the screen as it is then."""
    deadline = asyncio.get_running_loop().time() + within
    while not condition():
        app = pilot.app
        assert isinstance(app, Dashboard)
        assert asyncio.get_running_loop().time() < deadline, f"not seen in {within} s: {what}\n{screen_text(app)}"
        await pilot.pause(0.02)


async def still_text(pilot: Pilot[Any]) -> str:
    """As ``screen_text``, once nothing moves any more: one change of the layout may ask for the next.

    Without scroll bars at the right: these follow a moment later, and tell where one is.
    """
    app = pilot.app
    assert isinstance(app, Dashboard)
    looks: list[str] = []

    def still() -> bool:
        looks.append("\n".join(re.sub(r" *[▁-█]$", "", line) for line in screen_text(app).split("\n")))
        return len(looks) >= 5 and len(set(looks[-5:])) == 1

    await until(pilot, still, "a screen that stands still")
    return looks[-1]


async def until_shown(pilot: Pilot[Any], pattern: str, within: float = WITHIN) -> re.Match[str]:
    """Wait until the screen matches a regular expression."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    found: list[re.Match[str]] = []

    def shown() -> bool:
        match = re.search(pattern, screen_text(app), re.MULTILINE)
        found[:] = [match] if match else []
        return bool(match)

    await until(pilot, shown, f"/{pattern}/", within)
    return found[0]


async def until_gone(pilot: Pilot[Any], pattern: str, within: float = WITHIN) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: not re.search(pattern, screen_text(app), re.MULTILINE), f"no /{pattern}/", within)


async def submit(pilot: Pilot[Any]) -> None:
    """The button of a dialog by its key: a click could meet where it was, for what is shown above it comes and goes."""
    button = pilot.app.screen.query_one("#form-go", Button)
    # A button that flashes from the last time does not take enter.
    await until(pilot, lambda: not button.has_class("-active"), "a button that is still")
    pilot.app.screen.set_focus(button)
    await pilot.press("enter")
