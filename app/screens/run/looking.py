"""The Run form asks which hosts have the images of its definition, and has what is missing brought there."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from app.model.instance import Instance
from app.operations.images.presence import Presence, definition_presence, images_of
from app.screens.frame import FrameScreen
from app.screens.run.images import missing_images
from widgets.line_form import LineForm
from widgets.presence import is_here

if TYPE_CHECKING:
    from app.model.task_definition import TaskDefinition
    from app.screens.desk import Desk
    from app.screens.run.form import RunForm
    from app.screens.run.where import WherePane

EVERY: Final = 15.0
"""Seconds from a question to the next, while the fleet changes. What is brought from here is looked for at once."""


class ImageLook:
    """Which of a definition's images are on which instances: asked in a job, one at a time. On the screen's thread.

    Args:
        changed: called when there is another answer.
    """

    def __init__(self, desk: Desk, changed: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._changed = changed
        self._clock = clock
        self._presence: Presence | None = None
        self._asked: tuple[object, ...] = ()
        self._asked_at = 0.0
        self._busy = False

    def look(self, definition: TaskDefinition | None, instances: Sequence[Instance]) -> Presence | None:
        """What is known of these; asks when that is not enough. None: nothing yet."""
        if definition is None or not instances:
            return None
        images = images_of(definition)
        asked = (images, definition.runtime_platform, tuple(one.key for one in instances))
        due = asked != self._asked or self._clock() - self._asked_at >= EVERY
        if due and not self._busy:
            self._asked, self._asked_at, self._busy = asked, self._clock(), True
            session = self._desk.session
            self._desk.jobs.run(lambda: definition_presence(session, definition, instances), self._take, self._failed)
        known, cluster = self._presence, instances[0].key.cluster
        fits = known is not None and known.images == images and all(key.cluster == cluster for key in known.asked)
        return known if fits else None

    def stale(self) -> None:
        """Something was brought: the next look asks again."""
        self._asked = ()

    def _take(self, presence: Presence) -> None:
        self._busy = False
        self._presence = presence
        self._changed()

    def _failed(self, _: str) -> None:
        self._busy = False


class LooksForImages(FrameScreen):
    """Mixed into the screen of the Run form."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._look_at_images = ImageLook(desk, self._show_images)

    @property
    @abstractmethod
    def run_form(self) -> RunForm: ...

    @property
    @abstractmethod
    def where(self) -> WherePane:
        """The picture beside it."""

    def look_for_images(self) -> bool:
        """Have the form know where its images are. True: it knows something else now."""
        form = self.run_form
        before = form.presence
        states = self.desk.fleet.of_cluster(form.choice.cluster)
        live = [state.instance for state in states if state.live]
        document = form.world.document  # not what was read: of a form with a mistake in it nothing is
        definition = None if isinstance(document, str) else document.definition
        form.presence = self._look_at_images.look(definition, live)
        return form.presence is not before

    def _show_images(self) -> None:
        """There is another answer."""
        if is_here(self) and self.look_for_images():
            self.query_one("#run-form", LineForm).refresh_lines()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        if action == "bring_images" and not self._missing:
            return False
        return super().check_action(action, parameters)

    @property
    def _missing(self) -> list[Any]:
        return missing_images(self.run_form.presence, self.run_form.choice.instances)

    def action_bring_images(self) -> None:
        """b: what hosts lack of the definition's images is copied or pulled there."""
        from app.screens.run.bringing import bring_dialog

        if missing := self._missing:
            cluster = self.desk.session.cluster_name(self.run_form.choice.cluster)
            bring_dialog(self, cluster, missing, self.where.planned, self.images_brought)

    def images_brought(self) -> None:
        """By a copy, a pull or a launch: the hosts are asked again."""
        self._look_at_images.stale()
        if is_here(self):
            self.look_for_images()
