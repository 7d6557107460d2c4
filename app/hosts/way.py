"""The way to one engine: a session that is made when it is first needed and again after a failure, and its tunnel."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.hosts.endpoint import Endpoint
from app.hosts.errors import HostError
from app.hosts.ledger import Ledger

if TYPE_CHECKING:
    from app.hosts.ssh.tunnel import Tunnel


class Way:
    """Safe to share between threads. ``timeout``: seconds for an ordinary call; ``sockets``: as in ``Tunnel``."""

    def __init__(self, endpoint: Endpoint, timeout: float, ledger: Ledger, sockets: Path | None) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._ledger = ledger
        self._sockets = sockets
        self._tunnel: Tunnel | None = None
        self._client: Any = None
        self._lock = threading.Lock()

    def api(self) -> Any:
        """The session. Raises HostError when there is no way to the engine."""
        with self._lock:
            if self._tunnel is not None and not self._tunnel.alive:
                self._let_go()
            if self._client is None:
                self._client = self._connected()
            return self._client

    def rest(self) -> None:
        """Let go of the connections. A tunnel that still stands stays: others may have streams through it."""
        with self._lock:
            self._let_go()
            if self._tunnel is not None:
                self._tunnel.rest()

    def end(self) -> None:
        """Let go of everything. It can be gone again."""
        with self._lock:
            self._let_go()
            if self._tunnel is not None:
                self._tunnel.close()

    def _connected(self) -> Any:
        # Here, because it imports docker: a tenth of a second that the first frame need not wait for.
        from app.hosts.connection import connect

        if not self._endpoint.is_ssh:
            return connect(self._endpoint, timeout=self._timeout, ledger=self._ledger)
        if self._tunnel is None:
            from app.hosts.ssh.tunnel import Tunnel

            self._tunnel = Tunnel(self._endpoint, self._sockets)
        socket = self._tunnel.open()
        try:
            return connect(socket, timeout=self._timeout, ledger=self._ledger)
        except HostError as error:
            raise self._tunnel.explained(error) from error

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
