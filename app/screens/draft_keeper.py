"""Keeps what is typed in an editor: saved off the screen's thread, half a second after the last key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from textual.screen import Screen
from textual.timer import Timer

from app.model.errors import MoorageError
from app.operations.editing import EditStart
from app.screens.desk import Desk
from app.store.drafts import DraftStore, HeldDraft

PAUSE = 0.5
"""Seconds without a key after which a draft is saved."""
LONGEST = 2.0
"""Seconds after which it is saved although keys keep coming."""


class DraftKeeper:
    """One editor's draft. Touched on the screen's thread only; ``told`` gets what there is to say of it.

    Args:
        held: the draft that is gone on with; None for a new one, of which nothing is written before the first change.
    """

    def __init__(
        self,
        screen: Screen[None],
        desk: Desk,
        start: EditStart,
        held: HeldDraft | None,
        told: Callable[[str], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._start = start
        self._held = held
        self._told = told
        self._resumed = held is not None
        self._text: str | None = None
        self._changed = self._resumed
        self._timer: Timer | None = None
        self._since = 0.0
        self._saving = False
        self._ended = False
        # Between the job that saves and the screen that is left meanwhile.
        self._writing = threading.Lock()
        self._gone = False

    def take(self, text: str) -> None:
        """The text has changed."""
        if self._ended:
            return
        self._text = text
        self._changed = self._resumed or text != self._start.text
        self._told("")
        now = time.monotonic()
        if self._timer is None:
            self._since = now
        else:
            self._timer.stop()
        # Who types without a pause has it saved all the same.
        self._timer = self._screen.set_timer(max(min(PAUSE, self._since + LONGEST - now), 0.01), self._save)

    def leave(self) -> None:
        """The editor closes: what was typed last is written at once, and the draft is let go of.

        Where everything was taken back there is none.
        """
        if self._ended:
            return
        if not self._changed:
            self.done()
            return
        self._ended = True
        self._stop_timer()
        try:
            if self._text is not None:
                self._write(self._text)
        except MoorageError as error:
            message = f"draft not saved: {error.message}"
            self._screen.app.notify(message, severity="error", markup=False, timeout=20)
        finally:
            with self._writing:
                self._gone = True
                if self._held is not None:
                    self._held.close()

    def done(self) -> None:
        """It was registered, or is not wanted any more."""
        if self._ended:
            return
        self._ended = True
        self._stop_timer()
        with self._writing:
            self._gone = True
            if self._held is not None:
                self._held.discard()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _save(self) -> None:
        self._stop_timer()
        text = self._text
        if self._saving or self._ended or text is None:
            return
        self._saving = True

        def saved(_: object) -> None:
            self._saving = False
            self._told("draft saved")
            if self._text == text:
                self._text = None
            elif not self._ended:
                self._save()

        def failed(message: str) -> None:
            self._saving = False
            self._told(f"draft not saved: {message}")

        self._desk.jobs.run(lambda: self._write(text), saved, failed)

    def _write(self, text: str) -> None:
        session = self._desk.session
        with self._writing:
            if self._gone:
                return
            if self._held is None:
                self._held = DraftStore(session.home).new()
            self._held.save(text, self._start.base, self._start.seen, session.now())
