"""Differences by keys alone: between revisions, with what runs, with a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.assertion import SnapshotAssertion

from app.fleet.fleet import Fleet
from app.model.endpoint import Endpoint
from app.model.task import Task
from app.operations.drift import Running
from app.screens import comparison
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, still_text, until, until_gone, until_shown
from tests.tui.screens.driving import register as register_document
from tests.tui.screens.still import still_dashboard
from tests.tui.screens.test_definitions import on_definitions, register, web, write

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """web:1 to web:7; one task of web:7 is RUNNING."""
    register(tmp_path, *[web(64 + n, f"secret-{n // 3}") for n in range(7)], note="step")
    return still_dashboard(tmp_path, monkeypatch)


@pytest.mark.parametrize("size", [(120, 24), (80, 24)], ids=["120", "80"])
async def test_from_the_revision_before(app: Dashboard, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with on_definitions(app, size) as pilot:
        await until_shown(pilot, r"definitions › web:7")
        await pilot.press("d")
        await until_shown(pilot, r"web:7 › diff")
        assert await still_text(pilot) == snapshot
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == "moorage diff web:6 web:7", "the command on the clipboard")


async def test_earlier_whole_and_environment(app: Dashboard) -> None:
    async with on_definitions(app) as pilot:
        await pilot.press("d")
        await until_shown(pilot, r"- web:6 .*step 6\n \+ web:7 .*step 7")
        await until_shown(pilot, r'- +"value": "••••••••"\n.*\+ +"value": "••••••••#2"')
        await pilot.press("v")
        await until_shown(pilot, r'"value": "secret-1"\n.*"value": "secret-2"')
        await pilot.press("v")
        await until_gone(pilot, r"secret-1")
        await pilot.press("p")
        await until_shown(pilot, r"- web:5 .*\n \+ web:7")
        await pilot.press("w")
        await until_shown(pilot, r"DB_PASSWORD")
        await until_gone(pilot, r'"memory"')
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == "moorage diff web:5 web:7 --environment", "the command")
        await pilot.press(*"pppp")
        await until_shown(pilot, r"- web:1 .*\n \+ web:7")
        await pilot.press("p")
        await until_shown(pilot, r"No revision of web is before web:1")
        await pilot.press("w")
        await until_shown(pilot, r'\+ +"memory": 70')
        await pilot.press("escape")
        await until_shown(pilot, r"definitions › web:7 ")


async def test_two_marked_revisions(app: Dashboard) -> None:
    async with on_definitions(app) as pilot:
        await pilot.press("tab", "j", "space", *"jjj", "space")
        await until_shown(pilot, r"definitions › web:3")
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == "moorage diff web:3 web:6", "the command on the clipboard")
        await pilot.press("d")
        await until_shown(pilot, r"- web:3 .*\n \+ web:6")
        await pilot.press("escape")
        await until_shown(pilot, r"definitions › web:3 ")
        await pilot.press("j", "space", "d")
        await until_shown(pilot, r"3 revisions are marked; mark two")


async def test_one_marked_revision_is_compared_with_the_one_at_the_cursor(app: Dashboard) -> None:
    async with on_definitions(app) as pilot:
        await pilot.press("tab", "space", "j", "j")
        await until_shown(pilot, r"definitions › web:5")
        await pilot.press("d")
        await until_shown(pilot, r"- web:5 .*\n \+ web:7")


async def test_all_of_the_first_revision_is_new(app: Dashboard) -> None:
    async with on_definitions(app) as pilot:
        await pilot.press("tab", "G")
        await until_shown(pilot, r"definitions › web:1")
        await pilot.press("d")
        await until_shown(pilot, r"- nothing\n \+ web:1")
        await until_shown(pilot, r'\+ +"memory": 64')
        await pilot.press("w", "Y")
        await until(pilot, lambda: app.clipboard == "moorage export web:1", "a command that there is")


async def test_a_revision_that_cannot_be_read_is_told(app: Dashboard, tmp_path: Path) -> None:
    (tmp_path / "task-definitions" / "web" / "6.json").write_text('{"family": "web"')
    async with on_definitions(app) as pilot:
        await pilot.press("d")
        await until_shown(pilot, r"web/6\.json: line 1, column \d+")


async def test_with_a_file(app: Dashboard, tmp_path: Path) -> None:
    """Of several definitions in it the one of the same family is taken, without a question."""
    resources = {
        name: {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": name,
                "ContainerDefinitions": [{"Name": "app", "Image": f"{name}:9", "Memory": 64}],
            },
        }
        for name in ("other", "web")
    }
    path = tmp_path / "a template.json"
    path.write_text(json.dumps({"Resources": resources}))
    async with on_definitions(app) as pilot:
        await pilot.press("d")
        await until_shown(pilot, r"web:7 › diff")
        await pilot.press("f")
        await until_shown(pilot, r"Compare web:7 with a file")
        await write(pilot, str(path))
        await pilot.press("enter")
        await until_shown(pilot, r"- web:7 .*\n \+ .*a template\.json")
        await until_shown(pilot, r'\+ +"image": "web:9"')
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == f"moorage diff web:7 '{path}'", "the command on the clipboard")
        await pilot.press("p")
        await until_shown(pilot, r"- web:6 .*\n \+ web:7")


async def test_nothing_runs_of_a_revision(app: Dashboard) -> None:
    async with on_definitions(app) as pilot:
        await pilot.press("tab", "j")
        await until_shown(pilot, r"definitions › web:6")
        await pilot.press("d")
        await until_shown(pilot, r"web:6 › diff")
        await pilot.press("o")
        await until_shown(pilot, r"No task of web:6 is RUNNING in sight")


async def test_of_several_running_tasks_one_is_chosen(app: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = [task for task in app.desk.fleet.tasks() if task.definition == "web:7"]
    twin = replace(task, id="ee" * 16)

    def tasks_of(_: Fleet, family: str, revision: int) -> list[Task]:
        assert (family, revision) == ("web", 7)
        return [task, twin]

    def running(_: object, endpoint: Endpoint, asked: Task) -> Running:
        assert endpoint.url == "unix:///run/edge-1.sock"
        members = {**web(70), "networkMode": "host"}
        notes = tuple(f"container app: note {number} \x1b[2J" for number in range(8))
        return Running("web:7", asked.id, "edge-1", web(70), members, {}, notes)

    monkeypatch.setattr(comparison, "running_tasks_of", tasks_of)
    monkeypatch.setattr(comparison, "running_on_instance", running)
    async with on_definitions(app) as pilot:
        await pilot.press("d")
        await until_shown(pilot, r"web:7 › diff")
        await pilot.press("o")
        await until_shown(pilot, r"Which task of web:7\?")
        await pilot.press("j", "enter")
        await until_shown(pilot, r"- web:7\n \+ task eeeeeeee as it runs on edge-1")
        await until_shown(pilot, r'\+ +"networkMode": "host"')
        await until_shown(pilot, r"▲ container app: note 5 ␛\[2J\n +and 2 more")
        await pilot.press("Y")
        command = f"moorage diff web:7 --running {twin.id} --cluster prod"
        await until(pilot, lambda: app.clipboard == command, "the command on the clipboard")


async def test_what_runs_and_a_definition_of_a_stranger(engine: Daemon, tmp_path: Path) -> None:
    """On a real engine: a task that is as it was registered, and a container that nobody registered."""
    from app.model.requests import RunTaskRequest
    from app.operations.launch import run_task

    document: dict[str, Any] = web(32)
    document["containerDefinitions"][0] |= {"image": "busybox", "command": ["sleep", "300"], "stopTimeout": 2}
    session = session_with(tmp_path, engine.endpoint)
    register_document(session, json.dumps(document).encode())
    run_task(session, RunTaskRequest(cluster="prod", task_definition="web"), lambda _: None)
    limits = engine.api.create_host_config(mem_limit="48m")
    engine.api.start(engine.api.create_container("busybox", ["sleep", "300"], name="stranger", host_config=limits))
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("4")
        await until_shown(pilot, r"web +1 +● ACTIVE +1 \(1:1\)")
        await pilot.press("d")
        await until_shown(pilot, r"web:1 › diff")
        await pilot.press("o")
        await until_shown(pilot, r"\+ task [0-9a-f]{8} as it runs on")
        await until_shown(pilot, r"no difference")

        await pilot.press("2")
        await until_shown(pilot, r"stranger")
        await pilot.press("slash", *"stranger", "enter", "enter")
        await until_shown(pilot, r"prod › unmanaged › stranger")
        await pilot.press("e")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r'"family": "stranger"')
        await until_shown(pilot, r'"memory": 48')

        await pilot.press("escape", "4", "n", *"jjj", "enter")
        await until_shown(pilot, r"From a running container")
        await pilot.press("enter", "enter", *"stranger", "enter")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r'"family": "stranger"')
