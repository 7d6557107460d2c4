"""A running dashboard beside a real engine: how soon it shows what happened, how a key feels, what it costs."""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.machine import cpu_seconds, pss_bytes
from bench.peers import PeerCosts, engine_pids, kilobytes, mebibytes, per_minute, told
from bench.pty_app import PtyApp
from bench.start import HELLO
from bench.table import Figure, percentiles, skipped

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

CURSOR = re.compile("▌.{0,34}")
"""The bar and what names its row; the rest of a line may change by itself (ages)."""
EXECUTED = ["sleep", "1000000"]
WORKING = ["sh", "-c", "while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.5; done"]
"""About one per cent of a core, and never quite the same."""


class EventClock:
    """When an engine's own events reach the plainest client there is: what any watcher may at best be as quick as."""

    def __init__(self, daemon: Daemon) -> None:
        self._seen: dict[tuple[str, str], float] = {}
        self._events = daemon.api.events(decode=True, filters={"type": "container"})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(Exception):  # closing the stream under its reader is how it ends
            for event in self._events:
                name = event["Actor"]["Attributes"].get("name", "")
                self._seen[event["Action"], name] = time.monotonic()

    def since(self, action: str, name: str, moment: float, within: float = 5) -> float:
        """Seconds from ``moment`` to the event; negative when it came before."""
        end = time.monotonic() + within
        while (action, name) not in self._seen and time.monotonic() < end:
            time.sleep(0.005)
        return self._seen.get((action, name), float("nan")) - moment

    def close(self) -> None:
        self._events.close()


def event_figures(
    app: PtyApp, daemon: Daemon, count: int, rounds: int, peers: Sequence[PeerCosts] = ()
) -> list[Figure]:
    """``docker run`` and ``docker kill`` by another hand, on the Tasks screen."""
    clock = EventClock(daemon)
    shown, started, ended, died = [], [], [], []
    for turn in range(rounds):
        name = f"aa-{count}-{turn}"
        container = daemon.run(EXECUTED, name=name)
        returned = time.monotonic()
        shown.append(app.until_shown(_runs(name)) - returned)
        started.append(clock.since("start", name, returned))
        app.settle(0.3)
        daemon.api.kill(container)
        returned = time.monotonic()
        # With a full screen the row moves out of sight, below those that run: gone is seen, too.
        ended.append(app.until(partial(_no_longer_runs, name)) - returned)
        died.append(clock.since("die", name, returned))
        daemon.api.remove_container(container, force=True)
        app.settle(0.3)
    clock.close()
    beside = told(peers, lambda peer: f"{statistics.median(peer.shown) * 1000:.0f} ms" if peer.shown else "never")
    what = f"{count} containers: docker"
    return [
        percentiles(f"{what} run returned to row RUNNING", shown, _after_event(shown, started) + beside),
        percentiles(f"{what} kill returned to row changed", ended, _after_event(ended, died)),
    ]


def _after_event(seconds: list[float], events: list[float]) -> str:
    later = statistics.median(ours - event for ours, event in zip(seconds, events, strict=True)) * 1000
    floor = statistics.median(events) * 1000
    return f"{later:.0f} ms after the engine's own event at a bare client ({floor:+.0f} ms)"


def key_seconds(app: PtyApp, presses: int) -> list[float]:
    """Seconds from a key to the moved cursor: five down, five up, and so on."""
    found = []
    for number in range(presses):
        before = _cursor(app.text())
        pressed = app.press("j" if number % 10 < 5 else "k")
        found.append(app.until(partial(_moved_from, before), within=5, window=0.06) - pressed)
        app.settle(0.03 + number % 7 * 0.005)  # never in step with a timer
    return found


def _cursor(text: str) -> list[str]:
    return CURSOR.findall(text)


def _moved_from(before: list[str], text: str) -> bool:
    return _cursor(text) != before


def _no_longer_runs(name: str, text: str) -> bool:
    return not re.search(_runs(name), text)


def _runs(name: str) -> str:
    return rf"{name} +\S RUNNING"


def key_figures(app: PtyApp, presses: int, hello: list[float], count: int) -> list[Figure]:
    ours = key_seconds(app, presses)
    floor = statistics.median(hello) * 1000
    return [percentiles(f"{count} containers: key to paint", ours, f"hello Textual {floor:.1f} ms; one frame 16.7 ms")]


@dataclass(frozen=True, slots=True)
class Hello:
    """What the bare Textual app needs."""

    keys: list[float]
    pss: int
    idle: float


def hello_costs(presses: int, seconds: float) -> Hello:
    with PtyApp(HELLO) as app:
        app.until_shown("hello")
        app.settle()
        keys = key_seconds(app, presses)
        pss = pss_bytes(app.pids)
        return Hello(keys, pss, _rate(lambda: cpu_seconds(app.pids), app.record, seconds))


def engine_idle(daemon: Daemon, seconds: float) -> float:
    """CPU seconds a second of dockerd and containerd, without shims, while nobody watches and nothing happens."""
    return _rate(lambda: cpu_seconds(engine_pids(daemon)), time.sleep, seconds)


def idle_figures(
    app: PtyApp,
    daemon: Daemon,
    count: int,
    seconds: float,
    hello: Hello,
    unwatched: float,
    peers: Sequence[PeerCosts] = (),
) -> list[Figure]:
    """CPU of ours and of the engine while nothing happens, what goes to the terminal, and our memory."""
    own, engine, written = _at_rest(app, daemon, seconds)
    pss = pss_bytes(app.pids)
    title, sample = f"{count} containers: idle,", f"{seconds:.0f} s sample"
    core = f"{own * 100:.2f}% of one core; hello Textual {per_minute(hello.idle)}"
    unseen = f"{per_minute(unwatched)} when nobody watches"
    more = f"{pss / hello.pss:.2f} x hello Textual ({mebibytes(hello.pss)})"
    return [
        Figure(f"{title} our CPU", per_minute(own), sample, core + told(peers, lambda peer: per_minute(peer.own))),
        Figure(
            f"{title} dockerd's CPU",
            per_minute(engine),
            sample,
            unseen + told(peers, lambda peer: per_minute(peer.engine)),
        ),
        Figure(
            f"{title} bytes to the terminal",
            kilobytes(written),
            sample,
            "limit 100 kB/min" + told(peers, lambda peer: kilobytes(peer.written)),
        ),
        Figure(
            f"{count} containers: memory (PSS)",
            mebibytes(pss),
            "",
            more + told(peers, lambda peer: mebibytes(peer.pss)),
        ),
    ]


def working_figures(app: PtyApp, daemon: Daemon, seconds: float, containers: int = 20) -> list[Figure]:
    """The same while what every one of so many rows shows changes all the time."""
    made = [daemon.run(WORKING, name=f"aa-working-{number}", network_mode="none") for number in range(containers)]
    app.until_shown(f"aa-working-{containers - 1}")
    app.settle(5)  # of the first samples nothing can be told, and ages count seconds
    own, engine, written = _at_rest(app, daemon, seconds)
    for container in made:
        daemon.api.remove_container(container, force=True)
    beside = f"dockerd {per_minute(engine)}; {kilobytes(written)} to the terminal"
    return [Figure(f"{containers} rows that change: our CPU", per_minute(own), f"{seconds:.0f} s sample", beside)]


def _at_rest(app: PtyApp, daemon: Daemon, seconds: float) -> tuple[float, float, float]:
    """A second: CPU seconds of ours and of the engine, and bytes to the terminal."""
    pids = app.pids
    began, received = time.monotonic(), app.received
    own, engine = cpu_seconds(pids), cpu_seconds(engine_pids(daemon))
    app.record(seconds)
    passed = time.monotonic() - began
    own, engine = cpu_seconds(pids) - own, cpu_seconds(engine_pids(daemon)) - engine
    return own / passed, engine / passed, (app.received - received) / passed


def _rate(cpu: Callable[[], float], rest: Callable[[float], Any], seconds: float) -> float:
    before = cpu()
    rest(seconds)
    return (cpu() - before) / seconds


def unavailable(reason: str) -> list[Figure]:
    parts = ("start of the dashboard", "docker run to row", "docker kill to row", "key to paint", "idle CPU", "memory")
    return [skipped(part, reason) for part in (*parts, "run-task against raw calls")]
