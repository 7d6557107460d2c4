"""``python -m bench.copying [--megabytes N]``: an image to three real engines at once, and the same by hand to one.

Tells what it took of this process: its memory before, and at most.
"""

from __future__ import annotations

import argparse
import os
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.images.copying import Place, copied
from app.model.instance import InstanceKey
from bench import machine
from bench.table import Figure, table
from tests.engine_bed import Bed, why_not

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

_NAME = "registry.lan/large:1"
_STATUS = Path("/proc/self/status")
_PIECE = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.copying", description="Copy a large image to three engines at once.")
    parser.add_argument("--megabytes", type=int, default=200, help="of the image")
    megabytes = parser.parse_args().megabytes
    if (reason := why_not()) is not None:
        raise SystemExit(f"no engine can run: {reason}")
    bed = Bed()
    try:
        source, *targets = [bed.daemon(index) for index in range(5)]
        _make(source, megabytes)
        version = source.api.version()["Version"]
        figures = copy_figures(source, targets[:3], megabytes)
        figures.append(_by_hand(source, targets[3], megabytes))
    finally:
        bed.close()
    print(machine.description(version))
    print(table(figures))


def copy_figures(source: Daemon, targets: list[Daemon], megabytes: int) -> list[Figure]:
    """Seconds, and memory of this process, of a copy to all targets at once."""
    places = [Place(InstanceKey("bench", one.name), Engine(parse_endpoint(one.endpoint))) for one in (source, *targets)]
    for place in places:
        place.engine.version()  # what is imported for the first call is no memory of the copy
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    began = time.monotonic()
    results = copied(_NAME, places[0], places[1:], lambda _: None)
    seconds = time.monotonic() - began
    most = _memory("VmHWM")
    if {result.state for result in results} != {"done"}:
        raise SystemExit(f"the copy failed: {[result.detail for result in results]}")
    what = f"{megabytes} MB to {len(targets)} engines at once"
    rate = megabytes * len(targets) / seconds
    return [
        Figure(f"copy-image: {what}", f"{seconds:.1f} s", "", f"{rate:.0f} MB/s in all"),
        Figure("its memory: before, and at most", f"{before:.0f} MB", f"{most:.0f} MB", f"{most - before:.0f} MB more"),
    ]


def _by_hand(source: Daemon, target: Daemon, megabytes: int) -> Figure:
    """As a pipe from save to load does it, to one."""
    began = time.monotonic()
    stream = source.api.get_image(_NAME, chunk_size=_PIECE)
    response = target.api._post(target.api._url("/images/load"), data=stream, timeout=600)
    target.api._raise_for_status(response)
    seconds = time.monotonic() - began
    return Figure("save to load by hand, to one engine", f"{seconds:.1f} s", "", f"{megabytes / seconds:.0f} MB/s")


def _make(daemon: Daemon, megabytes: int) -> None:
    """An image of noise: nothing of it can be packed smaller."""
    api = daemon.api
    repository, _, tag = _NAME.rpartition(":")
    params = {"fromSrc": "-", "repo": repository, "tag": tag}
    response = api._post(api._url("/images/create"), data=_noise(megabytes), params=params, timeout=600)
    api._raise_for_status(response)


def _noise(megabytes: int) -> Iterator[bytes]:
    """A tar of one file, a piece at a time."""
    entry = tarfile.TarInfo("noise")
    entry.size = megabytes * _PIECE
    yield entry.tobuf()
    for _ in range(megabytes):
        yield os.urandom(_PIECE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _memory(what: str) -> float:
    """Of this process, in MB."""
    found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text())
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
