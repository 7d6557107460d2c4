"""``python -m bench [--quick]``: prints a table of figures. Exits 0 whatever they are."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine
from bench.claims import claims
from bench.editor import editor_figures
from bench.events import event_load_figures
from bench.flood import flood_figures
from bench.launch import launch_figures
from bench.live import (
    Hello,
    engine_idle,
    event_figures,
    hello_costs,
    idle_figures,
    key_figures,
    unavailable,
    working_figures,
)
from bench.logs import log_figures
from bench.peers import Peer, peer_costs, peer_starts, peers_here
from bench.placement import placement_figures
from bench.pty_app import PtyApp
from bench.scale import scale_figures
from bench.shell import shell_figures
from bench.start import FIRST_FRAME, MOORAGE, command_figures, hello_starts, start_figures
from bench.table import Figure, milliseconds, table
from bench.tables import tables_figures
from bench.widgets import table_figures
from tests.engine_bed import Bed, Daemon, why_not

FEW, MANY = 10, 300


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Moorage on this machine.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and shorter samples, a few minutes")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=PATH", help="a program to measure beside; docker stats is"
    )
    asked = parser.parse_args()
    quick = asked.quick
    began, load = time.monotonic(), machine.load()
    figures = command_figures(5 if quick else 15)
    figures += table_figures(10_000, 5 if quick else 20)
    figures += editor_figures(10, 10 if quick else 40)
    figures += placement_figures(quick)
    figures += tables_figures(20 if quick else 60, 3 if quick else 8)
    figures += event_load_figures(1000, 3 if quick else 10, 300)
    figures += scale_figures(quick)
    reason, engine = why_not(), ""
    if reason is not None:
        figures += unavailable(f"no engine can run: {reason}")
    else:
        bed = Bed()
        try:
            daemon = bed.daemon()
            engine = daemon.api.version()["Version"]
            with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
                figures += _with_engine(daemon, Path(folder), quick, peers_here(asked.peer))
        finally:
            bed.close()
    print(machine.description(engine))
    print(f"load {load} before, {machine.load()} after; {time.monotonic() - began:.0f} s in all\n")
    print(table(figures))
    print(f"\nFor the README:\n\n{claims(figures, (FEW, MANY))}")


def _with_engine(daemon: Daemon, home: Path, quick: bool, peers: list[Peer]) -> list[Figure]:
    _register(daemon.endpoint, home)
    starts, presses, events, seconds = (2, 20, 4, 5.0) if quick else (5, 50, 20, 20.0)
    hello_times = hello_starts(starts)
    hello = hello_costs(presses, seconds / 2)
    figures = [milliseconds("hello Textual: start to first frame", hello_times, "the floor of a Textual program")]
    for count in (FEW, MANY):
        _fill(daemon, count)
        figures += start_figures(home, count, starts, hello_times)
        figures += _live(daemon, home, count, presses, events, seconds, hello, peers)
        if count == FEW:
            figures += launch_figures(daemon, home, 3 if quick else 8)
            figures += log_figures(daemon, home, lambda: _dashboard(home), 2 if quick else 5)
            figures += flood_figures(daemon, _dashboard_on, 10 if quick else 60)
            with _dashboard(home) as app:
                figures += shell_figures(daemon, home, app, 2 if quick else 5, 5 if quick else 60)
    return figures


def _live(
    daemon: Daemon,
    home: Path,
    count: int,
    presses: int,
    events: int,
    seconds: float,
    hello: Hello,
    peers: list[Peer],
) -> list[Figure]:
    costs, failed = peer_costs(peers, daemon, 2, 3, seconds)
    unwatched = engine_idle(daemon, seconds / 2)
    figures = peer_starts(count, costs, failed)
    with _dashboard(home) as app:
        figures += event_figures(app, daemon, count, events, costs)
        figures += key_figures(app, presses, hello.keys, count)
        app.settle(2)
        figures += idle_figures(app, daemon, count, seconds, hello, unwatched, costs)
        if count == FEW:
            figures += working_figures(app, daemon, seconds)
    return figures


@contextmanager
def _dashboard(home: Path) -> Iterator[PtyApp]:
    with PtyApp([*MOORAGE, "--home", str(home)]) as app:
        app.until_shown(FIRST_FRAME)
        app.until_shown("● 1 live")
        app.press("2")
        app.until_shown(r"svc-\d+")
        app.settle()
        yield app


@contextmanager
def _dashboard_on(endpoint: str) -> Iterator[PtyApp]:
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        _register(endpoint, Path(folder))
        with _dashboard(Path(folder)) as app:
            yield app


def _register(endpoint: str, home: Path) -> None:
    from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
    from app.operations.clusters import create_cluster
    from app.operations.instances import register_container_instance
    from app.operations.session import Session
    from app.store.home import resolve_home

    session = Session(resolve_home(str(home), {}))
    create_cluster(session, CreateClusterRequest(cluster_name="bench"))
    register_container_instance(session, RegisterContainerInstanceRequest(cluster="bench", endpoint=endpoint))


def _fill(daemon: Daemon, count: int) -> None:
    """Have exactly ``count`` containers run, made by another hand."""
    there = len(daemon.api.containers())
    for number in range(there, count):
        daemon.run(["sleep", "1000000"], name=f"svc-{number:03}", network_mode="none")


if __name__ == "__main__":
    main()
