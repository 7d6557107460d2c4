"""The dashboard as a program: what its process is set to, from the terminal's handing over to the exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.ending import LastResort, end_on_signals, end_with_terminal
from app.screens.first_frame.driver import taking_over
from app.screens.first_frame.opening import Opening
from app.screens.tidying import Tidier
from app.store.home import Home

if TYPE_CHECKING:
    from app.screens.first_frame.held import HeldTerminal


def run_dashboard(
    home: Home, open_demo: Callable[[], int], opening: Opening | None = None, held: HeldTerminal | None = None
) -> int:
    """Open the dashboard and stay until it is left. Returns the process's exit code.

    ``held`` has the terminal so far, and may show a first frame of what the opening has.
    ``open_demo``: called when it was left for the demo fleet; what it returns is the exit code then.
    """
    # Lines of a flood live too shortly to be looked through every 700 objects: that took half of what they cost. With
    # 20,000, and six times as many of those that stay, a search took a tenth of a second when somebody rushed through
    # screens; like this it takes a twenty-fifth.
    gc.set_threshold(10_000, 3, 700)
    # A key must not wait for 5 ms each time that a thread which reads, merges or filters is to give way.
    sys.setswitchinterval(0.001)
    last_resort = LastResort()
    app = Dashboard(Session(home), last_resort, opening)
    app.tidier = Tidier()
    if held is not None:
        app.driver_class = taking_over(held, app.driver_class)
    undo = end_on_signals(app.end, last_resort)
    end_with_terminal(sys.stdin.fileno())
    try:
        app.run(mouse=app.listens_to_mouse)
    finally:
        undo()
        last_resort.disarm()
    if app.fault is not None:
        raise app.fault
    return open_demo() if app.demo_wanted else app.return_code or 0
