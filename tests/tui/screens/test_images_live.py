"""Images by keys on real engines: built on one, pushed to a registry that wants a password, pulled and run on another;

and the same with no registry at all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.operations import clusters, instances
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.docker_folder import CANARY, DockerFolder, auth
from tests.tui.screens.driving import SIZE, home_at, register, screen_text, submit, until, until_gone, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon, Registry

DOCKERFILE = """FROM busybox:latest
COPY page.html /w/index.html
RUN echo made here > /w/made && sleep 1
CMD ["sh", "-c", "cat /w/made /w/index.html; exec sleep 1000"]
"""
WITHIN = 60.0


def _context(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "page.html").write_text("a page\n")
    return folder


def _session(folder: Path, first: Daemon, second: Daemon) -> Session:
    session = Session(home_at(folder))
    clusters.create_cluster(session, CreateClusterRequest(cluster_name="prod"))
    for name, daemon in (("edge-1", first), ("edge-2", second)):
        request = RegisterContainerInstanceRequest(cluster="prod", name=name, endpoint=daemon.endpoint)
        instances.register_container_instance(session, request)
    return session


async def _fill(pilot: Pilot[Any], **values: str) -> None:
    """Into the fields of a dialog, and on with it."""
    screen = pilot.app.screen
    for name, value in values.items():
        screen.query_one(f"#field-{name}", Input).value = value
    await pilot.pause()
    await submit(pilot)


async def _to_image(pilot: Pilot[Any], name: str) -> None:
    """To the images of the cluster, with the cursor on one; it is read anew."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await pilot.press("1")
    await until_shown(pilot, r"moorage › fleet")
    app.desk.images.stale("prod")
    await pilot.press("I")
    await until_shown(pilot, rf"prod › images(.|\n)*{name}", WITHIN)
    from widgets.live_table import LiveTable

    app.screen.query_one("#images-table", LiveTable).move_to(name)
    await pilot.pause()


async def test_from_a_folder_to_a_task_on_another_host_by_keys(
    engines: list[Daemon], shared_registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_registry.require("me", CANARY)
    docker = DockerFolder(tmp_path / "user")
    docker.write(auths={shared_registry.host: auth("me", CANARY)})
    for name, value in docker.environ.items():
        monkeypatch.setenv(name, value)
    name = f"{shared_registry.host}/site:1"
    session = _session(tmp_path / "home", *engines[:2])
    definition = {"family": "site", "containerDefinitions": [{"name": "web", "image": name, "memory": 16}]}
    register(session, json.dumps(definition).encode())
    context = _context(tmp_path / "site")
    async with Dashboard(session).run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"prod +2 +● 2")
        await _to_image(pilot, "busybox:latest")
        await pilot.press("b")
        await until_shown(pilot, r"Build in prod")
        await _fill(pilot, path=str(context), tags=name, instance="edge-1")
        await until_shown(pilot, r"3/4 +(◌ working|● done) .*RUN echo made here", WITHIN)
        await until_shown(pilot, rf"● {name} +\S*[0-9a-f]{{12}}", WITHIN)
        await until_shown(pilot, r"P push…", WITHIN)

        await pilot.press("P")
        await until_shown(pilot, rf"Push {name}")
        await _fill(pilot)
        await until_shown(pilot, r"edge-1 +● done +sha256:[0-9a-f]+", WITHIN)
        assert CANARY not in screen_text(pilot.app)  # type: ignore[arg-type]

        await _to_image(pilot, name)
        await until_shown(pilot, rf"{name} +[0-9a-f]{{12}} .* edge-1 +-")
        await pilot.press("p")
        await until_shown(pilot, r"Pull an image in prod(.|\n)*Instances +edge-2")
        await _fill(pilot)
        await until_shown(pilot, r"edge-2 +● done +sha256:[0-9a-f]+", WITHIN)

        await pilot.press("r")
        await until_shown(pilot, r"moorage › run")
        app = pilot.app
        await app.push_screen(app.desk.doors.run("site", "prod", instances=["edge-2"]))  # type: ignore[attr-defined]
        await until_shown(pilot, r"edge-2")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run site")
        await pilot.press("y")
        await until_shown(pilot, r"● RUNNING", WITHIN)

        await _to_image(pilot, name)
        await until_shown(pilot, rf"{name} +[0-9a-f]{{12}} .* edge-1 edge-2 +1", WITHIN)
        await pilot.press("enter")
        await until_shown(pilot, r"site:1 +edge-2 +● RUNNING +web +[0-9a-f]{12} +as the name says")
    told = "".join(path.read_text(errors="replace") for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert CANARY not in told


async def test_from_a_folder_to_another_host_with_no_registry(engines: list[Daemon], tmp_path: Path) -> None:
    session = _session(tmp_path / "home", *engines[:2])
    context = _context(tmp_path / "site")
    async with Dashboard(session).run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"prod +2 +● 2")
        await _to_image(pilot, "busybox:latest")
        await pilot.press("b")
        await until_shown(pilot, r"Build in prod")
        await _fill(pilot, path=str(context), tags="site:2", instance="edge-1")
        await until_shown(pilot, r"C copy to…", WITHIN)
        await pilot.press("C")
        await until_shown(pilot, r"Copy site:2(.|\n)*To +edge-2")
        await _fill(pilot)
        await until_shown(pilot, r"edge-2 +● done", WITHIN)

        await _to_image(pilot, "site:2")
        await until_shown(pilot, r"site:2 +[0-9a-f]{12} .* edge-1 edge-2")
        await pilot.press("x")
        await until_shown(pilot, r"Remove site:2\?(.|\n)*edge-1 +[0-9a-f]{12} +the image")
        await pilot.press("y")
        await until_shown(pilot, r"remove › site:2 +.*● done", WITHIN)
        await pilot.press("escape")
        await until_gone(pilot, r"^.site:2 ", WITHIN)
    await until_no_image(engines[:2], "site:2")


async def until_no_image(daemons: list[Daemon], name: str) -> None:
    for daemon in daemons:
        assert not [one for one in daemon.api.images() if name in (one.get("RepoTags") or ())]


async def test_a_build_that_is_stopped_leaves_no_container_and_no_name(
    engine: Daemon, tmp_path: Path, engines: list[Daemon]
) -> None:
    session = _session(tmp_path / "home", engine, engines[1])
    context = tmp_path / "slow"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox:latest\nRUN echo begun; sleep 300\n")
    async with Dashboard(session).run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"prod +2 +● 2")
        await _to_image(pilot, "busybox:latest")
        await pilot.press("b")
        await until_shown(pilot, r"Build in prod")
        await _fill(pilot, path=str(context), tags="slow:1", instance="edge-1")
        await until_shown(pilot, r"^ *begun", WITHIN)
        await pilot.press("x")
        await until_shown(pilot, r"Stop: build slow:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"○ stopped", WITHIN)
        await until(pilot, lambda: not engine.api.containers(all=True), "no container of the build", WITHIN)
    await until_no_image([engine], "slow:1")
