"""An engine whose logs are a flood: every question goes on to a real one, but each log followed never ends.

Run as a script: ``python flood_engine.py UPSTREAM_SOCKET LISTEN_SOCKET MEGABYTES_A_SECOND``. A real engine delivers a
tenth of what a fast network could bring; this one brings what it is told to, if somebody reads it. Prints, each second,
the bytes that were taken from it so far.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from datetime import UTC, datetime

LINE = "GET /api/v1/things HTTP/1.1 200 512 bytes in 3 ms from 10.0.0.7, keep-alive, nothing strange about it"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LINES_A_BLOCK = 500
_STAMP = b"@" * 30


def block() -> bytes:
    """Chunks with a frame each, as a dockerd writes them; ``_STAMP`` stands for their times."""
    body = _STAMP + b" " + LINE.encode() + b"\n"
    frame = b"\1\0\0\0" + len(body).to_bytes(4, "big") + body
    return (b"%x\r\n%s\r\n" % (len(frame), frame)) * _LINES_A_BLOCK


class FloodEngine:
    """``rate`` in bytes a second, of all floods together; ``sent`` is what was taken."""

    def __init__(self, upstream: str, listen: str, rate: float) -> None:
        self.sent = 0
        self._upstream = upstream
        self._rate = rate
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(listen)
        self._server.listen(64)

    def serve(self) -> None:
        while True:
            client, _ = self._server.accept()
            threading.Thread(target=self._speak, args=(client,), daemon=True).start()

    def _speak(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as upstream, contextlib.suppress(OSError):
            upstream.connect(self._upstream)
            threading.Thread(target=_pass_on, args=(upstream, client), daemon=True).start()
            while asked := client.recv(1 << 16):
                line = asked.partition(b"\r\n")[0]
                if b"/logs?" in line and b"follow=1" in line:
                    self._flood(client)
                    return
                upstream.sendall(asked)

    def _flood(self, client: socket.socket) -> None:
        client.sendall(_HEAD)
        blank = block()
        began, mine = time.monotonic(), 0
        while True:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
            client.sendall(blank.replace(_STAMP, stamp))
            mine += len(blank)
            self.sent += len(blank)
            ahead = mine / self._rate - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -1:
                # Nobody read for a while: that is not made up for.
                began = time.monotonic() - mine / self._rate


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


def main() -> None:
    upstream, listen, megabytes = sys.argv[1:4]
    engine = FloodEngine(upstream, listen, float(megabytes) * 1e6)
    threading.Thread(target=engine.serve, daemon=True).start()
    while True:
        print(engine.sent, flush=True)
        time.sleep(1)


if __name__ == "__main__":
    main()
