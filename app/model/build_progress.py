"""What a build tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.model.instance import InstanceKey
from app.model.safe_text import SafeText

BuildState = Literal["sending", "building", "done", "failed", "stopped"]
StepState = Literal["working", "cached", "done", "failed"]


@dataclass(frozen=True, slots=True)
class BuildStep:
    """``number`` of ``of`` steps, from 1; ``seconds`` so far, or that it took."""

    number: int
    of: int
    words: SafeText
    state: StepState
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """Where a build is; each event replaces the one before.

    Attributes:
        steps: those that have begun, in order.
        lines: what has been written since the event before, by whatever the steps run.
        sent: bytes of the context so far, of ``total``.
        detail: once it is over: the image's id, or why it failed, in one line.
    """

    instance: InstanceKey
    image: SafeText
    state: BuildState
    steps: tuple[BuildStep, ...] = ()
    lines: tuple[SafeText, ...] = ()
    sent: int = 0
    total: int = 0
    detail: SafeText = SafeText("")


TellBuild = Callable[[BuildProgress], None]
"""Called from the working thread."""
