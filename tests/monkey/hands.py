"""What the monkey types next. Only chance and what it sees, so that a seed gives the same again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from textual.keys import _character_to_key

_NAMED = {
    "escape": b"\x1b",
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "space": b" ",
    "backspace": b"\x7f",
    "delete": b"\x1b[3~",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "shift+up": b"\x1b[1;2A",
    "shift+down": b"\x1b[1;2B",
    "f4": b"\x1bOS",
    "f6": b"\x1b[17~",
    **{f"ctrl+{letter}": bytes([ord(letter) & 31]) for letter in "abcdefghklnoprstuvwxyz"},
    **{_character_to_key(chr(code)): bytes([code]) for code in range(33, 127)},
}
_MOVES = ("down", "down", "down", "up", "j", "k", "g", "G", "pagedown", "pageup", "home", "end", "left", "right")
_FORTH = ("enter", "enter", "tab", "escape", "space", "slash", "colon", "y")
_WORDS = (
    "web", "!web", "state:running", "/we(b|x)/", "/(/", "host:edge-1", "exit:!0", "age:<1h", "edge", "prod", "16",
    "-1", "999999999999999999999", "0", "sh -c 'echo hi; exit 3'", "unix:///run/nowhere.sock", "ssh://nobody@[", "A=b",
    "tasks", "logs", "run web", "\u202e\u0301\u0301\u0301", "日本語", "[/x][bold]", "💥" * 5, "x" * 300, "''\"", "\\",
)  # fmt: skip
_SIZES = ((80, 24), (120, 36), (200, 50), (40, 10), (39, 9), (1, 1), (100, 30), (300, 100), (60, 12))
_NEVER = frozenset({"ctrl+q", "ctrl+c", "ctrl+z"})
"""These end the program or stop it, which is rare enough in life."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """``what`` names it; ``answered``: a key that the dashboard tells of once it was handled."""

    what: str
    data: bytes = b""
    answered: bool = False
    size: tuple[int, int] | None = None


def key_stroke(key: str) -> Stroke:
    return Stroke(key, _NAMED[key], answered=True)


class Hands:
    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def next(self, screen: str, keys: Sequence[str]) -> Stroke:
        """``keys``: what the screen has keys for."""
        draw = self._chance.random()
        if draw < 0.50:
            known = [key for key in keys if key in _NAMED and key not in _NEVER]
            return self._one(known or _MOVES, screen)
        if draw < 0.76:
            return self._one(_MOVES, screen)
        if draw < 0.90:
            return self._one(_FORTH, screen)
        if draw < 0.94:
            return self._one(tuple(_NAMED), screen)
        if draw < 0.965:
            word = self._chance.choice(_WORDS)
            return Stroke(f"text {word[:20]!r}", word.encode() + self._chance.choice((b"", b"\r", b"\t")))
        if draw < 0.975:
            return Stroke("paste", b"\x1b[200~" + "\n".join(self._chance.choices(_WORDS, k=3)).encode() + b"\x1b[201~")
        if draw < 0.99:
            return self._mouse()
        return Stroke("resize", size=self._chance.choice(_SIZES))

    def _one(self, keys: Sequence[str], screen: str) -> Stroke:
        key = self._chance.choice(keys)
        if key in _NEVER or (
            key == "q" and screen in ("FleetScreen", "FirstRunScreen") and self._chance.random() < 0.9
        ):
            key = "escape"
        return key_stroke(key)

    def _mouse(self) -> Stroke:
        column, row = self._chance.randint(1, 120), self._chance.randint(1, 36)
        button = self._chance.choice((0, 0, 0, 64, 65, 2, 35))
        press = f"\x1b[<{button};{column};{row}M".encode()
        release = f"\x1b[<{button};{column};{row}m".encode() if button < 3 else b""
        return Stroke(f"mouse {button}", press + release)
