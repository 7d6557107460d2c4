"""The one way for foreign text to become showable.

Text from Docker, files or users may hold terminal escapes, bidirectional overrides or lone surrogates; Textual and
Rich pass nearly all of them on to the terminal. ``safe`` makes them visible instead: ESC becomes ``␛``.
"""

from __future__ import annotations

import re
from sys import intern
from typing import NewType

SafeText = NewType("SafeText", str)
"""A string that may reach a widget, a print, a title or a log file."""

# C0 but \t and \n, DEL, C1, line/paragraph separators, bidi and all other format characters, tags, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bcaf"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\ud800-\udfff]"
)
# A base character with dozens of combining marks draws over the neighbouring lines.
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\u{{{code:x}}}"


def safe(text: object) -> SafeText:
    """Several lines of any text made safe: ``\\n`` and ``\\t`` stay, every other control character is made visible.

    Idempotent. The result has no control or format character and no lone surrogate.
    """
    value = text if isinstance(text, str) else str(text)
    if value.isascii() and value.isprintable():
        return SafeText(value)
    return SafeText(_STACKED.sub(r"\1", _UNSAFE.sub(_visible, value)))


def safe_line(text: object) -> SafeText:
    """One line of any text made safe: as ``safe``, with line breaks made visible and tabs turned into a space."""
    value = safe(text)
    if "\n" in value or "\t" in value:
        return SafeText(value.replace("\n", "␤").replace("\t", " "))
    return value


def shared(text: SafeText) -> SafeText:
    """The same text, which is in memory once however often it is kept: for what thousands of objects have in common."""
    return SafeText(intern(text))


_SGR = re.compile("\x1b\\[[0-9;:]{0,64}m")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_LEADING_MARKS = re.compile(f"^[{_MARKS}]+")


def safe_log_line(text: str) -> SafeText:
    """One line of a log made safe: as ``safe_line``, but tabs and well-formed SGR sequences (``ESC [ … m``) stay.

    A sequence has at most 64 parameter characters; a longer one is made visible. ``without_sgr`` takes them out.
    """
    if text.isascii() and text.isprintable():
        return SafeText(text)
    if "\x1b" not in text:
        return SafeText(safe(text).replace("\n", "␤"))
    pieces, position = [], 0
    for match in _SGR.finditer(text):
        pieces += [_safe_piece(text[position : match.start()], first=not position), match.group()]
        position = match.end()
    pieces.append(_safe_piece(text[position:], first=not position))
    return SafeText("".join(pieces))


def without_sgr(text: SafeText) -> SafeText:
    """A line of ``safe_log_line`` without its colours: no control character but tabs is left."""
    return SafeText(_SGR.sub("", text)) if "\x1b" in text else text


def _safe_piece(text: str, *, first: bool) -> str:
    # A mark after a colour still lands on the character before it: colours must not hide how many are stacked.
    return safe(text if first else _LEADING_MARKS.sub("", text)).replace("\n", "␤")
