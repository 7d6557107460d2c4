"""What happens on hosts by any hand shows without a key press."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.model.requests import RunTaskRequest
from app.operations.launch import run_task
from app.screens.dashboard import Dashboard
from tests.engine_bed.waiting import wait_until
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_gone, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

PAIR = {
    "family": "pair",
    "containerDefinitions": [
        {"name": "main", "image": "busybox", "memory": 16, "command": ["sleep", "1000"], "stopTimeout": 2},
        {
            "name": "helper",
            "image": "busybox",
            "memory": 16,
            "command": ["sleep", "1000"],
            "essential": False,
            "stopTimeout": 2,
        },
    ],
}
ONE = {
    "family": "one",
    "containerDefinitions": [
        {"name": "main", "image": "busybox", "memory": 16, "command": ["sleep", "1000"], "stopTimeout": 2}
    ],
}


def quiet(_: object) -> None:
    return None


async def test_a_docker_run_by_hand_shows_as_unmanaged_within_a_second(engine: Daemon, tmp_path: Path) -> None:
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, r"No tasks yet")
        started = time.monotonic()
        container = engine.run(["sleep", "1000"], name="by-hand", stop_signal="KILL")
        await until_shown(pilot, r"· +by-hand +· RUNNING.*unmanaged")
        # From before the call was made, so it is an upper bound.
        assert time.monotonic() - started < 2, "docker run itself takes about 0.2 s"
        engine.api.remove_container(container, force=True)
        await until_gone(pilot, r"by-hand")


async def test_a_killed_essential_container_stops_its_task(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(PAIR).encode())
    task = run_task(session, RunTaskRequest(cluster="prod", task_definition="pair"), quiet).tasks[0]
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        await until_shown(pilot, rf"{task.id[:8]} +pair:1 +● RUNNING")
        main = next(part.runtime for part in task.containers if part.name == "main")
        assert main is not None
        engine.api.kill(main.id)
        await until_shown(pilot, rf"{task.id[:8]} +pair:1 +✕ STOPPED.*exit 137 of main")
        states = {c["Labels"]["moorage.container"]: c["State"] for c in engine.api.containers(all=True)}
        assert states == {"main": "exited", "helper": "exited"}


async def test_a_killed_engine_turns_its_rows_stale_and_heals(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemons = [fresh_engine(name=f"edge-{n}", live_restore=True) for n in (1, 2, 3)]
    session = session_with(tmp_path, *(daemon.endpoint for daemon in daemons))
    register(session, json.dumps(ONE).encode())
    launched = run_task(session, RunTaskRequest(cluster="prod", task_definition="one", count=6), quiet)
    assert len(launched.tasks) == 6
    victim = launched.tasks[0].instance.name
    daemon = next(daemon for daemon in daemons if daemon.name == victim)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 3 live +6 running")
        daemon.kill()
        await until_shown(pilot, rf"◐ {victim}.*next try|◐ {victim}.*trying")
        await until_shown(pilot, r"● 2 live +◐ 1 stale")
        await pilot.press("2")
        await until_shown(pilot, rf"● RUNNING.*{victim} ◐")
        began = time.monotonic()
        await pilot.press("j")
        assert time.monotonic() - began < 1, "a dead host must not slow a key"
        await pilot.press("3")
        await until_shown(pilot, rf"{victim} .*◐ stale.*(no Docker Engine|ended|went away|refused)")
        daemon.start()
        await until_shown(pilot, rf"{victim} .*● live", within=40)
        await pilot.press("1")
        await until_shown(pilot, r"● 3 live +6 running", within=40)


async def test_a_cluster_file_edited_by_hand_shows_and_a_broken_one_is_told(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"prod +1 +● 1")
        broken = tmp_path / "clusters" / "edge.toml"
        broken.write_text('name = "edge"\nstatus = ACTIVE\n')
        broken.chmod(0o600)
        await until_shown(pilot, r"✕ edge.*line 2, column")
        assert broken.read_text() == 'name = "edge"\nstatus = ACTIVE\n'
        broken.write_text('name = "edge"\n')
        await until_shown(pilot, r"^.edge +0")


async def test_two_dashboards_see_one_launch(engine: Daemon, tmp_path: Path) -> None:
    """Truth is on the hosts: what another process launches is here, with the same state."""
    session = session_with(tmp_path, engine.endpoint)
    register(session, json.dumps(ONE).encode())
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("2")
        other = session_with(tmp_path)
        found: list[Any] = []
        app.desk.jobs.run(
            lambda: run_task(other, RunTaskRequest(cluster="prod", task_definition="one"), quiet), found.append
        )
        await until_shown(pilot, r"one:1 +● RUNNING")
        await until(pilot, lambda: found, "the launch's own end")
        assert found[0].tasks[0].id[:8] in screen_text(app)


def test_quitting_leaves_no_thread_that_holds_up_the_process(engine: Daemon, tmp_path: Path) -> None:
    """The watchers' threads are daemons: a hanging engine must not keep the program from ending."""
    import threading

    from app.operations.monitor import Monitor

    monitor = Monitor(session_with(tmp_path, engine.endpoint), lambda: None)
    monitor.refresh()
    wait_until(lambda: bool(monitor.pump()), what="first news")
    watchers = [thread for thread in threading.enumerate() if thread.name.startswith(("watch-", "events-"))]
    assert watchers
    assert all(thread.daemon for thread in watchers)
    monitor.stop()
    wait_until(lambda: not any(thread.is_alive() for thread in watchers), what="watchers ended")
