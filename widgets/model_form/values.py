"""Values of members as a person reads and types them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from widgets.model_form.hints import FormHints, pattern_of
from widgets.model_form.shape import ABSENT, SCALARS, Path, Shape, fits

NOT_SET: Final = "–"
MASK: Final = "••••••••"
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL: Final = re.compile(r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")
_MOST_WORDS: Final = 200
_MOST_PARTS: Final = 12


def shown(shape: Shape, value: Any) -> str:
    """A scalar, or whatever stands where a scalar should, on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("\r", "␍").replace("\n", "⏎") if value else '""'
    if isinstance(value, int | float):
        return f"{value} {shape.unit}".rstrip() if fits(shape, value) else str(value)
    return compact(value)


def compact(value: Any) -> str:
    """Any value as JSON on one line, cut where nobody would read on."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_WORDS else text[:_MOST_WORDS] + "…"


def typed(value: Any) -> str:
    """The text that an input begins with."""
    if isinstance(value, str):
        return value
    return "" if value is ABSENT else json.dumps(value, ensure_ascii=False)


def read(shape: Shape, text: str) -> Any:
    """What a typed text means for a shape. What is no number stays text: it is shown as wrong, and not lost."""
    match shape.kind:
        case "integer":
            return int(text) if _WHOLE.fullmatch(text.strip()) else text
        case "number":
            return _number(text)
        case "boolean":
            return {"yes": True, "true": True, "no": False, "false": False}.get(text.strip().lower(), text)
        case "choice":
            return next((choice for choice in shape.choices if str(choice) == text), text)
        case "union":
            readings = [read(alternative, text) for alternative in shape.alternatives if alternative.kind in SCALARS]
            return next((reading for reading in readings if not isinstance(reading, str)), text)
        case "text":
            return text
        case _:
            return _json(text)


def blank(shape: Shape, *, tells: bool = False) -> Any:
    """A new value: an object has the members that must be there and can only be one thing, and nothing else.

    ``tells``: those too that need not be there; for an alternative of a union they tell which it is.
    """
    match shape.kind:
        case "object":
            one = [member for member in shape.members.values() if len(member.choices) == 1]
            only = [member for member in one if member.required or tells]
            return {member.name: member.choices[0] for member in only}
        case "list":
            return []
        case "map":
            return {}
        case "union":
            return blank(shape.alternatives[0], tells=True)
        case _:
            return ""


def default_text(shape: Shape) -> str:
    """What holds when a member is absent; NOT_SET when that is nothing, or not known."""
    if shape.default is ABSENT or shape.default in ("", [], {}):
        return NOT_SET
    return shown(shape, shape.default)


def is_masked(hints: FormHints, name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, str) and bool(value) and hints.secret(name, value)


def masked(hints: FormHints, name: Any, shape: Shape, value: Any) -> str:
    return MASK if is_masked(hints, name, value) else shown(shape, value)


def summary(shape: Shape, value: Any, path: Path, hints: FormHints) -> str:
    """A value in a few words, for the row under which it is folded."""
    if value is ABSENT:
        return NOT_SET
    if told := hints.summaries.get(pattern_of(path)):
        return told(value)
    if not fits(shape, value):
        return compact(value)
    shape = shape.alternative(value)
    if shape.kind == "list" and shape.element is not None:
        element, few = shape.element, value[:_MOST_PARTS]
        parts = [_element_summary(element, item, (*path, index), hints) for index, item in enumerate(few)]
        return _joined(parts, len(value), "empty")
    if shape.kind == "map":
        return _joined([str(key) for key in list(value)[:_MOST_PARTS]], len(value), "empty")
    if shape.kind == "object":
        if shape.pair is not None:
            # The value of a pair may be a secret, and is long more often than not.
            return shown(shape.members[shape.pair[0]], value.get(shape.pair[0], ""))
        return _members_summary(shape, value, path, hints)
    return shown(shape, value)


def _element_summary(shape: Shape, value: Any, path: Path, hints: FormHints) -> str:
    """Among others of a list an object is no more than its name, if it has one."""
    return (element_name(shape, value) if isinstance(value, dict) else "") or summary(shape, value, path, hints)


def element_name(shape: Shape, value: Any) -> str:
    """What an object of a list is called: its first member, where that is a text; else ""."""
    first = next(iter(shape.alternative(value).members), None)
    name = value.get(first) if isinstance(value, dict) and first is not None else None
    return name if isinstance(name, str) else ""


def _members_summary(shape: Shape, value: dict[str, Any], path: Path, hints: FormHints) -> str:
    parts = []
    for name, item in value.items():
        member = shape.below(name)
        if member.kind in SCALARS:
            word = hints.label(name).lower()
            parts.append(word if item is True else f"{word} {masked(hints, name, member, item)}")
        else:
            parts.append(f"{hints.label(name).lower()} {summary(member, item, (*path, name), hints)}")
        if len(parts) == _MOST_PARTS:
            break
    return _joined(parts, len(value), "nothing in it")


def _joined(parts: list[str], count: int, nothing: str) -> str:
    more = f", {count - len(parts)} more" if count > len(parts) else ""
    return ", ".join(parts) + more if parts else nothing


def _number(text: str) -> Any:
    stripped = text.strip()
    if _WHOLE.fullmatch(stripped):
        return int(stripped)
    if _DECIMAL.fullmatch(stripped):
        number = float(stripped)
        return number if number not in (float("inf"), float("-inf")) else text
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
