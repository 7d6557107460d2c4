"""One thing that was looked at on a host or on this machine, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.model.safe_text import safe_line

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """``name``: what was looked at. ``detail``: what was found, and what follows. ``remedy``: "" when nothing is to do.

    warning: it works, but not as a person may expect. failed: no task can be run there, or nothing be kept here.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        return safe_line(f"{self.detail}; {self.remedy}" if self.remedy else self.detail)
