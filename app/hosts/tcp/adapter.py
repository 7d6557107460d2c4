"""How a session goes over TCP, with TLS or without: no proxy, no waiting for a peer that is gone, always verified."""

from __future__ import annotations

import socket
import threading
from typing import Any, Final
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

from app.hosts.bounded import POOLS
from app.hosts.endpoint import Endpoint
from app.hosts.errors import HostError
from app.hosts.tcp.context import stamp, tls_context
from app.hosts.tcp.trouble import is_handshake, tls_trouble

CONNECT_TIMEOUT: Final = 3.0
"""Seconds. A host that is up answers within one, or not at all."""
_MOST_IDLE: Final = 16
"""Connections that are kept for the next question."""


def socket_options() -> list[tuple[int, int, int]]:
    """What notices within 15 s that a peer is gone without a word.

    Without them a stream of events waits for ever, and a call until its deadline, which may be minutes.
    """
    tcp = socket.IPPROTO_TCP
    # TCP_KEEPALIVE is macOS's name for the first; it has no user timeout.
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPALIVE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
    known = [(tcp, getattr(socket, name), value) for name, value in wanted.items() if hasattr(socket, name)]
    return [(tcp, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *known]


def base_url(endpoint: Endpoint) -> str:
    """The URL of a tcp endpoint as HTTP has it."""
    return ("https" if endpoint.tls else "http") + endpoint.url.removeprefix("tcp")


class TcpAdapter(HTTPAdapter):
    """For one engine. Calls raise HostError where TLS is the trouble, else what requests raises.

    Raises HostError: the files of TLS cannot be used.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._files = endpoint.tls
        self._host = (endpoint.tls and endpoint.tls.name) or urlsplit(endpoint.url).hostname or ""
        self._read = stamp(endpoint.tls) if endpoint.tls else ()
        self._lock = threading.Lock()
        self._heard = False
        super().__init__(pool_connections=1, pool_maxsize=_MOST_IDLE)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        options["socket_options"] = socket_options()
        if self._files is not None:
            options |= {"ssl_context": tls_context(self._files), "server_hostname": self._host}
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(self, request: Any, stream: bool = False, timeout: Any = None, *_: Any, **options: Any) -> Any:
        if isinstance(timeout, int | float):
            timeout = (min(CONNECT_TIMEOUT, timeout), timeout)
        try:
            # Nothing of verify, cert and proxies: those are the environment's, too.
            response = super().send(request, stream=stream, timeout=timeout)
        except HostError:
            raise
        except Exception as error:
            if not (trouble := self._trouble(error)):
                raise
            # On a connection that was there, the engine may have got the question.
            asked = self._heard and not is_handshake(error)
        else:
            self._heard = True
            return response
        # Out here, or it would hold on to what led to it.
        raise HostError(trouble, "timeout" if asked else "unreachable")

    def connected(self, request: Any, timeout: float) -> Any:
        """A connection of no pool, for whoever waits for an answer while others ask."""
        pool = self.get_connection_with_tls_context(request, verify=True)
        connection = pool._new_conn()
        connection.timeout = min(CONNECT_TIMEOUT, timeout)
        try:
            connection.connect()
        except Exception as error:
            connection.close()
            if not (trouble := self._trouble(error)):
                raise
        else:
            return connection
        raise HostError(trouble, "unreachable")

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        self._renew()
        return super().get_connection_with_tls_context(request, verify, proxies=None, cert=None)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Whoever it is that we talk to has to prove it, whatever the session says."""
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"cert_reqs": "CERT_REQUIRED"} if self._files is not None else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: requests would add its own bundle to the CA of the engine."""

    def _renew(self) -> None:
        """Read the files again when they have changed."""
        if self._files is None:
            return
        now = stamp(self._files)
        with self._lock:
            if now != self._read:
                self.poolmanager.connection_pool_kw["ssl_context"] = tls_context(self._files)
                self.poolmanager.clear()
                self._read = now

    def _trouble(self, error: Exception) -> str:
        return tls_trouble(error, self._files, self._host, heard=self._heard) if self._files is not None else ""
