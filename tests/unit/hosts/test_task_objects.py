"""In which order a task is taken away; an engine that answers is made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.hosts import task_objects
from app.hosts.engine import Engine
from app.hosts.task_objects import remove_containers
from app.model.names import PAUSE
from tests.unit.builders import container, tag


def test_the_pause_container_goes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """podman refuses to remove one in whose namespaces others are."""
    parts = [container(tag(name), id=name) for name in (PAUSE, "web", "db")]
    monkeypatch.setattr(task_objects, "task_containers", lambda *_: parts)
    gone: list[str] = []
    stub: Any = SimpleNamespace(remove_container=gone.append)
    remove_containers(cast("Engine", stub), "0" * 32)
    assert gone == ["web", "db", PAUSE]
