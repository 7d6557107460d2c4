"""What the screens of works share: they look as often as they paint, the work goes on without them, x breaks it off."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Final

from textual.timer import Timer

from app.fleet.changes import ChangeSet
from app.model.image_progress import TransferVerb
from app.screens.asking import ask
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from app.screens.images.progress import outcome_cell, seconds_words
from app.screens.images.works import Work
from widgets.cells import Cell, Span

EVERY: Final = 0.1
"""Seconds between two looks: events of a pull come much faster than anybody reads."""

_BROUGHT = "Instances that have it by now keep it; on the others nothing of it stays."
_WHAT_IS_LEFT: Final[Mapping[TransferVerb, str]] = {
    "pull": _BROUGHT,
    "copy": _BROUGHT,
    "push": "The registry has no image of it then, or the old one.",
    "prune": "What has gone is gone; all else stays.",
    "build": "What its steps have made so far stays in the engine's cache; nothing else of it does.",
}


class WorkScreen(FrameScreen):
    work: Work

    def __init__(self, desk: Desk, work: Work) -> None:
        super().__init__(desk)
        self.work = work
        self._version = -1
        self._was_going = True
        self._timer: Timer | None = None

    def cluster_in_sight(self) -> str:
        return self.work.cluster

    def crumbs(self) -> Iterable[str]:
        return (self.work.cluster, self.work.verb, self.work.about)

    def status(self) -> Cell:
        took = seconds_words(self.work.seconds(self.desk.works.clock()))
        return (*outcome_cell(self.work), Span(f"  {took}", "muted"), *self.more_status())

    def more_status(self) -> Cell:
        """What else stands at the right end of the header."""
        return ()

    def on_mount(self) -> None:
        super().on_mount()
        self._timer = self.set_interval(EVERY, self._look)

    def on_screen_suspend(self) -> None:
        """Covered, it does not look."""
        if self._timer is not None:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._timer is not None:
            self._timer.resume()

    def _look(self) -> None:
        if self.work.version != self._version:
            self.refresh_now(None)

    def sync(self, changes: ChangeSet | None) -> None:
        version = self.work.version
        if version != self._version or changes is None:
            self._version = version
            self.show()
        if self._was_going and not self.work.going:
            self._was_going = False
            self.ended()
            self.refresh_bindings()

    @abstractmethod
    def show(self) -> None:
        """Bring the content up to date."""

    def ended(self) -> None:
        """It is over."""

    # --- keys ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop_work" and not self.work.stoppable:
            return False
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Leaving is no end."""
        leaves = not self.filter_text
        super().action_back()
        self._tell_going(leaves)

    def action_leave(self) -> None:
        super().action_leave()
        self._tell_going(True)

    def _tell_going(self, leaves: bool) -> None:
        if leaves and self.work.going:
            self.say(f"{self.work.what} goes on; U shows it again")

    def action_stop_work(self) -> None:
        ask_to_stop(self, self.work)

    def action_copy_command(self) -> None:
        self.copy(self.work.command, "command")


def ask_to_stop(screen: FrameScreen, work: Work) -> None:
    """Break it off, if somebody says yes to what is left then."""

    def stop() -> None:
        work.stop.set()
        work.version += 1
        screen.refresh_now(None)
        screen.refresh_bindings()

    # No question of a cluster's policy: that something does not happen needs no name typed.
    ask(screen, [], f"Stop: {work.what}?", [_WHAT_IS_LEFT.get(work.verb, "")], stop, action="Stop")
