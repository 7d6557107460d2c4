"""TOML that is read within budgets, with the place of every key, and written from a model only.

``tomllib`` needs 48 s for one dotted key of 50,000 parts and dies of deep nesting; it also forgets where a value
stood. One linear scan of the tokens serves both (architecture, rule 9; reliability, TOML).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from app.model.errors import DocumentError, Finding, MoorageError
from app.model.strict_json import decode_utf8, place

MAX_BYTES = 256 * 1024
MAX_DOTS = 8
MAX_DEPTH = 32

KeyPath = tuple[str | int, ...]
"""A key with the tables around it; in an array of tables also the index: ``("instance", 1, "endpoint")``."""

# Every string alternative reaches to the end when it has none, so that no text is scanned twice.
_TOKEN = re.compile(
    r'(?P<multiline>"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5})?' + r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?)"
    r'|(?P<string>"(?:[^"\\\n]++|\\.)*+"?' + r"|'[^'\n]*'?)"
    r"|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<space>[ \t\r]+)|(?P<bare>[A-Za-z0-9_-]+)|(?P<other>.)",
    re.DOTALL,
)
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|(end of document))\)$")
_INT64 = 2**63


class TomlText:
    """A TOML document that was understood.

    Attributes:
        values: what ``tomllib`` makes of it.
    """

    __slots__ = ("_places", "_text", "values")

    def __init__(self, text: str, values: dict[str, Any]) -> None:
        self.values = values
        self._text = text
        self._places: dict[KeyPath, int] | None = None

    def place(self, path: KeyPath) -> str:
        """``line L, column C`` of a key, or of the nearest table around it that is written out."""
        if self._places is None:
            self._places = dict(_key_places(self._text))
        for length in range(len(path), 0, -1):
            if (offset := self._places.get(path[:length])) is not None:
                return place(self._text, offset)
        return place(self._text, 0)

    def encode(self) -> bytes:
        return self._text.encode("utf-8")

    def comments(self) -> list[str]:
        return [token[0].rstrip() for token in _TOKEN.finditer(self._text) if token.lastgroup == "comment"]


def parse_toml(data: bytes, source: str) -> TomlText:
    """Read a TOML document of at most 256 KiB, 8 dots a key and 32 levels; integers of 64 bits, as TOML has them.

    Raises:
        DocumentError: with ``line L, column C`` as the finding's path.
    """
    if len(data) > MAX_BYTES:
        problem = f"the document has {len(data):,} bytes; the limit is {MAX_BYTES:,}"
        raise DocumentError(source, [Finding(place("", 0), problem, "make it smaller")])
    text = decode_utf8(data, source).replace("\r\n", "\n")
    _check_dots(text, source)
    try:
        document = TomlText(text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(source, [_syntax_finding(str(error), text)]) from None
    except RecursionError:
        finding = Finding(place(text, 0), f"nested deeper than {MAX_DEPTH} levels", "make it flatter")
        raise DocumentError(source, [finding]) from None
    except ValueError:  # an integer of thousands of digits, a date that no calendar has
        finding = Finding(place(text, 0), "a number or date is out of range", "correct it")
        raise DocumentError(source, [finding]) from None
    _check_values(document, source)
    return document


def render_toml(values: Mapping[str, Any], path: Path, header: str = "") -> bytes:
    """The document of some values, which must be TOML's own types; MoorageError naming ``path`` when they are not."""
    try:
        return (header + tomli_w.dumps(values)).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise MoorageError(f"cannot write {path}: a value does not fit into TOML ({error}); correct it") from None


def _syntax_finding(message: str, text: str) -> Finding:
    position = _POSITION.search(message)
    where = f"line {position[1]}, column {position[2]}" if position and position[1] else place(text, len(text))
    problem = message[: position.start()] if position else message
    return Finding(where, f"not TOML: {problem[:1].lower()}{problem[1:]}", "correct the text there")


def _check_dots(text: str, source: str) -> None:
    dots = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "other" and token[0] == ".":
            dots += 1
            if dots > MAX_DOTS:
                finding = Finding(
                    place(text, token.start()), f"a key has more than {MAX_DOTS} dots", "use fewer tables"
                )
                raise DocumentError(source, [finding])
        elif token.lastgroup in ("other", "newline", "comment"):
            dots = 0


def _check_values(document: TomlText, source: str) -> None:
    todo: list[tuple[KeyPath, Any]] = [((key,), value) for key, value in document.values.items()]
    while todo:
        path, value = todo.pop()
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise DocumentError(source, [Finding(document.place(path), "a number is too large", "use at most 64 bits")])
        if not isinstance(value, dict | list):
            continue
        if len(path) > MAX_DEPTH:
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise DocumentError(source, [Finding(document.place(path), problem, "make it flatter")])
        children = value.items() if isinstance(value, dict) else enumerate(value)
        todo.extend(((*path, key), child) for key, child in children)


def _key_places(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key and table header of a valid document that stands in a line of its own, with its offset."""
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for header, parts, start in _statements(text):
        if not header:
            yield (*table, *parts), start
            continue
        table = _table_path(parts, counts, is_array=header == "[[")
        yield table, start
        if table[-1:] == (0,):
            yield table[:-1], start  # the array itself begins where its first table does


def _table_path(parts: list[str], counts: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    path: KeyPath = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path] - 1)
    path = (*path, *parts[-1:])
    if is_array:
        counts[path] = counts.get(path, 0) + 1
        path = (*path, counts[path] - 1)
    return path


def _statements(text: str) -> Iterator[tuple[str, list[str], int]]:
    """(``"["``, ``"[["`` or ``""`` for a key, the parts of the name, offset) of every statement of a valid document."""
    header, start = "", -1
    parts: list[str] = []
    in_value, depth = False, 0
    for token in _TOKEN.finditer(text):
        kind, piece = token.lastgroup, token[0]
        if kind == "newline" and depth == 0:
            header, parts, start, in_value = "", [], -1, False
        elif in_value:
            depth += (kind == "other") * ((piece in "[{") - (piece in "]}"))
        elif kind in ("bare", "string"):
            start = token.start() if start < 0 else start
            parts.append(piece if kind == "bare" else tomllib.loads(f"key = {piece}")["key"])
        elif kind == "other" and piece == "[" and not parts:
            header, start = header + "[", token.start() if start < 0 else start
        elif kind == "other" and piece in "]=":
            yield header, parts, start
            in_value, depth = True, int(header == "[[")  # the second ] of a header is still to come
