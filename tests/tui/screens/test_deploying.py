"""From source to running by keys, on a real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.docker_folder import CANARY, auth
from tests.engine_bed import Daemon, Registry
from tests.tui.screens.driving import SIZE, home_at, session_with, submit, until, until_gone, until_shown

IMAGE = "shop/web:1"
_DOCKERFILE = 'FROM busybox\nRUN echo compiling the page\nCMD ["sleep", "1000"]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    write(made)
    monkeypatch.chdir(made)
    return made


def write(folder: Path, dockerfile: str = _DOCKERFILE, toml: str = "", image: str = IMAGE, **part: Any) -> None:
    members = {"name": "web", "image": image, "memory": 16, "stopTimeout": 2, **part}
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "taskdef.json").write_text(json.dumps({"family": "web", "containerDefinitions": [members]}))
    text = f'task_definition = "taskdef.json"\n{toml}\n[[build]]\nimage = "{image}"\n'
    (folder / "moorage.toml").write_text(text)


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=["120x36", "80x24"])
async def test_by_keys_from_a_file_to_a_task_and_to_what_failed(
    tmp_path: Path, engine: Daemon, folder: Path, size: tuple[int, int]
) -> None:
    session_with(tmp_path, engine.endpoint)
    app = Dashboard(Session(home_at(tmp_path)))
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("W")
        await until_shown(pilot, r"First the plan is shown")
        assert app.screen.query_one("#field-file", Input).value == "moorage.toml"
        assert app.screen.query_one("#field-cluster", Input).value == "prod"
        await submit(pilot)
        await until_shown(pilot, rf"1 +build +{IMAGE} on ")
        assert engine.api.images(IMAGE) == []
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Deploy web:1 in prod\?")
        await pilot.press("y")
        await until_shown(pilot, r"web:1 is deployed: 1 task is RUNNING")
        await until_shown(pilot, r"● done +[0-9.]+s +run 1 of web:1")
        await until_shown(pilot, r"[0-9a-f]{8} .*● RUNNING")
        await pilot.press("k", "k", "k")
        await until_shown(pilot, r"^ compiling the page")

        write(folder, _DOCKERFILE.replace("RUN", "RUN ls /nowhere\nRUN"))
        await pilot.press("escape", "W")
        await until_shown(pilot, r"First the plan is shown")
        await submit(pilot)
        await until_shown(pilot, r"stop +task [0-9a-f]{8} of web:1")
        await pilot.press("ctrl+r", "y")
        await until_shown(pilot, r"✕ failed +[0-9.]+s +build")
        await until_shown(pilot, r"/nowhere: No such file")
        await until_shown(pilot, r"1 task of deploy:web goes on as before")
        await until_shown(pilot, r"deploy again: what is done already is not done twice")
        (work, _) = app.desk.works.works
        assert work.outcome == "failed"
        await pilot.press("escape", "U")
        await until_shown(pilot, r"deploy web:1")


@pytest.mark.parametrize("deliver", ["push", "copy"])
async def test_built_on_one_host_run_on_two_by_keys(
    tmp_path: Path,
    engines: list[Daemon],
    shared_registry: Registry,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    deliver: str,
) -> None:
    """By a registry with a password, and without any."""
    two, image = engines[:2], "127.0.0.1:5000/shop/web:1" if deliver == "push" else IMAGE
    shared_registry.require("me", CANARY)
    docker = tmp_path / "docker"
    docker.mkdir(mode=0o700)
    (docker / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:5000": auth("me", CANARY)}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    port = [{"containerPort": 80, "hostPort": 8080}]
    write(folder, toml=f'count = 2\ndeliver = "{deliver}"', image=image, portMappings=port)
    session_with(tmp_path, *(daemon.endpoint for daemon in two))
    app = Dashboard(Session(home_at(tmp_path)))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +2 +● 2")
        await pilot.press("W")
        await until_shown(pilot, r"First the plan is shown")
        await submit(pilot)
        await until_shown(pilot, rf"2 +{deliver} +{image}")
        await pilot.press("ctrl+r", "y")
        await until_shown(pilot, r"web:1 is deployed: 2 tasks are RUNNING", within=60)
        ids = {daemon.api.inspect_image(image)["Id"] for daemon in two}
        assert len(ids) == 1
        assert [[one["ImageID"] for one in daemon.api.containers()] for daemon in two] == [[*ids], [*ids]]


async def test_what_cannot_work_stays_in_the_dialog_with_its_reason(
    tmp_path: Path, engine: Daemon, folder: Path
) -> None:
    session_with(tmp_path, engine.endpoint)
    (folder / "Dockerfile").unlink()
    app = Dashboard(Session(home_at(tmp_path)))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("colon", *"deploy", "enter")
        await until_shown(pilot, r"First the plan is shown")
        await submit(pilot)
        await until_shown(pilot, r"Dockerfile: no such file")
        app.screen.query_one("#field-file", Input).value = "nothing.toml"
        await until_gone(pilot, r"Dockerfile: no such file")
        await submit(pilot)
        await until_shown(pilot, r"nothing.toml: no such file")
        await pilot.press("escape")


async def test_a_deploy_is_broken_off_by_x_and_leaves_no_image(tmp_path: Path, engine: Daemon, folder: Path) -> None:
    session_with(tmp_path, engine.endpoint)
    write(folder, _DOCKERFILE.replace("RUN", "RUN echo waiting here; sleep 300\nRUN"))
    app = Dashboard(Session(home_at(tmp_path)))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("W")
        await until_shown(pilot, r"First the plan is shown")
        await submit(pilot)
        await until_shown(pilot, rf"1 +build +{IMAGE} on ")
        await pilot.press("ctrl+r", "y")
        await until_shown(pilot, r"^ waiting here")
        await pilot.press("x")
        await until_shown(pilot, r"Stop: deploy web:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"○ stopped")
        await until_shown(pilot, r"it was broken off")
        await until(pilot, lambda: not engine.api.containers(), "the step's container is gone")
    assert engine.api.images(IMAGE) == []
