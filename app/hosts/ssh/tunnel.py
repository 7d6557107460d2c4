"""A tunnel of our own to an engine: one ``ssh`` that forwards a socket here to the engine's over there.

docker-py's own ways over SSH hang, prompt on the terminal, or start a process for each call (design: docker 2). Through
this one every connection goes, streams too; ssh's configuration, agent and jump hosts count; and why something went
wrong is in what ssh says.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final

from app.hosts.endpoint import Endpoint, SshTarget, ssh_target
from app.hosts.errors import HostError
from app.hosts.ssh.command import ssh_environment, tunnel_argv
from app.hosts.ssh.folder import socket_folder
from app.hosts.ssh.guard import GUARD
from app.hosts.ssh.reason import is_login_refused, is_refused_channel, ssh_reason

OPEN_SECONDS: Final = 15.0
"""For a login: many a server looks names up first, or asks others who may come in."""
SAME_AGAIN: Final = 0.3
"""Seconds in which a failure is told again to those who waited for it, and not tried again. Below a watcher's wait."""
LOCKED_OUT: Final = 60.0
"""The same when the login was refused: hosts shut out who knocks too often (fail2ban)."""
_WORD_SECONDS = 0.5
"""ssh may say why a moment after the connection was cut off."""
_END_SECONDS = 1.0
_MOST_LINES, _LONGEST_LINE = 40, 500


class Tunnel:
    """To the engine of an endpoint of SSH. Opened when it is first needed, and again when it has ended.

    Safe to share between threads. ``folder``: where its socket goes, if the path is short enough; None: anywhere.
    """

    def __init__(self, endpoint: Endpoint, folder: Path | None = None) -> None:
        self._target = ssh_target(endpoint)
        self._folder = folder
        self._run: _Run | None = None
        self._failed: tuple[float, str] | None = None
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        run = self._run
        return run is not None and run.alive

    def open(self) -> Endpoint:
        """The socket here, once ssh is in. HostError (unreachable) says why there is none, and what to do."""
        with self._lock:
            if self._run is not None and self._run.alive:
                return self._run.endpoint
            self._end()
            if self._failed is not None and time.monotonic() < self._failed[0]:
                raise HostError(self._failed[1], "unreachable")
            run = _Run(self._target, socket_folder(self._folder))
            try:
                run.wait(OPEN_SECONDS)
            except HostError as error:
                run.end()
                pause = LOCKED_OUT if is_login_refused(run.lines) else SAME_AGAIN
                self._failed = time.monotonic() + pause, error.message
                raise
            self._run, self._failed = run, None
            return run.endpoint

    def explained(self, error: HostError) -> HostError:
        """An error of connecting through the tunnel; with ssh's own reason where no answer came and ssh knows why."""
        run = self._run
        if run is None or not error.unanswered:
            return error
        reason = run.why_cut_off()
        return HostError(reason, "unreachable") if reason else error

    def rest(self) -> None:
        """Nobody uses it just now. What stands stays, unless the host would not open the engine's socket.

        Whoever was put into the group docker meanwhile has to log in again for that.
        """
        with self._lock:
            if self._run is not None and (self._run.refused or not self._run.alive):
                self._end()

    def close(self) -> None:
        """End it. It can be opened again."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()


class _Run:
    """One ``ssh``, from its start to its end. ``lines``: the last that it wrote."""

    def __init__(self, target: SshTarget, folder: Path) -> None:
        self._target = target
        self._socket = folder / f"{secrets.token_hex(6)}.sock"
        self.endpoint = Endpoint(f"unix://{self._socket}")
        self.lines: deque[str] = deque(maxlen=_MOST_LINES)
        self.refused = False
        argv = tunnel_argv(target, self._socket.name)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=ssh_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise HostError(f"{argv[0]} cannot be run: {os.strerror(error.errno or 0)}", "unreachable") from error
        GUARD.hold(self._process.pid, self._socket)
        self._heard = threading.Condition()
        self._reader = threading.Thread(target=self._read, name=f"ssh-{target.host}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Until the socket is there, which ssh makes once it is in. Raises HostError."""
        deadline, pause = time.monotonic() + seconds, 0.005
        while not _accepts(self._socket):
            if not self.alive:
                self._reader.join(_WORD_SECONDS)
                code = self._process.returncode
                raise HostError(ssh_reason(self.lines, self._target) or f"ssh ended with {code}", "unreachable")
            if time.monotonic() > deadline:
                why = ssh_reason(self.lines, self._target) or f"{self._target.host} does not let us in, nor refuse"
                raise HostError(f"no tunnel within {seconds:g} s: {why}", "unreachable")
            with self._heard:
                self._heard.wait(pause)
            pause = min(pause * 1.5, 0.05)

    def why_cut_off(self) -> str:
        """What ssh says of a connection that was cut off, waiting a moment for it; "" when it says nothing."""
        deadline = time.monotonic() + _WORD_SECONDS
        with self._heard:
            while not self.refused and self.alive and (left := deadline - time.monotonic()) > 0:
                self._heard.wait(min(left, 0.05))
        if not self.alive:
            self._reader.join(_WORD_SECONDS)
        elif not self.refused:
            return ""
        return ssh_reason(self.lines, self._target)

    def end(self) -> None:
        """ssh, and whatever it started to get there, and its socket. Returns when ssh has ended."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._reader.join(_WORD_SECONDS)
        GUARD.release(self._process.pid)
        with contextlib.suppress(OSError):
            self._socket.unlink()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:  # else the number may be somebody else's
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, number)

    def _read(self) -> None:
        """Take in all that ssh writes, for as long as it runs: a pipe that nobody empties would stop it."""
        stream = self._process.stderr
        assert stream is not None
        with stream:
            line = b""
            while piece := os.read(stream.fileno(), 4096):
                *whole, line = (line + piece).split(b"\n")
                line = line[:_LONGEST_LINE]
                self._note(whole)
            self._note([line] if line else [])
        self._process.wait()
        GUARD.release(self._process.pid)

    def _note(self, lines: list[bytes]) -> None:
        with self._heard:
            for line in lines:
                text = line[:_LONGEST_LINE].decode(errors="replace").rstrip("\r")
                self.lines.append(text)
                self.refused = self.refused or is_refused_channel(text)
            self._heard.notify_all()


def _accepts(path: Path) -> bool:
    """Whether there is a socket that takes connections: there is a moment in which it only has its name."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as trial:
        trial.setblocking(False)
        try:
            trial.connect(os.fspath(path))
        except OSError:
            return False
    return True
