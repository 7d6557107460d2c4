"""A simulated engine (``app.demo.engine``) in a process of its own, as far as a ``Daemon`` is used by most tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docker

from tests.engine_bed import cleaning
from tests.engine_bed.image import NAME
from tests.engine_bed.waiting import wait_until

_CHANGES = ['CMD ["sh"]', "ENV PATH=/bin"]
ROOT = Path(__file__).parents[2]


class Simulated:
    """Started when it is made; ``folder`` holds its socket. ``options``: flags of ``app.demo.engine``."""

    def __init__(
        self, folder: Path, name: str = "simulated", *, offers: Sequence[str] = (), options: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.socket = folder / f"{name}.sock"
        argv = [sys.executable, "-m", "app.demo.engine", str(self.socket), "--name", name]
        argv += [word for image in offers for word in ("--offer", image)]
        argv += options
        self.process = subprocess.Popen(
            argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(self._listens, what="the simulated engine listens")
        self.api = docker.APIClient(base_url=self.endpoint, version="auto", timeout=20)
        repository, _, tag = NAME.partition(":")
        # Nobody looks into the archive.
        self.api.import_image_from_data(b"busybox", repository=repository, tag=tag, changes=_CHANGES)

    @property
    def endpoint(self) -> str:
        return f"unix://{self.socket}"

    def run(self, argv: Sequence[str], *, name: str | None = None, **options: Any) -> str:
        """As ``Daemon.run``."""
        host_keys = ("port_bindings", "network_mode", "mem_limit", "binds", "init", "restart_policy", "log_config")
        host = self.api.create_host_config(**{key: options.pop(key) for key in host_keys if key in options})
        made = self.api.create_container("busybox:latest", list(argv), name=name, host_config=host, **options)
        self.api.start(made["Id"])
        return str(made["Id"])

    def clean(self) -> None:
        cleaning.clean(self.api)

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        """Lets go of its standard input, with which it ends."""
        self.api.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        if self.process.poll() is None:
            self.resume()
        self.process.wait(timeout=20)

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the simulated engine ended with {self.process.returncode}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True
