"""What several containers use together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.model.task import Task


@dataclass(frozen=True, slots=True)
class Use:
    """What several containers use together. ``memory`` in bytes, ``cpu`` in per cent of one core.

    Attributes:
        running: how many there are that use anything.
        known: how many of these the sums stand for.
        cpu_known: how many of them for CPU, of which more than one answer is needed.
    """

    memory: int = 0
    cpu: float = 0.0
    running: int = 0
    known: int = 0
    cpu_known: int = 0

    @property
    def whole(self) -> bool:
        return self.known == self.running

    @property
    def cpu_whole(self) -> bool:
        return self.cpu_known == self.running


UNKNOWN: Final = Use(running=1)
"""The use of something that cannot be asked, or that nobody has asked about."""


def running_ids(task: Task) -> list[str]:
    """The containers of a task that are up, its pause container too."""
    return [part.runtime.id for part in task.parts if part.runtime is not None and part.runtime.up]
