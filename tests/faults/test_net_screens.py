"""The dashboard beside hosts that are ill or mean harm: keys act at once, and the others' news come."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.model.cluster import InstanceEntry
from app.model.ids import new_id
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.engine_bed.chaos import ChaosProxy, black_hole, late, rewrite, stall, trickle
from tests.engine_bed.hostile import INFO, VERSION, HostileEngine, chunks, plain, told
from tests.tui.screens.driving import SIZE, screen_text, session_with, until, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

SLEEP = ["sleep", "1000"]
KEY_WITHIN = 1.0
"""Seconds from a key to its effect on the screen, on a machine that others use, too; by itself it takes 0.02."""


@pytest.fixture
def ill(engines: list[Daemon], tmp_path: Path) -> Iterator[list[ChaosProxy]]:
    """Four ways to one engine, each with another illness."""
    faults = (black_hole, late(5), stall(200), trickle(1, 0.05))
    with contextlib.ExitStack() as stack:
        proxies = [
            stack.enter_context(ChaosProxy(tmp_path, engines[0].socket, f"ill-{number}"))
            for number in range(len(faults))
        ]
        for proxy, fault in zip(proxies, faults, strict=True):
            proxy.on("", ".*", fault)
        yield proxies


def registered(session: Session, *endpoints: str) -> None:
    """Without asking them, as they do not answer."""
    for number, endpoint in enumerate(endpoints):
        entry = InstanceEntry(name=f"ill-{number}", id=new_id(), endpoint=endpoint, registered_at=session.now())
        session.clusters.update("prod", lambda cluster, entry=entry: cluster.with_instance(entry))  # type: ignore[misc]


@contextlib.asynccontextmanager
async def lateness() -> AsyncIterator[list[float]]:
    """How late the loop was, again and again, by seconds."""
    found: list[float] = []

    async def look() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            found.append(time.monotonic() - began - 0.01)

    task = asyncio.create_task(look())
    try:
        yield found
    finally:
        task.cancel()


async def test_hosts_that_are_ill_slow_neither_keys_nor_the_others(
    engines: list[Daemon], ill: list[ChaosProxy], tmp_path: Path
) -> None:
    session = session_with(tmp_path / "home", engines[1].endpoint)
    registered(session, *(proxy.endpoint for proxy in ill))
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot, lateness() as late_by:
        await until_shown(pilot, r"● 1 live", within=10)
        for number in range(4):
            began = time.monotonic()
            await pilot.press("2")
            await until_shown(pilot, r"tasks")
            await pilot.press("3")
            await until_shown(pilot, r"ENDPOINT")
            assert time.monotonic() - began < 2 * KEY_WITHIN
            began = time.monotonic()
            engines[1].api.create_container("busybox", SLEEP, name=f"n{number}")
            await pilot.press("2")
            await until_shown(pilot, rf"n{number} ", within=5)
            assert time.monotonic() - began < 2.5
        await pilot.press("3")
        await until_shown(pilot, r"ill-0 +✕ unreachable", within=20)
        await until_shown(pilot, r"ill-\d .*no answer")
        assert len(late_by) > 50
        assert sorted(late_by)[len(late_by) // 2] < 0.1
    assert app.return_code in (0, None)


async def test_an_hour_of_skew_is_told_and_ages_are_right(engines: list[Daemon], tmp_path: Path) -> None:
    engines[0].run(SLEEP, name="young", stop_signal="KILL")

    def ahead(body: bytes) -> bytes:
        value = json.loads(body)
        value["SystemTime"] = value["SystemTime"].replace("20", "21", 1)
        return json.dumps(value).encode()

    with ChaosProxy(tmp_path, engines[0].socket) as proxy:
        session = session_with(tmp_path / "home", proxy.endpoint)
        proxy.on("GET", "/info", rewrite(ahead))
        app = Dashboard(session)
        async with app.run_test(size=SIZE) as pilot:
            await until_shown(pilot, r"● 1 live")
            await pilot.press("3")
            await until_shown(pilot, r"clock 365\d\dd ahead")
            await pilot.press("enter")
            await until_shown(pilot, r"Clock +.* ahead")


LONG = "x" * 5_000_000
HOSTILE_INFO = {
    **INFO, "Name": LONG, "ServerVersion": LONG, "OperatingSystem": LONG, "Warnings": [LONG, *["w"] * 100_000],
    "Labels": [f"l{number}={number}" for number in range(100_000)], "NCPU": 1 << 20, "MemTotal": 1 << 63,
}  # fmt: skip


def listed(number: int, text: str = "web") -> dict[str, Any]:
    return {
        "Id": f"{number:064x}", "Names": [f"/{text}-{number}"], "Image": text, "ImageID": "sha256:1",
        "State": "running", "Status": "Up 3 minutes", "Created": 1767225600, "Labels": {"a": text}, "Ports": [],
    }  # fmt: skip


ANSWERS: dict[str, dict[str, bytes | Callable[[], Any]]] = {
    "ten thousand containers": {"/containers/json": told([listed(number) for number in range(10_000)])},
    "texts of megabytes": {
        "/info": told(HOSTILE_INFO),
        "/version": told({**VERSION, "Version": LONG}),
        "/containers/json": told([listed(number, LONG[: 1 << 20]) for number in range(20)]),
    },
    "a list without end": {
        "/containers/json": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b" " * 65536))
    },
    "a list of values": {"/containers/json": plain(b"[" + b"{}," * 4_000_000 + b"{}]")},
    "a flood of events": {
        "/events": lambda: chunks(
            json.dumps({"Type": "container", "Action": "start", "Actor": {"ID": f"{n:064x}"}}).encode() + b"\n"
            for n in itertools.count()
        )
    },
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_a_host_that_means_harm_holds_up_no_key(engine: Daemon, tmp_path: Path, what: str) -> None:
    with HostileEngine(tmp_path) as evil:
        session = session_with(tmp_path / "home", engine.endpoint, evil.endpoint)
        evil.answers.update(ANSWERS[what])
        app = Dashboard(session)
        async with app.run_test(size=SIZE) as pilot, lateness() as late_by:
            await until_shown(pilot, r"● [12] live", within=20)
            await until(pilot, lambda: evil.asked.count("/containers/json") > 0 and len(late_by) > 100, "it was asked")
            slowest = 0.0
            for number in range(6):
                began = time.monotonic()
                await pilot.press("3" if number % 2 else "2")
                await until_shown(pilot, r"ENDPOINT|STATE" if number % 2 else r"STATUS|No tasks")
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 10 * KEY_WITHIN, f"{slowest:.2f} s\n{screen_text(app)}"
            assert sorted(late_by)[len(late_by) // 2] < 0.1
