"""How large a demo fleet is to be, and how it is told to the process that simulates it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from app.demo.plan import DEFAULT_HOSTS, DEFAULT_SEED, DEFAULT_TASKS


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``events_per_second``: more than the fleet has by itself. ``trouble``: whether hosts hang now and then."""

    hosts: int = DEFAULT_HOSTS
    tasks: int = DEFAULT_TASKS
    seed: int = DEFAULT_SEED
    events_per_second: int = 0
    trouble: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DemoOptions:
        return cls(**json.loads(text))
