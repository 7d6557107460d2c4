"""Where it goes wrong: engines, each reached in another way, and things of others on them that nobody may touch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import NotFound

from tests.engine_bed import Bed, Daemon, DaemonOptions
from tests.engine_bed.chaos import ChaosProxy
from tests.engine_bed.sshd import Sshd, why_no_sshd

FOREIGN = "somebody-elses"
"""What a container, a network and a volume of somebody else are called."""
LOOKALIKE = "moorage-volume-000000000000-data"
"""A volume of somebody else that is called as those of a task are."""


@dataclass(frozen=True, slots=True)
class Place:
    """An engine and the way to it: through the proxy, by SSH, or straight. ``foreign``: id of somebody's container."""

    name: str
    daemon: Daemon
    endpoint: str
    foreign: str
    proxy: ChaosProxy | None = None
    sshd: Sshd | None = None

    @property
    def data(self) -> Path:
        """Where the engine keeps everything: a file system of its own."""
        return self.daemon.socket.parent / "data"

    def touched(self) -> list[str]:
        """What of somebody else's is gone. Raises DockerException when the engine does not answer."""
        api = self.daemon.api
        looks: tuple[tuple[str, Callable[[str], Any], str], ...] = (
            ("container", api.inspect_container, self.foreign),
            ("network", api.inspect_network, FOREIGN),
            ("volume", api.inspect_volume, FOREIGN),
            ("volume with a name like ours", api.inspect_volume, LOOKALIKE),
        )
        gone = []
        for what, look, name in looks:
            try:
                look(name)
            except NotFound:
                gone.append(f"{what} of somebody else on {self.name}")
        return gone


@contextmanager
def three_places(bed: Bed, folder: Path, memory: int) -> Iterator[list[Place]]:
    """Straight with live restore, through a proxy, and by SSH where that can be had. ``memory``: bytes of each.

    Call it in the main thread. PATH leads to the ``ssh`` of these meanwhile.
    """
    with ExitStack() as stack:
        daemons = []
        for number, live_restore in enumerate((True, False, True), 1):
            daemon = bed.fresh(f"edge-{number}", DaemonOptions(memory=memory, live_restore=live_restore))
            stack.callback(bed.discard, daemon)
            daemons.append(daemon)
        proxy = stack.enter_context(ChaosProxy(folder, daemons[1].socket))
        sshd = stack.enter_context(_login(folder)) if why_no_sshd() is None else None
        by_ssh = f"ssh://edge{daemons[2].socket}" if sshd is not None else daemons[2].endpoint
        yield [
            _place(daemons[0], daemons[0].endpoint),
            _place(daemons[1], proxy.endpoint, proxy=proxy),
            _place(daemons[2], by_ssh, sshd=sshd),
        ]


def _place(daemon: Daemon, endpoint: str, proxy: ChaosProxy | None = None, sshd: Sshd | None = None) -> Place:
    foreign = daemon.run(["sleep", "1000000"], name=FOREIGN)
    daemon.api.create_network(FOREIGN)
    for volume in (FOREIGN, LOOKALIKE):
        daemon.api.create_volume(volume)
    return Place(daemon.name, daemon, endpoint, foreign, proxy, sshd)


@contextmanager
def _login(folder: Path) -> Iterator[Sshd]:
    keys, path = folder / "sshd", os.environ["PATH"]
    keys.mkdir(mode=0o700)
    sshd = Sshd(keys)
    os.environ["PATH"] = f"{sshd.bin}:{path}"
    try:
        sshd.start()
        yield sshd
    finally:
        os.environ["PATH"] = path
        sshd.kill()
