"""Images, and hosts with tasks that use them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.fleet.fleet import Fleet
from app.model.container import Container
from app.model.image import HostImage
from app.model.instance import Freshness, Instance, InstanceKey
from app.model.manifest import write_manifest
from app.model.record import Record
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead
from tests.unit.builders import NOW, container, record, tag

ONE, TWO = InstanceKey("default", "one"), InstanceKey("default", "two")


def image_id(letter: str) -> str:
    return f"sha256:{letter * 64}"


def image(letter: str, *names: str, on: InstanceKey = ONE, **members: Any) -> HostImage:
    return HostImage(on, image_id(letter), tuple(map(SafeText, names)), **members)


def host(key: InstanceKey, *seen: Container | Record) -> HostRead:
    containers = tuple(one for one in seen if isinstance(one, Container))
    return HostRead(key, containers, tuple(one for one in seen if not isinstance(one, Container)))


def task(number: int, name: str, letter: str, state: str = "running", **marks: Any) -> list[Container | Record]:
    """A task of one container, whose definition names an image, and which was made of another or the same one."""
    task_id = f"{number:032x}"
    marked = tag(task_id=task_id, **marks)
    manifest = write_manifest({"family": "web", "containerDefinitions": [{"name": "web", "image": name}]}, {})
    of_task = record(task_id=task_id, manifest=manifest, **marks)
    if not letter:
        return [of_task]
    return [container(marked, state, id=f"{number:064x}", image_id=image_id(letter)), of_task]


def fleet(*readings: HostRead) -> Fleet:
    made = Fleet()
    made.register(["default"], [Instance(key, key.name, f"unix:///{key.name}", "ACTIVE", NOW) for key in (ONE, TWO)])
    told: list[Any] = [FreshnessTold(reading.instance, Freshness("live", NOW)) for reading in readings]
    made.apply([*told, *readings])
    return made


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
