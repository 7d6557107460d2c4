"""The screen of a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.model.manifest import write_manifest
from app.model.record import TaskRecord
from app.model.update import HostRead, HostUpdate
from tests.tui.screens.driving import SIZE, until_shown
from tests.tui.screens.still import HOSTS, still_dashboard
from widgets.pane_tabs import PaneTabs

_OF_AWS = {
    "family": "app",
    "networkMode": "awsvpc",
    "executionRoleArn": "arn:aws:iam::123456789012:role/pull",
    "containerDefinitions": [{"name": "app", "image": "app:9", "memory": 64}],
}


def _of_aws(update: HostUpdate) -> HostUpdate:
    if not isinstance(update, HostRead):
        return update
    manifest = write_manifest(_OF_AWS, {})
    records = [
        replace(record, manifest=manifest) if isinstance(record, TaskRecord) else record for record in update.records
    ]
    return replace(update, records=tuple(records))


async def test_what_docker_does_otherwise_than_aws_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch, _of_aws)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        app.push_screen(app.desk.doors.task("91" * 16, HOSTS[2]))
        await until_shown(pilot, r"Unlike AWS +2 members, see Details")
        app.screen.query_one(PaneTabs).open(3)
        await until_shown(pilot, r"Unlike AWS +networkMode: awsvpc is emulated(.|\n)*executionRoleArn: is kept")
