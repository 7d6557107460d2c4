"""Both ways of a connection that an engine has handed over to us: bytes in, bytes out, nothing of HTTP any more."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from typing import Any

READ_SIZE = 1 << 16


class Duplex:
    """Never waits, but in ``read_all``. Args: response: the answer to a request that asked for an upgrade, not read."""

    def __init__(self, response: Any) -> None:
        self._response = response
        file = response.raw._fp.fp
        self._socket: socket.socket = file.raw._sock
        self._socket.setblocking(False)
        # What came in one piece with the answer's headers is in http.client's buffer, and would be lost.
        self._first = b""
        with contextlib.suppress(OSError):  # TLS says by an error that there is nothing
            self._first = file.read1(READ_SIZE) or b""
        self._closed = False

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def ready(self) -> bool:
        """Is there something to read that no ``select`` would tell of?"""
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0
        return bool(self._first) or pending

    def read(self) -> bytes | None:
        """What has come; None: nothing yet; empty: the end, an orderly one or not."""
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (OSError, ValueError):
            return b""

    def write(self, data: bytes) -> int:
        """Send what can be sent now; how much that was. To a peer that reads no more everything is sent, into nowhere:

        its last words may still be on the way to us.
        """
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except (OSError, ValueError):
            return len(data)

    def half_close(self) -> None:
        """Say that nothing more comes from here."""
        with contextlib.suppress(OSError, ValueError):
            # SSLSocket's own shutdown would end the reading as well.
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def read_all(self, seconds: float, most: int = READ_SIZE) -> bytes:
        """What comes until the end, at most for so long and so much."""
        parts: list[bytes] = []
        until = time.monotonic() + seconds
        while sum(map(len, parts)) < most and (left := until - time.monotonic()) > 0:
            data = self.read()
            if data is None:
                if not _readable(self.fileno(), left):
                    break
                continue
            if not data:
                break
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        """End both ways; may be called again, and from any thread."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError, ValueError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._response.close()


def _readable(number: int, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
