"""Lines of a log until the last is on screen, beside a client that only reads them, and beside ``docker logs``."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.flood import follow_raw, open_log
from bench.flood_engine import LINE
from bench.pty_app import PtyApp
from bench.start import MOORAGE
from bench.table import Figure, milliseconds, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine_bed import Daemon

COUNTS = (10_000, 200_000)
_END = "the-last-line"
_PRINTS = ("logs", "--cluster", "bench", "--container", "a-writer", "--container-instance")
_DOCKER = shutil.which("docker")
_WRITER = f"mkfifo /tmp/go; read x < /tmp/go; yes '{LINE}' | head -n %d; echo {_END}; sleep 9999"

Opener = Callable[[], AbstractContextManager[PtyApp]]
"""Opens a dashboard that shows the table of tasks."""


def log_figures(daemon: Daemon, home: Path, open_dashboard: Opener, rounds: int) -> list[Figure]:
    """Bursts of COUNTS lines, on the screen and on the command line. ``home`` has the engine in its one cluster."""
    figures: list[Figure] = []
    for count in COUNTS:
        figures += _burst(daemon, open_dashboard, count, rounds)
    return figures + _printed(daemon, home, COUNTS[-1], rounds)


def _burst(daemon: Daemon, open_dashboard: Opener, count: int, rounds: int) -> list[Figure]:
    raw, live, again, opened, docker = [], [], [], [], []
    for _ in range(rounds):
        with _writer(daemon, count) as container, ThreadPoolExecutor(1) as pool:
            reading = pool.submit(_read_raw, daemon, container)
            began = _go(daemon, container)
            raw.append(reading.result(60) - began)
            began = time.monotonic()
            again.append(_read_raw(daemon, container) - began)
        if _DOCKER:
            with _writer(daemon, count) as container, _command(_docker(daemon, "--follow", container)) as process:
                began = _go(daemon, container)
                docker.append(_until_end(process) - began)
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
        milliseconds(f"{what} followed by docker logs, to a pipe", docker, ratio(docker, raw, "only reading them")),
        milliseconds(f"{what} followed: written to the last on screen", live, ratio(live, raw, "only reading them")),
        milliseconds(f"{what} of before: key to the last on screen", opened, ratio(opened, again, "reading them all")),
    ]


def _printed(daemon: Daemon, home: Path, count: int, rounds: int) -> list[Figure]:
    """Lines that are there already, to a pipe."""
    with _writer(daemon, count) as container, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(_read_raw, daemon, container)
        _go(daemon, container)
        reading.result(60)
        name = daemon.api.info()["Name"]
        ours = [*MOORAGE, "--home", str(home), *_PRINTS, name]
        commands = {"docker logs": _docker(daemon, container)} if _DOCKER else {}
        commands["moorage logs"] = ours
        costs = {command: [_cost(argv) for _ in range(rounds)] for command, argv in commands.items()}
    figures = []
    for command, spent in costs.items():
        cpu = statistics.median(cpu for _, cpu in spent)
        walls = [wall for wall, _ in spent]
        what = f"{count:,} lines by {command}, to a pipe"
        figures.append(milliseconds(what, walls, f"{cpu * 1000:.0f} ms of CPU, its own"))
    return figures


def _cost(argv: Sequence[str]) -> tuple[float, float]:
    """Seconds that a command takes, and of CPU, its output read."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with _command(argv) as process:
        assert process.stdout is not None
        while process.stdout.read(1 << 18):
            pass
        process.wait(60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _command(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _docker(daemon: Daemon, *arguments: str) -> list[str]:
    return [_DOCKER or "docker", "--host", daemon.endpoint, "logs", *arguments]


def _until_end(process: subprocess.Popen[bytes]) -> float:
    out = process.stdout
    assert out is not None
    return _until_last(lambda: out.read(1 << 18))


def _until_last(read: Callable[[], bytes | None]) -> float:
    """The moment at which the last line was there."""
    tail, end = b"", _END.encode()
    while data := read():
        tail = tail[-len(end) :] + data
        if end in tail:
            break
    return time.monotonic()


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
    with follow_raw(daemon, container, "all") as connection:
        return _until_last(lambda: connection.recv(1 << 18))
