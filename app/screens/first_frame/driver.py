"""How Textual takes over a terminal that already shows the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.driver import Driver

if TYPE_CHECKING:
    from textual.drivers.linux_driver import LinuxDriver

    from app.screens.first_frame.held import HeldTerminal

ALTERNATE = "\x1b[?1049h"


def taking_over(held: HeldTerminal, usual: type[Driver]) -> type[Driver]:
    """The usual driver, but one that leaves what is on the screen until it paints. Textual's others are left alone.

    Entering the alternate screen again would clear it on some terminals. ``attrs_before``: what Textual restores is
    what was there before the first frame. A test in a real pty watches over both, as they are not Textual's to keep.
    """
    from textual.drivers.linux_driver import LinuxDriver

    if held.before is None or not issubclass(usual, LinuxDriver):
        return usual
    return _made(held, usual)


def _made(held: HeldTerminal, usual: type[LinuxDriver]) -> type[Driver]:
    class TakingOver(usual):  # type: ignore[valid-type, misc]
        def start_application_mode(self) -> None:
            first, before = not held.taken, held.before
            held.take()
            self._entered = first
            super().start_application_mode()
            self._entered = False
            if first:
                self.attrs_before = before

        def write(self, data: str) -> None:
            if data == ALTERNATE and self._entered:
                return
            super().write(data)

    return TakingOver
