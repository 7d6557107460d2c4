"""One simulated Docker Engine: what is on it, and what happens to it, under a clock and a seed. No I/O, no threads.

Everything is called from one thread. Time passes by itself: ``due`` says when something is to happen next, and
``advance`` lets happen what is due by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.demo.engine.container import Container
from app.demo.engine.event_log import Event
from app.demo.engine.execs import ExecShelf
from app.demo.engine.health import RETRIES
from app.demo.engine.images import Image, repository
from app.demo.engine.lifecycle import Lifecycle
from app.demo.engine.load import Load, Wave
from app.demo.engine.machine import Machine
from app.demo.engine.making import make_container
from app.demo.engine.refused import Refused
from app.demo.engine.registry import Registry
from app.demo.engine.timers import Clock

Json = dict[str, Any]
Observer = Callable[[str, str], None]
"""Called with an action of a container (create, start, die, destroy…) and its id, when it has happened."""


class SimulatedEngine:
    """Args:
        name: its host name. cpus: cores. memory: bytes. labels: of the engine itself, as zone=a.
        clock: the time. seed: ids and addresses are made of it and of ``name``.
        registry: what images are pulled from and pushed to; all hosts of a fleet have the same.
        pull_rate: bytes a second of pulls, pushes and archives; 0 for at once.
        start_seconds: how long a start takes. step_seconds: how long a step of a build does, about.

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
        registry: Registry | None = None,
        pull_rate: float = 40e6,
        start_seconds: float = 0.0,
        step_seconds: float = 0.0,
    ) -> None:
        self.machine = Machine(name, cpus=cpus, memory=memory, labels=labels or {}, clock=clock, seed=seed)
        self.registry = registry or Registry()
        self.lifecycle = Lifecycle(self.machine, self._wrote)
        self.execs = ExecShelf(self.machine)
        self.pull_rate = pull_rate
        self.start_seconds = start_seconds
        self.step_seconds = step_seconds

    # --- what a scenario does --------------------------------------------------------------------------------------

    def add_image(self, image: Image, *names: str, pulled: bool = False) -> Image:
        """Have it there, under these names, or under that which it was made for; returns the one that is kept.

        ``pulled``: it has the digests, too, by which a registry knows it.
        """
        names = names or (image.reference,)
        digests = [f"{repository(name)}@{image.manifest_digest}" for name in names] if pulled else []
        return self.machine.images.add(image, (*names, *digests))

    def create(self, body: Json, name: str = "", *, at: int | None = None) -> str:
        """From the body of Docker's create call; returns the id. ``at``: nanoseconds, when it was (default: now)."""
        container = make_container(self.machine, body, name, at or self.machine.clock())
        self.machine.tell(container, "create")
        return container.id

    def start(self, id: str, *, at: int | None = None) -> None:
        """``at``: a moment in the past, for what has been running for days."""
        self.lifecycle.start(self.find(id), at)

    def stop(self, id: str, timeout: int | None = None) -> None:
        """SIGTERM, and SIGKILL after ``timeout`` seconds; returns at once, the end comes by ``advance``."""
        self.lifecycle.stop(self.find(id), timeout)

    def kill(self, id: str, signal: int = 9) -> None:
        self.lifecycle.signal(self.find(id), signal)

    def exit(self, id: str, code: int, *, oom: bool = False) -> None:
        """Its main process ends now, by itself; its restart policy follows. oom: killed for its memory.

        Nothing happens to one that is not up.
        """
        container = self.find(id)
        if container.up:
            self.lifecycle.end(container, code, oom=oom)

    def remove(self, id: str, *, force: bool = False) -> None:
        """With its volumes that have no name."""
        self.lifecycle.remove(self.find(id), force=force, volumes=True)

    def set_health(self, id: str, healthy: bool | None, output: str = "") -> None:
        """It is healthy or unhealthy at once, and its checks find it so from now on; None: as their command says."""
        container = self.find(id)
        if container.health is None:
            raise Refused(409, f"Container {container.id} has no health check")
        container.health.forced, container.health.output = healthy, output
        if healthy is False:
            container.health.streak = int(container.config["Healthcheck"].get("Retries") or RETRIES) - 1
        if container.state == "running":
            self.lifecycle.health.check(container)

    def set_load(self, id: str, load: Load | Wave) -> None:
        """What it uses from now on; kept over restarts."""
        container = self.find(id)
        container.load = load
        if container.up and container.usage is not None:
            container.usage.change(self.machine.clock(), load)

    def write_log(self, id: str, line: str, stream: str = "stdout", *, at: int | None = None) -> None:
        """One line, without its end. The last 2,000 lines of a container are kept."""
        container = self.find(id)
        container.log.write(at or self.machine.clock(), stream, f"{line}\n".encode("utf-8", "replace"))

    def create_volume(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Make a volume, unless there is one with that name."""
        self.machine.make_volume(name, labels)

    def observe(self, observer: Observer) -> None:
        """Be told of what happens, whoever did it: a scenario gives a load and a log to what a user started."""

        def hear(event: Event) -> None:
            if event.kind == "container":
                observer(event.action, event.actor)

        self.machine.events.listen(hear)

    # --- what is there ---------------------------------------------------------------------------------------------

    def running(self) -> list[str]:
        """Ids of the containers that are up."""
        return [container.id for container in self.machine.containers.values() if container.up]

    def inspect(self, id: str) -> Json:
        """As Docker answers an inspect; to be looked at, not changed."""
        return self.find(id).detail()

    def find(self, id: str) -> Container:
        """To be looked at; what is to change, the methods above change. Raises Refused."""
        return self.machine.find(id)

    def _wrote(self, container: Container, stream: str, data: bytes) -> None:
        container.log.write(self.machine.clock(), stream, data)

    # --- time ------------------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self.machine.clock()

    def due(self) -> int | None:
        """When something is to happen next, in nanoseconds since 1970; None: nothing is."""
        return self.machine.timers.due()

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        self.machine.timers.advance()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have something happen in a while."""
        self.machine.timers.after(seconds, what)
