"""Tones as component classes: ``PREFIX--ok``, ``PREFIX--bad`` and so on, on variables that every theme has."""

from __future__ import annotations

from typing import Final

from widgets.cells import TONES

_RULES: Final = {
    "ok": "color: $text-success;",
    "busy": "color: $text-secondary;",
    "warn": "color: $text-warning;",
    "bad": "color: $text-error;",
    "muted": "color: $text-muted;",
    "accent": "color: $text-primary;",
    "strong": "text-style: bold;",
    "bar": "color: $primary 65%;",
    "bar-used": "color: $primary;",
}


def tone_classes(prefix: str) -> set[str]:
    """The component classes of a widget that draws toned cells."""
    return {f"{prefix}--{tone}" for tone in TONES}


def tone_rules(widget: str, prefix: str) -> str:
    """Default CSS for ``tone_classes(prefix)`` of a widget type."""
    return "\n".join(f"{widget} > .{prefix}--{tone} {{ {rule} }}" for tone, rule in _RULES.items())
