"""What programs find out about the simulated container that they are in."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

from app.demo.engine.container import Container
from app.demo.engine.machine import Machine


class Inside:
    """Files are kept with the container, as long as it is there."""

    def __init__(self, machine: Machine, container: Container) -> None:
        self._machine = machine
        self._container = container
        self.hostname = str(container.config.get("Hostname") or container.id[:12])
        self.files: MutableMapping[str, bytes] = container.files
        if not self.files:
            self.files.update(
                {
                    "/etc/hostname": f"{self.hostname}\n".encode(),
                    "/etc/os-release": b'PRETTY_NAME="A simulated container"\n',
                    "/dev/null": b"",
                }
            )

    def now(self) -> int:
        return self._machine.clock()

    def processes(self) -> Sequence[tuple[int, str]]:
        return [(1, " ".join(self._container.argv)), (7, "sh"), (8, "ps")]

    def memory(self) -> tuple[int, int]:
        """Bytes in use, and in all."""
        container = self._container
        used = container.usage.settle(self.now()).memory if container.usage else 0
        return used, int(container.host.get("Memory") or 0) or self._machine.memory
