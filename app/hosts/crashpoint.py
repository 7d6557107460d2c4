"""Places at which a test may kill this process, to see what the next one makes of the rest."""

from __future__ import annotations

import os
import signal


def crashpoint(name: str) -> None:
    """Die at once, as by kill -9, when MOORAGE_CRASHPOINT names this place; ``NAME:15`` sends that signal instead."""
    place, _, number = os.environ.get("MOORAGE_CRASHPOINT", "").partition(":")
    if place == name:
        os.kill(os.getpid(), int(number or signal.SIGKILL))
