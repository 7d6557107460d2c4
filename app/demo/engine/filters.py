"""Docker's filters of lists and events. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from app.demo.engine.refused import Refused

Filters = Mapping[str, tuple[str, ...]]


def read_filters(text: str, known: Iterable[str]) -> Filters:
    """``{"label": ["a=1"]}``, or the older ``{"label": {"a=1": true}}``. Raises Refused."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        raise Refused(500, "unexpected end of JSON input") from None
    if not isinstance(found, dict) or not all(isinstance(values, list | dict) for values in found.values()):
        raise Refused(400, "the filters cannot be read")
    allowed = set(known)
    for name in found:
        if name not in allowed:
            raise Refused(400, f"Invalid filter '{name}'")
    return {name: tuple(str(value) for value in values) for name, values in found.items() if values}


def labels_match(filters: Filters, labels: Mapping[str, str], name: str = "label") -> bool:
    """Every one of the labels that are asked for: ``key``, or ``key=value``."""
    for wanted in filters.get(name, ()):
        key, equals, value = wanted.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def any_matches(filters: Filters, name: str, matches: Callable[[str], bool]) -> bool:
    """One of the values; a filter that is not there lets everything through."""
    values = filters.get(name)
    return not values or any(matches(value) for value in values)


def pattern_matches(pattern: str, text: str) -> bool:
    """Docker takes names in filters as regular expressions."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return pattern in text
