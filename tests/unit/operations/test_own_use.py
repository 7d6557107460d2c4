"""What this very process uses."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from app.operations.own_use import WINDOW, OwnMeter, part_of

ON_LINUX = Path("/proc/self/schedstat").exists()


@pytest.mark.parametrize(
    ("thread", "part"),
    [
        ("MainThread", "screen"),
        ("watch-edge-1", "hosts"),
        ("events-edge-1", "hosts"),
        ("events-feed", "events"),
        ("past-feed", "events"),
        ("journal", "events"),
        ("historian", "events"),
        ("stats-edge-1", "stats"),
        ("log-web", "logs"),
        ("job", "jobs"),
        ("Thread-7 (stop)", "jobs"),
    ],
)
def test_threads_are_known_by_their_names(thread: str, part: str) -> None:
    assert part_of(thread) == part


@pytest.mark.skipif(not ON_LINUX, reason="there is no /proc")
def test_it_is_measured_for_whom_it_is() -> None:
    meter = OwnMeter()
    first = meter.read()
    assert (first.cpu, first.parts) == (0.0, ()), "a rate takes two readings"
    assert first.memory and first.resident and first.memory <= first.resident
    assert first.files and first.files > 2

    stop, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=work, name="stats-edge-1")
    thread.start()
    begun.wait(10)
    try:
        worked = time.process_time() + 0.3
        while time.process_time() < worked:
            stop.wait(0.01)
        second = meter.read()
    finally:
        stop.set()
        thread.join()
    # Threads that other tests left may end meanwhile, or work.
    assert second.threads >= 2
    assert second.seconds - first.seconds >= 0.3
    assert [share for _, share in second.parts] == sorted((share for _, share in second.parts), reverse=True)
    # What the two are read from are two clocks, which on a virtual machine do not agree.
    assert dict(second.parts)["stats"] > 0
    assert second.cpu > 0


@pytest.mark.skipif(not ON_LINUX, reason="there is no /proc")
def test_it_looks_back_ten_seconds() -> None:
    now = [100.0]
    meter = OwnMeter(lambda: now[0])
    for _ in range(40):
        meter.read()
        now[0] += 2
    assert now[0] - 2 - meter._readings[0][0] == pytest.approx(WINDOW)
