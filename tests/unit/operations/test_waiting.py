"""Staying with a task whose host is in trouble, without a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.hosts.errors import HostError
from app.model.cluster import InstanceEntry
from app.model.lifecycle import derive_task
from app.model.task import Task
from app.operations import waiting
from app.operations.session import Session
from app.operations.waiting import stay_until_stopped
from app.store.home import resolve_home
from tests.unit.builders import HOST, NOW, container, record


def test_trouble_is_told_once_and_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(resolve_home(str(tmp_path / "home"), {}))
    session.clusters.create(HOST.cluster)
    entry = InstanceEntry(name=HOST.name, id="1" * 32, endpoint=f"unix://{tmp_path}/no.sock", registered_at=NOW)
    session.clusters.update(HOST.cluster, lambda current: current.with_instance(entry))
    task = derive_task(HOST, [container()], [record()])
    assert task is not None
    full, gone = HostError("no space left", "failed"), HostError("connection refused", "unreachable")
    answers: list[HostError | None] = [full, full, gone, None]

    def read(*_: object) -> Task | None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return None

    monkeypatch.setattr(waiting, "read_task", read)
    told: list[str] = []
    assert stay_until_stopped(session, HOST.cluster, [task], lambda _: None, told.append) == [None]
    assert told == [
        f"{HOST.name} is in trouble: no space left; trying again",
        f"{HOST.name} does not answer: connection refused; trying again",
    ]
