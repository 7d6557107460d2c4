"""Events under load: 1,000 a second for ten seconds through a watcher's reader, the journal and its file."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.labels import container_name, labels_of
from app.model.container import TaskTag
from app.model.ids import new_id
from app.model.instance import EngineInfo, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import InfoRead
from app.operations.journal import Journal
from app.operations.session import Session
from app.store.events import FILE_NAME, EventQuery, EventStore
from app.store.home import resolve_home
from bench.table import Figure

_KEY = InstanceKey("bench", "edge")
_ACTIONS = ("start", "health_status: healthy", "kill", "die")


def event_load_figures(rate: int, seconds: float, containers: int) -> list[Figure]:
    """At a steady rate over so many containers, each with the labels of a task; then as fast as they can be put."""
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        steady = _run(Path(folder) / "steady", rate, int(rate * seconds), containers)
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        flood = _run(Path(folder) / "flood", 0, int(rate * seconds), containers)
    return [*_figures(f"{rate:,} events a second", steady), *_figures("as fast as they come", flood)]


def _figures(what: str, ran: dict[str, float]) -> list[Figure]:
    told = f"{ran['kept']:,.0f} rows, {ran['lost']:,.0f} told as a number; {ran['missing']:,.0f} missing"
    size = f"file {ran['file'] / 2**20:.1f} MiB, memory +{ran['memory'] / 1024:.0f} MiB"
    lag, held = f"{ran['lag'] * 1000:.0f} ms", f"longest {ran['longest'] * 1000:.1f} ms"
    return [
        Figure(f"{what}: {ran['sent']:,.0f} events kept", f"{ran['counted']:,.0f}", told, size),
        Figure(f"{what}: to write the last", lag, f"CPU {ran['cpu']:.2f} s", "one transaction in 250 ms"),
        Figure(f"{what}: a reader is held up by one", f"{ran['put'] * 1e6:.0f} us", held, ""),
    ]


def _run(home: Path, rate: int, count: int, containers: int) -> dict[str, float]:
    session = Session(resolve_home(str(home), {}))
    journal = Journal(session, print)
    # No engine is asked: the host is never live.
    ear = journal.ear(_KEY, Engine(parse_endpoint("unix:///nowhere")))
    info = EngineInfo("bench", SafeText("h"), SafeText("28"), "1.48", "linux", "x86_64", Resources(1, 1))
    ear.told(InfoRead(_KEY, info, session.now() - session.now()))
    events = list(_events(count, containers))
    before, cpu, puts = _memory(), time.process_time(), []
    began = time.perf_counter()
    for number, event in enumerate(events):
        if rate and (wait := began + number / rate - time.perf_counter()) > 0.002:
            threading.Event().wait(wait)
        event["timeNano"] = time.time_ns()
        put = time.perf_counter()
        ear.heard(event)
        puts.append(time.perf_counter() - put)
    ended = time.perf_counter()
    journal.close(within=60)
    lag, used = time.perf_counter() - ended, time.process_time() - cpu
    store = EventStore(session.home)
    kept = store.find(EventQuery(limit=1_000_000))
    lost = sum(event.count for event in kept if event.what == "lost" or event.count > 1)
    counted = store.count(EventQuery())
    return {
        "sent": count,
        "kept": len(kept),
        "counted": counted,
        "lost": lost,
        "missing": count - counted,
        "lag": lag,
        "cpu": used,
        "put": sum(puts) / len(puts),
        "longest": max(puts),
        "file": sum(os.path.getsize(path) for path in session.home.state.glob(f"{FILE_NAME}*")),
        "memory": max(_memory() - before, 0),
    }


def _memory() -> int:
    """KiB at the most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _events(count: int, containers: int) -> Iterator[dict[str, Any]]:
    made = [_container(number) for number in range(containers)]
    for number in range(count):
        actor = made[number % containers]
        action = _ACTIONS[number // containers % len(_ACTIONS)]
        yield {"Type": "container", "Action": action, "Actor": actor, "time": 0, "timeNano": 0}


def _container(number: int) -> dict[str, Any]:
    reservation = Resources(128, 256)
    tag = TaskTag(new_id(), "bench", "web", 7, "app", 1, "family:web", "ci", Session.now(), reservation)
    attributes = {"image": "registry.example/web:7", "exitCode": "137", "signal": "15", **labels_of(tag)}
    return {"ID": f"{number:064x}", "Attributes": {**attributes, "name": container_name(tag)}}
