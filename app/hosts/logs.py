"""Reading the log of a container from its engine: a reader of our own, for docker-py's is slow and forgets streams."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from app.hosts.engine import Engine
from app.hosts.errors import HostError, translated
from app.hosts.ledger import Ledger
from app.hosts.log_frames import FRAME_LIMIT, LINE_LIMIT, Lines, parser_of
from app.hosts.log_lines import LogEntry, RawLines, StreamName

__all__ = ["FRAME_LIMIT", "LINE_LIMIT", "Lines", "LogEntry", "LogStream", "RawLines", "StreamName", "read_logs"]

_READ_SIZE = 1 << 18
_ENOUGH = 1 << 11
_SOON, _PAUSE = 0.002, 0.0005
"""Bytes, and seconds. Docker writes each line by itself, and a reader that is awake takes each by itself: in a flood

that costs both of them more than all else. One that pauses between small reads finds a hundred lines at once.
"""
_ANSWER_WITHIN = 15.0
"""Seconds; an engine may look for the end of a long log before it answers."""


class LogStream:
    """Lines as they come, those of a read together, until the log or the connection ends. One thread reads.

    Iterating raises HostError; a stream that ends is an end. ``close`` may be called from any thread, ends the reader
    at once, and may be called again.
    """

    def __init__(self, response: Any, *, tty: bool, timestamps: bool, ledger: Ledger | None = None) -> None:
        self._response = response
        self._ledger = ledger or Ledger()
        self._closed = False
        self._last_read = 0.0
        self._last_size = 0
        answer = response.raw._fp
        # http.client has let go of its file when the answer is empty.
        self._file: Any = answer.fp
        self._left: int | None = answer.length
        self._parser = parser_of(chunked=answer.chunked, tty=tty, timestamps=timestamps)

    def __iter__(self) -> Iterator[Lines]:
        try:
            with translated("reading logs"):
                while data := self._read():
                    yield from self._parser.feed(data)
        except HostError:
            if not self._closed:
                raise
        finally:
            self.close()
        yield from self._parser.end()

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            # Closing alone would not wake a thread that is waiting in recv.
            self._file.raw._sock.shutdown(socket.SHUT_RDWR)
        self._response.close()

    def _read(self) -> bytes:
        """What has come of the answer; empty at its end."""
        if self._file is None or self._closed or self._parser.over:
            return b""
        wanted = _READ_SIZE if self._left is None else min(_READ_SIZE, self._left)
        if self._last_size < _ENOUGH and monotonic() - self._last_read < _SOON:
            sleep(_PAUSE)
        data: bytes = self._file.read1(wanted) if wanted else b""
        self._last_read, self._last_size = monotonic(), len(data)
        self._ledger.received(len(data))
        if self._left is not None:
            self._left -= len(data)
        return data


def read_logs(
    engine: Engine,
    container: str,
    *,
    follow: bool,
    tail: int | None,
    since: datetime | None,
    timestamps: bool,
    until: datetime | None = None,
    stream: StreamName | None = None,
) -> LogStream:
    """Open the log of a container. ``since`` and ``until`` in the host's time; ``tail`` None: all. Raises HostError.

    Args:
        stream: only this one; None: both.
    """
    tty = bool(engine.inspect(container)["Config"]["Tty"])
    params: dict[str, Any] = {
        "stdout": int(stream != "stderr"),
        "stderr": int(stream != "stdout"),
        "follow": int(follow),
        "timestamps": int(timestamps),
        "tail": "all" if tail is None else str(tail),
    }
    # Microseconds are exact in a float of today; a digit more would not be, and leave out the line that is asked for.
    params |= {name: f"{time.timestamp():.6f}" for name, time in (("since", since), ("until", until)) if time}
    with translated("reading logs"):
        api = engine.api()
        # A deadline for the answer and, where nothing is waited for, for each read; what is followed may be silent.
        response = api._get(
            api._url("/containers/{0}/logs", container), params=params, stream=True, timeout=_ANSWER_WITHIN
        )
        api._raise_for_status(response)
        if follow and response.raw._fp.fp is not None:  # http.client has let go of it when the answer is empty
            api._disable_socket_timeout(api._get_raw_response_socket(response))
        return LogStream(response, tty=tty, timestamps=timestamps, ledger=engine.ledger)
