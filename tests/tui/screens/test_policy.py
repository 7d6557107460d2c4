"""Guard rails by keys: a cluster that is read-only, a name that has to be typed, what reaches beyond a container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.model.requests import UpdateClusterRequest
from app.operations.clusters import update_cluster
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.run.choice import RunChoice
from app.screens.run.screen import RunScreen
from app.store.audit import AuditLog
from tests.engine.launching import Bench
from tests.tui.screens.driving import SIZE, register, screen_text, session_with, until, until_gone, until_shown
from widgets.confirm import Confirm

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

HOST_FILES = {
    "family": "files",
    "volumes": [{"name": "etc", "host": {"sourcePath": "/etc"}}],
    "containerDefinitions": [
        {
            "name": "main",
            "image": "busybox:latest",
            "memory": 16,
            "command": ["sleep", "1000"],
            "stopTimeout": 2,
            "mountPoints": [{"sourceVolume": "etc", "containerPath": "/mnt", "readOnly": True}],
        }
    ],
}


def set_policy(session: Session, policy: Any) -> None:
    """As another program would."""
    other = Session(session.home)
    other.ask = lambda _: True
    update_cluster(other, UpdateClusterRequest(cluster="default", policy=policy))


async def test_in_a_read_only_cluster_keys_that_change_are_off(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint, cluster="default")
    task = Bench(engine).launch({"name": "main", "command": ["sleep", "1000"]})
    set_policy(session, "read-only")
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"default +⊘ read-only +1 +● 1")
        await pilot.press("enter")
        await until_shown(pilot, r"⊘ READ-ONLY")
        await until_shown(pilot, task.id[:8])
        assert " x stop" not in screen_text(app) and " s shell" not in screen_text(app)
        await pilot.press("x", "s", "D", "exclamation_mark")
        await pilot.pause(0.2)
        assert not [screen for screen in app.screen_stack if isinstance(screen, Confirm)]
        await pilot.press("enter")
        await until_shown(pilot, r"default › web:1 › .*⊘ READ-ONLY")

        set_policy(session, "free")
        await until_gone(pilot, r"READ-ONLY")
        await pilot.press("x")
        await until_shown(pilot, r"Stop task")
        await pilot.press("n")

        set_policy(session, "read-only")
        await pilot.press("2")
        await until_shown(pilot, task.id[:8])
        await pilot.press("x")
        await until_shown(pilot, r"Nothing is changed: cluster default is read-only")
    assert Bench(engine).read(task.id).last_status == "RUNNING"


async def test_a_name_has_to_be_typed(engine: Daemon, tmp_path: Path) -> None:
    session = session_with(tmp_path, engine.endpoint, cluster="default")
    task = Bench(engine).launch({"name": "main", "command": ["sleep", "1000"], "stopTimeout": 2})
    set_policy(session, "type-name")
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await until_shown(pilot, task.id[:8])
        await pilot.press("x")
        await until_shown(pilot, r"Type default")
        await pilot.press("y", "enter")
        await until_shown(pilot, r"✕ Type default")
        await pilot.press("ctrl+u", *"default", "enter")
        await until_gone(pilot, r"Type default")
        await until(pilot, lambda: Bench(engine).read(task.id).last_status == "STOPPED", "it has stopped")

        await pilot.press("3")
        await until_shown(pilot, r"● live")
        await pilot.press("D")
        await until_shown(pilot, r"Drain .*\?")
        await pilot.press("tab", *"prod", "enter")
        await until_shown(pilot, r"Cluster +prod(.|\n)*type default to go on")
        assert session.clusters.read("default").instances[0].status == "ACTIVE"
        await pilot.press("ctrl+u", *"default", "enter")
        await until_shown(pilot, r"⊘ DRAINING")


@pytest.mark.parametrize("yes", [False, True])
async def test_what_reaches_beyond_a_container_is_named_first(engine: Daemon, tmp_path: Path, yes: bool) -> None:
    session = session_with(tmp_path, engine.endpoint, cluster="default")
    register(session, json.dumps(HOST_FILES).encode())
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"● 1 live")
        app.push_screen(RunScreen(app.desk, RunChoice("files:1", cluster="default")))
        await until_shown(pilot, r"Where they (could|would) go")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run files:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"files:1 reaches beyond its own containers")
        await until_shown(pilot, r"HostConfig.Binds: reads /etc of the host")
        assert engine.api.containers(all=True) == []
        await pilot.press("y" if yes else "n")
        if yes:
            await until_shown(pilot, r"files:1: 1 launched")
        else:
            await until_shown(pilot, r"it reaches beyond")
    assert len(engine.api.containers(all=True)) == int(yes)
    entries, _ = AuditLog(session.home).read()
    assert [one["outcome"] for one in entries if one["verb"] == "run-task"] == ["done" if yes else "refused"]
