"""Colour sequences (``ESC [ … m``, ECMA-48 SGR) to styles; every other control character becomes ``�``.

Only SGR is understood: no cursor movement, no OSC, no hyperlinks. Blinking and concealed text are shown plainly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.style import Style

from widgets.cells import ELLIPSIS
from widgets.plain import plain

_SGR: Final = re.compile(r"\x1b\[([0-9;:]*)m")
_FLAGS: Final[dict[int, tuple[str, bool | None]]] = {
    1: ("bold", True),
    2: ("dim", True),
    3: ("italic", True),
    4: ("underline", True),
    7: ("reverse", True),
    9: ("strike", True),
    21: ("underline", True),
    23: ("italic", None),
    24: ("underline", None),
    27: ("reverse", None),
    29: ("strike", None),
}
_State = dict[str, Any]


def strip_sgr(text: str) -> str:
    """The printable text of a line: no colour sequences, no control characters."""
    if "\x1b" in text:
        text = _SGR.sub("", text)
    return plain(text)


def parse_sgr(text: str) -> list[tuple[str, Style]]:
    """The pieces of a line with their styles; their texts joined are ``strip_sgr(text)``."""
    if "\x1b" not in text:
        return [(plain(text), Style.null())] if text else []
    pieces: list[tuple[str, Style]] = []
    state: _State = {}
    position = 0
    for match in _SGR.finditer(text):
        if match.start() > position:
            pieces.append((plain(text[position : match.start()]), Style(**state)))
        _apply(state, match.group(1))
        position = match.end()
    if position < len(text):
        pieces.append((plain(text[position:]), Style(**state)))
    return pieces


def cut_sgr(text: str, cells: int) -> str:
    """At most ``cells`` cells of a line, ``…`` at the end when it was longer; its colour sequences are kept."""
    kept: list[str] = []
    room = cells
    # More sequences than this for a line are an attack or a mistake, and would cost memory for nothing.
    text, too_long = text[: cells * 8], len(text) > cells * 8
    for piece, is_text in _tokens(text):
        size = cell_len(piece) if is_text else 0
        if size > room:
            kept.append(set_cell_size(piece, room))
            too_long, room = True, 0
            break
        kept.append(piece)
        room -= size
    if not too_long:
        return "".join(kept)
    while room < 1 and kept:
        last = kept.pop()
        if not last.startswith("\x1b") and (size := cell_len(last)):
            room += 1
            kept.append(set_cell_size(last, size - 1))
    return "".join(kept) + ELLIPSIS


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    position = 0
    for match in _SGR.finditer(text):
        if match.start() > position:
            yield plain(text[position : match.start()]), True
        yield match.group(), False
        position = match.end()
    if position < len(text):
        yield plain(text[position:]), True


def _apply(state: _State, parameters: str) -> None:
    codes = iter(parameters.split(";"))
    for code in codes:
        if ":" in code:
            _extended(state, iter(part for part in code.split(":") if part))
            continue
        number = _number(code)
        if number in (38, 48):
            _extended(state, iter((code, *codes)))
            return
        _simple(state, number)


def _simple(state: _State, number: int) -> None:
    if number == 0:
        state.clear()
    elif number == 22:
        state.pop("bold", None)
        state.pop("dim", None)
    elif number in _FLAGS:
        name, value = _FLAGS[number]
        state[name] = value
    elif 30 <= number <= 37 or 90 <= number <= 97:
        state["color"] = Color.from_ansi(number - 30 if number < 90 else number - 82)
    elif 40 <= number <= 47 or 100 <= number <= 107:
        state["bgcolor"] = Color.from_ansi(number - 40 if number < 100 else number - 92)
    elif number == 39:
        state.pop("color", None)
    elif number == 49:
        state.pop("bgcolor", None)


def _extended(state: _State, codes: Iterator[str]) -> None:
    """``38;5;N``, ``38;2;R;G;B`` (48 for the ground) and what follows; colon forms have no codes after them."""
    target, kind = _number(next(codes, "")), _number(next(codes, ""))
    name = {38: "color", 48: "bgcolor"}.get(target)
    if name is None:
        if target in _FLAGS:
            _simple(state, target if kind else target + 20)
        return
    count = {5: 1, 2: 3}.get(kind, 0)
    numbers = [_number(code) for code in islice(codes, count)]
    if len(numbers) == count and count and all(0 <= number <= 255 for number in numbers):
        state[name] = Color.from_ansi(numbers[0]) if count == 1 else Color.from_rgb(*numbers)
    rest = list(codes)
    if rest:
        _apply(state, ";".join(rest))


def _number(code: str) -> int:
    return int(code) if code.isascii() and code.isdigit() and len(code) < 6 else 0 if not code else -1
