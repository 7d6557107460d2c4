"""A hundred hosts and ten thousand tasks, on the simulator: ``python -m bench.scale [--quick]``, and part of the table.

The simulator has a process of its own, and its CPU is in no figure; it needs a core to itself.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.demo.home import write_home
from app.demo.options import DemoOptions
from app.demo.plan import REPORT, make_plan
from app.demo.simulator import Simulator, demo_home
from bench import machine
from bench.live import key_seconds
from bench.machine import cpu_seconds, pss_bytes
from bench.pty_app import ROWS, PtyApp
from bench.start import FIRST_FRAME, MOORAGE
from bench.table import Figure, milliseconds, percentiles, table

HOSTS, TASKS, RATE = 100, 10_000, 1000
FEWER = (100, 1000)
WINDOWS = (24, 50)
ALL_SHOWN_SECONDS, MOST_MEBIBYTES, MOST_IDLE, KEY_MILLISECONDS, QUIT_SECONDS = 5.0, 300, 10.0, 50, 0.5


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a sample is: presses of a key, and seconds at rest."""

    presses: int
    seconds: float


def scale_figures(quick: bool) -> list[Figure]:
    effort = Effort(20, 5.0) if quick else Effort(60, 30.0)
    title = f"{HOSTS} hosts, {TASKS:,} tasks"
    figures: list[Figure] = []
    with _simulated(TASKS, 0) as simulator, _opened(simulator) as app:
        figures.append(_all_shown(app, title))
        app.settle(3)
        figures += _costs(app, title, effort, targets=True)
        figures.append(_quit_while_hanging(app, simulator, title))
    with _simulated(TASKS, RATE) as simulator, _opened(simulator) as app:
        _tasks_screen(app)
        app.settle(2)
        keys = key_seconds(app, effort.presses)
        target = f"target p95 {KEY_MILLISECONDS} ms"
        figures.append(percentiles(f"{title}, {RATE:,} events/s: key to paint", keys, target))
        figures.append(_cpu(app, f"{title}, {RATE:,} events/s: our CPU", effort.seconds, ""))
    for tasks in () if quick else FEWER:
        with _simulated(tasks, 0) as simulator, _opened(simulator) as app:
            _tasks_screen(app)
            app.settle(3)
            figures += _costs(app, f"{HOSTS} hosts, {tasks:,} tasks", effort)
    for rows in () if quick else WINDOWS:
        with _simulated(TASKS, 0) as simulator, _opened(simulator, rows) as app:
            _tasks_screen(app)
            app.settle(3)
            figures += _costs(app, f"{title}, a window of {rows} lines", effort)
    return [*figures, _quit_without_answers()]


@contextmanager
def _simulated(tasks: int, rate: int) -> Iterator[Simulator]:
    with Simulator(DemoOptions(HOSTS, tasks, events_per_second=rate, trouble=False)) as simulator:
        yield simulator


@contextmanager
def _opened(simulator: Simulator, rows: int = ROWS) -> Iterator[PtyApp]:
    with PtyApp([*MOORAGE, "--home", str(simulator.folder)], rows=rows) as app:
        yield app


def _tasks_screen(app: PtyApp) -> None:
    app.until_shown(FIRST_FRAME)
    app.press("2")
    app.until_shown(f"● {HOSTS} live", within=60)
    app.until_shown(r"▌[0-9a-f]{8}", within=60)


def _all_shown(app: PtyApp, title: str) -> Figure:
    """From the start to the moment at which every task of every host is in the header's count."""
    running = sum(task.family != REPORT for task in make_plan(HOSTS, TASKS).tasks)
    app.until_shown(FIRST_FRAME)
    app.press("2")

    def shows_all(text: str) -> bool:
        told = re.search(rf"● {HOSTS} live +(\d+) running", text)
        return told is not None and int(told[1]) >= running

    shown = app.until(shows_all, within=60)
    return milliseconds(f"{title}: start to all shown", [shown - app.began], f"target {ALL_SHOWN_SECONDS:.0f} s")


def _costs(app: PtyApp, title: str, effort: Effort, *, targets: bool = False) -> list[Figure]:
    """At rest, with the stats of what is in sight live."""
    keys = key_seconds(app, effort.presses)
    app.settle(1)
    pss = pss_bytes(app.pids) / 2**20
    return [
        percentiles(f"{title}: key to paint", keys, ""),
        _cpu(app, f"{title}: idle, our CPU", effort.seconds, f"target {MOST_IDLE:.0f} % of a core" if targets else ""),
        Figure(f"{title}: memory (PSS)", f"{pss:.0f} MiB", "", f"target {MOST_MEBIBYTES} MB" if targets else ""),
    ]


def _cpu(app: PtyApp, what: str, seconds: float, beside: str) -> Figure:
    before = cpu_seconds(app.pids)
    app.record(seconds)
    used = (cpu_seconds(app.pids) - before) / seconds * 100
    return Figure(what, f"{used:.1f} %", f"of a core, {seconds:.0f} s", beside)


def _quit_while_hanging(app: PtyApp, simulator: Simulator, title: str) -> Figure:
    """All hosts stop to answer, with their streams open; then it is left."""
    process_id = simulator.process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGSTOP)
    try:
        app.until_shown(f"◐ {HOSTS} stale", within=60)
        return _quit(app, f"{title}: quit with all of them hanging")
    finally:
        os.kill(process_id, signal.SIGCONT)


def _quit_without_answers() -> Figure:
    """Hosts that take connections and have never answered."""
    plan = make_plan(HOSTS, 0)
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as name:
        folder, sockets, listening = Path(name), {}, []
        for host in plan.hosts:
            sockets[host.name] = folder / f"{host.name}.sock"
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(sockets[host.name]))
            listener.listen(64)
            listening.append(listener)
        write_home(demo_home(folder), plan, sockets, datetime.now(UTC))
        try:
            with PtyApp([*MOORAGE, "--home", str(folder)]) as app:
                app.until_shown(FIRST_FRAME)
                app.settle(2)
                return _quit(app, f"{HOSTS} hosts that never answer: quit")
        finally:
            for listener in listening:
                listener.close()


def _quit(app: PtyApp, what: str) -> Figure:
    app.press("1")
    app.until_shown(re.escape("moorage › fleet"))
    pressed = app.press("q")
    ended = app.until_ended()
    return milliseconds(what, [ended - pressed], f"target {QUIT_SECONDS * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.scale", description="Measure Moorage on a simulated fleet.")
    parser.add_argument("--quick", action="store_true", help="shorter samples, and no curves")
    quick = parser.parse_args().quick
    began, load = time.monotonic(), machine.load()
    figures = scale_figures(quick)
    print(machine.description(""))
    print(f"load {load} before, {machine.load()} after; {time.monotonic() - began:.0f} s in all\n")
    print(table(figures))


if __name__ == "__main__":
    main()
