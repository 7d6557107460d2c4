"""Quitting while images are pulled, copied or built: it is asked first, and nothing half-done stays behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.screens.images.works import WorkBoard
from widgets.confirm import Confirm

if TYPE_CHECKING:
    from textual.app import App

MOST_NAMED = 6


def leave(app: App[Any], board: WorkBoard, quit_now: Callable[[], object]) -> None:
    """Quit, after a question if something is under way."""
    going = board.going
    if not going or isinstance(app.screen, Confirm):
        quit_now()
        return

    def answered(yes: bool | None) -> None:
        if yes:
            quit_now()

    lines = [f"{work.what}  in {work.cluster}" for work in going[:MOST_NAMED]]
    lines += [f"and {len(going) - MOST_NAMED} more"] if len(going) > MOST_NAMED else []
    title = f"Quit? {len(going)} under way {'is' if len(going) == 1 else 'are'} broken off:"
    app.push_screen(Confirm(title, [*lines, "", "Tasks go on, as always."], action="Quit"), answered)
