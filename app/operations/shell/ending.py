"""How a conversation ended: the exit code, and what is to be said about it."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from app.hosts.errors import HostError
from app.model.safe_text import SafeText, safe_line
from app.operations.shell.opening import Opened
from app.operations.shell.talk import End

UNKNOWN, KILLED = 1, 137
_CODE_WITHIN = 5.0
_GONE_WITHIN = 0.5
_FIRST_LOOK, _LAST_LOOK = 0.01, 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """``code``: the command's own, or what Moorage has to tell. ``note``: one line, "" when all is as it should be.

    ``ended``: the process is known to be over. ``number``: of the signal that ended us.
    """

    code: int
    note: SafeText = SafeText("")
    ended: bool = False
    lost: bool = False
    number: int = 0


def outcome(opened: Opened, end: End) -> Outcome:
    """Asks the engine for the exit code, a few seconds at most."""
    name, host = opened.target.name, opened.target.instance.name
    if end.reason == "signal":
        return ended_by(end.number)
    if end.reason == "unwritable":
        return ended_by(signal.SIGHUP)
    if end.reason == "detached":
        return Outcome(0)
    if end.reason == "left":
        return Outcome(UNKNOWN, safe_line(f"left {name!r}: {host} did not answer{_may_go_on(opened)}"), lost=True)
    if end.reason == "lost":
        return Outcome(UNKNOWN, safe_line(f"{host} does not answer any more{_may_go_on(opened)}"), lost=True)
    if end.state is not None and end.state.exit_code is not None:
        return _over(opened, end.state.exit_code)
    return _asked(opened)


def ended_by(number: int) -> Outcome:
    return Outcome(128 + number, safe_line(f"ended by {signal.Signals(number).name}"), number=number)


def _asked(opened: Opened) -> Outcome:
    host = opened.target.instance.name
    deadline, pause = time.monotonic() + _CODE_WITHIN, _FIRST_LOOK
    while True:
        try:
            state = opened.process.state()
        except HostError as error:
            if error.unanswered:
                note = f"lost {host}: {error.message}{_may_go_on(opened)}"
                return Outcome(UNKNOWN, safe_line(note), lost=True)
            return Outcome(KILLED, _container_gone(opened), ended=True)
        if not state.running and state.exit_code is not None:
            return _over(opened, state.exit_code)
        if time.monotonic() > deadline:
            note = f"the connection to {opened.target.name!r} on {host} was cut{_may_go_on(opened)}"
            return Outcome(UNKNOWN, safe_line(note))
        time.sleep(pause)
        pause = min(pause * 2, _LAST_LOOK)


def _over(opened: Opened, code: int) -> Outcome:
    # Whoever is killed together with its container did not fail by itself.
    note = _container_gone(opened) if code == KILLED and opened.token else SafeText("")
    return Outcome(code, note, ended=True)


def _container_gone(opened: Opened) -> SafeText:
    """What became of the container; "" when it runs. Its processes end a moment before it does."""
    name, host = opened.target.name, opened.target.instance.name
    deadline = time.monotonic() + _GONE_WITHIN
    while True:
        try:
            state = opened.engine.inspect(opened.target.container_id).get("State") or {}
        except HostError as error:
            if error.kind != "not-found":
                return SafeText("")
            return safe_line(f"container {name!r} was removed from {host} meanwhile")
        if not state.get("Running"):
            return safe_line(f"container {name!r} on {host} has stopped meanwhile (exit {state.get('ExitCode')})")
        if time.monotonic() > deadline:
            return SafeText("")
        time.sleep(_LAST_LOOK / 2)


def _may_go_on(opened: Opened) -> str:
    return "; what was started there may go on" if opened.token else ""
