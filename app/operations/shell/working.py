"""Talking with an opened process: in the terminal, or by pipes."""

from __future__ import annotations

import contextlib
import signal
import sys
import termios
from collections.abc import Callable

from app.hosts.exec.attaching import AttachedProcess
from app.operations.shell.ending import Outcome, ended_by, outcome
from app.operations.shell.minder import Minder
from app.operations.shell.opening import Opened
from app.operations.shell.talk import End, Outlet, Talk, outlet_to
from app.operations.shell.terminal import RawTerminal, TerminalGoneError, Wake, signals_of_a_terminal

_AT_ONCE = 1 << 16


def talk_in_terminal(
    opened: Opened, keyboard: int, screen: int, *, detachable: bool = False, idle: Callable[[], None] | None = None
) -> Outcome:
    """Hand the terminal to the process until it ends. The terminal is as before whatever happens; on the main thread.

    ``detachable``: ctrl-p ctrl-q leaves it running. ``idle``: called about twice a second meanwhile.
    """
    wake = Wake()
    minder = _minder(opened, wake)
    end: End | None = None
    found = Outcome(1)
    try:
        with RawTerminal(keyboard, screen) as terminal:

            def resized() -> None:
                minder.resize(terminal.size())

            def continued() -> None:
                with contextlib.suppress(termios.error):  # gone: that is told by another signal
                    terminal.make_raw()
                resized()

            with signals_of_a_terminal(minder.signal, resized, continued):
                resized()
                minder.start()
                own_way = terminal.output != screen
                out = Outlet(terminal.output, _AT_ONCE if own_way else 512, terminal.traces.see)
                stdin = keyboard if _reads(opened) or detachable else None
                talk = Talk(opened.process, {"stdout": out}, minder, wake, stdin, terminal, detachable, idle)
                end = talk.run()
        found = outcome(opened, end)
    except TerminalGoneError:
        found = ended_by(signal.SIGHUP)
    finally:
        minder.close()
        opened.close(ended=found.ended)
        wake.close()
    return found


def talk_by_pipes(opened: Opened, stdin: int | None) -> Outcome:
    """stdin, stdout and stderr as they are here, each for itself. Raises OSError when nobody reads stdout any more."""
    wake = Wake()
    minder = _minder(opened, wake)
    found = Outcome(1)
    sys.stdout.flush()
    outlets = {"stdout": outlet_to(sys.stdout.fileno()), "stderr": outlet_to(sys.stderr.fileno())}
    try:
        minder.start()
        end = Talk(opened.process, outlets, minder, wake, stdin if _reads(opened) else None).run()
        if end.error is not None:
            raise end.error
        found = outcome(opened, end)
    finally:
        minder.close()
        opened.close(ended=found.ended)
        for outlet in outlets.values():
            outlet.close()
        wake.close()
    return found


def _minder(opened: Opened, wake: Wake) -> Minder:
    return Minder(opened.process, opened.target.instance.name, wake)


def _reads(opened: Opened) -> bool:
    return not isinstance(opened.process, AttachedProcess) or opened.process.stdin
