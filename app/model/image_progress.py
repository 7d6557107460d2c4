"""What a pull, a push, a copy or a build tells as it goes: typed events that a screen draws and the CLI prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from app.model.instance import InstanceKey
from app.model.safe_text import SafeText

TransferVerb = Literal["pull", "push", "copy", "build", "remove", "prune", "tag", "deploy"]
TransferState = Literal["waiting", "working", "done", "present", "failed", "stopped"]
"""present: nothing had to be done, it was there already. stopped: broken off by a person."""
LayerState = Literal["waiting", "working", "extracting", "done", "exists"]
"""exists: the other side had it already."""


@dataclass(frozen=True, slots=True)
class LayerProgress:
    """One layer of an image on its way. ``done`` and ``total`` in bytes, 0 when they are not known."""

    id: SafeText
    state: LayerState
    words: SafeText = SafeText("")
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How far one image is on one instance: each event replaces the one before of the same image and instance.

    Attributes:
        image: as people write it: ``registry.lan/web:7``.
        detail: the last word of the engine, why it failed, or the digest when it is done.
        layers: in the order in which they were first told of; empty for a copy, which is one stream.
        done: bytes of all that has come or gone, of ``total``; 0 when they are not known.
        rate: bytes a second of late; 0 when nothing moves.
    """

    verb: TransferVerb
    image: SafeText
    instance: InstanceKey
    state: TransferState
    detail: SafeText = SafeText("")
    layers: tuple[LayerProgress, ...] = ()
    done: int = 0
    total: int = 0
    rate: float = 0.0

    def ended(self, state: TransferState, detail: SafeText = SafeText("")) -> TransferProgress:
        return replace(self, state=state, detail=detail, rate=0.0)

    @property
    def over(self) -> bool:
        return self.state not in ("waiting", "working")


TellTransfer = Callable[[TransferProgress], None]
"""Called from the working threads; may be called often."""
