"""A session with one engine: docker-py with its traps closed, and its many exceptions turned into one.

docker-py trusts the environment (proxies, .netrc, CA bundles) and follows redirects with the body of a create; a
session of ours does neither (design: docker 2 and 3, reliability 0.9). Every call has a deadline.
"""

from __future__ import annotations

import errno
import http.client
import logging
import socket
import ssl
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException
from docker.transport import UnixHTTPAdapter

from app.hosts.bounded import UnixPool
from app.hosts.careful import CarefulClient
from app.hosts.endpoint import Endpoint
from app.hosts.errors import HostError, Kind, translated
from app.hosts.ledger import Ledger
from app.hosts.tcp.adapter import TcpAdapter, base_url
from app.hosts.tcp.trouble import causes
from app.model.safe_text import safe_line

# A full pool makes urllib3 warn on stderr through Python's last-resort handler: that would garble the screen.
logging.getLogger("urllib3").addHandler(logging.NullHandler())
logging.getLogger("docker").addHandler(logging.NullHandler())


_CUT_OFF = (
    ConnectionError, urllib3.exceptions.ProtocolError, requests.ConnectionError, http.client.IncompleteRead,
    ssl.SSLError,
)  # fmt: skip
_KNOWN = (
    DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


_PODMAN_CONFLICTS = (
    "that name is already in use",
    "network already exists",
    "container state improper",
    "please force removal",
)
"""How the words end with which podman 4 refuses by 500 what Docker refuses by 409."""
_WANTS_TLS = "Client sent an HTTP request to an HTTPS server"
"""What Go's HTTP server says; there is nothing else to know it by."""


class _OnePool(UnixHTTPAdapter):  # type: ignore[misc]
    """docker-py has a pool for each URL, and so a connection to the engine for each of the last 25 things asked."""

    def get_connection(self, url: str, proxies: Any = None) -> Any:
        with self.pools.lock:
            if (pool := self.pools.get("/")) is None:
                pool = self.pools["/"] = UnixPool("/", self.socket_path, self.timeout, maxsize=self.max_pool_size)
        return pool


class _Session(CarefulClient):
    """docker-py's low-level client that takes nothing from the environment, and counts what it asks."""

    _custom_adapter: Any = None
    """What docker-py takes for any URL that no adapter is for."""

    def __init__(self, ledger: Ledger, adapter: TcpAdapter | None, **options: Any) -> None:
        self._ledger = ledger  # first: the constructor asks for the version
        self._tcp = adapter
        super().__init__(**options)

    def send(self, request: Any, **options: Any) -> Any:
        """The one way of every request."""
        began = self._ledger.asked()
        try:
            response = super().send(request, **options)
        except Exception:
            self._ledger.failed()
            raise
        goes_on = bool(options.get("stream"))
        if goes_on:
            self._ledger.holds(response)
        # A stop waits for its container, and a stream for what it is about.
        timed = request.method == "GET" and not goes_on
        self._ledger.answered(began, 0 if goes_on else len(response.content), timed=timed)
        if response.status_code >= 500:
            self._ledger.failed()
        return response

    def _retrieve_server_version(self) -> str:
        # The constructor's first request: the earliest point at which the session exists.
        theirs = getattr(self, "_custom_adapter", None)  # only where the endpoint is a socket
        if isinstance(theirs, UnixHTTPAdapter):
            ours = _OnePool(theirs.socket_path, theirs.timeout, max_pool_size=theirs.max_pool_size)
            self._custom_adapter = ours
            self.mount("http+docker://", ours)
        elif self._tcp is not None:
            self.adapters.clear()  # there is no way to anywhere else
            self.mount(self.base_url, self._tcp)
        self.trust_nothing()
        return str(super()._retrieve_server_version())


def connect(endpoint: Endpoint, *, timeout: float, ledger: Ledger) -> Any:
    """A docker-py low-level client with a negotiated API version. Raises HostError."""
    with translated("connect"):
        adapter, url = (TcpAdapter(endpoint), base_url(endpoint)) if endpoint.is_tcp else (None, endpoint.url)
        return _Session(ledger, adapter, base_url=url, version="auto", timeout=timeout, max_pool_size=16)


def open_connection(api: Any, timeout: float) -> Any:
    """A connection of its own to the engine of ``api``, over whatever way that goes. Raises HostError."""
    with translated("connect"):
        request = requests.Request("GET", api.base_url + "/_ping").prepare()
        adapter = api.get_adapter(api.base_url)
        if isinstance(adapter, TcpAdapter):
            return adapter.connected(request, timeout)
        pool = adapter.get_connection_with_tls_context(request, verify=api.verify, proxies={}, cert=api.cert)
        connection = pool._new_conn()  # of no pool: it waits for an answer while others ask
        connection.timeout = timeout
        connection.connect()
        return connection


def host_error(what: str, error: Exception) -> HostError | None:
    """The HostError for an exception of docker-py, requests, urllib3 or the system; None for any other."""
    if isinstance(error, APIError):
        return _api_error(what, error)
    if isinstance(error, _KNOWN):
        return _transport_error(what, error)
    return None


def _api_error(what: str, error: APIError) -> HostError:
    status = error.response.status_code if error.response is not None else 0
    kinds: dict[int, Kind] = {404: "not-found", 409: "conflict"}
    if _WANTS_TLS in (error.explanation or ""):
        return HostError("it speaks TLS on this port; give --ca, --cert and --key", "unreachable")
    kind: Kind = kinds.get(status, "refused" if 400 <= status < 500 else "failed")
    if status == 500 and (error.explanation or "").strip().endswith(_PODMAN_CONFLICTS):
        kind = "conflict"
    return HostError(safe_line(error.explanation or str(error)).strip() or f"{what} failed ({status})", kind)


def _transport_error(what: str, error: BaseException) -> HostError:
    chain = causes(error)
    for link in chain:
        if isinstance(link, HostError):  # docker-py wraps what its first request raises
            return HostError(link.message, link.kind)
        if isinstance(link, FileNotFoundError):
            return HostError("no Docker Engine is listening there: the socket does not exist", "unreachable")
        if isinstance(link, PermissionError):
            return HostError(
                "permission denied on the socket; run as a user of the docker group, or as root", "unreachable"
            )
        if isinstance(link, ConnectionRefusedError):
            return HostError("no Docker Engine is listening there: connection refused", "unreachable")
        if isinstance(link, socket.gaierror):
            return HostError(f"its name cannot be resolved: {link.strerror}", "unreachable")
        if isinstance(link, requests.ConnectTimeout):
            return HostError("no answer to the connection attempt", "unreachable")
        if isinstance(link, OSError) and link.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return HostError("no route to it", "unreachable")
    for link in chain:
        if isinstance(link, requests.Timeout | TimeoutError | urllib3.exceptions.TimeoutError) or "timed out" in str(
            link
        ):
            return HostError(f"no answer to {what} in time", "timeout")
        if isinstance(link, _CUT_OFF):
            return HostError(f"the engine went away during {what}", "timeout")
    return HostError(f"{what}: {safe_line(chain[-1])}", "failed")
