"""What a launch or a stop tells while it goes on: small typed events that a screen draws and the CLI prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.model.instance import InstanceKey
from app.model.safe_text import SafeText

Step = Literal["placed", "pull", "create", "start", "wait", "running", "stop", "stopped", "warning"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one task. ``done`` and ``total`` in bytes, 0 when they are not known."""

    task_id: str
    instance: InstanceKey
    step: Step
    container: str = ""
    detail: SafeText = SafeText("")
    done: int = 0
    total: int = 0


Tell = Callable[[Progress], None]
"""Called from the working thread with each step."""
