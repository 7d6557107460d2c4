"""``moorage agent``: watches clusters and does what is due on their tasks, without a screen."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from types import FrameType
from typing import Annotated

from pydantic import Field

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import FAILED, INTERRUPTED, complain, warn
from app.fleet.fleet import Fleet
from app.model.errors import MoorageError
from app.model.instance import Freshness, InstanceKey
from app.model.requests import Request
from app.operations.history import prune
from app.operations.journal import Journal
from app.operations.monitor import Monitor
from app.operations.stopping import stop_plainly, stop_without_streams
from app.operations.supervision import Supervision

LOOK_EVERY = 1.0
"""Seconds between two looks at what time alone makes due, and at the cluster files."""


class AgentRequest(Request):
    """Our own verb: on AWS the ECS agent is a program of its own."""

    cluster: Annotated[
        list[str], Field(description="Clusters to watch, by name or ARN (default: all).", default_factory=list)
    ]


class _Journal:
    """One line for each thing that happens, with the local time. Any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[InstanceKey, tuple[str, str]] = {}
        self._broken = False

    def write(self, key: InstanceKey, what: str) -> None:
        with self._lock:
            try:
                print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {key.cluster}/{key.name} {what}", flush=True)
            except OSError:
                self._broken = True  # told to the main thread: only there it can end the program

    def note_freshness(self, fleet: Fleet) -> None:
        for key in [key for key in self._told if key not in fleet.instances]:
            del self._told[key]
            self.write(key, "no longer registered")
        for key, state in fleet.instances.items():
            now = state.freshness.reach, str(state.freshness.reason)
            if self._told.get(key) != now:
                self._told[key] = now
                self.write(key, _words(state.freshness))

    def check(self) -> None:
        if self._broken:
            raise BrokenPipeError(32, "Broken pipe")


def _words(freshness: Freshness) -> str:
    if not freshness.reason:
        return freshness.reach
    return f"{freshness.reach}: {freshness.reason}"


def _once_flag(parser: Parser) -> None:
    parser.add_argument("--once", action="store_true", help="Do what is due now, and exit when that is done.")


def _agent(call: Call) -> int:
    names = [call.session.cluster(name).name for name in call.request.cluster]
    if call.options.once:
        return _once(call, names or sorted(call.session.active_clusters()))
    return _watch(call, frozenset(names) or None)


def _once(call: Call, names: list[str]) -> int:
    journal = _Journal()
    supervision = Supervision(call.session, journal.write, warn)
    silent = False
    for name in names:
        fleet = call.session.survey(call.session.cluster(name))
        for key, state in fleet.instances.items():
            if not state.live:
                complain(f"{key.cluster}/{key.name} does not answer: {state.freshness.reason}")
                silent = True
        supervision.consider(fleet)
    while supervision.busy:
        time.sleep(0.05)
    supervision.close()
    journal.check()
    return FAILED if silent else 0


def _watch(call: Call, clusters: frozenset[str] | None) -> int:
    news = threading.Event()
    journal = _Journal()
    events = Journal(call.session, warn)
    monitor = Monitor(call.session, news.set, clusters, lambda: events)
    supervision = Supervision(call.session, journal.write, warn)
    told_broken: set[str] = set()
    _prune(call)
    with _signals(news, monitor) as caught:
        while not caught:
            monitor.refresh()
            for error in monitor.broken.values():
                if error.message not in told_broken:
                    told_broken.add(error.message)
                    warn(error.message)
            monitor.pump()
            journal.note_freshness(monitor.fleet)
            supervision.consider(monitor.fleet)
            journal.check()
            news.wait(LOOK_EVERY)
            news.clear()
        monitor.stop()
        supervision.close()
        events.close()
    if caught[0] == signal.SIGINT:
        complain("interrupted")
        return INTERRUPTED
    return 0


def _prune(call: Call) -> None:
    """What nobody is to know any more is forgotten when an agent starts."""
    try:
        for warning in prune(call.session):
            warn(warning)
    except MoorageError as error:
        warn(error.message)


@contextlib.contextmanager
def _signals(news: threading.Event, monitor: Monitor) -> Iterator[list[int]]:
    """A list to which SIGTERM and SIGINT are appended while the block runs. Stopped by ctrl-z it holds no stream."""
    caught: list[int] = []

    def catch(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        news.set()

    before = {number: signal.signal(number, catch) for number in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGTSTP] = signal.getsignal(signal.SIGTSTP)
    stop_without_streams(monitor, news.set, stop_plainly)
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = {"agent": Command(AgentRequest, _agent, "", _once_flag)}
