"""A way to an engine on which something is done at the moment when a certain request comes by."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path


class Waypoint:
    """A context manager. ``endpoint`` leads to ``target``. ``at`` is called once, before the first request of this kind

    (``POST /containers/create``: what its path holds) is handed on.
    """

    def __init__(self, folder: Path, target: Path, request: str, at: Callable[[Callable[[], None]], None]) -> None:
        """``at`` is given the function that hands the request on."""
        self._method, self._path = (part.encode() for part in request.split(" "))
        self._at, self._target = at, target
        self.seen = threading.Event()
        self.done = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "way.sock"))
        self._listener.listen(64)
        self.endpoint = f"unix://{folder / 'way.sock'}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Waypoint:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(str(self._target))
            for source, sink, watch in ((client, engine, True), (engine, client, False)):
                threading.Thread(target=self._carry, args=(source, sink, watch), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, watch: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if watch and not self.seen.is_set() and self._is_it(data):
                    self.seen.set()
                    handed = data
                    self._at(lambda: sink.sendall(handed))
                    self.done.set()
                else:
                    sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _is_it(self, data: bytes) -> bool:
        method, _, rest = data.partition(b" ")
        path = rest.partition(b" ")[0]
        return method == self._method and self._path in path
