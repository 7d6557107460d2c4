"""Engines that answer questions about stats as a test tells them, over real sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from app.hosts.errors import HostError
from app.hosts.wire import Wire

MIB = 1 << 20


def stats(cpu: int = 0, system: int = 1000, memory: int = 64) -> dict[str, Any]:
    return {
        "cpu_stats": {"cpu_usage": {"total_usage": cpu}, "system_cpu_usage": system, "online_cpus": 4},
        "memory_stats": {"usage": memory * MIB, "limit": 512 * MIB},
    }


def response(body: bytes, status: str = "200 OK", *, chunked: bool = False) -> bytes:
    if chunked:
        return (
            f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode()
            + body
            + b"\r\n0\r\n\r\n"
        )
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """What ``http.client`` calls one: here a socket is all that is needed of it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def close(self) -> None:
        self.sock.close()


class StatsServer:
    """Answers each question by ``answers[container]``, called with the number of the question to that container.

    An answer of None is none at all: the question hangs. ``down``: nobody can connect.
    """

    def __init__(self, delay: float = 0.0) -> None:
        self.answers: dict[str, Callable[[int], bytes | None]] = {}
        self.asked: list[str] = []
        self.opened = 0
        self.down = False
        self.delay = delay
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []

    # --- what a sampler needs of an engine ---------------------------------------------------------------------------

    def stats_wire(self) -> Wire:
        if self.down:
            raise HostError("no Docker Engine is listening there", "unreachable")
        ours, theirs = socket.socketpair()
        self.opened += 1
        self._ends.append(theirs)
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return Wire(Connection(ours), 5.0)

    def stats_path(self, container: str) -> str:
        return f"/containers/{container}/stats?stream=0&one-shot=1"

    # --- what a test does to it --------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """All connections that are open end, as when dockerd ends."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def count(self, container: str) -> int:
        return self.asked.count(container)

    def _serve(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while question := end.recv(4096):
                container = question.split(b"/")[2].decode()
                with self._lock:
                    self.asked.append(container)
                    number = self.count(container)
                    self.at_once += 1
                    self.most_at_once = max(self.most_at_once, self.at_once)
                time.sleep(self.delay)
                make = self.answers.get(container)
                answer = make(number) if make else response(json.dumps(stats(number * 250, number * 1000)).encode())
                with self._lock:
                    self.at_once -= 1
                if answer is not None:
                    end.sendall(answer)
        end.close()
