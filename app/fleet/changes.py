"""Which parts of the fleet a batch of updates has touched, so that a screen redraws only for its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.model.instance import InstanceKey


@dataclass(slots=True)
class ChangeSet:
    instances: set[InstanceKey] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    unmanaged: bool = False
    clusters: bool = False

    def __bool__(self) -> bool:
        return bool(self.instances or self.tasks or self.unmanaged or self.clusters)
