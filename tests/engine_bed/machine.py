"""One pretended machine: net, mount, pid, uts and ipc namespaces with a small init, which die with this process.

Its processes see the real file system (so our unix sockets work), but own a private /run, /etc/docker, host name,
network and process table. When the init dies the kernel kills everything in it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.engine_bed import processes
from tests.engine_bed.probe import NAMESPACES

# PDEATHSIG is set between fork and exec here; a parent that died before that is told by the changed PPID.
_GUARD = '[ "$PPID" = "$0" ] && exec "$@"'
# A tmpfs /run and a bound /etc/docker give each engine its own containerd, key.json (engine ID) and no daemon.json.
_INIT = """
set -eu
mount --make-rprivate /
hostname "$1"
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=711 tmpfs "$2/data"
mkdir -p /etc/docker
mount --bind "$2/etc" /etc/docker
if [ -e "$2/meminfo" ]; then mount --bind "$2/meminfo" /proc/meminfo; fi
echo ready
exec >/dev/null
exec tini -s -- sleep infinity
"""


class MachineError(RuntimeError):
    """The namespaces could not be made; the message holds what the init said."""


class Machine:
    """Args: name: its host name. folder: its own, empty. memory: bytes that /proc/meminfo shows; None for the truth."""

    def __init__(self, name: str, folder: Path, *, memory: int | None = None) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise MachineError("start engines in the main thread: PDEATHSIG would kill them with the thread")
        self.name = name
        for part in ("etc", "data"):
            (folder / part).mkdir(mode=0o700)
        if memory is not None:
            (folder / "meminfo").write_text(_meminfo(memory))
        self._outer = self._spawn(folder)
        self.init = self._await_init()

    def _spawn(self, folder: Path) -> subprocess.Popen[str]:
        unshare = ["unshare", *NAMESPACES, "--fork", "--kill-child=KILL", "--mount-proc"]
        guard = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", _GUARD, str(os.getpid())]
        return subprocess.Popen(
            [*guard, *unshare, "sh", "-c", _INIT, "init", self.name, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A ctrl-c in the terminal must reach pytest only: its fixtures end the machine in order.
            start_new_session=True,
        )

    def _await_init(self) -> int:
        assert self._outer.stdout is not None
        readable, _, _ = select.select([self._outer.stdout], [], [], 20)
        line = self._outer.stdout.readline() if readable else "(no answer within 20 s)"
        inner = processes.children(self._outer.pid)
        if line != "ready\n" or len(inner) != 1:
            self._outer.kill()
            _, said = self._outer.communicate(timeout=30)
            raise MachineError(f"machine {self.name}: {line.strip()} {said.strip()}")
        self._outer.stdout.close()
        return inner[0]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """``argv`` to be run in all namespaces of the machine (also its /run and process table)."""
        return ["nsenter", "-t", str(self.init), "-n", "-m", "-p", "-u", "-i", "--", *argv]

    def on_its_network(self, argv: Sequence[str]) -> list[str]:
        """``argv`` to be run with the machine's network, and with our files and processes."""
        return ["nsenter", "-t", str(self.init), "-n", "--", *argv]

    def pids(self) -> set[int]:
        """Every living process of the machine, with the ``unshare`` that holds it."""
        return processes.tree(self._outer.pid, self.init)

    def destroy(self) -> None:
        """Kills all of it. Done when no process of it is left."""
        if self._outer.poll() is None:
            for pid in processes.children(self._outer.pid):
                _kill(pid)
            try:
                self._outer.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._outer.kill()
                self._outer.wait(timeout=30)
        if self._outer.stderr is not None:
            self._outer.stderr.close()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _meminfo(memory: int) -> str:
    lines = Path("/proc/meminfo").read_text().splitlines(keepends=True)
    return "".join(f"MemTotal: {memory // 1024:>15} kB\n" if line.startswith("MemTotal:") else line for line in lines)
