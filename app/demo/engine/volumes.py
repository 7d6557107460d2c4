"""Volumes of a simulated engine. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.demo.engine.filters import Filters, any_matches, labels_match, pattern_matches
from app.demo.engine.refused import Refused
from app.demo.engine.times import written

Json = dict[str, Any]
FILTERS = ("dangling", "driver", "label", "name")
_DRIVER = "local"
_OPTIONS = frozenset({"type", "o", "device", "size"})


@dataclass(slots=True)
class Volume:
    """``users``: ids of the containers that have it."""

    name: str
    created: int
    labels: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None
    users: set[str] = field(default_factory=set)

    @property
    def source(self) -> str:
        return f"/var/lib/docker/volumes/{self.name}/_data"

    def told(self) -> Json:
        return {
            "CreatedAt": f"{written(self.created)[:19]}Z",
            "Driver": _DRIVER,
            "Labels": None if self.labels is None else dict(self.labels),
            "Mountpoint": self.source,
            "Name": self.name,
            "Options": dict(self.options) if self.options else None,
            "Scope": "local",
        }


class VolumeShelf:
    """The volumes on one engine, by their names."""

    def __init__(self) -> None:
        self._all: dict[str, Volume] = {}

    def get(self, name: str) -> Volume | None:
        return self._all.get(name)

    def find(self, name: str) -> Volume:
        """Raises Refused."""
        found = self._all.get(name)
        if found is None:
            raise Refused(404, f"get {name}: no such volume")
        return found

    def create(
        self,
        now: int,
        name: str,
        labels: Mapping[str, str] | None,
        driver: str = "",
        options: Mapping[str, str] | None = None,
    ) -> tuple[Volume, bool]:
        """The volume, and whether it is new: one that is there keeps its labels. Raises Refused."""
        if driver not in ("", _DRIVER):
            if name in self._all:
                raise Refused(409, f'create {name}: conflict: volume name must be unique (driver "{_DRIVER}")')
            raise Refused(404, f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
        found = self._all.get(name)
        if found is not None:
            return found, False
        unknown = next((option for option in options or () if option not in _OPTIONS), None)
        if unknown is not None:
            raise Refused(400, f'create {name}: invalid option: "{unknown}"')
        made = self._all[name] = Volume(name, now, labels, options)
        return made, True

    def remove(self, name: str) -> None:
        volume = self.find(name)
        if volume.users:
            raise Refused(409, f"remove {name}: volume is in use - [{', '.join(sorted(volume.users))}]")
        del self._all[name]

    def matching(self, filters: Filters) -> Iterable[Volume]:
        wanted = [value in ("true", "1") for value in filters.get("dangling", ())]
        for volume in self._all.values():
            if (
                labels_match(filters, volume.labels or {})
                and any_matches(filters, "name", lambda name, found=volume: pattern_matches(name, found.name))  # type: ignore[misc]
                and any_matches(filters, "driver", lambda driver: driver == _DRIVER)
                and (not wanted or wanted[0] is not bool(volume.users))
            ):
                yield volume
