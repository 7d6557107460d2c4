"""Makes docs/dashboard.svg, docs/editor.svg and docs/run.svg: the real dashboard over three real engines.

As root on Linux: ``python -m docs.make_picture``. Ids and ages differ from run to run; everything else is the same.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from app.model.requests import RunTaskRequest, StartTaskRequest, StopTaskRequest
from app.operations.editing import EditStart, rendered
from app.operations.launch import run_task, start_task
from app.operations.session import Session
from app.operations.tasks import stop_task
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from app.screens.run.choice import RunChoice
from app.screens.run.screen import RunScreen
from tests.cli import stand_ins
from tests.engine_bed import Bed, Daemon, DaemonOptions, wait_until, why_not
from tests.tui.screens.driving import register, session_with, until_gone, until_shown
from widgets.model_form.widget import ModelForm

ROOT = Path(__file__).resolve().parent.parent
TASKS, EDITOR, RUN = (ROOT / "docs" / f"{name}.svg" for name in ("dashboard", "editor", "run"))
SIZE = (110, 24)
EDITOR_SIZE = (124, 32)
RUN_SIZE = (124, 28)
CLUSTER = "prod"
SAMPLES = ("web-server", "sidecar-shared-volume", "redis-and-worker", "cron-worker", "batch-job")
IMAGES = ("nginx:1.28-alpine", "redis:8-alpine", "busybox:1.37", "alpine:3.22")
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.2; done"]
# A database that takes its time, and a job that breaks: the two states that a quiet sample does not show.
SHOP = {
    "family": "shop",
    "containerDefinitions": [
        {
            "name": "db",
            "image": "busybox:1.37",
            "cpu": 256,
            "memory": 256,
            "command": SLEEP,
            "stopTimeout": 2,
            "healthCheck": {"command": ["CMD-SHELL", "test -e /tmp/ready"], "interval": 5, "startPeriod": 300},
        },
        {
            "name": "web",
            "image": "busybox:1.37",
            "memory": 128,
            "command": SLEEP,
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
            "portMappings": [{"containerPort": 80, "hostPort": 8090}],
        },
    ],
}
IMPORT = {
    "family": "import",
    "containerDefinitions": [
        {"name": "job", "image": "busybox:1.37", "cpu": 128, "memory": 64, "command": ["sh", "-c", "sleep 1; exit 3"]}
    ],
}
# What fills a host, so that not everything fits everywhere.
REPORT = {
    "family": "report",
    "containerDefinitions": [{"name": "sums", "image": "busybox:1.37", "cpu": 512, "memory": 1200, "command": SLEEP}],
}


def main() -> None:
    if (reason := why_not()) is not None:
        sys.exit(f"no engine can run here: {reason}")
    bed = Bed()
    try:
        daemons = [bed.fresh(f"edge-{number}", DaemonOptions(memory=4 << 30)) for number in (1, 2, 3)]
        for daemon in daemons:
            for image in IMAGES:
                stand_ins.load(daemon.api, image)
        with tempfile.TemporaryDirectory(prefix="moorage-picture-") as folder:
            session = session_with(Path(folder), *(daemon.endpoint for daemon in daemons), cluster=CLUSTER)
            _populate(session, daemons)
            pictures = {
                path: asyncio.run(picture(session))
                for path, picture in ((TASKS, _tasks_picture), (EDITOR, _editor_picture), (RUN, _run_picture))
            }
    finally:
        bed.close()
    for path, picture in pictures.items():
        path.write_text(clean(picture), encoding="utf-8")


def _populate(session: Session, daemons: list[Daemon]) -> None:
    for name in SAMPLES:
        register(session, (ROOT / "sample_defs" / f"{name}.json").read_bytes(), f"{name}.json")
    for definition in (SHOP, IMPORT, REPORT):
        register(session, json.dumps(definition).encode())
    daemons[2].run(["sleep", "1000000"], name="nightly-backup")
    _start(session, "batch-job", "ci", "edge-3")
    _start(session, "import", "ci", "edge-2")
    _stop(session, _start(session, "cron-worker", "ops", "edge-1"))
    _start(session, "cron-worker", "ops", "edge-2", "edge-3")
    _start(session, "redis-and-worker", "ana", "edge-1", "edge-3")
    _start(session, "sidecar-shared-volume", "ana", "edge-1")
    _start(session, "web-server", "ops", "edge-1", "edge-2", "edge-3")
    # It stays PENDING on its gate, so nobody waits for it.
    request = RunTaskRequest(cluster=CLUSTER, task_definition="shop", started_by="ana")
    threading.Thread(target=run_task, args=(session, request, _quiet), daemon=True).start()
    for daemon in daemons:
        wait_until(lambda daemon=daemon: _healthy(daemon), within=30, what="web-server HEALTHY")  # type: ignore[misc]


def _start(session: Session, definition: str, by: str, *instances: str) -> str:
    """Launch a task on each of these instances; returns the id of the first."""
    request = StartTaskRequest(
        cluster=CLUSTER, task_definition=definition, container_instances=list(instances), started_by=by
    )
    launched = start_task(session, request, _quiet)
    if not launched.succeeded:
        raise SystemExit(f"{definition}: {launched.shape()}")
    return launched.tasks[0].id


def _stop(session: Session, task: str) -> None:
    stop_task(session, StopTaskRequest(cluster=CLUSTER, task=task, reason="moved to edge-2"), _quiet)


def _healthy(daemon: Daemon) -> bool:
    listed: list[dict[str, Any]] = daemon.api.containers(filters={"health": "healthy"})
    return bool(listed)


def _quiet(_: object) -> None:
    return None


async def _tasks_picture(session: Session) -> str:
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 3 live")
        await pilot.press("2")
        await until_shown(pilot, r"import:1 +✕ STOPPED.*exit 3")
        await until_shown(pilot, r"batch-job:1 +○ STOPPED")
        await until_shown(pilot, r"shop:1 +◌ PENDING.*waits for db HEALTHY")
        await until_gone(pilot, r"RUNNING .* -/\d+M|RUNNING .* - +[\d.]+[KM]")
        return app.export_screenshot(title="moorage")


async def _editor_picture(session: Session) -> str:
    """A definition in the middle of being changed: something masked, something wrong."""
    document = json.loads(json.dumps(SHOP))
    db, web = document["containerDefinitions"]
    db["healthCheck"]["interval"] = 2
    web["environment"] = [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DB_PASSWORD", "value": "not shown"}]
    app = Dashboard(session)
    async with app.run_test(size=EDITOR_SIZE) as pilot:
        await until_shown(pilot, r"● 3 live")
        editor = app.desk.doors.editor(EditStart(rendered(document), ("shop", 1)))
        assert isinstance(editor, EditorScreen)
        await app.push_screen(editor)
        form = editor.query_one(ModelForm)
        for path in ((0, "healthCheck", "interval"), (1, "environment", 1), (1, "dependsOn", 0), (1, "portMappings")):
            form.go_to(("containerDefinitions", *path))
        form.go_to(("containerDefinitions", 1, "environment", 1, "name"))
        await until_shown(pilot, r"✗ 1 finding")
        await pilot.pause(0.2)
        return app.export_screenshot(title="moorage")


async def _run_picture(session: Session) -> str:
    """Tasks with a host port that is taken on one instance; reports fill the others, once it is not in the way."""
    _start(session, "report", "ana", "edge-1", "edge-1", "edge-3")
    app = Dashboard(session)
    async with app.run_test(size=RUN_SIZE) as pilot:
        await until_shown(pilot, r"● 3 live")
        choice = RunChoice(
            cluster=CLUSTER,
            definition="shop",
            count="3",
            strategies=("spread instanceId", "binpack memory"),
            constraints=("memberOf agentConnected == true",),
            overrides=("web memory 512",),
        )
        await app.push_screen(RunScreen(app.desk, choice))
        await until_shown(pilot, r"1 of 3 not placed")
        await pilot.pause(0.2)
        return app.export_screenshot(title="moorage")


def clean(svg: str) -> str:
    """Without the web fonts that Rich links: a picture must not fetch anything."""
    svg = re.sub(r"\s*@font-face\s*\{[^}]*\}", "", svg)
    svg = re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {FONTS};", svg)
    # Spaces at the ends of a text are part of the table; not every renderer keeps them otherwise.
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    main()
