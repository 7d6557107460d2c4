"""What is wrong in a Compose file, and what of it ECS cannot say: gathered in one pass, by place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, NoReturn

from app.model.errors import MOST_FINDINGS, DocumentError, Finding, shown
from app.model.locations import Location, member_path, short
from app.model.safe_text import safe_line

_MOST_KEPT = 1000
_LONGEST_GUESS = 64
_NOTHING: Mapping[str, Any] = {}

Order = Callable[[Location], tuple[int, ...]]
"""Sorts locations as the document has them."""


class Notes:
    """Errors refuse the file, losses are told and the rest is taken. No note quotes a value: it may be a secret."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._errors: list[tuple[Location, str, str]] = []
        self._losses: dict[tuple[Location, str, str], None] = {}
        self._wrong: set[Location] = set()

    def error(self, at: Location, problem: str, remedy: str) -> None:
        """One for each place: what is wrong there already has more mistakes as its consequence."""
        if at in self._wrong:
            return
        self._wrong.add(at)
        if len(self._errors) < _MOST_KEPT:
            self._errors.append((at, problem, remedy))

    def unknown(self, at: Location, known: Collection[str]) -> None:
        """An error for a key, with the nearest that is known. A guess takes its time, so only the first get one."""
        key = str(at[-1])
        close = [] if len(self._wrong) > MOST_FINDINGS else difflib.get_close_matches(key[:_LONGEST_GUESS], known, 1)
        remedy = f"did you mean {close[0]!r}?" if close else "remove it, or name it x-…"
        self.error(at, "is not known to Compose", remedy)

    def lose(self, at: Location, problem: str, remedy: str) -> None:
        if len(self._losses) < _MOST_KEPT:
            self._losses[at, problem, remedy] = None

    def forget(self, others: Notes) -> None:
        """Take out the losses that the others have too."""
        for loss in others._losses:
            self._losses.pop(loss, None)

    @property
    def errors(self) -> list[tuple[Location, str, str]]:
        return self._errors

    def losses(self, order: Order) -> tuple[Finding, ...]:
        ordered = sorted(self._losses, key=lambda loss: order(loss[0]))
        found = (_finding(member_path(at), problem, remedy, "warning") for at, problem, remedy in ordered)
        return tuple(shown(found, len(ordered)))

    def check(self, order: Order, places: Mapping[Location, str]) -> None:
        """Raise DocumentError when there is an error. ``places``: line and column of locations, where known."""
        if not self._errors:
            return
        found = (
            _finding(", ".join(filter(None, (places.get(at, ""), member_path(at)))), problem, remedy, "error")
            for at, problem, remedy in sorted(self._errors, key=lambda error: order(error[0]))
        )
        raise DocumentError(self.source, shown(found, len(self._wrong)))

    def refuse(self, at: Location, problem: str, remedy: str) -> NoReturn:
        """An error after which nothing else is worth telling."""
        raise DocumentError(self.source, [Finding(member_path(at), problem, remedy)])

    def fields(self, value: Any, at: Location, known: Collection[str]) -> Mapping[str, Any]:
        """The object at a place, without its ``x-`` members. One that is none is an error, and so is an unknown key."""
        if not isinstance(value, dict):
            self.error(at, "is no mapping", f"write it with {', '.join(sorted(known)[:5])} …")
            return _NOTHING
        found = {}
        for key, item in value.items():
            if key in known:
                found[key] = item
            elif not key.startswith("x-"):
                self.unknown((*at, key), known)
        return found


def _finding(path: str, problem: str, remedy: str, severity: Literal["error", "warning"]) -> Finding:
    """On one line, whatever is in a name."""
    return Finding(safe_line(path), safe_line(problem), safe_line(remedy), severity)


def listed(names: Collection[str], most: int = 10) -> str:
    """``there are: a, b`` for a remedy."""
    some = ", ".join(short(name) for name in sorted(names)[:most])
    return f"there are: {some}{', …' if len(names) > most else ''}" if names else "there are none"
