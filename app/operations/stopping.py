"""ctrl-z and ``kill -TSTP``: no event stream is held while this process is stopped.

An engine waits a tenth of a second for each event that one of its listeners does not take, and makes everybody wait
(design: reliability 0.3). So the streams are closed before, and taken up again after.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

from app.operations.monitor import Monitor

WITHIN = 0.5
"""Seconds that closing the streams may take; a host that does not answer holds nothing up."""
Handler = Callable[[int, FrameType | None], object]


def stop_without_streams(monitor: Monitor, resumed: Callable[[], object], stop: Handler) -> None:
    """Handle SIGTSTP so. ``stop`` stops the process, and returns when it is continued. On the main thread."""

    def stopping(number: int, frame: FrameType | None) -> None:
        monitor.pause(WITHIN)
        try:
            stop(number, frame)
        finally:
            monitor.resume()
            resumed()

    signal.signal(signal.SIGTSTP, stopping)


def stop_plainly(_number: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
