"""A palette, and the Textual theme made of it: one accent colour, everything else calm."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

from themes.derive import block_colours
from themes.palettes import Palette


def build_theme(name: str, palette: Palette) -> Theme:
    """The theme of a palette, with every semantic variable said."""
    return Theme(
        name=name,
        dark=palette.dark,
        primary=palette.accent,
        secondary=palette.pending,
        accent=palette.accent,
        success=palette.running,
        warning=palette.stopping,
        error=palette.failed,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.surface,
        panel=palette.panel,
        variables={**_textual_variables(palette), **_semantic_variables(palette)},
    )


def _semantic_variables(palette: Palette) -> dict[str, str]:
    return {
        "accent-text": palette.accent,
        "line": palette.line,
        "state-running": palette.running,
        "state-pending": palette.pending,
        "state-stopping": palette.stopping,
        "state-stopped": palette.stopped,
        "state-failed": palette.failed,
        "bar-reserved": palette.bar_reserved,
        "bar-used": palette.bar_used,
        "bar-ground": palette.line,
        "cursor-background": palette.cursor,
        "cursor-background-faint": palette.cursor_faint,
        "cursor-bar": palette.accent,
        "cursor-bar-faint": palette.muted,
        **{f"source-{index}": colour for index, colour in enumerate(palette.sources)},
        **block_colours(
            [Color.parse(colour) for colour in palette.sources], Color.parse(palette.ground), Color.parse(palette.text)
        ),
    }


def _textual_variables(palette: Palette) -> dict[str, str]:
    """Textual's own variables that would otherwise be mixed from the accent, too loud for a calm screen."""
    return {
        "text": palette.text,
        "text-muted": palette.muted,
        "text-disabled": palette.muted,
        "text-primary": palette.accent,
        "text-secondary": palette.pending,
        "text-accent": palette.accent,
        "text-success": palette.running,
        "text-warning": palette.stopping,
        "text-error": palette.failed,
        "foreground-muted": palette.muted,
        "foreground-disabled": palette.muted,
        "border": palette.accent,
        "border-blurred": palette.line,
        "block-cursor-foreground": palette.text,
        "block-cursor-background": palette.cursor,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": palette.text,
        "block-cursor-blurred-background": palette.cursor_faint,
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": palette.cursor_faint,
        "button-foreground": palette.text,
        "button-color-foreground": palette.ground,
        "button-focus-text-style": "bold",
        "footer-background": palette.ground,
        "footer-foreground": palette.muted,
        "footer-key-foreground": palette.accent,
        "footer-description-foreground": palette.muted,
        "input-cursor-background": palette.accent,
        "input-cursor-foreground": palette.ground,
        "input-cursor-text-style": "none",
        "input-selection-background": palette.cursor,
        "screen-selection-background": palette.cursor,
        "scrollbar": palette.line,
        "scrollbar-hover": palette.muted,
        "scrollbar-active": palette.accent,
        "scrollbar-background": palette.ground,
        "scrollbar-background-hover": palette.ground,
        "scrollbar-background-active": palette.ground,
        "scrollbar-corner-color": palette.ground,
    }
