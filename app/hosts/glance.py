"""A first look at engines on this machine, while the program is still being loaded. No docker-py, no thread.

The questions are sent at once, and what came is read later: meanwhile the engines are at work, and so are we. It is a
hint and no truth: watchers list everything again, and what a list cannot tell is left to them.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from app.model.instance import Instance, InstanceKey

if TYPE_CHECKING:
    from app.model.update import HostUpdate

MOST_ENGINES: Final = 16
MOST_BYTES: Final = 2 << 20
"""Of all answers together. Where there are more, reading them would take longer than the first frame may."""
_SCHEME: Final = "unix://"
_PATHS: Final[Mapping[str, str]] = {
    "containers": "/containers/json?all=1",
    "volumes": "/volumes?filters=" + quote(json.dumps({"label": ["moorage.record"]})),
    "info": "/info",
    "version": "/version",
}


class Glance:
    """Asks the engines that are reached by a unix socket; the rest are left to their watchers."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._answers: dict[InstanceKey, dict[str, bytes]] = {}
        self._selector = selectors.DefaultSelector()
        for instance in [one for one in instances if one.endpoint.startswith(_SCHEME)][:MOST_ENGINES]:
            self._answers[instance.key] = {}
            for what, path in _PATHS.items():
                self._ask(instance, what, path)

    def _ask(self, instance: Instance, what: str, path: str) -> None:
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(instance.endpoint.removeprefix(_SCHEME))
            # HTTP/1.0: the answer is as long as the connection lasts.
            connection.send(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode("ascii"))
        except (OSError, ValueError):
            connection.close()
        else:
            self._selector.register(connection, selectors.EVENT_READ, (instance.key, what, bytearray()))

    def read(self, within: float) -> list[HostUpdate]:
        """What was told, waiting at most so many seconds for it. Nothing of an engine that has not told all by then."""
        deadline = time.monotonic() + within
        while self._selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for ready, _ in self._selector.select(left):
                self._take(ready)
        self.close()
        # Only now: the engines were not to wait for it.
        from app.hosts.glance_reading import updates

        told: list[HostUpdate] = []
        room = MOST_BYTES
        for key, answers in self._answers.items():
            room -= sum(map(len, answers.values()))
            if room >= 0:
                told += updates(key, answers)
        return told

    def _take(self, ready: selectors.SelectorKey) -> None:
        connection: Any = ready.fileobj
        key, what, came = ready.data
        try:
            data = connection.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data, came = b"", bytearray()
        came += data
        if data and len(came) <= MOST_BYTES:
            return
        if not data:
            self._answers[key][what] = bytes(came)
        self._selector.unregister(connection)
        connection.close()

    def close(self) -> None:
        """Let go of what has not been answered."""
        for ready in list((self._selector.get_map() or {}).values()):
            self._selector.unregister(ready.fileobj)
            with contextlib.suppress(OSError):
                ready.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
