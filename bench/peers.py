"""Other programs that watch a Docker host, by the same stopwatch: ``docker stats``, and those given by ``--peer``.

They are known by what they write and what /proc says of them; each gets a HOME of its own.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine import cpu_seconds, pss_bytes
from bench.pty_app import PtyApp
from bench.table import Figure, milliseconds, skipped
from tests.engine_bed import processes

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

_NAME = r"svc-\d+"
_NEVER = 10.0
"""Seconds after which a new container counts as not shown: it may stand where one has to scroll to."""


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeerCosts:
    """What a peer took.

    Attributes:
        starts: seconds from exec to the first container's name.
        shown: seconds from ``docker run``'s return to the name on screen, of those that were seen.
        own: CPU seconds a second of its processes, and ``engine`` of dockerd with it; ``written``: bytes a second.
        pss: bytes of memory.
    """

    name: str
    starts: list[float]
    shown: list[float]
    own: float
    engine: float
    written: float
    pss: int


def peers_here(given: Sequence[str]) -> list[Peer]:
    """``docker stats`` where there is a docker command, and those given as ``NAME=PATH``."""
    docker = shutil.which("docker")
    found = [Peer("docker stats", (docker, "stats"))] if docker else []
    for name, _, path in (text.partition("=") for text in given):
        found.append(Peer(name, (path,)))
    return found


def peer_costs(
    peers: Sequence[Peer], daemon: Daemon, starts: int, events: int, seconds: float
) -> tuple[list[PeerCosts], dict[str, str]]:
    """Of each one its costs, or by its name why there are none."""
    found: list[PeerCosts] = []
    failed: dict[str, str] = {}
    for peer in peers:
        with tempfile.TemporaryDirectory(prefix="moorage-peer-") as home:
            try:
                found.append(_costs(peer, daemon, home, starts, events, seconds))
            except (TimeoutError, RuntimeError, OSError) as error:
                failed[peer.name] = str(error).partition("\n")[0]
    return found, failed


def peer_starts(count: int, costs: Sequence[PeerCosts], failed: dict[str, str]) -> list[Figure]:
    title = f"{count} containers:"
    starts = [milliseconds(f"{title} {cost.name}: start to first name", cost.starts, "") for cost in costs]
    return [*starts, *(skipped(f"{title} {name}", reason) for name, reason in failed.items())]


def _costs(peer: Peer, daemon: Daemon, home: str, starts: int, events: int, seconds: float) -> PeerCosts:
    environment = {"DOCKER_HOST": daemon.endpoint, "HOME": home}
    began = []
    for _ in range(starts):
        with PtyApp(peer.argv, environment) as app:
            began.append(app.until_shown(_NAME, within=30, window=0.02) - app.began)
    with PtyApp(peer.argv, environment) as app:
        app.until_shown(_NAME, within=30)
        app.settle(3)
        shown = [moment for turn in range(events) if (moment := _shown(app, daemon, f"aa-peer-{turn}")) is not None]
        app.settle(2)
        own, engine, received = cpu_seconds(app.pids), cpu_seconds(engine_pids(daemon)), app.received
        since = time.monotonic()
        app.record(seconds)
        passed = time.monotonic() - since
        return PeerCosts(
            peer.name,
            began,
            shown,
            (cpu_seconds(app.pids) - own) / passed,
            (cpu_seconds(engine_pids(daemon)) - engine) / passed,
            (app.received - received) / passed,
            pss_bytes(app.pids),
        )


def _shown(app: PtyApp, daemon: Daemon, name: str) -> float | None:
    container = daemon.run(["sleep", "1000000"], name=name, network_mode="none")
    returned = time.monotonic()
    try:
        return app.until_shown(name, within=_NEVER) - returned
    except TimeoutError:
        return None
    finally:
        daemon.api.remove_container(container, force=True)
        app.settle(1)


def engine_pids(daemon: Daemon) -> set[int]:
    """dockerd with its containerd, without shims: these hang on the machine's init."""
    return processes.tree(daemon.pid)


def told(peers: Sequence[PeerCosts], figure: Callable[[PeerCosts], str]) -> str:
    """``; docker stats 3.10 s/min; …``, to stand behind what is beside a figure of ours."""
    return "".join(f"; {peer.name} {figure(peer)}" for peer in peers)


def per_minute(rate: float) -> str:
    """Of CPU seconds a second."""
    return f"{rate * 60:.2f} s/min"


def kilobytes(rate: float) -> str:
    """Of bytes a second."""
    return f"{rate * 60 / 1000:.1f} kB/min"


def mebibytes(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"
