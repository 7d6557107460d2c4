"""One port of one machine on the loopback of another: what is not wired together may still share a registry."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from tests.engine_bed import http

_CHUNK = 1 << 18
_RESET = struct.pack("ii", 1, 0)


class Relay:
    """From 127.0.0.1:``port`` of the machine of process ``here`` to the same of the one of ``there``, until closed.

    Where nobody listens there, who connects here is cut off.
    """

    def __init__(self, here: int, there: int, port: int) -> None:
        self._there = there
        self._port = port
        self._listener = http.listen(here, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, name=f"relay-{port}", daemon=True).start()

    def close(self) -> None:
        with self._lock:
            every = [self._listener, *self._open]
        for one in every:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry_both, args=(client,), daemon=True).start()

    def _carry_both(self, client: socket.socket) -> None:
        try:
            server = http.connect(self._there, self._port)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        back = threading.Thread(target=_carry, args=(server, client), daemon=True)
        back.start()
        _carry(client, server)
        back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_CHUNK):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
