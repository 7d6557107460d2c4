"""Pieces of text → sequences of a terminal, in the colours of a palette. Pure, and without Rich's styles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rich.cells import cell_len

from themes.palettes import PALETTES, Palette
from widgets.plain import plain
from widgets.table_lines import Piece

_COLOURS: Final = {
    "ok": "running",
    "busy": "pending",
    "warn": "stopping",
    "bad": "failed",
    "muted": "muted",
    "accent": "accent",
    "bar": "bar_reserved",
    "bar-used": "bar_used",
    "header": "muted",
    "part": "muted",
    "separator": "muted",
    "last": "accent",
    "cursor-bar": "accent",
}
"""Colours of a palette by style, as the style sheet has them; a test compares the two."""
_BOLD: Final = frozenset({"strong", "last"})
_RESET: Final = "\x1b[0m"


class Ink:
    """``number``: the parameters of a colour's sequence, of ``#rrggbb``. Without a palette there are no colours."""

    def __init__(self, palette: Palette | None, number: Callable[[str], str]) -> None:
        self._palette = palette
        self._number = number
        self._known: dict[tuple[str, bool], str] = {}

    def line(self, pieces: Iterable[Piece], width: int, *, cursor: int = 0) -> str:
        """A whole line of the terminal. ``cursor``: how many cells of it the cursor's bar takes."""
        used, on = 0, bool(cursor)
        runs: list[tuple[str, str]] = []
        for piece in pieces:
            runs.append((self._style(piece.style, on), plain(piece.text)))
            used += cell_len(piece.text)
        if cursor > used:
            runs.append((self._style("", on), " " * (cursor - used)))
            used = cursor
        runs.append((self._style("", False), " " * (width - used)))
        return _joined(runs) + _RESET

    def _style(self, name: str, cursor: bool) -> str:
        known = self._known.get((name, cursor))
        if known is None:
            known = self._known[name, cursor] = self._made(name, cursor)
        return known

    def _made(self, name: str, cursor: bool) -> str:
        codes = ["0", *(["1"] if name in _BOLD else [])]
        if self._palette is None:
            codes += ["7"] if cursor else []
        else:
            ground = self._palette.cursor if cursor else self._palette.ground
            codes += [
                f"38;{self._number(getattr(self._palette, _COLOURS.get(name, 'text')))}",
                f"48;{self._number(ground)}",
            ]
        return f"\x1b[{';'.join(codes)}m"


def _joined(runs: Iterable[tuple[str, str]]) -> str:
    text, last = "", ""
    for style, piece in runs:
        text += piece if style == last else style + piece
        last = style
    return text


def ink_for(theme: str, environ: Mapping[str, str]) -> Ink:
    """The ink for a theme on a terminal. Colours of themes that are not ours are not known before Textual is."""
    palette = None if "NO_COLOR" in environ else PALETTES.get(theme)
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return Ink(palette, true_colour)
    if environ.get("TERM", "").endswith(("-256color", "-kitty")):
        return Ink(palette, eight_bit)
    return Ink(None, true_colour)


def true_colour(colour: str) -> str:
    return f"2;{int(colour[1:3], 16)};{int(colour[3:5], 16)};{int(colour[5:7], 16)}"


def eight_bit(colour: str) -> str:
    """The nearest of 256, by the rule that Textual's own colours go by."""
    from rich.color import Color, ColorSystem

    return f"5;{Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).number}"
