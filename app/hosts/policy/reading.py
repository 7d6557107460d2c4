"""Reading members of a create body against a table of those that are known. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.model.safe_text import safe_line

_LONGEST_TOLD = 120


@dataclass(frozen=True, slots=True)
class Risk:
    """``member``: as the body has it. ``gives``: in words. ``unknown``: nobody can tell what it gives."""

    member: str
    gives: str
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.member}: {self.gives}"


Told = Iterator[Risk]
Check = Callable[[str, Any], Told]
"""Takes the member's name and its value, and tells what that gives."""


def harmless(_member: str, _value: Any) -> Told:
    """Whatever it says, it stays within the container's walls."""
    return iter(())


def read_members(members: Mapping[str, Any], prefix: str, known: Mapping[str, Check]) -> Told:
    """What the members give together. What is not in the table gives nobody knows what.

    Docker reads names of members whatever their case is: one that differs by case alone is a way to hide another.
    """
    folded = {name.casefold(): name for name in known}
    for name, value in members.items():
        check = known.get(name)
        if check is not None:
            yield from check(f"{prefix}{name}", value)
        elif str(name).casefold() in folded:
            yield unknown(f"{prefix}{name}", f"is spelled {folded[str(name).casefold()]}")
        elif says_something(value):
            yield unknown(f"{prefix}{name}", "is not known here")


def says_something(value: Any) -> bool:
    """Newer engines tell of members that nobody has set: what is empty there says nothing."""
    return value is not None and value is not False and value not in ("", 0, [], {}, ())


def unknown(member: str, why: str) -> Risk:
    return Risk(shown(member), why, unknown=True)


def shown(value: Any) -> str:
    """A part of a body in words, safe and not too long."""
    text = safe_line(value)
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"


def words_of(member: str, value: Any) -> tuple[list[str], list[Risk]]:
    """A list of texts, for which Docker takes a single one in places; and what cannot be read of it."""
    if value is None:
        return [], []
    if isinstance(value, str):
        return ([value] if value else []), []
    if not isinstance(value, list | tuple):
        return [], [unknown(member, "is no list")]
    bad = [unknown(member, "holds what is no text") for item in value if not isinstance(item, str)]
    return [item for item in value if isinstance(item, str)], bad[:1]


def entries_of(member: str, value: Any) -> tuple[list[Mapping[str, Any]], list[Risk]]:
    """A list of objects; and what cannot be read of it."""
    if value is None:
        return [], []
    if not isinstance(value, list | tuple):
        return [], [unknown(member, "is no list")]
    bad = [unknown(member, "holds what is no object") for item in value if not isinstance(item, Mapping)]
    return [item for item in value if isinstance(item, Mapping)], bad[:1]


def when_set(gives: str) -> Check:
    """A member that gives something whenever it says anything."""

    def check(member: str, value: Any) -> Told:
        if says_something(value):
            yield Risk(member, gives)

    return check


def unless(harmless_values: frozenset[str], gives: str) -> Check:
    """A member with a few values that give nothing; with any other it gives ``gives``, in which {} is the value."""

    def check(member: str, value: Any) -> Told:
        if value is not None and (not isinstance(value, str) or value not in harmless_values):
            yield Risk(member, gives.format(shown(value)))

    return check
