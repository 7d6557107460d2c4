"""A real registry on an engine's own machine: 127.0.0.1:5000 there, which Docker takes without TLS."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from tests.engine_bed.daemon import Daemon
from tests.engine_bed.image import busybox_tar
from tests.engine_bed.waiting import wait_until

PORT = 5000
HOST = f"127.0.0.1:{PORT}"
_CONFIG = """
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: {folder}/data
http:
  addr: {host}
"""


class Registry:
    """Args: daemon: the engine that it serves. folder: its own, empty.

    What was pushed stays over ``kill`` and ``start``.
    """

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self._daemon = daemon
        self._folder = folder
        (folder / "config.yml").write_text(_CONFIG.format(folder=folder, host=HOST))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers; RuntimeError with its log if it ends instead."""
        argv = self._daemon.machine.on_its_network(["docker-registry", "serve", str(self._folder / "config.yml")])
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, what="the registry answers", ignoring=(OSError, HTTPException))

    def kill(self) -> None:
        """From now on connections to it are refused."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def pause(self) -> None:
        """Connections are still accepted by the kernel, and nothing ever answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def push(self, name: str, changes: Sequence[str] = ()) -> str:
        """Put a busybox of its own layer there, with ``changes`` as in a Dockerfile; returns its reference.

        The engine keeps no copy. RuntimeError when the registry does not take it.
        """
        repository, _, tag = f"{HOST}/{name}".rpartition(":")
        api = self._daemon.api
        api.import_image_from_data(_layer(), repository=repository, tag=tag, changes=['CMD ["sh"]', *changes])
        for frame in api.push(repository, tag, stream=True, decode=True):
            if "error" in frame:
                raise RuntimeError(f"{name} was not pushed: {frame['error']}")
        api.remove_image(f"{repository}:{tag}")
        return f"{repository}:{tag}"

    def spoil(self) -> None:
        """Cut every layer that it holds in the middle: a pull of one begins, and breaks off."""
        for blob in (self._folder / "data").rglob("blobs/sha256/*/*/data"):
            if blob.stat().st_size > 100_000:
                os.truncate(blob, blob.stat().st_size // 2)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the registry ended: {(self._folder / 'log').read_text()[-2000:]}")
        return self._daemon.http_get(PORT, "/v2/").status == 200


def _layer() -> bytes:
    """No engine has this layer already: a pull of it downloads."""
    buffer = io.BytesIO(busybox_tar())
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        entry = tarfile.TarInfo("etc/layer")
        entry.size = 16
        tar.addfile(entry, io.BytesIO(os.urandom(16)))
    return buffer.getvalue()
