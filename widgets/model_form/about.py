"""What is told of the row at the cursor, in the two lines below a form."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from widgets.model_form.rows import FormRow
from widgets.model_form.shape import Path, Shape
from widgets.plain import plain


def about_row(row: FormRow | None, cell: int) -> Content:
    """What is wrong there, else nothing; and what the member is for, with its limits."""
    if row is None or row.kind == "group":
        return Content("")
    edited = row.cells[cell] if cell < len(row.cells) else None
    shape, path = (edited.shape, edited.path or row.path) if edited else (row.shape, row.path)
    words = [shape.help or row.shape.help, limits(shape), shape.note if shape.note != "honoured" else ""]
    told = Content.assemble(
        (path_text(path), "$text-primary"), Content("  " + plain("  ".join(word for word in words if word)))
    )
    worst = next((f for f in row.findings if f.severity == "error"), next(iter(row.findings), None))
    if worst is None:
        return told
    tone = "$text-error" if worst.severity == "error" else "$text-warning"
    at = "" if worst.path == path else f"{path_text(worst.path[len(row.path) :])}: "
    return Content("\n").join([Content.styled(plain(f"{at}{worst.text}"), tone), told])


def path_text(path: Path) -> str:
    """``("ports", 0, "name")`` → ``ports[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return plain(text)


def limits(shape: Shape) -> str:
    """The limits of a member in words: ``5 to 300 s``, ``at most 255 characters``."""
    told = shape.limits
    unit = f" {shape.unit}" if shape.unit else ""
    words = [
        _between(told.get("minimum"), told.get("maximum"), unit),
        _between(told.get("minLength"), told.get("maxLength"), " characters"),
        _between(told.get("minItems"), told.get("maxItems"), " of them"),
    ]
    return ", ".join(word for word in words if word)


def _between(least: Any, most: Any, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least} to {most}{unit}"
    if least is not None:
        return f"{least}{unit} or more" if least else ""
    return f"at most {most}{unit}" if most is not None else ""
