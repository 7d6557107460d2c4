"""What an engine tells as it happens: one JSON object a line, events and the progress of pulls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from app.hosts.documents import document
from app.hosts.errors import HostError

LINE_BYTES: Final = 1 << 20
"""Of one object. All labels of a container are in each of its events: Docker takes 8 MB of them, people write 2 kB."""
TOO_LONG: Final[dict[str, Any]] = {}
"""Stands for an object that was longer: something happened, and nobody read what."""
_READ_SIZE: Final = 1 << 16


class JsonLines:
    """Bytes as they come → objects. Keeps at most ``LINE_BYTES``; skips what is longer. Pure."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Any]:
        """The objects that are whole by now. Raises HostError when a line is no JSON."""
        *whole, rest = data.split(b"\n")
        found = []
        for line in whole:
            found += self._line(line)
        if not self._skipping:
            self._rest += rest
            if len(self._rest) > LINE_BYTES:
                self._rest.clear()
                self._skipping = True
        return found

    def end(self) -> list[Any]:
        """What had no line's end."""
        return self._line(b"")

    def _line(self, line: bytes) -> list[Any]:
        if self._skipping:
            self._skipping = False
            return [TOO_LONG]
        if self._rest:
            line = bytes(self._rest) + line
            self._rest.clear()
        if len(line) > LINE_BYTES:
            return [TOO_LONG]
        return [document(line)] if line.strip() else []


class JsonStream:
    """The objects of ``response``, which was asked for as a stream. ``within``: seconds for all of it; None: any.

    ``came``: bytes so far. Iterating raises HostError, and what http.client does.
    """

    def __init__(self, response: Any, within: float | None = None) -> None:
        self._response = response
        self._until = None if within is None else time.monotonic() + within
        self.came = 0

    def __iter__(self) -> Iterator[Any]:
        lines = JsonLines()
        answer = self._response.raw._fp
        while data := answer.read1(_READ_SIZE):
            self.came += len(data)
            yield from lines.feed(data)
            if self._until is not None and time.monotonic() > self._until:
                raise HostError("the answer has no end", "timeout")
        yield from lines.end()
