"""Where the tasks of the Run form would go: the lines of its picture, in words, and as JSON."""

from __future__ import annotations

from app.operations.preview import InstancePreview, Preview
from widgets.cells import Cell, Span, cell


def where_title(seen: Preview, wanted: int, chosen_by: str, *, marked: bool, stale: bool, by_chance: bool) -> str:
    """``Where they would go  fits 7 of 8``; and how many of them have no place.

    Args:
        marked: one task on each marked instance, and nobody chooses.
        by_chance: it is one plan of many that chance might make.
        stale: something in the form is wrong, and this is of before it was.
    """
    if marked:
        head = "The last good plan" if stale else "One on each marked instance"
        return f"{head}  {len(seen.plan.placements)} of {wanted} would start"
    fitting = sum(takes(one) for one in seen.instances)
    head = f"Chosen by {chosen_by} at the launch" if chosen_by else f"Where they {'could' if by_chance else 'would'} go"
    head = "The last good plan" if stale else head
    missing = wanted - len(seen.plan.placements)
    without = f"  {missing} of {wanted} not placed" if missing > 0 and not chosen_by else ""
    return f"{head}  fits {fitting} of {len(seen.instances)}{without}"


def takes(one: InstancePreview) -> bool:
    """Whether the instance takes at least one of the tasks."""
    return one.count > 0 or one.refusal is None


def room_words(seen: Preview, cluster: str, *, placed: bool) -> str:
    """``Room for 19 more of these in prod``: after those that are planned."""
    if seen.room is None:
        return f"Room for as many more as you like in {cluster}: they reserve nothing"
    more = max(seen.room - (len(seen.plan.placements) if placed else 0), 0)
    words = f"{more} more of these" if more else "no more of these"
    return f"Room for {words} in {cluster}"


def fits_cell(one: InstancePreview) -> Cell:
    """Whether an instance takes one of them, where another scheduler chooses which does."""
    if one.refusal is None or takes(one):
        return cell("✓ fits", "ok")
    return (Span("✗ ", "bad"), Span(str(one.refusal.words), "muted"))
