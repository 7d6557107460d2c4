"""What there is to filter by: the values of each term in the fleet as it is now."""

from __future__ import annotations

from collections.abc import Iterable

from app.fleet.fleet import Fleet
from app.screens.filtering import CLOSED


def term_values(fleet: Fleet, term: str) -> Iterable[str]:
    """The values of a term; each at least once."""
    if term in CLOSED:
        return CLOSED[term]
    if term == "cluster":
        return fleet.clusters
    if term == "host":
        return [key.name for key in fleet.instances]
    if term == "family":
        return {task.family for task in fleet.tasks()}
    if term == "group":
        return {task.group for task in fleet.tasks()}
    images = {part.runtime.image for task in fleet.tasks() for part in task.containers if part.runtime}
    return images if term == "image" else ()
