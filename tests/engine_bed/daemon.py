"""One real dockerd on a machine of its own: start, kill, stop, freeze, look inside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from tests.engine_bed import engines, http, podman, processes
from tests.engine_bed.machine import Machine
from tests.engine_bed.waiting import wait_until

_START_SECONDS = 30.0
_CONTAINERD_IS_LATE = "timeout waiting for containerd to start"
# fd 3 is where systemd's socket activation protocol looks; dash cannot duplicate fds above 9, bash can.
_WITH_SOCKET = 'exec 3<&"$0"; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'


class DaemonError(RuntimeError):
    """dockerd did not do what it was told; the message ends with the tail of its log."""


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """What may differ between engines.

    Args:
        live_restore: containers outlive a dead dockerd.
        ncpu: how many CPUs the engine reports (at most those of this machine); None for all.
        memory: bytes the engine reports; None for what this machine has.
        labels: engine labels, as ``{"zone": "a"}``.
        tcp: also serve plain TCP on a free port of our own 127.0.0.1.
        flags: further arguments for dockerd.
        environment: variables added to dockerd's own (``{"DOCKER_MIN_API_VERSION": "1.44"}``).
    """

    live_restore: bool = False
    ncpu: int | None = None
    memory: int | None = None
    labels: tuple[tuple[str, str], ...] = ()
    tcp: bool = False
    flags: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


class Daemon:
    """Args: name: host name of its machine. folder: empty, 0700, short (the socket's path stays below 100 bytes).

    ``cgroup`` is the parent of every cgroup that the engine makes. The daemon is started by ``start``.
    """

    def __init__(self, name: str, folder: Path, cgroup: str, options: DaemonOptions | None = None) -> None:
        self.name = name
        self.options = options or DaemonOptions()
        self.socket = folder / "docker.sock"
        if len(os.fsencode(self.socket)) >= 100:
            raise DaemonError(f"path too long for a unix socket: {self.socket}")
        self.log = folder / "dockerd.log"
        self._data = folder / "data"
        self._cgroup = cgroup
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._api: docker.APIClient | None = None
        self.machine = Machine(name, folder, memory=self.options.memory)

    @property
    def endpoint(self) -> str:
        return f"unix://{self.socket}"

    @property
    def tcp_endpoint(self) -> str:
        """``tcp://127.0.0.1:PORT``; the port stays the same over restarts, and refuses while dockerd is dead."""
        if self._port is None:
            raise DaemonError(f"{self.name} was made without tcp=True")
        return f"tcp://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """dockerd's pid as seen from here."""
        if self._pid is None or not self.alive:
            raise DaemonError(f"dockerd of {self.name} is not running")
        return self._pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def api(self) -> docker.APIClient:
        """A low-level client of the test's own (deadline 20 s), not the one under test; stays usable over restarts."""
        if self._api is None:
            self._api = docker.APIClient(base_url=self.endpoint, version="auto", timeout=20)
        return self._api

    def start(self) -> None:
        """Starts dockerd (again, on the same data) and returns when it answers; DaemonError with its log if not."""
        if self.alive:
            raise DaemonError(f"dockerd of {self.name} is already running")
        self._begin()
        try:
            wait_until(self._answers, within=_START_SECONDS, what=f"dockerd of {self.name} answers")
        except DaemonError:
            # It gives its containerd a time that a busy machine does not.
            if _CONTAINERD_IS_LATE not in self.log_tail():
                raise
            self._begin()
            wait_until(self._answers, within=_START_SECONDS, what=f"dockerd of {self.name} answers")
        assert self._process is not None
        (self._pid,) = processes.children(self._process.pid)

    def _begin(self) -> None:
        argv = self._argv()
        listener = self._listen() if self.options.tcp else None
        if listener is not None:
            argv = ["bash", "-c", _WITH_SOCKET, str(listener.fileno()), *argv, "-H", "fd://"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # nsenter stops together with a paused dockerd; an orphan of it would stay stopped for ever.
                ["setpriv", "--pdeathsig", "KILL", *self.machine.inside(argv)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._engine_to_use(), **dict(self.options.environment)},
                pass_fds=[listener.fileno()] if listener is not None else [],
                start_new_session=True,
            )
        if listener is not None:
            # Ours must not stay open: the port would go on accepting into nowhere once dockerd is dead.
            listener.close()

    def kill(self) -> None:
        """kill -9 of dockerd alone; its containerd, shims and containers are left to their fate."""
        self._signal_and_wait(signal.SIGKILL, 10)

    def terminate(self, *, within: float = 30) -> None:
        """SIGTERM, as a service manager does it: stops all containers (unless live_restore), then dockerd ends."""
        self._signal_and_wait(signal.SIGTERM, within)

    def pause(self) -> None:
        """SIGSTOP: connections are still accepted by the kernel, and nothing ever answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        # nsenter stops itself when its child is stopped, and would not notice the child's end then.
        assert self._process is not None
        for pid in (self.pid, self._process.pid):
            os.kill(pid, signal.SIGCONT)

    def exec(self, argv: Sequence[str], *, timeout: float = 10) -> subprocess.CompletedProcess[str]:
        """Runs a command inside the machine (its network, /run, process table, host name)."""
        return _run(self.machine.inside(argv), timeout)

    def run_in_netns(self, argv: Sequence[str], *, timeout: float = 10) -> subprocess.CompletedProcess[str]:
        """Runs a command with the machine's network only: a client that its iptables rules apply to, say."""
        return _run(self.machine.on_its_network(argv), timeout)

    def http_get(self, port: int, path: str = "/", *, host: str = "127.0.0.1", timeout: float = 3) -> http.HttpReply:
        """GET of a published port of this engine (or of ``host``, a container's address); OSError when none answers."""
        return http.get(self.machine.init, port, path, host=host, timeout=timeout)

    def connect(self, port: int, *, host: str = "127.0.0.1", timeout: float = 3) -> socket.socket:
        """A TCP connection to a published port of this engine."""
        return http.connect(self.machine.init, port, host=host, timeout=timeout)

    def run(self, argv: Sequence[str], *, name: str | None = None, **options: Any) -> str:
        """``docker run -d`` of busybox with a hand of its own, as another user would; returns the container's id.

        ``options`` are those of ``create_container`` and of ``create_host_config`` (``labels``, ``port_bindings``...).
        """
        host_keys = (
            "port_bindings", "network_mode", "mem_limit", "binds", "init", "restart_policy", "links", "log_config"
        )  # fmt: skip
        host = self.api.create_host_config(**{key: options.pop(key) for key in host_keys if key in options})
        made = self.api.create_container("busybox:latest", list(argv), name=name, host_config=host, **options)
        self.api.start(made["Id"])
        return str(made["Id"])

    def pids(self) -> set[int]:
        """Every living process of this engine: namespaces, dockerd, containerd, shims, containers."""
        holder = {self._process.pid} if self._process is not None else set()
        return self.machine.pids() | processes.tree(*holder)

    def log_tail(self, lines: int = 15) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def destroy(self) -> None:
        """Ends the machine with everything on it. For good."""
        if self._api is not None:
            self._api.close()
            self._api = None
        self.machine.destroy()
        if self._process is not None:
            self._process.wait(timeout=30)

    def _engine_to_use(self) -> dict[str, str]:
        """What finds the programs of the engine that MOORAGE_ENGINE names, before the machine's own."""
        name = engines.chosen()
        if not name:
            return {}
        found = {"PATH": engines.path_of(name, os.environ.get("PATH", os.defpath))}
        return {**found, **podman.environment(self.socket.parent, self._data)} if name == "podman" else found

    def _argv(self) -> list[str]:
        options = self.options
        if engines.chosen() == "podman":
            return podman.argv(self.socket, self._data)
        argv = ["dockerd", "-H", self.endpoint, "--data-root", str(self._data), "--cgroup-parent", self._cgroup]
        # With systemd's driver the cgroup parent would have to be a slice of the real machine.
        argv += ["--exec-opt", "native.cgroupdriver=cgroupfs"]
        if options.ncpu is not None:
            cpus = sorted(os.sched_getaffinity(0))[: options.ncpu]
            argv = ["taskset", "-c", ",".join(map(str, cpus)), *argv]
        if options.live_restore:
            argv.append("--live-restore")
        for key, value in options.labels:
            argv += ["--label", f"{key}={value}"]
        return [*argv, *options.flags]

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self._port or 0), backlog=128)
        self._port = listener.getsockname()[1]
        return listener

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise DaemonError(f"dockerd of {self.name} ended ({self._process.returncode}):\n{self.log_tail()}")
        # "auto" asks for the version at once: a constructor that returns has spoken with the engine.
        try:
            docker.APIClient(base_url=self.endpoint, version="auto", timeout=5).close()
        except docker.errors.DockerException:
            return False
        return True

    def _signal_and_wait(self, number: signal.Signals, within: float) -> None:
        process, pid = self._process, self.pid
        assert process is not None
        os.kill(pid, number)
        # A stopped daemon's nsenter is stopped too and would never see its child end.
        os.kill(process.pid, signal.SIGCONT)
        if number != signal.SIGKILL:
            os.kill(pid, signal.SIGCONT)
        try:
            process.wait(timeout=within)
        except subprocess.TimeoutExpired as late:
            raise DaemonError(f"dockerd of {self.name} did not end in {within:g} s:\n{self.log_tail()}") from late
        wait_until(lambda: not processes.living({pid}), what=f"dockerd {pid} gone")
        self._pid = None


def _run(argv: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
    )
