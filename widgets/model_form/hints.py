"""What an owner may tell a form beyond the model: grouping, words, summaries, offers, and what is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from widgets.model_form.shape import Path

Pattern = tuple[str, ...]
"""A place, with ``*`` for every index and every key of a map."""


@dataclass(frozen=True, slots=True)
class Group:
    """Members that stand together under a title; with one list, map or object alone the title is that one's.

    ``open``: whether it is unfolded until somebody folds it.
    """

    title: str
    members: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class FormFinding:
    """What is wrong, or only noteworthy, at a place; shown at the nearest row that is there."""

    path: Path
    text: str
    severity: Literal["error", "warning"] = "error"


def no_offers(document: Any, path: Path) -> Sequence[str]:
    """Nothing to choose from."""
    return ()


def no_secrets(name: str, value: str) -> bool:
    """Nothing is a secret."""
    return False


def pairs_of_lines(text: str) -> Sequence[tuple[str, str]]:
    """``NAME=value`` lines; blank ones and those that begin with # are passed over."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(name.strip(), value) for name, _, value in pairs]


@dataclass(frozen=True, slots=True)
class FormHints:
    """
    Attributes:
        groups: for an object at a pattern (``()`` is the top); members that no group has come after them.
        labels: by member name, where the words made of the name are not good enough.
        summaries: of a value at a pattern, in a few words, for a row that is folded.
        offers: values to choose from that the document itself decides, such as names of other parts.
        secret: whether a value is masked, by its name.
        pairs: pasted text → names and values.
    """

    groups: Mapping[Pattern, Sequence[Group]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    summaries: Mapping[Pattern, Callable[[Any], str]] = field(default_factory=dict)
    offers: Callable[[Any, Path], Sequence[str]] = no_offers
    secret: Callable[[str, str], bool] = no_secrets
    pairs: Callable[[str], Sequence[tuple[str, str]]] = pairs_of_lines

    def label(self, name: str) -> str:
        """A member's name as words: ``containerPort`` → ``Container port``."""
        return self.labels.get(name) or words(name)


_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


def words(name: str) -> str:
    """camelCase or snake_case as words, in sentence case."""
    parts = [part.lower() for part in _CAPITALS.split(name) if part]
    return " ".join(parts)[:1].upper() + " ".join(parts)[1:]


def pattern_of(path: Path) -> Pattern:
    """A path with ``*`` for indexes."""
    return tuple("*" if isinstance(part, int) else part for part in path)
