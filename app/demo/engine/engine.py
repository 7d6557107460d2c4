"""One simulated Docker Engine: what is on it, and what happens to it, under a clock and a seed. No I/O, no threads.

Everything is called from one thread. Time passes by itself: ``due`` says when something is to happen next, and
``advance`` lets happen what is due by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.demo.engine.images import Image
from app.demo.engine.load import Load, Wave

Json = dict[str, Any]
Clock = Callable[[], int]
"""Nanoseconds since 1970."""
Observer = Callable[[str, str], None]
"""Called with an action of a container (create, start, die, destroy…) and its id, when it has happened."""


class SimulatedEngine:
    """Args:
        name: its host name. cpus: cores. memory: bytes. labels: of the engine itself, as zone=a.
        clock: the time. seed: ids and addresses are made of it and of ``name``.
        registry: images that a pull finds, by reference.
        pull_rate: bytes a second; 0 for at once.

    Methods raise ``Refused`` (a status of HTTP, and Docker's own words) where Docker does. ``id`` may be an id, the
    beginning of one, or a name.
    """

    def __init__(
        self,
        name: str,
        *,
        cpus: int = 4,
        memory: int = 8 << 30,
        labels: Mapping[str, str] | None = None,
        clock: Clock = time.time_ns,
        seed: int = 0,
        registry: Mapping[str, Image] | None = None,
        pull_rate: float = 40e6,
    ) -> None:
        raise NotImplementedError

    # --- what a scenario does --------------------------------------------------------------------------------------

    def add_image(self, image: Image) -> None:
        """Have it there, without a pull."""
        raise NotImplementedError

    def create(self, body: Json, name: str = "", *, at: int | None = None) -> str:
        """From the body of Docker's create call; returns the id. ``at``: nanoseconds, when it was (default: now)."""
        raise NotImplementedError

    def start(self, id: str, *, at: int | None = None) -> None:
        """``at``: in the past, for what has been running for days; it makes no event that anybody hears then."""
        raise NotImplementedError

    def stop(self, id: str, timeout: int | None = None) -> None:
        """SIGTERM, and SIGKILL after ``timeout`` seconds; returns at once, the end comes by ``advance``."""
        raise NotImplementedError

    def kill(self, id: str, signal: int = 9) -> None:
        raise NotImplementedError

    def exit(self, id: str, code: int, *, oom: bool = False) -> None:
        """Its main process ends now, by itself; its restart policy follows. oom: killed for its memory."""
        raise NotImplementedError

    def remove(self, id: str, *, force: bool = False) -> None:
        raise NotImplementedError

    def set_health(self, id: str, healthy: bool, output: str = "") -> None:
        """Its next checks end so, at once and from then on; one that failed ``retries`` times makes it unhealthy."""
        raise NotImplementedError

    def set_load(self, id: str, load: Load | Wave) -> None:
        """What it uses from now on; kept over restarts."""
        raise NotImplementedError

    def write_log(self, id: str, line: str, stream: str = "stdout", *, at: int | None = None) -> None:
        """One line, without its end. The last 2,000 lines of a container are kept."""
        raise NotImplementedError

    def create_volume(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Make a volume, unless there is one with that name."""
        raise NotImplementedError

    def observe(self, observer: Observer) -> None:
        """Be told of what happens, whoever did it: a scenario gives a load and a log to what a user started."""
        raise NotImplementedError

    # --- time ------------------------------------------------------------------------------------------------------

    def due(self) -> int | None:
        """When something is to happen next, in nanoseconds since 1970; None: nothing is."""
        raise NotImplementedError

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        raise NotImplementedError

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have something happen in a while."""
        raise NotImplementedError
