"""A dashboard whose fleet stands still: made by hand, with no engine, no watcher and a clock that does not move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.fleet.changes import ChangeSet
from app.model.container import Container, PortBinding
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.record import Record, StopMark
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.task_definition import TaskDefinition
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead
from app.operations.images.presence import Presence, images_of
from app.operations.session import Session
from app.screens import dashboard
from app.screens.dashboard import Dashboard
from app.screens.frame import FrameScreen
from app.screens.run import looking
from tests.tui.screens.driving import home_at
from tests.unit.builders import NOW, at, container, record, tag

CLOCK = at(200)
HOSTS = [InstanceKey("prod", f"edge-{number}") for number in (1, 2, 3)]


Change = Callable[[HostUpdate], HostUpdate]


def still_dashboard(folder: Path, monkeypatch: pytest.MonkeyPatch, change: Change = lambda update: update) -> Dashboard:
    """Three instances, one of them stale; tasks in each state, and a container that is not ours.

    ``change`` makes what a host says into something else.
    """
    app = Dashboard(Session(home_at(folder)))
    fleet = app.desk.fleet
    fleet.register(["edge", "prod"], [_instance(key, number) for number, key in enumerate(HOSTS)])
    for updates in (_host_one(), _host_two(), _host_three()):
        fleet.apply([change(update) for update in updates])
    monkeypatch.setattr(dashboard, "WATCH_AFTER", 0)
    monkeypatch.setattr(app.desk.monitor, "refresh", ChangeSet)
    monkeypatch.setattr(app._supervision, "consider", lambda *_: None)
    monkeypatch.setattr(FrameScreen, "now", lambda _: CLOCK)
    monkeypatch.setattr(looking, "definition_presence", _images_of)
    monkeypatch.setattr(type(fleet), "host_now", lambda *_: CLOCK)
    return app


def _images_of(_: object, definition: TaskDefinition, instances: Sequence[Instance]) -> Presence:
    """The first image of a definition is on the first instance alone, the others are everywhere."""
    keys = tuple(instance.key for instance in instances)
    first, *others = images_of(definition)
    here = {first: dict.fromkeys(keys[:1], "sha256:1"), **{image: dict.fromkeys(keys, "sha256:2") for image in others}}
    return Presence((first, *others), here, keys)


def _instance(key: InstanceKey, number: int) -> Instance:
    return Instance(key, f"{number:032x}", f"unix:///run/{key.name}.sock", "ACTIVE", NOW)


def _seen(key: InstanceKey, containers: Sequence[Container], records: Sequence[Record] = ()) -> list[HostUpdate]:
    info = EngineInfo("ID", SafeText(key.name), SafeText("28.5.2"), "1.51", "linux", "x86_64", Resources(4096, 8000))
    return [
        InfoRead(key, info, timedelta(0)),
        HostRead(key, tuple(containers), tuple(records)),
        FreshnessTold(key, Freshness("live", at(-500))),
    ]


def _tag(number: int, family: str, name: str, containers: int = 1, created: datetime = NOW, **changes: Any) -> Any:
    return tag(
        name,
        task_id=f"{number:02x}" * 16,
        cluster="prod",
        family=family,
        revision=7,
        containers=containers,
        group=f"family:{family}",
        started_by="ops",
        created_at=created,
        reservation=Resources(512, 1024),
        **changes,
    )


def _host_one() -> list[HostUpdate]:
    web = container(_tag(0x3F, "web", "web", 2, depends_on=(("db", "HEALTHY"),)), ports=(PortBinding(80, 8080),))
    web = replace(web, image_id="sha256:" + "b" * 64)
    db = container(_tag(0x3F, "web", "db", 2, health_checked=True), health="healthy")
    hand = replace(container(), id="ff" * 32, name=SafeText("by-hand"), image=SafeText("redis:7"), tag=None)
    return _seen(HOSTS[0], [web, db, hand])


def _host_two() -> list[HostUpdate]:
    waiting = container(_tag(0xC0, "shop", "shop", 2, created=at(190), depends_on=(("db", "HEALTHY"),)), "created")
    db = container(_tag(0xC0, "shop", "db", 2, created=at(190), health_checked=True), health="starting")
    failed = container(_tag(0x77, "batch", "job"), "exited", exit_code=137, oom_killed=True)
    return _seen(HOSTS[1], [waiting, db, failed])


def _host_three() -> list[HostUpdate]:
    pulled = record("app", task_id="91" * 16, cluster="prod", family="app", reservation=Resources(256, 512))
    why = SafeText("CannotPullContainerError: manifest for registry.lan/app:9 not found: manifest unknown")
    mark = StopMark("91" * 16, "TaskFailedToStart", why, SafeText("ops"), at(3))
    stale = Freshness("stale", at(162), SafeText("the event stream ended"), at(208))
    return [*_seen(HOSTS[2], [], [pulled, mark]), FreshnessTold(HOSTS[2], stale)]
