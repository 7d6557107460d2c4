"""A real registry on an engine's own machine: 127.0.0.1:5000 there, which Docker takes without TLS."""

from __future__ import annotations

import ctypes
import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from tests.engine_bed.daemon import Daemon
from tests.engine_bed.image import busybox_tar
from tests.engine_bed.relay import Relay
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
_WITH_PASSWORD = """
auth:
  htpasswd:
    realm: moorage
    path: {folder}/htpasswd
"""
_REQUEST = re.compile(r'"([A-Z]+ [^ "]+) HTTP/[0-9.]+" ([0-9]{3}) ')


class Registry:
    """Args: daemon: the engine that it serves. folder: its own, empty.

    What was pushed stays over ``kill`` and ``start``. ``user`` and ``password``: "" as long as it is open to all.
    """

    host = HOST

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self._daemon = daemon
        self._folder = folder
        self.user = self.password = ""
        (folder / "config.yml").write_text(_CONFIG.format(folder=folder, host=HOST))
        self._process: subprocess.Popen[bytes] | None = None
        self._relays: list[Relay] = []

    def require(self, user: str, password: str) -> None:
        """From now on only who shows these gets or gives anything. It is started anew, if it runs."""
        self.user, self.password = user, password
        (self._folder / "htpasswd").write_text(f"{user}:{_bcrypt(password)}\n")
        config = _CONFIG + _WITH_PASSWORD
        (self._folder / "config.yml").write_text(config.format(folder=self._folder, host=HOST))
        if self._process is not None:
            self.kill()
            self.start()

    def share(self, *daemons: Daemon) -> None:
        """Other engines reach it at the same address; when it is dead they are cut off, not refused."""
        for daemon in daemons:
            if daemon is not self._daemon:
                self._relays.append(Relay(daemon.machine.init, self._daemon.machine.init, PORT))

    def requests(self, status: int | None = None) -> list[str]:
        """What it was asked so far, as ``GET /v2/app/manifests/1``; only what it answered with ``status``."""
        told = _REQUEST.findall((self._folder / "log").read_text("utf-8", "replace"))
        return [asked for asked, answered in told if status in (None, int(answered))]

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
        api.import_image_from_data(
            _layer(), repository=f"{repository}:{tag}", tag=tag, changes=['CMD ["sh"]', *changes]
        )
        known = {"username": self.user, "password": self.password} if self.user else None
        for frame in api.push(repository, tag, stream=True, decode=True, auth_config=known):
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
        for relay in self._relays:
            relay.close()
        self.kill()
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the registry ended: {(self._folder / 'log').read_text()[-2000:]}")
        return self._daemon.http_get(PORT, "/v2/").status == (401 if self.user else 200)


def _bcrypt(password: str) -> str:
    """The only hash that it takes. Python's own crypt is gone with 3.13; libcrypt is wherever engines can run."""
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    hashed: bytes = crypt(password.encode(), b"$2b$04$abcdefghijklmnopqrstuu")
    return hashed.decode()


def _layer() -> bytes:
    """No engine has this layer already: a pull of it downloads."""
    buffer = io.BytesIO(busybox_tar())
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        entry = tarfile.TarInfo("etc/layer")
        entry.size = 16
        tar.addfile(entry, io.BytesIO(os.urandom(16)))
    return buffer.getvalue()
