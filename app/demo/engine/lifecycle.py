"""What happens to simulated containers: starts, signals, ends, restarts, removals; events in Docker's order."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from app.demo.engine.container import Container, Running
from app.demo.engine.health import HealthChecks
from app.demo.engine.inside import Inside
from app.demo.engine.load import Usage
from app.demo.engine.machine import Machine
from app.demo.engine.process import Script, Service
from app.demo.engine.programs import PROGRAMS, SHELLS
from app.demo.engine.refused import Refused
from app.demo.engine.shell_syntax import NotUnderstood, parse

Json = dict[str, Any]

_STOP_TIMEOUT = 10
_MOMENT = 0.001
_FIRST_RESTART, _LONGEST_RESTART = 0.1, 60.0
_NO_PROGRAM = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
    'exec: "{name}": executable file not found in $PATH: unknown'
)


class Lifecycle:
    """Of the containers on one machine. ``wrote`` is called with what a container's main process writes."""

    def __init__(self, machine: Machine, wrote: Callable[[Container, str, bytes], None]) -> None:
        self._machine = machine
        self._wrote = wrote
        self.health = HealthChecks(machine)

    # --- start -----------------------------------------------------------------------------------------------------

    def start(self, container: Container, at: int | None = None) -> None:
        """Raises Refused; 304: it runs."""
        if container.state == "paused":
            raise Refused(409, "cannot start a paused container, try unpause instead")
        if container.up:
            raise Refused(304)
        if container.removing:
            raise Refused(409, f"container {container.id} is marked for removal and cannot be started")
        container.stopped_by_hand = False
        container.failures = container.restarts = 0
        self._start(container, at)

    def _start(self, container: Container, at: int | None = None) -> None:
        machine = self._machine
        try:
            self._join(container)
            self._check_program(container)
        except Refused as error:
            self._leave(container)
            # 127: no such program; 128: anything else.
            container.code = 127 if error.status == 400 else 128
            container.error = error.message
            container.touch()
            raise
        container.run += 1
        container.state, container.pid = "running", machine.new_pid()
        container.started, container.code, container.error = at or machine.clock(), 0, ""
        container.oom_killed = False
        container.usage = Usage(container.started, container.load, self._cores(container))
        container.touch()
        for name, endpoint in container.endpoints.items():
            self._tell_of_network(container, "connect", name, endpoint.network.id)
        for mount in container.mounts:
            if mount.name:
                more = {"destination": mount.destination, "propagation": "", "read/write": str(mount.writable).lower()}
                machine.tell_of_volume("mount", mount.name, container=container.id, **more)
        machine.tell(container, "start")
        container.process = self._process(container)
        self.health.begin(container)
        if isinstance(container.process, Script):
            self._begin(container, container.process)

    def _begin(self, container: Container, script: Script) -> None:
        """Not at once: whoever starts it hears that it runs before it may have ended."""
        run = container.run
        self._machine.timers.after(_MOMENT, lambda: script.start() if container.run == run else None)

    def _cores(self, container: Container) -> float:
        nanos = int(container.host.get("NanoCpus") or 0)
        return nanos / 10**9 if nanos else float(self._machine.cpus)

    def _join(self, container: Container) -> None:
        """Its place on its network, and its host ports. Raises Refused."""
        machine, mode = self._machine, container.host["NetworkMode"]
        if mode.startswith("container:"):
            owner = machine.find(mode.partition(":")[2])
            if not owner.up:
                raise Refused(409, f"cannot join network of a non running container: {owner.id}")
            return
        if not container.endpoints:
            raise Refused(404, f"network {mode} not found")
        for endpoint in container.endpoints.values():
            endpoint.join(machine.new_id())
        wanted = container.host.get("PortBindings") or {} if mode not in ("host", "none") else {}
        ports: dict[str, list[tuple[str, int]]] = {key: [] for key in container.config.get("ExposedPorts") or {}}
        taken: list[tuple[str, int]] = []
        for key, bindings in wanted.items():
            protocol = key.partition("/")[2] or "tcp"
            for binding in bindings:
                number = int(binding["HostPort"] or 0) or machine.free_port(protocol)
                if (protocol, number) in machine.ports:
                    for place in taken:
                        del machine.ports[place]
                    raise Refused(500, self._port_taken(container, binding["HostIp"], number))
                machine.ports[protocol, number] = container.id
                taken.append((protocol, number))
                addresses = [binding["HostIp"]] if binding["HostIp"] else ["0.0.0.0", "::"]  # noqa: S104 - told only
                ports.setdefault(key, []).extend((address, number) for address in addresses)
        container.ports = ports

    def _port_taken(self, container: Container, address: str, number: int) -> str:
        place = f"{address or '0.0.0.0'}:{number}"  # noqa: S104 - told only
        return (
            f"driver failed programming external connectivity on endpoint {container.name} ({self._machine.new_id()}): "
            f"Bind for {place} failed: port is already allocated"
        )

    def _leave(self, container: Container) -> None:
        for endpoint in container.endpoints.values():
            endpoint.leave()
        for bindings in container.ports.values():
            for _, number in bindings:
                for protocol in ("tcp", "udp"):
                    if self._machine.ports.get((protocol, number)) == container.id:
                        del self._machine.ports[protocol, number]
        container.ports = {}

    # --- its main process ------------------------------------------------------------------------------------------

    def _check_program(self, container: Container) -> None:
        """Raises Refused when its image has no such program."""
        name, image = container.argv[0], container.image
        own = (*image.entrypoint[:1], *image.command[:1])
        if not (image.any_program or name in own or name.rpartition("/")[2] in PROGRAMS):
            raise Refused(400, _NO_PROGRAM.format(name=name))

    def _process(self, container: Container) -> Running:
        run = container.run
        process: Running

        def after(seconds: float, what: Callable[[], None]) -> None:
            def go_on() -> None:
                if container.run == run:
                    container.held.append(what) if container.state == "paused" else what()

            self._machine.timers.after(seconds, go_on)

        def ended(code: int) -> None:
            if container.run == run and container.up:
                self.end(container, code, oom=isinstance(process, Script) and process.exhausted)

        argv = container.argv
        if _is_understood(argv):
            variables = dict(pair.partition("=")[::2] for pair in container.config["Env"])
            process = script = Script(
                argv,
                Inside(self._machine, container),
                variables,
                lambda stream, data: self._wrote(container, stream, data),
                after,
                ended,
                first=not container.host.get("Init"),
            )
            if not container.config.get("OpenStdin"):
                script.input(None)
            return script
        image = container.image
        process = Service(after, ended, code=image.stop_code, seconds=image.stop_seconds)
        return process

    # --- end -------------------------------------------------------------------------------------------------------

    def signal(self, container: Container, number: int, called: str = "") -> None:
        """Raises Refused when it does not run; ``called``: as somebody named it."""
        if not container.up:
            name = called or container.name
            raise Refused(409, f"Cannot kill container: {name}: Container {container.id} is not running")
        if number in (signal.SIGKILL, _stop_signal(container)):
            container.stopped_by_hand = True
        self._machine.tell(container, "kill", signal=str(int(number)))
        if container.state == "paused":
            self._resume(container)  # of which Docker tells nothing
        if container.process is not None:
            container.process.signal(number)

    def stop(self, container: Container, timeout: int | None, then: Callable[[], None] | None = None) -> None:
        """Ask it to end, and make it end after a while; ``then`` is called when it has. Raises Refused; 304: ended."""
        if container.state == "restarting":
            container.stopped_by_hand = True
            container.run += 1
            container.state = "exited"
            container.touch()
            self._machine.tell(container, "stop")
            if then is not None:
                then()
            return
        if not container.up:
            raise Refused(304)
        container.stopped_by_hand = True
        if timeout is None:
            asked = container.config.get("StopTimeout")
            timeout = _STOP_TIMEOUT if asked is None else int(asked)

        def over() -> None:
            self._machine.tell(container, "stop")
            if then is not None:
                then()

        container.at_end.append(over)
        run = container.run

        def make() -> None:
            if container.run == run and container.up:
                self.signal(container, signal.SIGKILL)

        if timeout >= 0:
            self._machine.timers.after(timeout, make)
        self.signal(container, _stop_signal(container))

    def end(self, container: Container, code: int, *, oom: bool = False) -> None:
        """Its main process has ended."""
        machine = self._machine
        now = machine.clock()
        if container.usage is not None:
            container.usage.settle(now)
        process, container.process = container.process, None
        if process is not None:
            process.abandon()
        container.state, container.pid, container.finished = "exited", 0, now
        container.code, container.oom_killed = code, oom
        addresses = [(name, endpoint.network.id) for name, endpoint in container.endpoints.items()]
        self._leave(container)
        if container.health is not None:
            container.health.status = "unhealthy"  # as above, whatever it was
        delay = self._restart_delay(container)
        if delay is not None:
            container.state = "restarting"
        container.touch()
        if oom:
            machine.tell(container, "oom")
        machine.tell(container, "die", exitCode=str(code))
        for name, id in addresses:
            self._tell_of_network(container, "disconnect", name, id)
        for mount in container.mounts:
            if mount.name:
                machine.tell_of_volume("unmount", mount.name, container=container.id)
        container.log.end()
        waiting, container.at_end = container.at_end, []
        for tell in waiting:
            tell()
        if delay is not None:
            self._restart_later(container, delay)
        elif container.host.get("AutoRemove") and not container.removing:
            self.remove(container, force=True, volumes=True)

    def _restart_delay(self, container: Container) -> float | None:
        """Seconds until its policy has it started again; None: it has not."""
        policy = container.host.get("RestartPolicy") or {}
        name = policy.get("Name") or "no"
        if container.stopped_by_hand or container.removing:
            return None
        if name == "on-failure":
            most = int(policy.get("MaximumRetryCount") or 0)
            if not container.code or (most and container.failures >= most):
                return None
        elif name not in ("always", "unless-stopped"):
            return None
        ran = (container.finished or 0) - (container.started or 0)
        if ran > 10 * 10**9:
            container.failures = 0
        return float(min(_FIRST_RESTART * 2**container.failures, _LONGEST_RESTART))

    def _restart_later(self, container: Container, delay: float) -> None:
        run = container.run
        container.failures += 1

        def again() -> None:
            if container.run == run and container.state == "restarting":
                container.restarts += 1
                try:
                    self._start(container)
                except Refused:
                    container.state = "exited"
                    container.touch()

        self._machine.timers.after(delay, again)

    # --- the rest --------------------------------------------------------------------------------------------------

    def pause(self, container: Container) -> None:
        """Raises Refused."""
        if container.state == "paused":
            raise Refused(409, f"Container {container.id} is already paused")
        if not container.up:
            raise Refused(409, f"Container {container.id} is not running")
        container.state = "paused"
        if container.health is not None:
            container.health.status = "unhealthy"  # as Docker calls what is not checked
        container.touch()
        self._machine.tell(container, "pause")

    def unpause(self, container: Container) -> None:
        """Raises Refused."""
        if container.state != "paused":
            raise Refused(500, f"Container {container.id} is not paused")
        self._machine.tell(container, "unpause")
        self._resume(container)

    @staticmethod
    def _resume(container: Container) -> None:
        container.state = "running"
        container.touch()
        held, container.held = container.held, []
        for go_on in held:
            go_on()

    def remove(self, container: Container, *, force: bool, volumes: bool) -> None:
        """Raises Refused."""
        machine = self._machine
        if container.up or container.state == "restarting":
            if not force:
                what = f"You cannot remove a {container.state} container {container.id}."
                raise Refused(409, f"{what} Stop the container before attempting removal or force remove")
            container.removing = True
            if container.up:
                self.signal(container, signal.SIGKILL)
        container.removing = True
        machine.drop(container)
        container.run += 1
        for mount in container.mounts:
            volume = machine.volumes.get(mount.name) if mount.name else None
            if volume is not None:
                volume.users.discard(container.id)
                if volumes and mount.anonymous and not volume.users:
                    machine.remove_volume(volume.name)
        machine.tell(container, "destroy")
        for tell in container.at_removal:
            tell()

    def _tell_of_network(self, container: Container, action: str, name: str, id: str) -> None:
        attributes = {"container": container.id, "name": name, "type": name if name in ("host", "none") else "bridge"}
        self._machine.events.add(self._machine.clock(), "network", action, id, attributes)


def _stop_signal(container: Container) -> int:
    name = str(container.config.get("StopSignal") or "SIGTERM")
    return signal_number(name) or signal.SIGTERM


def signal_number(name: str) -> int:
    """``15``, ``TERM`` and ``SIGTERM`` → 15; 0 for what is none."""
    if name.isdigit():
        return int(name) if 0 < int(name) < 65 else 0
    found = getattr(signal, f"SIG{name.upper().removeprefix('SIG')}", 0)
    return int(found) if isinstance(found, int) else 0


def _is_understood(argv: list[str]) -> bool:
    """Can it be run? A script that is not understood is a program of which only the end is told."""
    name = argv[0].rpartition("/")[2]
    if name in SHELLS and argv[1:2] == ["-c"] and len(argv) > 2:
        try:
            parse(argv[2])
        except NotUnderstood:
            return False
        return True
    return name in PROGRAMS
