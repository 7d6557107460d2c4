"""ctrl-z and ``kill -TSTP``: no event stream is held while this process is stopped.

An engine waits a tenth of a second for each event that one of its listeners does not take, and makes everybody wait
(design: reliability 0.3). So the streams are closed before, and taken up again after.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from app.operations.monitor import Monitor

WITHIN = 0.5
"""Seconds that closing the streams may take; a host that does not answer holds nothing up."""


def stop_watching_while_stopped(monitor: Monitor, resumed: Callable[[], None]) -> None:
    """Put that before what Textual does on SIGTSTP. On the main thread, once its driver is there."""
    textuals = signal.getsignal(signal.SIGTSTP)
    if not callable(textuals):
        return  # no driver of a terminal: there is nothing to stop from

    def stop(number: int, frame: FrameType | None) -> None:
        monitor.pause(WITHIN)
        try:
            # Returns when the process is continued.
            textuals(number, frame)
        finally:
            monitor.resume()
            resumed()

    signal.signal(signal.SIGTSTP, stop)
