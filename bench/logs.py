"""Lines of a log until the last is on screen, beside a client that only reads them, and beside ``docker logs``."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from bench.flood import open_log
from bench.flood_engine import LINE
from bench.pty_app import PtyApp
from bench.table import Figure, milliseconds, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine_bed import Daemon

COUNTS = (10_000, 200_000)
_END = "the-last-line"
_WRITER = f"mkfifo /tmp/go; read x < /tmp/go; yes '{LINE}' | head -n %d; echo {_END}; sleep 9999"

Opener = Callable[[], AbstractContextManager[PtyApp]]
"""Opens a dashboard that shows the table of tasks."""


def log_figures(daemon: Daemon, open_dashboard: Opener, rounds: int) -> list[Figure]:
    """Bursts of COUNTS lines, on the screen and on the command line."""
    figures: list[Figure] = []
    for count in COUNTS:
        figures += _burst(daemon, open_dashboard, count, rounds)
    return figures


def _burst(daemon: Daemon, open_dashboard: Opener, count: int, rounds: int) -> list[Figure]:
    raw, live, again, opened = [], [], [], []
    for _ in range(rounds):
        with _writer(daemon, count) as container, ThreadPoolExecutor(1) as pool:
            reading = pool.submit(_read_raw, daemon, container)
            began = _go(daemon, container)
            raw.append(reading.result(60) - began)
            began = time.monotonic()
            again.append(_read_raw(daemon, container) - began)
        with _writer(daemon, count) as container, open_dashboard() as app:
            open_log(app)
            began = _go(daemon, container)
            live.append(app.until_shown(_END, within=60) - began)
            app.settle(1)
            app.press("\x1b")
            app.settle(1)
            began = app.press("l")
            opened.append(app.until_shown(_END) - began)
    what = f"{count:,} lines"
    return [
        milliseconds(f"{what} read by a client that drops them", raw, "written and read at once: the floor"),
        milliseconds(f"{what} followed: written to the last on screen", live, ratio(live, raw, "only reading them")),
        milliseconds(f"{what} of before: key to the last on screen", opened, ratio(opened, again, "reading them all")),
    ]


@contextmanager
def _writer(daemon: Daemon, count: int) -> Iterator[str]:
    """A container that writes so many lines once it is told to."""
    container = daemon.run(["sh", "-c", _WRITER % count], name="a-writer", network_mode="none")
    try:
        yield container
    finally:
        daemon.api.remove_container(container, force=True)


def _go(daemon: Daemon, container: str) -> float:
    exec_id = daemon.api.exec_create(container, ["sh", "-c", "echo > /tmp/go"])["Id"]
    began = time.monotonic()
    daemon.api.exec_start(exec_id)
    return began


def _read_raw(daemon: Daemon, container: str) -> float:
    """Follow the log from its beginning and drop it; the moment at which its last line was there."""
    path = daemon.endpoint.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        request = f"GET /v1.41/containers/{container}/logs?stdout=1&stderr=1&follow=1&timestamps=1 HTTP/1.1"
        connection.sendall(f"{request}\r\nHost: docker\r\n\r\n".encode())
        tail, end = b"", _END.encode()
        while data := connection.recv(1 << 18):
            tail = tail[-len(end) :] + data
            if end in tail:
                return time.monotonic()
    return time.monotonic()
