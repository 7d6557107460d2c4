"""The main process of a container: what it writes from now on, and what it reads, if it reads."""

from __future__ import annotations

from dataclasses import dataclass

from app.hosts.engine import Engine
from app.hosts.errors import translated
from app.hosts.exec.duplex import Duplex
from app.hosts.exec.process import NO_DETACH_KEYS, START_TIMEOUT, ProcessState


@dataclass(frozen=True, slots=True)
class AttachedProcess:
    """``stdin``: whether the container was made to read from those who attach."""

    engine: Engine
    container_id: str
    duplex: Duplex
    tty: bool
    stdin: bool

    def state(self) -> ProcessState:
        state = self.engine.inspect(self.container_id).get("State") or {}
        running = bool(state.get("Running"))
        code = state.get("ExitCode")
        return ProcessState(running, code if isinstance(code, int) and not running else None)

    def resize(self, columns: int, rows: int) -> None:
        api = self.engine.api()
        with translated("resizing"):
            url = api._url("/containers/{0}/resize", self.container_id)
            api._raise_for_status(api._post(url, params={"h": rows, "w": columns}))


def attach(engine: Engine, container_id: str) -> AttachedProcess:
    """Raises HostError: conflict (the container is paused), not-found."""
    api = engine.gate("attach")
    config = engine.inspect(container_id).get("Config") or {}
    tty, stdin = bool(config.get("Tty")), bool(config.get("OpenStdin"))
    params = {"stream": 1, "stdin": int(stdin), "stdout": 1, "stderr": 1, "detachKeys": NO_DETACH_KEYS}
    with translated("attach"):
        response = api._post(
            api._url("/containers/{0}/attach", container_id),
            params=params,
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
            timeout=START_TIMEOUT,
        )
        api._raise_for_status(response)
        return AttachedProcess(engine, container_id, Duplex(response), tty, stdin)
