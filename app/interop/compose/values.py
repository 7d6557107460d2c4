"""Scalars and lists of a Compose file. YAML, JSON and variables write one value in several ways: all are taken.

Every function notes an error and returns None for a value that is not what its place wants.
"""

from __future__ import annotations

import math
import re
import shlex
from typing import Any

from app.interop.compose.notes import Notes
from app.model.locations import Location

MIB = 2**20
_TRUE, _FALSE = frozenset({"true", "y", "yes", "on"}), frozenset({"false", "n", "no", "off"})
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([kmgtp]?)(i?b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:h|ms|m|s|us|µs|ns))+")
_STEP = re.compile(r"([0-9.]+)(h|ms|m|s|us|µs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def as_text(value: Any) -> str | None:
    """A scalar as Compose writes it; None for a list, an object or nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None


def text(value: Any, at: Location, notes: Notes) -> str | None:
    found = as_text(value)
    if found is None:
        notes.error(at, "is no text", "write one value")
    return found


def boolean(value: Any, at: Location, notes: Notes) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    notes.error(at, "is neither true nor false", "write one of them")
    return None


def whole(value: Any, at: Location, notes: Notes) -> int | None:
    found = as_text(value)
    if found is not None and not isinstance(value, bool) and _WHOLE.fullmatch(found):
        return int(found)
    notes.error(at, "is no whole number", "write one")
    return None


def number(value: Any, at: Location, notes: Notes) -> float | None:
    found = as_text(value)
    if found is not None and not isinstance(value, bool) and _NUMBER.fullmatch(found):
        return float(found)
    notes.error(at, "is no number", "write one, as 0.5")
    return None


def size(value: Any, at: Location, notes: Notes) -> int | None:
    """Bytes: a number of them, or with a unit: ``64m``, ``1gb``, ``0.5g``, ``512KiB``. -1 is none too."""
    found = as_text(value)
    if found == "-1":
        return -1
    match = _SIZE.fullmatch(found.strip()) if found is not None and not isinstance(value, bool) else None
    if match is None or match[3].lower() == "i":
        notes.error(at, "is no size", "write bytes, or a number with b, k, m or g, as 64m")
        return None
    return int(float(match[1]) * 1024.0 ** _POWERS[match[2].lower()])


def mebibytes(value: Any, at: Location, notes: Notes) -> int | None:
    """A size in MiB, rounded up. None for one that is 0 or less too, which to Docker is no limit."""
    found = size(value, at, notes)
    if found is None or found <= 0:
        return None
    rounded = -(-found // MIB)
    if rounded * MIB != found:
        notes.lose(at, "ECS counts whole MiB", f"{rounded} MiB it is")
    return rounded


def seconds(value: Any, at: Location, notes: Notes) -> int | None:
    """A duration, as ``1m30s``, in whole seconds, rounded up."""
    if not isinstance(value, str) or not (value == "0" or _DURATION.fullmatch(value)):
        notes.error(at, "is no duration", "write one, as 30s or 1m30s")
        return None
    try:
        exact = sum(float(amount) * _SECONDS[unit] for amount, unit in _STEP.findall(value))
    except ValueError:
        notes.error(at, "is no duration", "write one, as 30s or 1m30s")
        return None
    rounded = math.ceil(round(exact, 9))
    if rounded != round(exact, 9):
        notes.lose(at, "ECS counts whole seconds", f"{rounded} s it is")
    return rounded


def within(value: int, at: Location, notes: Notes, lowest: int, highest: int) -> int:
    """The value, or the nearest that ECS takes."""
    kept = min(max(value, lowest), highest)
    if kept != value:
        notes.lose(at, f"ECS takes {lowest} to {highest}", f"{kept} it is")
    return kept


def items(value: Any, at: Location, notes: Notes) -> list[Any]:
    """A list; [] for nothing."""
    if value is None:
        return []
    if not isinstance(value, list):
        notes.error(at, "is no list", "write it as a list")
        return []
    return value


def texts(value: Any, at: Location, notes: Notes, *, one: bool = False) -> list[str]:
    """A list of texts; ``one``: a text alone is a list of one."""
    if one and as_text(value) is not None:
        value = [value]
    found = [text(item, (*at, index), notes) for index, item in enumerate(items(value, at, notes))]
    return [item for item in found if item is not None]


def pairs(value: Any, at: Location, notes: Notes) -> dict[str, str | None]:
    """A mapping, or a list of ``NAME=VALUE``; None for a name without a value. The last of a name counts."""
    return {name: given for name, (given, _) in located_pairs(value, at, notes).items()}


def located_pairs(value: Any, at: Location, notes: Notes) -> dict[str, tuple[str | None, Location]]:
    """As ``pairs``, each with its place: in a list its number, as what should be a name may be a secret."""
    if value is None:
        return {}
    if isinstance(value, dict):
        if "" in value:
            notes.error(at, "has an entry without a name", "write NAME: VALUE")
        places = ((name, item, (*at, name)) for name, item in value.items())
        return {name: (None if item is None else text(item, here, notes), here) for name, item, here in places}
    if not isinstance(value, list):
        notes.error(at, "is neither a mapping nor a list", "write NAME: VALUE in each line")
        return {}
    found: dict[str, tuple[str | None, Location]] = {}
    for index, item in enumerate(value):
        here = (*at, index)
        name, equals, given = (text(item, here, notes) or "=").partition("=")
        if name:
            found[name] = (given if equals else None, here)
        elif as_text(item) is not None:
            notes.error(here, "has no name", "write NAME=VALUE")
    return found


def merged_pairs(value: Any) -> Any:
    """For merging: a list of ``NAME=VALUE`` as a mapping; anything else as it is."""
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        return value
    split = [line.partition("=") for line in value]
    return {name: given if equals else None for name, equals, given in split}


def words(value: Any, at: Location, notes: Notes) -> list[str] | None:
    """A command: a list, or one text that is split as a shell would. None for nothing."""
    if value is None:
        return None
    if isinstance(value, list):
        return texts(value, at, notes)
    line = text(value, at, notes)
    if line is None:
        return None
    try:
        return shlex.split(line)
    except ValueError:
        notes.error(at, "has a quote without its end", "close it, or write the command as a list")
        return None
