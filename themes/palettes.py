"""The colours of Moorage's own themes. Without Textual: the very first frame is drawn before that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``. ``ground`` is the screen, ``surface`` dialogs and inputs, ``panel`` what lies higher."""

    dark: bool
    ground: str
    surface: str
    panel: str
    line: str
    text: str
    muted: str
    accent: str
    cursor: str
    cursor_faint: str
    running: str
    pending: str
    stopping: str
    stopped: str
    failed: str
    bar_reserved: str
    bar_used: str
    sources: tuple[str, ...]


PALETTES: Final[Mapping[str, Palette]] = {
    "moorage-dark": Palette(
        dark=True,
        ground="#0e151c",
        surface="#141d26",
        panel="#1a2530",
        line="#2b3a48",
        text="#d3dde6",
        muted="#8b9dad",
        accent="#4cc9b0",
        cursor="#15373c",
        cursor_faint="#162630",
        running="#74c97a",
        pending="#71b1f2",
        stopping="#e2b253",
        stopped="#94a4b3",
        failed="#f58580",
        bar_reserved="#2b6f66",
        bar_used="#4cc9b0",
        sources=("#5cc8b4", "#7db4f5", "#e0b04c", "#c39bf0", "#8fca6a", "#f09a7d", "#ee93c0", "#a9b8c8"),
    ),
    "moorage-light": Palette(
        dark=False,
        ground="#f6f8f9",
        surface="#edf1f3",
        panel="#e4eaed",
        line="#c3ced5",
        text="#1b2934",
        muted="#51626f",
        accent="#00695a",
        cursor="#cbe6e0",
        cursor_faint="#e3edec",
        running="#1d6a2c",
        pending="#1656a6",
        stopping="#7a4f00",
        stopped="#54636f",
        failed="#b0202a",
        bar_reserved="#7fbdb2",
        bar_used="#1a6d60",
        sources=("#00695a", "#1453a8", "#7a4f00", "#6b35b0", "#2f6412", "#9a3a12", "#9c2465", "#475866"),
    ),
    "moorage-safe": Palette(
        dark=True,
        ground="#111417",
        surface="#181c20",
        panel="#1f2429",
        line="#343b42",
        text="#dde1e5",
        muted="#9aa2aa",
        accent="#6cb8f0",
        cursor="#17344b",
        cursor_faint="#1a252e",
        running="#5cb3f5",
        pending="#b9d9f2",
        stopping="#f0c078",
        stopped="#9aa2aa",
        failed="#ff9447",
        bar_reserved="#2a5f88",
        bar_used="#5cb3f5",
        sources=("#5cb3f5", "#f0a04b", "#b9d9f2", "#f3cd96", "#8fa9c0", "#d98e3f", "#dde1e5", "#98a1a9"),
    ),
}
"""By the name of the theme."""
