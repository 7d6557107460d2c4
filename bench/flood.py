"""What a flood of log lines costs: of a real engine, and of one that brings 100 MB a second. And a log at rest."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench import machine
from bench.flood_engine import LINE
from bench.pty_app import PtyApp
from bench.table import Figure, percentiles

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

MEGABYTES = 100
_FLOOD = f"while :; do yes '{LINE}' | head -n 1000000; done"
_CALM = "while :; do echo a line; sleep 1; done"

Opener = Callable[[str], AbstractContextManager[PtyApp]]
"""Opens a dashboard that shows the table of tasks of the engine at an endpoint."""


def flood_figures(daemon: Daemon, open_dashboard: Opener, seconds: float) -> list[Figure]:
    """A calm log, a flood of a real engine, and one of an engine that has no limit of its own."""
    figures = _at_rest(daemon, open_dashboard, seconds / 2)
    with _container(daemon, _FLOOD) as container:
        figures.append(_delivered(daemon, container, seconds / 4))
        with open_dashboard(daemon.endpoint) as app:
            figures += _flooded(app, "flood of dockerd", seconds, lambda: None)
    with _container(daemon, _CALM), _flood_engine(daemon) as (endpoint, sent), open_dashboard(endpoint) as app:
        figures += _flooded(app, f"flood of {MEGABYTES} MB/s", seconds, sent)
    return figures


def follow_raw(daemon: Daemon, container: str, tail: str) -> socket.socket:
    """A log as it comes, to be read and dropped: what any reader may at best be as quick as."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(daemon.endpoint.removeprefix("unix://"))
    asked = f"stdout=1&stderr=1&follow=1&timestamps=1&tail={tail}"
    connection.sendall(f"GET /v1.41/containers/{container}/logs?{asked} HTTP/1.1\r\nHost: docker\r\n\r\n".encode())
    return connection


def _delivered(daemon: Daemon, container: str, seconds: float) -> Figure:
    with follow_raw(daemon, container, "0") as connection:
        began, size = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            size += len(connection.recv(1 << 18))
        rate = size / (time.monotonic() - began) / 1e6
    return Figure("flood of dockerd: what it delivers", f"{rate:.0f} MB/s", "", "to a client that drops it")


def open_log(app: PtyApp) -> None:
    """The log of the first unmanaged container, which is the one of the bench by its name."""
    app.press("/a-\r")
    app.until_shown(r"a-(flood|writer)")
    app.press("l")
    app.until_shown(r"logs.*following")
    app.settle(1)


def _at_rest(daemon: Daemon, open_dashboard: Opener, seconds: float) -> list[Figure]:
    with _container(daemon, _CALM), open_dashboard(daemon.endpoint) as app:
        open_log(app)
        cpu, began = machine.cpu_seconds(app.pids), time.monotonic()
        app.record(seconds)
        spent = (machine.cpu_seconds(app.pids) - cpu) / (time.monotonic() - began)
        return [
            Figure("a log with a line a second: CPU of the dashboard", f"{spent * 100:.1f} %", "", "of one core"),
            percentiles("a log with a line a second: key to its effect on screen", _presses(app, 5), "the floor"),
        ]


def _presses(app: PtyApp, seconds: float) -> list[float]:
    """The view holds still, which is told at the right of the line below the header; then it goes on."""
    keys: list[float] = []
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        for word in (b"paused", b"following"):
            pressed = app.press("f")
            keys.append(app.until_written(word) - pressed)
            app.record_unseen(0.2)
    return keys


def _flooded(app: PtyApp, what: str, seconds: float, sent: Callable[[], int | None]) -> list[Figure]:
    open_log(app)
    app.record_unseen(min(seconds / 4, 10))
    first, cpu, began, before = machine.pss_bytes(app.pids), machine.cpu_seconds(app.pids), time.monotonic(), sent()
    keys = _presses(app, seconds)
    took = time.monotonic() - began
    spent, after = (machine.cpu_seconds(app.pids) - cpu) / took, sent()
    last = machine.pss_bytes(app.pids)
    told = re.findall(r"([\d,]+) skipped", app.written)
    skipped = f"{told[-1]} lines skipped, as told" if told else "no line skipped"
    grown = f"{(last - first) / 2**20:+.1f} MiB in {took:.0f} s; {skipped}"
    figures = [
        Figure(f"{what}: memory of the dashboard", f"{last / 2**20:.0f} MiB", "", grown),
        Figure(f"{what}: CPU of the dashboard", f"{spent * 100:.0f} %", "", "of one core"),
        percentiles(f"{what}: key to its effect on screen", keys, "under 100 ms"),
    ]
    if before is not None and after is not None:
        figures.append(Figure(f"{what}: taken by the dashboard", f"{(after - before) / took / 1e6:.0f} MB/s", "", ""))
    return figures


@contextmanager
def _container(daemon: Daemon, script: str) -> Iterator[str]:
    container = daemon.run(["sh", "-c", script], name="a-flood", network_mode="none")
    try:
        yield container
    finally:
        daemon.api.remove_container(container, force=True)


@contextmanager
def _flood_engine(daemon: Daemon) -> Iterator[tuple[str, Callable[[], int]]]:
    """An endpoint, and how many bytes were taken from it so far."""
    with tempfile.TemporaryDirectory(prefix="moorage-flood-") as folder:
        listen, told = str(Path(folder, "docker.sock")), Path(folder, "sent")
        script = str(Path(__file__).with_name("flood_engine.py"))
        with told.open("w") as out:
            upstream = daemon.endpoint.removeprefix("unix://")
            process = subprocess.Popen([sys.executable, "-S", script, upstream, listen, str(MEGABYTES)], stdout=out)
        try:
            end = time.monotonic() + 20
            while not told.read_text() and time.monotonic() < end:
                time.sleep(0.05)
            yield f"unix://{listen}", lambda: int(told.read_text().split()[-1])
        finally:
            process.kill()
            process.wait(5)
