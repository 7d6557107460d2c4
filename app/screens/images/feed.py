"""What images there are on the instances of clusters: asked for in a thread, and only while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.operations.images.uses import ImageUses, image_uses

if TYPE_CHECKING:
    from app.operations.images.listing import ImageSurvey
    from app.screens.desk import Desk

EVERY: Final = 30.0
"""Seconds between two questions: sums of disks are dear to an engine that has many images."""
MOST_CLUSTERS: Final = 8


@dataclass(slots=True)
class Known:
    """What is known of one cluster. ``problem``: why it is not known better, in one line."""

    survey: ImageSurvey | None = None
    problem: str = ""
    asked_at: float | None = None
    busy: bool = False
    version: int = 0


class ImageFeed:
    """Touched on the screen's thread only."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._clock = clock
        self._known: dict[str, Known] = {}

    def of(self, cluster: str) -> Known:
        """What is known; a screen calls ``look`` as well."""
        return self._known.setdefault(cluster, Known())

    def look(self, cluster: str, changed: Callable[[], None]) -> Known:
        """A screen shows a cluster's images: ask when the last answer is too old. ``changed``: there is another."""
        known = self._known.pop(cluster, None) or Known()
        self._known[cluster] = known
        while len(self._known) > MOST_CLUSTERS:
            del self._known[next(iter(self._known))]
        due = known.asked_at is None or self._clock() - known.asked_at >= EVERY
        if due and not known.busy:
            self._ask(cluster, known, changed)
        return known

    def stale(self, cluster: str) -> None:
        """Something was done: the next look asks again."""
        if (known := self._known.get(cluster)) is not None:
            known.asked_at = None

    def _ask(self, cluster: str, known: Known, changed: Callable[[], None]) -> None:
        desk = self._desk
        known.busy, known.asked_at = True, self._clock()
        uses = image_uses(desk.fleet, cluster)

        def done(survey: ImageSurvey) -> None:
            known.busy = False
            if (survey, "") != (known.survey, known.problem):
                known.survey, known.problem = survey, ""
                known.version += 1
            changed()

        def failed(message: str) -> None:
            known.busy = False
            known.problem = message
            known.version += 1
            changed()

        desk.jobs.run(lambda: _survey(desk, cluster, uses), done, failed)


def _survey(desk: Desk, cluster: str, uses: ImageUses) -> ImageSurvey:
    from app.operations.images.listing import survey_images

    return survey_images(desk.session, desk.session.cluster(cluster), uses)
