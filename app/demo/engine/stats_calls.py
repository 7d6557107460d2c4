"""What a container uses, in the shape of Docker's stats: one answer, or one a second."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from app.demo.engine.answers import told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.container import Container
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.machine import Machine
from app.demo.engine.times import NEVER, written

Json = dict[str, Any]
_NO_CPU: Json = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
}
_EVERY = 1.0


def stats(
    engine: SimulatedEngine, name: str, request: Request, channel: Channel
) -> Answer | Coroutine[None, None, Answer | None]:
    container = engine.find(name)
    if not request.query.get("stream") or request.flag("stream"):
        return _stream(engine, container, channel)
    if request.flag("one-shot") or not container.up:
        return told(_sample(engine.machine, container, None))
    return _two(engine, container)


async def _two(engine: SimulatedEngine, container: Container) -> Answer:
    """Docker waits for its next second, to have something to compare with."""
    before = _sample(engine.machine, container, None)
    await asyncio.sleep(_EVERY)
    return told(_sample(engine.machine, container, before))


async def _stream(engine: SimulatedEngine, container: Container, channel: Channel) -> None:
    channel.begin()
    before: Json | None = None
    while container.id in engine.machine.containers:
        before = _sample(engine.machine, container, before)
        channel.send(json.dumps(before).encode() + b"\n")
        await channel.room()
        await asyncio.sleep(_EVERY)


def _sample(machine: Machine, container: Container, before: Json | None) -> Json:
    now = machine.clock()
    answer: Json = {
        "read": written(now),
        "preread": before["read"] if before else NEVER,
        "pids_stats": {},
        "blkio_stats": dict.fromkeys(("io_service_bytes_recursive", "io_serviced_recursive")),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _NO_CPU,
        "precpu_stats": before["cpu_stats"] if before else _NO_CPU,
        "memory_stats": {},
        "name": f"/{container.name}",
        "id": container.id,
    }
    if not container.up or container.usage is None:
        answer["read"] = NEVER
        return answer
    load = container.usage.settle(now)
    counts = container.usage.counts
    answer["pids_stats"] = {"current": load.pids, "limit": 18_000}
    # Of the whole host: as much in a second as it has cores.
    answer["cpu_stats"] = {
        "cpu_usage": {
            "total_usage": int(counts.cpu),
            "usage_in_kernelmode": int(counts.cpu * 0.2),
            "usage_in_usermode": int(counts.cpu * 0.8),
        },
        "system_cpu_usage": (now - machine.booted) * machine.cpus + 10**12,
        "online_cpus": machine.cpus,
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    limit = int(container.host.get("Memory") or 0) or machine.memory
    answer["memory_stats"] = {
        "usage": min(load.memory + load.cache, limit),
        "stats": {"anon": load.memory, "file": load.cache, "inactive_file": load.cache, "active_file": 0},
        "limit": limit,
    }
    mode = container.host["NetworkMode"]
    if container.endpoints and mode not in ("none", "host"):
        answer["networks"] = {
            "eth0": {
                "rx_bytes": int(counts.received),
                "rx_packets": int(counts.received) // 900,
                "rx_errors": 0,
                "rx_dropped": 0,
                "tx_bytes": int(counts.sent),
                "tx_packets": int(counts.sent) // 900,
                "tx_errors": 0,
                "tx_dropped": 0,
            }
        }
    moved = (("read", counts.read), ("write", counts.written))
    if counts.read or counts.written:
        answer["blkio_stats"]["io_service_bytes_recursive"] = [
            {"major": 254, "minor": 0, "op": name, "value": int(value)} for name, value in moved
        ]
    return answer
