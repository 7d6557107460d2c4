"""Containers inspected one after the other over a connection that is kept.

With docker-py each takes a millisecond of our own time; a fleet of ten thousand tasks, or a thousand events a second,
leaves a tenth of that.
"""

from __future__ import annotations

import json
import select
import time

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.reading import inspect_or_none
from app.hosts.wire import Answer, Wire


class Inspector:
    """Inspects containers of one engine; used by one thread. Whoever makes it closes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wire: Wire | None = None

    def inspect(self, container: str) -> Json | None:
        """What ``docker inspect`` tells; None when the container is gone. Raises HostError."""
        deadline = time.monotonic() + self._engine.timeout
        try:
            answer = self._answer(container, deadline)
        except HostError:
            self.close()
            if time.monotonic() >= deadline:
                raise
            # A connection that nobody used for a while may have been closed, and an answer may be too large for a
            # wire: the ordinary call tells what is the matter.
            return inspect_or_none(self._engine, container)
        if answer.status == 404:
            return None
        try:
            detail = json.loads(answer.body)
        except (ValueError, RecursionError):
            detail = None
        if answer.status != 200 or not isinstance(detail, dict):
            return inspect_or_none(self._engine, container)
        return detail

    def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _answer(self, container: str, deadline: float) -> Answer:
        wire = self._wire
        if wire is None:
            wire = self._wire = self._engine.inspect_wire()
        wire.ask(self._engine.inspect_path(container))
        poll = select.poll()
        poll.register(wire.fileno(), select.POLLIN)
        while (answer := wire.read()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise HostError("no answer to inspecting a container in time", "timeout")
            poll.poll(left * 1000)
        if not wire.reusable:
            self.close()
        return answer
