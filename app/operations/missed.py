"""What must have come to pass on a host while nobody listened, by the list that came after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.model.container import Container

_ANOTHER_START = timedelta(seconds=1)
"""The engine's event of a start and what inspect tells of it are not quite the same moment."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a container."""

    up: bool
    started_at: datetime | None = None


def missed(before: Mapping[str, Known] | None, containers: Sequence[Container], since: datetime) -> str:
    """``2 started, 1 died``, or nothing: by what was known of each container before, or else by its own times."""
    counts = Counter[str]()
    for container in containers:
        if before is None:
            counts.update(_by_times(container, since))
        else:
            counts.update(_by_difference(before.get(container.id), container))
    if before is not None:
        counts["removed"] = len(before.keys() - {container.id for container in containers})
    words = [f"{counts[what]} {what}" for what in ("created", "started", "died", "removed") if counts[what]]
    return ", ".join(words) or "nothing"


def known(containers: Sequence[Container]) -> dict[str, Known]:
    return {container.id: Known(container.up, container.started_at) for container in containers}


def _by_times(container: Container, since: datetime) -> Iterator[str]:
    times = {"created": container.created_at, "started": container.started_at, "died": container.finished_at}
    return (what for what, moment in times.items() if moment is not None and moment >= since)


def _by_difference(was: Known | None, container: Container) -> Iterator[str]:
    if was is None:
        yield "created"
        if container.ever_started:
            yield "started"
            if not container.up:
                yield "died"
        return
    began = container.started_at
    again = began is not None and was.started_at is not None and began - was.started_at > _ANOTHER_START
    first = began is not None and was.started_at is None and not was.up
    if was.up:
        if again or not container.up:
            yield "died"
        if again:
            yield "started"
            if not container.up:
                yield "died"
    elif container.up:
        yield "started"
    elif again or (first and container.ever_started):
        yield "started"
        yield "died"
