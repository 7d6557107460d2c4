"""Reaching published ports, which exist only in the network namespace of their own machine."""

from __future__ import annotations

import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class HttpReply:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def connect(init: int, port: int, *, host: str = "127.0.0.1", timeout: float = 3.0) -> socket.socket:
    """A TCP connection made inside the network namespace of process ``init``; OSError as from any connect.

    A socket belongs for ever to the namespace it was made in, so a thread enters it for that moment and then ends.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="netns") as visitor:
        return visitor.submit(_connect_there, init, (host, port), timeout).result()


def listen(init: int, port: int) -> socket.socket:
    """A listening socket on 127.0.0.1 inside the network namespace of process ``init``."""
    with ThreadPoolExecutor(1, thread_name_prefix="netns") as visitor:
        return visitor.submit(_listen_there, init, port).result()


def get(init: int, port: int, path: str = "/", *, host: str = "127.0.0.1", timeout: float = 3.0) -> HttpReply:
    """One GET inside the network namespace of process ``init``; OSError or HTTPException when nobody answers."""
    client = HTTPConnection(host, port, timeout=timeout)
    client.sock = connect(init, port, host=host, timeout=timeout)
    try:
        client.request("GET", path)
        reply = client.getresponse()
        return HttpReply(reply.status, reply.read())
    finally:
        client.close()


def _connect_there(init: int, address: tuple[str, int], timeout: float) -> socket.socket:
    _enter(init)
    return socket.create_connection(address, timeout)


def _listen_there(init: int, port: int) -> socket.socket:
    _enter(init)
    return socket.create_server(("127.0.0.1", port), backlog=128)


def _enter(init: int) -> None:
    """Take this thread there, for as long as it lives."""
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{init}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(namespace, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(namespace)
