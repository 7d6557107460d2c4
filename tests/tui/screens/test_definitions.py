"""The definitions screen by keys alone: families and revisions, new ones, drafts, bringing back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.store.definitions import DefinitionStore
from app.store.drafts import DraftStore
from tests.tui.screens.driving import SIZE, home_at, screen_text, still_text, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard
from tests.unit.builders import NOW, at

TYPED = {" ": "space", "_": "underscore", ".": "full_stop", "-": "minus", "/": "slash", "~": "tilde"}


def web(memory: int = 64, password: str = "hunter2", family: str = "web") -> dict[str, Any]:
    environment = [{"name": "DB_PASSWORD", "value": password}, {"name": "LEVEL", "value": "info"}]
    container = {"name": "app", "image": f"{family}:1", "memory": memory, "environment": environment}
    return {"family": family, "containerDefinitions": [container]}


def register(folder: Path, *documents: dict[str, Any], note: str = "") -> DefinitionStore:
    """Each a minute after the one before."""
    store = DefinitionStore(home_at(folder))
    for number, document in enumerate(documents):
        told = f"{note} {number + 1}" if note else ""
        store.register(document["family"], json.dumps(document).encode(), "ops", at(60 * number), note=told)
    return store


def stored(store: DefinitionStore, family: str, revision: int) -> Any:
    return json.loads(store.read(family, revision).document)


@asynccontextmanager
async def on_definitions(app: Dashboard, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilot[Any]]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("4")
        await until_shown(pilot, r"(moorage|…) › definitions")
        yield pilot


async def write(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*(TYPED.get(character, character) for character in text))


@pytest.mark.parametrize("size", [(120, 24), (80, 24)], ids=["120", "80"])
async def test_families_and_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    store = register(tmp_path, *[web(64 + n) for n in range(8)], note="the memory of change")
    store.register(
        "api", json.dumps(web(family="api")).encode(), "\x1b[31mci", NOW, note="first line\nsecond \u202eline"
    )
    store.deregister("api", 1, NOW)
    store.deregister("web", 2, NOW)
    (tmp_path / "task-definitions" / "web" / "3.json").write_text('{"family": "web"')
    draft = DraftStore(home_at(tmp_path)).new()
    draft.save("{}", ("web", 8), 8, NOW)
    draft.close()
    async with on_definitions(app, size) as pilot:
        await pilot.press("j")
        await until_shown(pilot, r"definitions › web:8")
        assert await still_text(pilot) == snapshot
        await pilot.press("k")
        await until_shown(pilot, r"definitions › api:1")
        assert await still_text(pilot) == snapshot


async def test_the_running_tasks_of_a_family_are_told_by_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, *[web(64 + n) for n in range(8)])
    async with on_definitions(app) as pilot:
        await until_shown(pilot, r"web +8 +● ACTIVE +1 \(7:1\)")
        await until_shown(pilot, r" 7  ● ACTIVE +1 +ops")
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, r"web +8 +1 ")


async def test_secrets_are_masked_until_they_are_revealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, web())
    async with on_definitions(app) as pilot:
        await until_shown(pilot, r"web:1 secrets masked")
        assert "hunter2" not in screen_text(app)
        await pilot.press("v")
        await until_shown(pilot, r"hunter2")
        assert "secrets masked" not in screen_text(app)
        await pilot.press("v")
        await until_gone(pilot, r"hunter2")


async def test_json_is_masked_and_copied_as_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, web())
    async with on_definitions(app) as pilot:
        await pilot.press("y")
        await until_shown(pilot, r"› JSON .*secrets masked")
        assert "hunter2" not in screen_text(app)
        await pilot.press("c")
        await until_shown(pilot, r"Copied the document, its secrets masked")
        assert "hunter2" not in app.clipboard
        assert "DB_PASSWORD" in app.clipboard
        await pilot.press("v")
        await until_shown(pilot, r"hunter2")
        await pilot.press("c")
        await until_shown(pilot, r"Copied the document$")
        assert "hunter2" in app.clipboard


# --- editing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=["120", "80"])
async def test_what_was_registered_in_the_editor_is_at_the_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    store = register(tmp_path, web(), web(65), web(family="zoo"))
    store.deregister("web", 1, NOW)
    async with on_definitions(app, size) as pilot:
        await pilot.press("tab", "j")
        await until_shown(pilot, r"definitions › web:1")
        await pilot.press("e")
        await until_shown(pilot, r"definitions › web › 1 → draft")
        await pilot.press("ctrl+s")
        await until_shown(pilot, r"becomes web:3")
        await pilot.press("ctrl+s")
        await until_shown(pilot, r"definitions › web:3")
        await until(pilot, lambda: stored(store, "web", 3) == web(), "the copy in the store")


async def test_a_new_family_is_at_the_cursor_and_what_others_registered_meanwhile_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, web())
    async with on_definitions(app) as pilot:
        register(tmp_path, web(family="aaa"))
        await until_shown(pilot, r"aaa +1")
        await until_shown(pilot, r"definitions › web:1")
        await pilot.press("n", *["j"] * 2, "enter")
        await until_shown(pilot, r"A copy of web:1")
        await write(pilot, "zoo")
        await pilot.press("enter")
        await until_shown(pilot, r"definitions › new")
        await pilot.press("ctrl+s")
        await until_shown(pilot, r"becomes zoo:1")
        await pilot.press("ctrl+s")
        await until_shown(pilot, r"definitions › zoo:1")


# --- new… -------------------------------------------------------------------------------------------------------------


async def test_new_from_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with on_definitions(app) as pilot:
        await pilot.press("n")
        await until_shown(pilot, r"New task definition")
        assert "a copy of" not in screen_text(app)
        await pilot.press("enter")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r'"containerDefinitions": \[\]')


async def test_new_from_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with on_definitions(app) as pilot:
        await pilot.press("n", "j", "enter")
        await until_shown(pilot, r"redis-and-worker +redis:")
        await pilot.press("G", "enter")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r'"family": "web-server"')
        await until_shown(pilot, r"✓ ready to register")


async def test_a_copy_needs_a_new_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, web())
    async with on_definitions(app) as pilot:
        await pilot.press("n", *["j"] * 2, "enter")
        await until_shown(pilot, r"A copy of web:1")
        await pilot.press("enter")
        await until_shown(pilot, r"give the new family a name")
        await write(pilot, "web")
        await pilot.press("enter")
        await until_shown(pilot, r"family 'web' is there already")
        await pilot.press("escape")
        await until_gone(pilot, r"A copy of web:1")


async def test_new_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file has and ECS has not is told in the editor."""
    app = still_dashboard(tmp_path / "home", monkeypatch)
    compose = tmp_path / "compose.yaml"
    compose.write_text("name: shop\nservices:\n  web:\n    image: nginx:1\n    build: .\n    mem_limit: 64m\n")
    async with on_definitions(app) as pilot:
        await pilot.press("n", "G", "enter")
        await until_shown(pilot, r"From a file")
        await write(pilot, "nowhere.yaml")
        await pilot.press("enter")
        await until_shown(pilot, r"nowhere\.yaml: no such file")
        await pilot.press("ctrl+u")
        await write(pilot, str(compose))
        await pilot.press("enter")
        await until_shown(pilot, r"definitions › new")
        await until_shown(pilot, r'"image": "nginx:1"')
        await until_shown(pilot, r"▲ \d+ warning")


async def test_a_file_with_several_definitions_asks_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path / "home", monkeypatch)
    resources = {
        name: {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": name.lower(),
                "ContainerDefinitions": [{"Name": "app", "Image": f"{name.lower()}:2", "Memory": 64}],
            },
        }
        for name in ("One", "Two")
    }
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": resources}))
    async with on_definitions(app) as pilot:
        await pilot.press("n", "G", "enter")
        await until_shown(pilot, r"From a file")
        await write(pilot, str(template))
        await pilot.press("enter")
        await until_shown(pilot, r"Which of them\?")
        await until_shown(pilot, r"one +one:2")
        await pilot.press("j", "enter")
        await until_shown(pilot, r'"family": "two"')


async def test_a_container_that_is_not_there_is_told_in_the_dialog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with on_definitions(app) as pilot:
        await pilot.press("n", *["j"] * 2, "enter")
        await until_shown(pilot, r"From a running container")
        await pilot.press("enter", "enter", "enter")
        await until_shown(pilot, r"give a container's name, or its id")
        await write(pilot, "web")
        await pilot.press("enter")
        await until_shown(pilot, r"cluster 'prod' not found")


# --- drafts -----------------------------------------------------------------------------------------------------------


async def test_a_draft_that_comes_to_wait_is_told_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    register(tmp_path, web())
    held = DraftStore(home_at(tmp_path)).new()
    held.save(json.dumps(web(99)), ("web", 1), 1, NOW)
    async with on_definitions(app) as pilot:
        assert "draft" not in screen_text(app)
        assert not re.search(r"\bD drafts", screen_text(app))
        held.close()
        await until_shown(pilot, r"1 draft  ")
        await until_shown(pilot, r"web  draft +1")
        await pilot.press("D")
        await until_shown(pilot, r"Drafts that are kept")
        await pilot.press("enter")
        await until_shown(pilot, r"web › 1 → draft")
        await until_shown(pilot, r"memory 99 MiB")
        await pilot.press("escape")
        await until_shown(pilot, r"definitions › web:1")
        await until_shown(pilot, r"web  draft +1")


# --- bring back, deregister -------------------------------------------------------------------------------------------


async def test_deregister_and_bring_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    store = register(tmp_path, web(64), web(65))
    async with on_definitions(app) as pilot:
        await pilot.press("tab", "j")
        await until_shown(pilot, r"definitions › web:1")
        assert "bring back" not in screen_text(app)
        await pilot.press("x")
        await until_shown(pilot, r"Deregister web:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"1  ○ INACTIVE")
        await until_shown(pilot, r"b bring back")
        await pilot.press("b")
        await until_shown(pilot, r"Bring back web:1\?")
        await until_shown(pilot, r"registered as web:3, and is then the latest")
        await pilot.press("escape")
        await until_gone(pilot, r"Bring back web:1\?")
        assert store.revisions("web") == [1, 2]
        await pilot.press("b")
        await until_shown(pilot, r"Bring back web:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"definitions › web:3")
    again = store.read("web", 3)
    assert (again.document, again.status, again.note) == (store.read("web", 1).document, "ACTIVE", "copy of web:1")
    assert store.read("web", 1).status == "INACTIVE"


async def test_nothing_is_brought_back_over_a_revision_that_came_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    store = register(tmp_path, web(64))
    store.deregister("web", 1, NOW)
    async with on_definitions(app) as pilot:
        await until_shown(pilot, r"b bring back")
        await pilot.press("b")
        await until_shown(pilot, r"registered as web:2, and is then the latest")
        register(tmp_path, web(65))
        await pilot.press("y")
        await until_shown(pilot, r"web:2 has come in between")
    assert store.revisions("web") == [1, 2]


def test_a_copy_keeps_the_template_and_an_array_its_family(tmp_path: Path) -> None:
    from app.operations.definitions import register_again
    from app.store.revision_files import Template

    session, template = Session(home_at(tmp_path)), Template(b"Resources: {}\n", "yaml")
    array = json.dumps(web()["containerDefinitions"]).encode()
    first = session.definitions.register("web", array, "ops", NOW, template)
    again = register_again(session, first, 1).stored
    assert (again.family, again.revision, again.document) == ("web", 2, array)
    assert session.definitions.template("web", 2) == template


async def test_secrets_in_the_overrides_of_a_task_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"overrides": {"containerOverrides": [{"environment": [{"name": "API_TOKEN", "value": "hunter2"}]}]}}
    monkeypatch.setattr("app.screens.task.task_shape", lambda *_: shape)
    monkeypatch.setattr("app.operations.task_shape.task_shape", lambda *_: shape)
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("2", "enter")
        await until_shown(pilot, r"Details  JSON")
        assert "v reveal" not in screen_text(app)
        await pilot.press(*["tab"] * 5)
        await until_shown(pilot, r"JSON, secrets masked")
        await until_shown(pilot, r'"value": "••••••••"')
        await until_shown(pilot, r"v reveal")
        await pilot.press("v")
        await until_shown(pilot, r"hunter2")
        await pilot.press("v", "y")
        await until_shown(pilot, r"› JSON .*secrets masked")
        assert "hunter2" not in screen_text(app)
