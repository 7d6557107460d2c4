"""Moorage's own themes, and the semantic variables that every other theme gets a value for.

A theme file says colours once; widgets and ``moorage.tcss`` speak of states, bars and sources only. Text colours have
a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3) on the ground and on panels; a test computes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from textual.theme import Theme

from themes.derive import variable_defaults
from themes.palette import build_theme
from themes.palettes import PALETTES

STYLESHEET: Final = Path(__file__).with_name("moorage.tcss")
"""The app-wide TCSS, for ``App.CSS_PATH``."""

THEMES: Final[tuple[Theme, ...]] = tuple(build_theme(name, palette) for name, palette in PALETTES.items())

VARIABLE_DEFAULTS: Final[dict[str, str]] = variable_defaults(None)
"""For ``App.get_theme_variable_defaults()``: one set that is legible on dark and light grounds alike.

``variable_defaults(self.current_theme)`` there is better: it takes the theme's own colours.
"""
