"""Semantic variables for themes that are not ours, from their own colours, made legible on their own ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.color import Color
from textual.theme import Theme

LEAST_CONTRAST: Final = 4.5
_STEPS: Final = 24
BLOCK_STRENGTH: Final = 0.5
"""How much of its colour a block has at most; the rest is ground, so that a screen full of them stays calm."""
_SOURCE_HUES: Final = (0.47, 0.59, 0.11, 0.74, 0.28, 0.04, 0.91, 0.57)

# Legible on black and on white alike (3.5 to 1 and more), for an app that cannot say which theme it has.
_MIDDLE: Final[dict[str, str]] = {
    "accent-text": "#168577",
    "line": "#7f8a93",
    "state-running": "#2f8a3e",
    "state-pending": "#2f7fd0",
    "state-stopping": "#a87408",
    "state-stopped": "#788590",
    "state-failed": "#d6453f",
    "bar-reserved": "#168577",
    "bar-used": "#2aa593",
    "bar-ground": "#7f8a93",
    "cursor-background": "#168577 28%",
    "cursor-background-faint": "#168577 12%",
    "cursor-bar": "#168577",
    "cursor-bar-faint": "#788590",
    "source-0": "#168577",
    "source-1": "#2f7fd0",
    "source-2": "#a87408",
    "source-3": "#9463d3",
    "source-4": "#4c8a1f",
    "source-5": "#cc5a32",
    "source-6": "#c74a91",
    "source-7": "#788590",
    "block-0": "#136b60",
    "block-1": "#22609b",
    "block-2": "#7d5606",
    "block-3": "#6d44a3",
    "block-4": "#386817",
    "block-5": "#94401f",
    "block-6": "#93336a",
    "block-7": "#4d5a63",
    "block-neutral": "#58636b",
    "block-text": "#ffffff",
    "block-selected": "#e8edf0",
    "block-selected-text": "#10171d",
}
SEMANTIC_VARIABLES: Final[tuple[str, ...]] = tuple(_MIDDLE)
"""Every variable that ``moorage.tcss`` may use beyond Textual's own."""

_ANSI: Final[dict[str, str]] = {
    "accent-text": "ansi_cyan",
    "line": "ansi_bright_black",
    "state-running": "ansi_green",
    "state-pending": "ansi_blue",
    "state-stopping": "ansi_yellow",
    "state-stopped": "ansi_default",
    "state-failed": "ansi_red",
    "bar-reserved": "ansi_cyan",
    "bar-used": "ansi_bright_cyan",
    "bar-ground": "ansi_bright_black",
    "cursor-background": "transparent",
    "cursor-background-faint": "transparent",
    "cursor-bar": "ansi_cyan",
    "cursor-bar-faint": "ansi_default",
    "source-0": "ansi_cyan",
    "source-1": "ansi_blue",
    "source-2": "ansi_yellow",
    "source-3": "ansi_magenta",
    "source-4": "ansi_green",
    "source-5": "ansi_red",
    "source-6": "ansi_bright_magenta",
    "source-7": "ansi_default",
    "block-0": "ansi_cyan",
    "block-1": "ansi_blue",
    "block-2": "ansi_yellow",
    "block-3": "ansi_magenta",
    "block-4": "ansi_green",
    "block-5": "ansi_red",
    "block-6": "ansi_bright_magenta",
    "block-7": "ansi_bright_cyan",
    "block-neutral": "ansi_default",
    "block-text": "ansi_default",
    "block-selected": "ansi_default",
    "block-selected-text": "ansi_default",
}


def relative_luminance(colour: Color) -> float:
    """Of an opaque colour, 0 (black) to 1 (white); WCAG 2.2."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in colour.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Color, second: Color) -> float:
    """The ratio of two opaque colours, 1 to 21; WCAG 2.2."""
    lighter, darker = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def block_colours(sources: Sequence[Color], ground: Color, text: Color) -> dict[str, str]:
    """Grounds for blocks with words on them: the hues of ``sources``, as strong as ``text`` on them allows."""

    def shade(colour: Color) -> str:
        for step in range(_STEPS):
            mixed = ground.blend(colour, BLOCK_STRENGTH * (1 - step / _STEPS), alpha=1.0)
            if contrast(mixed, text) >= LEAST_CONTRAST:
                return mixed.hex
        return ground.hex

    grey = text.blend(ground, 0.55, alpha=1.0)
    return {
        **{f"block-{index}": shade(colour) for index, colour in enumerate(sources)},
        "block-neutral": shade(grey),
        "block-text": text.hex,
        "block-selected": text.hex,
        "block-selected-text": ground.hex,
    }


def variable_defaults(theme: Theme | None) -> dict[str, str]:
    """A value for each of ``SEMANTIC_VARIABLES`` under ``theme``; None: one that suits any ground."""
    if theme is None:
        return dict(_MIDDLE)
    system = theme.to_color_system().generate()
    ground = Color.parse(system["background"])
    if theme.ansi or ground.ansi is not None:
        return dict(_ANSI)
    surface = Color.parse(system["surface"])
    toward = Color(255, 255, 255) if theme.dark else Color(0, 0, 0)

    def legible(colour: Color) -> str:
        for step in range(_STEPS + 1):
            mixed = colour.blend(toward, step / _STEPS, alpha=1.0)
            if min(contrast(mixed, ground), contrast(mixed, surface)) >= LEAST_CONTRAST:
                return mixed.hex
        return toward.hex

    accent = Color.parse(system["primary"])
    grey = Color.parse(system["foreground"]).with_alpha(1.0).blend(ground, 0.35, alpha=1.0)
    faint = ground.blend(grey, 0.35, alpha=1.0).hex
    defaults = {
        "accent-text": legible(accent),
        "line": faint,
        "state-running": legible(Color.parse(system["success"])),
        "state-pending": legible(Color.from_hsl(0.58, 0.65, 0.6 if theme.dark else 0.4)),
        "state-stopping": legible(Color.parse(system["warning"])),
        "state-stopped": legible(grey),
        "state-failed": legible(Color.parse(system["error"])),
        "bar-reserved": legible(accent),
        "bar-used": legible(accent.blend(toward, 0.45, alpha=1.0)),
        "bar-ground": faint,
        "cursor-background": ground.blend(accent, 0.24, alpha=1.0).hex,
        "cursor-background-faint": ground.blend(accent, 0.1, alpha=1.0).hex,
        "cursor-bar": legible(accent),
        "cursor-bar-faint": legible(grey),
    }
    for index, hue in enumerate(_SOURCE_HUES):
        saturation = 0.15 if index == len(_SOURCE_HUES) - 1 else 0.6
        defaults[f"source-{index}"] = legible(Color.from_hsl(hue, saturation, 0.65 if theme.dark else 0.35))
    sources = [Color.parse(defaults[f"source-{index}"]) for index in range(len(_SOURCE_HUES))]
    # Text on blocks must be read whatever the theme's own text is like: it is taken to the end of the scale.
    return {**defaults, **block_colours(sources, ground, toward)}
