"""One thing that the command bar offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Kind(IntEnum):
    """Of equal matches those come first that are first here."""

    ACTION = 0
    SCREEN = 1
    VIEW = 2
    CLUSTER = 3
    INSTANCE = 4
    DEFINITION = 5
    TASK = 6
    SORT = 7
    THEME = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """``words``: what one types for it, safe text. ``key``: what else one may press. ``take`` does it, on the screen's
    thread, once the bar is gone; its result may be awaited."""

    kind: Kind
    words: str
    key: str
    detail: str
    take: Callable[[], Any]
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", self.words.casefold())
