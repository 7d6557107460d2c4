"""Values of a database's row. A file may hold anything: each is checked, and what a stranger wrote is made safe."""

from __future__ import annotations

from app.model.safe_text import SafeText, safe_line


def string(value: object) -> str:
    """Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def text(value: object) -> SafeText:
    """Raises TypeError for anything but a string."""
    return safe_line(string(value))


def number(value: object) -> int:
    """Raises TypeError for anything else."""
    if not isinstance(value, int):
        raise TypeError("no number")
    return value
