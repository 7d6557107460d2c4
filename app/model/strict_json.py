"""JSON that is read once, within budgets, and never guessed at.

``json.loads`` takes the last of two equal keys, takes NaN and lone surrogates, makes infinity of ``1e999``, and
dies of deep nesting. One linear scan before it finds all of these with their place (architecture, rule 9).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from app.model.errors import DocumentError, Finding
from app.model.locations import short

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 40

_BOM = "\ufeff"
# Every alternative matches in linear time: a string without its end reaches to the end of the text,
# and nothing is tried twice.
_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)(?P<colon>[ \t\r\n]*:)?'
    r"|(?P<open>[\[{])|(?P<close>[\]}])"
    r"|(?P<constant>-?Infinity|NaN)|(?P<number>-?[0-9][0-9.eE+-]*)",
    re.DOTALL,
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NON_DIGITS = re.compile(r"[^0-9]")


def parse_json(data: bytes, source: str) -> Any:
    """The value of a JSON document: dict, list, str, int, float, bool or None.

    Budgets: 1 MiB, 64 levels, 40 digits a number. Only UTF-8 (a byte order mark is skipped). Refused: a key twice in
    one object, NaN and infinities (also by overflow), lone surrogates.

    Args:
        source: what the errors call the document: a path, or "-" for the standard input.

    Raises:
        DocumentError: for every failure, with ``line L, column C`` (from 1, in characters) as the finding's path.
    """
    text = document_text(data, source)
    _scan(text, source)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = error.pos
        empty = not text.strip()
        problem = "the document is empty" if empty else f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        remedy = "write one JSON value" if empty else "correct the text there"
        raise DocumentError(source, [Finding(place(text, where), problem, remedy)]) from None
    except (RecursionError, ValueError):
        # The scan leaves no such document; a caller already deep in the stack could still bring one about.
        raise DocumentError(source, [Finding(place(text, 0), "cannot be read as JSON", "simplify it")]) from None


def place(text: str, offset: int) -> str:
    """``line L, column C`` of an offset in a text, both from 1, columns in characters."""
    return f"line {text.count(chr(10), 0, offset) + 1}, column {offset - text.rfind(chr(10), 0, offset)}"


def decode_utf8(data: bytes, source: str) -> str:
    """The text of a UTF-8 document without its byte order mark; DocumentError with the place of a bad byte."""
    try:
        return data.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8").removeprefix(_BOM)
        remedy = "save the file as UTF-8"
        raise DocumentError(source, [Finding(place(good, len(good)), "the text is not UTF-8", remedy)]) from None


def document_text(data: bytes, source: str) -> str:
    """As ``decode_utf8``; a document of more than MAX_BYTES is refused, and one in another encoding by its name."""
    if len(data) > MAX_BYTES:
        problem = f"the document has {len(data):,} bytes; the limit is {MAX_BYTES:,}"
        raise DocumentError(source, [Finding(place("", 0), problem, "make it smaller")])
    if data[:4].count(0) >= 2 or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        finding = Finding(place("", 0), "the text is UTF-16 or UTF-32, not UTF-8", "save the file as UTF-8")
        raise DocumentError(source, [finding])
    return decode_utf8(data, source)


def _scan(text: str, source: str) -> None:
    """Refuse what ``json.loads`` would take or die of. Sees the same tokens as it does in every valid document."""

    def refuse(offset: int, problem: str, remedy: str) -> NoReturn:
        raise DocumentError(source, [Finding(place(text, offset), problem, remedy)])

    has_surrogates = _SURROGATE.search(text) is not None
    keys: list[set[str] | None] = []
    for token in _TOKEN.finditer(text):
        kind, start = token.lastgroup, token.start()
        if kind in ("string", "colon"):
            raw = token["string"]
            if has_surrogates and _has_lone_surrogate(raw):
                refuse(start, "a string has a lone surrogate (\\ud800 to \\udfff)", "write the whole character")
            if kind == "colon" and keys and (seen := keys[-1]) is not None:
                key = _unquoted(raw)
                if key in seen:
                    refuse(start, f"the key {short(key)!r} is there twice in one object", "keep one of the two")
                seen.add(key)
        elif kind == "open":
            keys.append(set() if token[0] == "{" else None)
            if len(keys) > MAX_DEPTH:
                refuse(start, f"nested deeper than {MAX_DEPTH} levels", "make it flatter")
        elif kind == "close":
            if keys:
                keys.pop()
        elif kind == "constant":
            refuse(start, f"{token[0]} is not JSON", "write a number, a string or null")
        elif problem := _number_problem(token[0]):
            refuse(start, problem, "write a smaller number, or a string")


def _number_problem(number: str) -> str:
    if len(number) > MAX_DIGITS and len(_NON_DIGITS.sub("", number)) > MAX_DIGITS:
        return f"a number has more than {MAX_DIGITS} digits"
    try:
        return "a number is too large" if not number.isdigit() and math.isinf(float(number)) else ""
    except ValueError:
        return ""  # not a number at all: the parser says so, and where


def _unquoted(raw: str) -> str:
    if "\\" not in raw:
        return raw[1:-1]
    try:
        return str(json.loads(raw))
    except ValueError:
        return raw


def _has_lone_surrogate(raw: str) -> bool:
    if _SURROGATE.search(raw) is None:
        return False
    try:
        return not encodable(json.loads(raw))
    except ValueError:
        return False  # a broken string: the parser says so, and where


def encodable(text: str) -> bool:
    """Whether UTF-8 can hold the text: a lone surrogate it cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
