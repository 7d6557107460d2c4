"""What an engine keeps sending, until one of the two has had enough."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from app.hosts.errors import HostError, translated
from app.hosts.json_stream import JsonStream
from app.hosts.ledger import Ledger


class Stream:
    """Something an engine keeps sending; ``close`` may be called from any thread and ends the reader.

    ``source`` is what it is read from: it knows how many bytes have come. ``TOO_LONG`` stands for what was not read.
    """

    def __init__(self, frames: Any, source: JsonStream, ledger: Ledger) -> None:
        self._frames = frames
        self._source = source
        self._ledger = ledger

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            with translated("reading the event stream"):
                before = 0
                for frame in self._frames:
                    came = self._source.came
                    self._ledger.received(came - before, events=1)
                    before = came
                    if isinstance(frame, dict):
                        yield frame
        except AttributeError as error:  # http.client forgets its file when another thread closes it
            raise HostError("the event stream was closed", "unreachable") from error

    def close(self) -> None:
        with contextlib.suppress(AttributeError):  # the reader came to its end at this very moment
            self._frames.close()
