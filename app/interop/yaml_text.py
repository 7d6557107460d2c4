"""YAML that is read once, within budgets, and never guessed at: the little of it that JSON has too.

Values are built from the parser's events, so that no text can name a type of this program. What YAML 1.1 and 1.2 read
differently is text: ``yes``, ``on``, ``0755``, ``0x1f``, ``1_000``, ``1e3``, ``12:30``, dates. ``true``, ``null``,
whole numbers and decimals are what they are in JSON. Anchors, aliases and ``<<`` are taken within a budget.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn

import yaml

from app.model.errors import DocumentError, Finding
from app.model.locations import short
from app.model.strict_json import MAX_DEPTH, MAX_DIGITS, document_text, encodable, place

MAX_NODES = 200_000
"""The most values that a document may have with all aliases written out."""

NO_TAGS: Mapping[str, str] = MappingProxyType({})

_MERGE = "<<"
_STANDARD = "tag:yaml.org,2002:"
_CONTAINERS = frozenset({f"{_STANDARD}map", f"{_STANDARD}seq"})
_TEXTS = frozenset({"!", f"{_STANDARD}str"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(data: bytes, source: str, short_tags: Mapping[str, str] = NO_TAGS) -> Any:
    """The value of a YAML document: dict with text keys, list, str, int, float, bool or None.

    Budgets: 1 MiB, 64 levels, 40 digits a number, 200,000 values. Refused: more than one document, a key twice, keys
    that are no scalars, NaN and infinities, and every tag but ``!!str``, ``!!map``, ``!!seq`` and the short ones.

    Args:
        source: what the errors call the document.
        short_tags: ``{"!Ref": "Ref"}`` makes ``!Ref x`` the object ``{"Ref": "x"}``.

    Raises:
        DocumentError: for every failure, with ``line L, column C`` (from 1) as the finding's path.
    """
    text = document_text(data, source)
    builder = _Builder(source, short_tags)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        where, problem = _told(error)
        raise DocumentError(source, [Finding(where, f"not YAML: {problem}", "correct the text there")]) from None
    except (ValueError, OverflowError, RecursionError):  # an escape or a directive with an impossible number
        raise DocumentError(source, [Finding(place(text, 0), "cannot be read as YAML", "simplify it")]) from None
    return builder.result()


def render_yaml(value: Any) -> str:
    """YAML of plain values, ASCII alone, in their order; ``parse_yaml`` and every other reader give the same back."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=100)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # a list stands one step in, as people write it


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Quoted wherever some reader could take the text for something else: ``0755``, ``12e3``, ``=``."""
    plain = text[:1].isalpha() or text[:1] == "/"
    return dumper.represent_scalar(f"{_STANDARD}str", text, style=None if plain else '"')


_Dumper.add_representer(str, _as_text)


@dataclass(frozen=True, slots=True)
class _Node:
    """A finished value. ``height``: levels below and with it; ``size``: values, itself included."""

    value: Any
    height: int = 0
    size: int = 1


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come. ``key`` is the one whose value comes next."""

    value: dict[str, Any] | list[Any]
    event: Any
    key: str | None = None
    merged: list[dict[str, Any]] = field(default_factory=list)
    merging: bool = False
    height: int = 1
    size: int = 1


class _Builder:
    def __init__(self, source: str, short_tags: Mapping[str, str]) -> None:
        self._source = source
        self._short_tags = short_tags
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Node] = {}
        self._documents: list[_Node] = []
        self._nodes = 0

    def result(self) -> Any:
        if not self._documents:
            raise DocumentError(self._source, [Finding(place("", 0), "the document is empty", "write a value")])
        return self._documents[0].value

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent) and self._documents:
            self._refuse(event, "a second document begins here", "keep one document in a file")

    def _open(self, event: Any) -> None:
        if self._awaits_key():
            self._refuse(event, "a key is no plain text", "write the key as text")
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "make it flatter")
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # until its end it is no value that an alias could mean
        self._stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event))

    def _close(self) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for other in done.merged:
                for key, value in other.items():
                    done.value.setdefault(key, value)
        self._add(done.event, _Node(self._tagged(done.event, done.value, _CONTAINERS), done.height, done.size))

    def _alias(self, event: Any) -> None:
        if self._awaits_key():
            self._refuse(event, "a key is an alias", "write the key as text")
        node = self._anchors.get(event.anchor)
        if node is None:
            self._refuse(event, "an alias has no finished anchor before it", "write the value itself")
        if len(self._stack) + node.height > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "make it flatter")
        self._add(event, node, anchored=False)

    def _scalar(self, event: Any) -> None:
        if not event.value.isascii() and not encodable(event.value):
            self._refuse(event, "a lone surrogate (\\ud800 to \\udfff)", "write the whole character")
        if not self._awaits_key():
            self._add(event, _Node(self._tagged(event, self._plain_value(event), _TEXTS)))
            return
        opened, key = self._stack[-1], event.value
        if event.tag is not None and event.tag not in _TEXTS:
            self._refuse(event, "a key has a tag", "write the key as text")
        if key == _MERGE and event.implicit[0]:
            opened.merging = True
        elif key in opened.value:
            self._refuse(event, f"the key {short(key)!r} is there twice in one mapping", "keep one of the two")
        opened.key = key

    def _plain_value(self, event: Any) -> Any:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        return self._number(event, text)

    def _number(self, event: Any, text: str) -> int | float | str:
        whole = _WHOLE.fullmatch(text) is not None
        if not whole and _DECIMAL.fullmatch(text) is None:
            if _NOT_FINITE.fullmatch(text):
                self._refuse(event, f"{text} is no number that a document may have", "write a number, or quote it")
            return text
        if sum(map(str.isdigit, text)) > MAX_DIGITS:
            self._refuse(event, f"a number has more than {MAX_DIGITS} digits", "write a smaller number, or quote it")
        number = int(text) if whole else float(text)
        if math.isinf(number):
            self._refuse(event, "a number is too large", "write a smaller number, or quote it")
        return number

    def _tagged(self, event: Any, value: Any, known: frozenset[str]) -> Any:
        if event.tag is None or event.tag in known:
            return value
        name = self._short_tags.get(event.tag)
        if name is None:
            self._refuse(event, f"the tag {event.tag[:60]!r} is not known here", "leave it away")
        return {name: value}

    def _add(self, event: Any, node: _Node, *, anchored: bool = True) -> None:
        """Put a finished value where it belongs."""
        self._nodes += node.size if not anchored else 1
        if self._nodes > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES:,} values, aliases written out", "use fewer aliases")
        if anchored and event.anchor:
            self._anchors[event.anchor] = node
        if not self._stack:
            self._documents.append(node)
            return
        opened = self._stack[-1]
        opened.height = max(opened.height, node.height + 1)
        opened.size += node.size
        if isinstance(opened.value, list):
            opened.value.append(node.value)
        elif opened.merging:
            opened.merged += self._mergeable(event, node.value)
        elif opened.key is not None:
            opened.value[opened.key] = node.value
        opened.key, opened.merging = None, False

    def _mergeable(self, event: Any, value: Any) -> list[dict[str, Any]]:
        """Of several the first wins, and the mapping's own keys over all."""
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in found):
            self._refuse(event, "<< is followed by no mapping", "write a mapping, its alias, or a list of them")
        return list(found)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _refuse(self, event: Any, problem: str, remedy: str) -> NoReturn:
        raise DocumentError(self._source, [Finding(_where(event.start_mark), problem, remedy)])


def _where(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _told(error: yaml.YAMLError) -> tuple[str, str]:
    """Place and reason of the parser's complaint."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return _where(mark) if mark else place("", 0), error.problem or error.context or "broken"
    return place("", 0), str(getattr(error, "reason", "broken"))
