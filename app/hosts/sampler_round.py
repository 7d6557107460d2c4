"""The thread of a sampler: sends what is due on a few wires, and listens to all of them at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from app.hosts.documents import document
from app.hosts.errors import CALL_TIMEOUT, HostError
from app.hosts.stats import Counters, read_counters
from app.hosts.wire import Answer, Wire
from app.model.safe_text import SafeText, safe_line

FEW_WIRES: Final = 4
MOST_WIRES: Final = 32
TOGETHER: Final = 0.02
"""Seconds that the first of several answers waits for the others: to wake up for each costs more than to read it."""
SLOW: Final = 0.05
"""Seconds without an answer after which an engine gets more wires."""
MOST_A_SECOND: Final = 60
"""Questions to one engine."""
PEACE: Final = 20.0
"""Seconds for which a container is not asked again after it did not answer, or with an error."""
LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to reach an engine that does not answer at all."""
_LONGEST_REASON: Final = 200


class Told(NamedTuple):
    """What came of a question. ``counters`` None: why is in ``problem``; "" when the container is gone.

    ``container`` "": the problem is that of the whole engine. ``every``: how often it is asked.
    """

    container: str
    counters: Counters | None
    problem: SafeText = SafeText("")
    every: float = 0.0


class Asked(Protocol):
    """The part of an engine that is needed here."""

    def stats_wire(self) -> Wire: ...

    def stats_path(self, container: str) -> str: ...


class Owner(Protocol):
    """Whose questions are asked; see ``app.hosts.sampler.Sampler``."""

    engine: Asked
    clock: Callable[[], float]
    asked: int
    wires: int

    def due(self, now: float) -> tuple[list[str], float] | None: ...

    def sent(self, container: str) -> None: ...

    def tell(self, told: Told, sent: float, peace: float = 0.0, *, again: bool = False) -> None: ...

    def tell_of_engine(self, problem: SafeText) -> None: ...


@dataclass(slots=True)
class _Flight:
    wire: Wire
    container: str
    sent: float


class SamplerRound:
    """What the thread holds: wires at rest, and questions on their way.

    Args:
        waker: readable when there is something new to be asked.
    """

    def __init__(self, owner: Owner, selector: selectors.BaseSelector, waker: socket.socket) -> None:
        self._owner = owner
        self._engine = owner.engine
        self._clock = owner.clock
        self._selector = selector
        self._waker = waker
        self._free: list[Wire] = []
        self._flights: dict[Wire, _Flight] = {}
        self._allowance = float(MOST_A_SECOND)
        self._counted = self._clock()
        self._failures = 0
        self._pause_until = 0.0
        self._slow = False

    def go(self) -> None:
        try:
            while (plan := self._owner.due(self._clock())) is not None:
                due, later = plan
                left = self._send(due)
                self._wait(later, bool(left))
                self._give_up()
        finally:
            for wire in [*self._free, *self._flights]:
                wire.close()
            self._owner.wires = 0

    # --- asking ----------------------------------------------------------------------------------------------------

    def _send(self, due: list[str]) -> list[str]:
        """Ask as many of them as may be asked now; returns the rest."""
        now = self._clock()
        self._allowance = min(self._allowance + (now - self._counted) * MOST_A_SECOND, MOST_A_SECOND)
        self._counted = now
        for place, container in enumerate(due):
            if self._allowance < 1 or now < self._pause_until or (wire := self._wire(now)) is None:
                return due[place:]
            self._allowance -= 1
            self._owner.sent(container)
            try:
                wire.ask(self._engine.stats_path(container))
            except HostError as error:
                wire.close()
                self._owner.wires -= 1
                self._failed(error, container, now)
                continue
            self._flights[wire] = _Flight(wire, container, now)
            self._selector.register(wire, selectors.EVENT_READ)
        return []

    def _wire(self, now: float) -> Wire | None:
        if self._free:
            return self._free.pop()
        oldest = min((flight.sent for flight in self._flights.values()), default=now)
        self._slow |= now - oldest > SLOW
        if len(self._flights) >= (MOST_WIRES if self._slow else FEW_WIRES):
            return None
        try:
            wire = self._engine.stats_wire()
        except HostError as error:
            self._unreachable(error, now)
            return None
        self._owner.wires += 1
        return wire

    # --- listening -------------------------------------------------------------------------------------------------

    def _wait(self, later: float, more: bool) -> None:
        """Until something comes, something is due, or a wire may be added."""
        now = self._clock()
        until = later
        if more:
            until = min(until, max(self._pause_until, now + SLOW if self._flights else now + 1 / MOST_A_SECOND))
        for flight in self._flights.values():
            until = min(until, flight.sent + CALL_TIMEOUT)
        came = self._selector.select(min(max(until - now, 0.001), 1.0))
        if came and len(came) < len(self._flights):
            time.sleep(TOGETHER)
            came = self._selector.select(0)
        for key, _ in came:
            if key.fileobj is self._waker:
                with contextlib.suppress(OSError):
                    self._waker.recv(4096)
            else:
                self._listen(self._flights[key.fileobj])  # type: ignore[index]

    def _listen(self, flight: _Flight) -> None:
        try:
            answer = flight.wire.read()
        except HostError as error:
            self._land(flight, reusable=False)
            self._failed(error, flight.container, flight.sent)
            return
        if answer is None:
            return
        now = self._clock()
        self._slow = now - flight.sent > SLOW
        self._land(flight, reusable=flight.wire.reusable)
        self._failures = 0
        told, peace = _read(flight.container, answer, now)
        self._owner.tell(told, flight.sent, peace)

    def _land(self, flight: _Flight, *, reusable: bool) -> None:
        self._selector.unregister(flight.wire)
        del self._flights[flight.wire]
        if reusable and len(self._free) < MOST_WIRES:
            self._free.append(flight.wire)
        else:
            flight.wire.close()
            self._owner.wires -= 1

    def _give_up(self) -> None:
        """On questions that were not answered in time."""
        now = self._clock()
        for flight in [flight for flight in self._flights.values() if now - flight.sent >= CALL_TIMEOUT]:
            self._land(flight, reusable=False)
            problem = safe_line(f"no answer within {CALL_TIMEOUT:g} s")
            self._owner.tell(Told(flight.container, None, problem), now, PEACE)

    def _failed(self, error: HostError, container: str, sent: float) -> None:
        """A wire that had died while it was at rest says nothing about its engine: once, another is tried at once."""
        told = Told(container, None, safe_line(error.message))
        if not error.unanswered:
            self._owner.tell(told, sent, PEACE)
        elif self._failures == 0:
            self._failures = 1
            self._close_free()
            self._owner.tell(told, sent, again=True)
        else:
            self._owner.tell(told, sent)
            self._unreachable(error, self._clock())

    def _unreachable(self, error: HostError, now: float) -> None:
        if now < self._pause_until:
            return  # many questions may have been on their way when it went
        self._failures += 1
        self._pause_until = now + min(2.0 ** min(self._failures, 8), LONGEST_PAUSE)
        self._close_free()
        self._owner.tell_of_engine(safe_line(error.message))

    def _close_free(self) -> None:
        for wire in self._free:
            wire.close()
        self._owner.wires -= len(self._free)
        self._free.clear()


def _read(container: str, answer: Answer, now: float) -> tuple[Told, float]:
    """What an answer says, and for how long its container is to be left in peace."""
    try:
        body = document(answer.body)
    except HostError:
        body = None
    if answer.status == 404:
        return Told(container, None), PEACE
    if not isinstance(body, dict):
        return Told(container, None, safe_line("the answer cannot be read")), PEACE
    if answer.status != 200:
        reason = str(body.get("message") or f"refused ({answer.status})")[:_LONGEST_REASON]
        return Told(container, None, safe_line(reason)), PEACE
    return Told(container, read_counters(body, now)), 0.0
