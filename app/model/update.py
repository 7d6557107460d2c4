"""What a watcher tells of its host. Small, frozen, and each about one object, so that the latest may win."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta

from app.model.container import Container
from app.model.drain import DrainMark
from app.model.instance import EngineInfo, Freshness, InstanceKey
from app.model.record import Record


@dataclass(frozen=True, slots=True)
class FreshnessTold:
    instance: InstanceKey
    freshness: Freshness

    @property
    def subject(self) -> Hashable:
        return "freshness"


@dataclass(frozen=True, slots=True)
class InfoRead:
    """``clock_offset``: the host's time minus ours."""

    instance: InstanceKey
    info: EngineInfo
    clock_offset: timedelta

    @property
    def subject(self) -> Hashable:
        return "info"


@dataclass(frozen=True, slots=True)
class HostRead:
    """Everything on the host: replaces all that was known of it."""

    instance: InstanceKey
    containers: tuple[Container, ...]
    records: tuple[Record, ...]
    drains: tuple[DrainMark, ...] = ()

    @property
    def subject(self) -> Hashable:
        return "all"


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    instance: InstanceKey
    container: Container

    @property
    def subject(self) -> Hashable:
        return "container", self.container.id


@dataclass(frozen=True, slots=True)
class ContainerGone:
    instance: InstanceKey
    container_id: str

    @property
    def subject(self) -> Hashable:
        return "container", self.container_id


@dataclass(frozen=True, slots=True)
class RecordSeen:
    instance: InstanceKey
    name: str
    record: Record | DrainMark

    @property
    def subject(self) -> Hashable:
        return "record", self.name


@dataclass(frozen=True, slots=True)
class RecordGone:
    instance: InstanceKey
    name: str

    @property
    def subject(self) -> Hashable:
        return "record", self.name


HostUpdate = FreshnessTold | InfoRead | HostRead | ContainerSeen | ContainerGone | RecordSeen | RecordGone
