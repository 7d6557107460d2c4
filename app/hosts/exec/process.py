"""One process of ours in a container, by the engine's exec calls.

Docker knows no way to end such a process: it goes on when our connection is gone. ``app.hosts.exec.guard`` sees to
that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError, translated
from app.hosts.exec.duplex import Duplex
from app.hosts.exec.frames import Demux
from app.model.safe_text import safe_line

NO_DETACH_KEYS = "ctrl-@,ctrl-_,ctrl-@,ctrl-^,ctrl-@,ctrl-_,ctrl-@,ctrl-^"
"""There is no way to have none, and Docker's own, ctrl-p and ctrl-q, would be kept from the process. Nobody types this.

Its first byte is held back by Docker until the next one comes, so it is one that nobody waits for (NUL).
"""
START_TIMEOUT = 30.0
_FIRST_LOOK, _LAST_LOOK = 0.005, 0.1
_NO_SUCH_PROGRAM = re.compile("no such file or directory|not found", re.IGNORECASE)


class NotStartedError(HostError):
    """The process could not be started. ``exit_code`` as a shell's: 127 no such program, 126 anything else."""

    code = "InvalidParameterException"

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message, "refused")
        self.exit_code = exit_code

    @property
    def missing(self) -> bool:
        """Is there no such program?"""
        return self.exit_code == 127


class ProcessState(NamedTuple):
    """``exit_code`` is None while it runs, and when the engine does not know."""

    running: bool
    exit_code: int | None


class RemoteProcess(Protocol):
    """A process at the other end of a connection."""

    @property
    def duplex(self) -> Duplex: ...

    @property
    def tty(self) -> bool: ...

    def state(self) -> ProcessState:
        """Raises HostError; not-found: nobody knows it any more."""

    def resize(self, columns: int, rows: int) -> None:
        """Raises HostError."""


@dataclass(frozen=True, slots=True)
class Size:
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class ExecProcess:
    engine: Engine
    container_id: str
    id: str
    duplex: Duplex
    tty: bool

    def state(self) -> ProcessState:
        return _state(inspect_exec(self.engine, self.id))

    def resize(self, columns: int, rows: int) -> None:
        api = self.engine.api()
        with translated("resizing"):
            url = api._url("/exec/{0}/resize", self.id)
            api._raise_for_status(api._post(url, params={"h": rows, "w": columns}))


def _state(detail: Json) -> ProcessState:
    code = detail.get("ExitCode")
    running = bool(detail.get("Running"))
    return ProcessState(running, code if isinstance(code, int) and not running else None)


def inspect_exec(engine: Engine, exec_id: str) -> Json:
    api = engine.api()
    with translated("asking for the command"):
        detail = api.exec_inspect(exec_id)
    if not isinstance(detail, dict):
        raise HostError("the engine's answer about the command cannot be read", "failed")
    return detail


def start_process(
    engine: Engine,
    container_id: str,
    argv: Sequence[str],
    *,
    tty: bool = False,
    stdin: bool = False,
    environment: Mapping[str, str] | None = None,
    size: Size | None = None,
) -> ExecProcess:
    """Start a program in a running container, and return once it runs or is over already.

    Raises NotStartedError, or HostError: conflict (the container is stopped or paused), not-found.
    """
    api = engine.gate("exec")
    body = {
        "AttachStdin": stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": tty,
        "DetachKeys": NO_DETACH_KEYS,
        "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
        "Cmd": list(argv),
    }
    start = {"Detach": False, "Tty": tty}
    if tty and size is not None:
        # Docker 23 and later; others do not know it and take the size from the first resize.
        body["ConsoleSize"] = start["ConsoleSize"] = [size.rows, size.columns]  # type: ignore[assignment]
    with translated("exec"):
        created = api._result(api._post_json(api._url("/containers/{0}/exec", container_id), data=body), True)
        exec_id = str(created.get("Id")) if isinstance(created, dict) else ""
        response = api._post_json(
            api._url("/exec/{0}/start", exec_id),
            data=start,
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
            timeout=START_TIMEOUT,
        )
        api._raise_for_status(response)
        process = ExecProcess(engine, container_id, exec_id, Duplex(response), tty)
    try:
        _wait_for_start(process, argv[0])
    except BaseException:
        process.duplex.close()
        raise
    return process


def _wait_for_start(process: ExecProcess, program: str) -> None:
    """The engine answers before it starts the process, and tells a failure as if the process had written it."""
    deadline, pause = time.monotonic() + START_TIMEOUT, _FIRST_LOOK
    while time.monotonic() < deadline:
        detail = inspect_exec(process.engine, process.id)
        if detail.get("Pid"):
            return
        if not detail.get("Running") and detail.get("ExitCode") is not None:
            raise _not_started(process, program)
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_LOOK)
    raise HostError(f"{program!r} was not started within {START_TIMEOUT:g} s", "timeout")


def _not_started(process: ExecProcess, program: str) -> NotStartedError:
    text = process.duplex.read_all(2.0)
    if not process.tty:
        text = b"".join(piece.data for piece in Demux().feed(text))
    why = safe_line(text.decode("utf-8", "replace").strip())
    if _NO_SUCH_PROGRAM.search(why):
        return NotStartedError(f"there is no program {program!r} in the container", 127)
    return NotStartedError(f"{program!r} cannot be started: {why or 'the engine does not say why'}", 126)
