"""The Run form by keys: on a fleet that stands still, and on a real engine to RUNNING."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from app.fleet.changes import ChangeSet
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.manifest import read_manifest
from app.operations.launch import Launched
from app.operations.preview import failure_shape
from app.placement.refusals import Refusal
from app.screens.dashboard import Dashboard
from app.screens.run.choice import RunChoice
from app.screens.run.screen import RunScreen
from app.screens.run.where import WherePane
from app.store.definitions import DefinitionStore, StoredRevision
from tests.tui.screens.driving import (
    SIZE,
    register,
    screen_text,
    session_with,
    still_text,
    until,
    until_gone,
    until_shown,
)
from tests.tui.screens.still import still_dashboard

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

WEB = {
    "family": "web",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "nginx:1.27",
            "cpu": 256,
            "memory": 512,
            "environment": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
        },
        {"name": "db", "image": "postgres:17", "memory": 256},
    ],
}
Drive = Callable[..., Any]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """Opens the Run form on the fleet that stands still."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24), **choice: Any) -> AsyncIterator[tuple[Pilot[Any], RunScreen]]:
        app = still_dashboard(tmp_path, monkeypatch)
        register(app.desk.session, json.dumps(WEB).encode())
        app.desk.session.operator = "ops"
        async with app.run_test(size=size, notifications=True) as pilot:
            screen = RunScreen(app.desk, RunChoice(cluster="prod", **choice))
            app.push_screen(screen)
            await until_shown(pilot, r"Where they (could|would) go|No plan yet")
            yield pilot, screen

    return opened


async def typed(pilot: Pilot[Any], text: str) -> None:
    names = {" ": "space", "_": "underscore", ".": "full_stop", "-": "minus", "=": "equals_sign", ":": "colon"}
    await pilot.press(*(names.get(character, character) for character in text))


async def at(pilot: Pilot[Any], screen: RunScreen, key: str) -> None:
    screen._lines.focus_lines(key)
    await pilot.pause()


def shown(pilot: Pilot[Any]) -> str:
    app = pilot.app
    assert isinstance(app, Dashboard)
    return screen_text(app)


# --- pictures ---------------------------------------------------------------------------------------------------------

FULL: dict[str, Any] = {
    "count": "2",
    "strategies": ("spread attribute:ecs.availability-zone", "binpack memory"),
    "constraints": ("memberOf agentConnected == true",),
    "overrides": ("web environment DB_PASSWORD=swordfish", "web memory 1024"),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=["80x24", "120x36", "200x50"])
async def test_picture(drive: Drive, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with drive(size, **FULL) as (pilot, _):
        assert await still_text(pilot) == snapshot


async def test_picture_of_what_is_wrong(drive: Drive, snapshot: SnapshotAssertion) -> None:
    async with drive((80, 24)) as (pilot, screen):
        await at(pilot, screen, "constraint:+")
        await pilot.press("a")
        await typed(pilot, "attribute:zone = a")
        await pilot.press("enter")
        assert await still_text(pilot) == snapshot


async def test_picture_of_offers(drive: Drive, snapshot: SnapshotAssertion) -> None:
    async with drive((80, 24)) as (pilot, screen):
        await at(pilot, screen, "strategy:+")
        await pilot.press("enter")
        assert await still_text(pilot) == snapshot


# --- what follows a change --------------------------------------------------------------------------------------------


async def test_the_picture_follows_every_key_and_stays_while_something_is_wrong(drive: Drive) -> None:
    async with drive() as (pilot, _):
        await until_shown(pilot, r"fits 1 of 3")
        await pilot.press("enter", "backspace", "2")
        await until_shown(pilot, r"1 of 2 not placed")
        await pilot.press("2")
        await until_shown(pilot, r"less than or equal to 10")
        await until_shown(pilot, r"The last good plan  fits 1 of 3  1 of 2 not placed")
        await pilot.press("escape")
        await until_gone(pilot, r"last good plan|not placed")
        assert "web:1 × 1 on prod" in shown(pilot)


async def test_what_comes_late_to_a_form_that_is_left_touches_nothing(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await until_shown(pilot, r"fits 1 of 3")
        pilot.app.pop_screen()
        assert screen.is_attached, "it is on its way only"
        await screen.query("*").remove()
        screen._arrange()
        screen._take_definitions(("web:1",))
        await until_shown(pilot, r"moorage › fleet")


async def test_a_launch_that_goes_on_while_the_program_ends_touches_nothing(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await until_shown(pilot, r"fits 1 of 3")
        await screen.remove()
        assert screen.is_current, "as every screen that is left by the end of the program"
        screen._told()


async def test_a_digit_at_the_count_is_the_count(drive: Drive) -> None:
    async with drive() as (pilot, _):
        await pilot.press("3", "enter")
        await until_shown(pilot, r"▌Count +3$")
        await until_shown(pilot, r"2 of 3 not placed")


async def test_the_count_is_what_the_request_makes_of_it(drive: Drive) -> None:
    async with drive() as (pilot, _):
        await pilot.press("2")
        await typed(pilot, ".0")
        await until_shown(pilot, r"1 of 2 not placed")
        await pilot.press("escape")
        await until_gone(pilot, r"not placed")


async def test_why_not_is_told_with_who_has_the_port(drive: Drive) -> None:
    async with drive() as (pilot, _):
        await until_shown(pilot, r"edge-1 takes none: tcp 8080 taken by task 3f3f3f3f \(web:7\)")
        await pilot.press("m")
        await until_shown(pilot, r"CPU +█ tasks.*m memory")


async def test_what_is_typed_stays_when_the_fleet_changes(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await at(pilot, screen, "group")
        await pilot.press("enter", "m", "i")
        screen.sync(ChangeSet(clusters=True))
        screen.refresh_now(None)
        await pilot.press("n", "e")
        screen.refresh_now(None)
        await pilot.press("enter")
        await until_shown(pilot, r"▌Group +mine$")
        await pilot.press("u")
        await until_shown(pilot, r"▌Group +family:web$")


async def test_a_strategy_is_found_by_a_few_letters_moved_and_removed(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await at(pilot, screen, "strategy:+")
        await pilot.press("enter", *"bin", "enter", "a", *"inst", "enter")
        await until_shown(pilot, r"Strategy +binpack memory\n▌ +spread instanceId")
        await pilot.press("K")
        await until_shown(pilot, r"▌Strategy +spread instanceId\n +binpack memory")
        await pilot.press("x")
        await until_shown(pilot, r"▌Strategy +binpack memory\n +\+ add")
        await pilot.press("u")
        await until_shown(pilot, r"Strategy +spread instanceId\n +binpack memory")


async def test_keys_typed_at_once_come_in_turn(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await at(pilot, screen, "strategy:+")
        app = pilot.app
        for key in ("j", "j", "a", *"log", "down", "enter", *"debug", "enter", "a", *"webspace"[:3], "escape", "j"):
            app.simulate_key(key)
        await until_shown(pilot, r"Overrides +web environment LOG_LEVEL=debug\n +\+ add\n▌Scheduler")
        assert screen._form.choice.overrides == ("web environment LOG_LEVEL=debug",)


async def test_keys_typed_right_behind_tab_are_meant_for_the_picture(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await until_shown(pilot, r"▌Count")
        for key in ("tab", "j", "space", "j", "space", "tab"):
            pilot.app.simulate_key(key)
        await until_shown(pilot, r"▌Count +2  one on edge-2, edge-3")
        await until(pilot, lambda: screen._lines.has_focus_within, "the form has the keys again")


async def test_another_scheduler_chooses_at_the_launch(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.screens.run.screen.known_schedulers", lambda _: ["built-in", "night"])
    async with drive() as (pilot, screen):
        await at(pilot, screen, "scheduler")
        await pilot.press("enter", *"nig", "enter")
        await until_shown(pilot, r"Chosen by night at the launch  fits 1 of 3")
        await until_shown(pilot, r"edge-2 .*✓ fits")


# --- marks, plan, command ---------------------------------------------------------------------------------------------


async def test_marked_instances_are_started_on(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        await pilot.press("tab", "space", "j", "space")
        await until_shown(pilot, r"Count +2  one on edge-1, edge-2")
        await until_shown(pilot, r"One on each marked instance  1 of 2 would start")
        await until_shown(pilot, r"◆ edge-1.*tcp 8080 taken")
        assert pilot.app.focused is screen.query_one("#preview")
        await pilot.press("Y")
        await until_shown(pilot, r"Copied command")
        words = shlex.split(pilot.app.clipboard)
        assert words[1] == "start-task"
        assert words[words.index("--container-instances") + 1 :][:2] == ["edge-1", "edge-2"]
        await pilot.press("k", "space")
        await until_shown(pilot, r"Count +1  one on edge-2")
        await pilot.press("escape")
        await until_shown(pilot, r"Count +1$")
        await until_gone(pilot, r"◆")


async def test_p_shows_the_plan_as_json_and_y_copies_the_secret_that_is_not_shown(drive: Drive) -> None:
    async with drive((120, 36), **FULL) as (pilot, screen):
        await pilot.press("p")
        await until_shown(pilot, r"› run › web:1 › plan")
        assert '"taskDefinitionArn": "arn:aws:ecs:' in shown(pilot)
        await pilot.press("escape")
        await until_shown(pilot, r"Where they (could|would) go")
        await pilot.press("Y")
        await until_shown(pilot, r"Copied command, its secrets too")
        assert "swordfish" in pilot.app.clipboard
        assert "swordfish" not in shown(pilot)
        await pilot.press("v")
        await until_shown(pilot, r"DB_PASSWORD=swordfish")
        assert screen._form.revealed


async def test_what_is_wrong_is_not_run_and_the_cursor_goes_there(drive: Drive) -> None:
    async with drive(strategies=("random",), group="g" * 300) as (pilot, _):
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Not yet: ")
        await until_shown(pilot, r"✗ 1 mistake  web:1 × 1 on prod$")
        await until_shown(pilot, r"No plan yet ")
        await until_shown(pilot, r"● edge-1 ")
        await until_shown(pilot, r"▌Group")
        await pilot.press("p")
        await until_shown(pilot, r"There is no plan")


async def test_the_question_names_it_all_and_esc_does_nothing(drive: Drive) -> None:
    async with drive((120, 36), **FULL) as (pilot, screen):
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run web:1\?")
        text = shown(pilot)
        assert "each reserves 256u CPU  1.25G  tcp 8080" in text
        assert "override web memory 1024" in text
        assert "strategy binpack memory" in text
        assert "1 of 2 have no place now" in text
        assert "moorage run-task --cluster prod" in text
        assert "swordfish" not in text
        await pilot.press("escape")
        await until_gone(pilot, r"Run web:1\?")
        assert not screen._launch.going
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › fleet")


async def test_a_definition_that_is_not_active_any_more_is_told(drive: Drive) -> None:
    async with drive((120, 36), definition="web:7") as (pilot, _):
        await until_shown(pilot, r"web:7 is not ACTIVE; web:1 is chosen instead")
        await until_shown(pilot, r"Definition +web:1")


async def test_marked_instances_of_the_list_are_taken_along(drive: Drive) -> None:
    async with drive() as (pilot, _):
        await pilot.press("escape")
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("3")
        await until_shown(pilot, r"edge-3")
        await pilot.press("space", "j", "space", "r")
        await until_shown(pilot, r"Count +2  one on edge-1, edge-2")


async def test_picture_and_launch_take_turns_where_there_is_no_room_for_both(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_launch(*_: object) -> Any:
        raise MoorageError("no engine here")

    monkeypatch.setattr("app.screens.run.launch.run_task", no_launch)
    async with drive((120, 36)) as (pilot, screen):
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run web:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"─ Launch ─[\s\S]*no engine here")
        assert "Where they could go" in shown(pilot)
        await pilot.resize_terminal(80, 24)
        await until_gone(pilot, r"Where they could go")
        assert pilot.app.focused is screen.query_one("#launches")
        await pilot.press("tab", "tab")
        await until_shown(pilot, r"Where they could go")
        await until_gone(pilot, r"─ Launch ─")
        await pilot.press("tab")
        await until_shown(pilot, r"─ Launch ─")
        await pilot.resize_terminal(120, 36)
        await until_shown(pilot, r"Where they could go[\s\S]*─ Launch ─")


async def test_the_first_layout_is_that_of_the_terminal(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    monkeypatch.setattr(WherePane, "on_resize", lambda _, event: widths.append(event.size.width), raising=False)
    async with drive((80, 24)):
        assert set(widths) == {80}


def refused(name: str, reason: str, words: str) -> Launched:
    key = InstanceKey("prod", name)
    return Launched(failures=[failure_shape(Refusal(key, reason, words), "a" * 32)], instance_ids={key: "a" * 32})


async def launched(pilot: Pilot[Any], monkeypatch: pytest.MonkeyPatch, end: Launched | MoorageError) -> None:
    """Launch, with an end that is known."""

    def run_task(*_: object) -> Launched:
        if isinstance(end, MoorageError):
            raise end
        return end

    monkeypatch.setattr("app.screens.run.launch.run_task", run_task)
    await pilot.press("ctrl+r")
    await until_shown(pilot, r"Run web:1\?")
    await pilot.press("y")
    await until_shown(pilot, r"✕ not placed")


async def test_what_was_refused_is_told_by_instance_and_in_full_by_enter(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "tcp 8080 taken by task 3f3f3f3f (web:7), and by something else that nobody can see here at all"
    async with drive() as (pilot, _):
        await launched(pilot, monkeypatch, refused("edge-1", "RESOURCE:PORTS", words))
        await until_shown(pilot, r"▌- +edge-1 +✕ not placed")
        await until_gone(pilot, "1 refusals", within=30)
        await until_shown(pilot, r"✕ not placed +RESOURCE:PORTS  tcp 8080 taken by.*…$")
        await pilot.press("enter")
        await until_shown(pilot, r"▌ edge-1: RESOURCE:PORTS  tcp 8080")
        await until_shown(pilot, r"see here at all")


async def test_a_launch_that_was_refused_as_a_whole_is_told_in_full_by_enter(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive() as (pilot, _):
        why = "No Container Instances were found in your cluster. Add one: moorage register-container-instance"
        await launched(pilot, monkeypatch, MoorageError(why))
        pilot.app.clear_notifications()
        await until_shown(pilot, r"✕ not placed +No Container Instances were.*…$")
        await pilot.press("enter")
        await until_shown(pilot, r"register-container-instance$")


async def test_after_a_launch_an_edit_brings_the_picture_back(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    async with drive() as (pilot, screen):
        await launched(pilot, monkeypatch, refused("edge-1", "RESOURCE:CPU", "none left"))
        await until_gone(pilot, r"Where they could go")
        assert screen._lines.region.bottom == screen.query_one("#launches").region.y
        await pilot.press("tab", "enter", "backspace", "2")
        await until_shown(pilot, r"Where they could go.*1 of 2 not placed")
        await until_gone(pilot, r"─ Launch")
        assert screen._lines.is_typing


async def test_what_does_not_bind_where_tasks_are_started_is_told_in_the_question(drive: Drive) -> None:
    async with drive() as (pilot, screen):
        document = {**WEB, "placementConstraints": [{"type": "memberOf", "expression": "attribute:gpu exists"}]}
        register(screen.desk.session, json.dumps(document).encode())
        pilot.app.push_screen(RunScreen(screen.desk, RunChoice("web:2", "prod", instances=("edge-2",))))
        await until_shown(pilot, r"1 of 1 would start")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"▲ attribute:gpu exists does not hold on edge-2")


# --- a launch ---------------------------------------------------------------------------------------------------------

JOB = {
    "family": "job",
    "containerDefinitions": [
        {
            "name": "job",
            "image": "busybox",
            "memory": 32,
            "command": ["sh", "-c", "trap 'exit 0' TERM; echo level is $LOG_LEVEL; while :; do sleep 0.2; done"],
            "environment": [{"name": "LOG_LEVEL", "value": "info"}],
            "stopTimeout": 2,
        }
    ],
}


async def test_a_launch_with_a_chain_a_constraint_and_an_override_by_keys_alone(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(JOB).encode())
    app = Dashboard(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("r")
        await until_shown(pilot, r"fits 1 of 1")
        await pilot.press("enter", "backspace", "2", "enter", "j", "j")
        await pilot.press("enter", *"inst", "enter", "a", *"binp", "enter", "j", "j")
        await until_shown(pilot, r"Strategy +spread instanceId\n +binpack memory\n +\+ add\n▌Constraint")
        await pilot.press("enter")
        await typed(pilot, "attribute:ecs.os-type == linux")
        await pilot.press("enter", "j", "j")
        await until_shown(pilot, r"memberOf attribute:ecs\.os-type == linux +on 1 of 1")
        await pilot.press("enter", *"level", "down", "enter")
        await typed(pilot, "debug")
        await pilot.press("enter")
        await until_shown(pilot, r"job environment LOG_LEVEL=debug")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run job:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"Launch  2 of 2 running")
        await until_shown(pilot, r"job:1: 2 launched")

        tasks = app.desk.fleet.tasks("prod")
        overrides = read_manifest(tasks[0].manifest).overrides
        assert overrides["containerOverrides"] == [
            {"name": "job", "environment": [{"name": "LOG_LEVEL", "value": "debug"}]}
        ]
        await until_gone(pilot, r"2 launched", within=30)
        await pilot.press("enter")
        await until_shown(pilot, r"level is debug")
        await pilot.press("r")
        await until_shown(pilot, r"Overrides +job environment LOG_LEVEL=debug")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the form again")


async def test_what_cannot_be_placed_is_told_with_the_reason(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(JOB).encode())
    app = Dashboard(session)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        app.push_screen(RunScreen(app.desk, RunChoice("job:1", "prod", constraints=("attribute:gpu exists",))))
        await until_shown(pilot, r"fits 0 of 1")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"1 of 1 have no place now")
        await pilot.press("y")
        await until_shown(pilot, r"✕ not placed +MemberOf placement constraint unsatisfied\.")
        assert engine.api.containers(all=True) == []


async def test_a_launch_goes_on_when_its_screen_is_gone(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(JOB).encode())
    app = Dashboard(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        await pilot.press("r")
        await until_shown(pilot, r"fits 1 of 1")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run job:1\?")
        await pilot.press("y", "escape")
        await until_shown(pilot, r"moorage › fleet")
        await until_shown(pilot, r"job:1: 1 launched")
        await until_shown(pilot, r"prod +1 +● 1 .*● 1")


async def test_old_revisions_are_read_beside_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_with(tmp_path)
    for memory in range(16, 46):
        part = {"name": "main", "image": "busybox", "memory": memory}
        register(session, json.dumps({"family": "small", "containerDefinitions": [part]}).encode())
    readers: list[threading.Thread] = []
    read = DefinitionStore.read

    def noted(store: DefinitionStore, family: str, revision: int) -> StoredRevision:
        readers.append(threading.current_thread())
        return read(store, family, revision)

    monkeypatch.setattr(DefinitionStore, "read", noted)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        readers.clear()
        screen = app.desk.doors.run("small:30")
        assert len([thread for thread in readers if thread is threading.main_thread()]) < 5
        assert isinstance(screen, RunScreen)
        app.push_screen(screen)
        await until(pilot, lambda: len(screen._definitions) == 30, "all that can be chosen")
