"""Exec calls: processes of others in simulated containers. Without I/O: what they write goes to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.demo.engine.container import Container
from app.demo.engine.inside import Inside
from app.demo.engine.machine import Machine
from app.demo.engine.process import Script
from app.demo.engine.programs import PROGRAMS
from app.demo.engine.refused import Refused
from app.demo.engine.terminal import Terminal

Json = dict[str, Any]

_NO_PROGRAM = (
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "{name}": '
    "executable file not found in $PATH: unknown\r\n"
)
_MOST = 1000
"""Exec calls that are remembered."""
Write = Callable[[str, bytes], None]


class Exec:
    """One exec call. ``script`` once it has been started."""

    def __init__(self, id: str, container: Container, body: Mapping[str, Any]) -> None:
        self.id = id
        self.container = container
        self.argv = [str(word) for word in body.get("Cmd") or ()]
        self.tty = bool(body.get("Tty"))
        self.stdin = bool(body.get("AttachStdin"))
        rows, columns = (*(body.get("ConsoleSize") or ()), 0, 0)[:2]
        self.size = [f"COLUMNS={columns}", f"LINES={rows}"] if columns and rows else []
        self.environment = [str(pair) for pair in body.get("Env") or ()]
        self.pid = 0
        self.running = False
        self.code: int | None = None
        self.script: Script | None = None
        self._terminal: Terminal | None = None

    def told(self) -> Json:
        return {
            "ID": self.id,
            "Running": self.running,
            "ExitCode": self.code,
            "ProcessConfig": {
                "tty": self.tty,
                "entrypoint": self.argv[0],
                "arguments": self.argv[1:],
                "privileged": False,
            },
            "OpenStdin": self.stdin,
            "OpenStderr": True,
            "OpenStdout": True,
            "CanRemove": self.code is not None,
            "ContainerID": self.container.id,
            "DetachKeys": "",
            "Pid": self.pid,
        }

    def input(self, data: bytes | None) -> None:
        """What was typed; None: no more comes."""
        if self.script is None:
            return
        if self._terminal is not None and data is not None:
            self._terminal.typed(data)
        else:
            self.script.input(data)

    def run(self, machine: Machine, write: Write, ended: Callable[[], None]) -> None:
        name = self.argv[0].rpartition("/")[2]
        if name not in PROGRAMS:
            self.code = 126
            write("stdout", _NO_PROGRAM.format(name=self.argv[0]).encode())
            ended()
            return
        container, run = self.container, self.container.run
        variables = dict(pair.partition("=")[::2] for pair in (*container.config["Env"], *self.environment, *self.size))
        if self.tty:
            variables.setdefault("PS1", "\\w # ")

        def end_with_container() -> None:
            if container.run == run:
                self.end()

        def over(code: int) -> None:
            self.running, self.code = False, code
            if end_with_container in container.at_end:
                container.at_end.remove(end_with_container)
            if self.id in container.exec_ids:
                container.exec_ids.remove(self.id)
                container.touch()
            machine.tell(container, "exec_die", execID=self.id, exitCode=str(code))
            ended()

        self.pid, self.running = machine.new_pid(), True
        container.exec_ids.append(self.id)
        container.touch()
        out: Write = (lambda _, data: write("stdout", data.replace(b"\n", b"\r\n"))) if self.tty else write
        self.script = Script(self.argv, Inside(machine, container), variables, out, machine.timers.after, over)
        if self.tty:
            self._terminal = Terminal(lambda data: write("stdout", data), self.script)
        if not self.stdin:
            self.script.input(None)
        container.at_end.append(end_with_container)
        self.script.start()

    def resize(self, columns: int, rows: int) -> None:
        if self.script is not None:
            self.script.resized(columns, rows)

    def end(self) -> None:
        """Its container has ended, or nobody is there any more that it talks with."""
        if self.script is not None and self.running:
            self.script.signal(9)


class ExecShelf:
    """The exec calls on one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._all: dict[str, Exec] = {}

    def create(self, container: Container, body: Mapping[str, Any]) -> Exec:
        """Raises Refused."""
        if container.state == "paused":
            raise Refused(409, f"Container {container.name} is paused, unpause the container before exec")
        if not container.up:
            raise Refused(409, f"Container {container.id} is not running")
        made = Exec(self._machine.new_id(), container, body)
        if not made.argv:
            raise Refused(400, "No exec command specified")
        self._all[made.id] = made
        for id in [id for id, found in self._all.items() if not found.running][: max(len(self._all) - _MOST, 0)]:
            del self._all[id]
        self._tell(made, "exec_create")
        return made

    def find(self, id: str) -> Exec:
        """Raises Refused."""
        found = self._all.get(id)
        if found is None or found.container.id not in self._machine.containers:
            raise Refused(404, f"No such exec instance: {id}")
        return found

    def start(self, found: Exec, write: Write, ended: Callable[[], None]) -> None:
        """Raises Refused."""
        if found.running or found.code is not None:
            raise Refused(409, f"Error: Exec command {found.id} has already run")
        if not found.container.up:
            raise Refused(409, f"Container {found.container.id} is not running")
        self._tell(found, "exec_start")
        found.run(self._machine, write, ended)

    def _tell(self, found: Exec, action: str) -> None:
        self._machine.tell(found.container, f"{action}: {' '.join(found.argv)}", execID=found.id)
