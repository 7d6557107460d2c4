"""Docker's credential helpers: programs ``docker-credential-NAME`` that keep passwords in the keychain of a system.

One is asked by a word, ``get``, ``store`` or ``erase``, and by what is on its stdin. Nothing that it writes is shown:
it may be a secret.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.model.errors import DocumentError, MoorageError
from app.model.registry import Credential
from app.model.safe_text import safe_line
from app.model.strict_json import parse_json
from app.store.safe_way import checked_program

SECONDS: Final = 10.0
"""A keychain may have to be unlocked by its service; nobody is asked at the terminal."""
MOST_OUTPUT: Final = 64 * 1024
TOKEN_USER: Final = "<token>"  # noqa: S105
"""The user that stands for an identity token in place of a password."""
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_NOT_FOUND = b"credentials not found in native keychain"
_UNUSABLE = (b"no credentials server URL", b"no credentials username")
_LEFT_OUT = ("GPG_TTY",)
"""Of the environment: what has a helper draw its question over our screen."""
_CHUNK = 16384
_LOOK_EVERY = 0.02
_running: set[subprocess.Popen[bytes]] = set()


class CredentialHelper:
    """One helper. ``environ``: of this process; what the helper runs with, and where it is looked for.

    Raises MoorageError, in one line without a word of the helper's, when it is not there, may have been written by a
    stranger, fails, or takes longer than ``seconds``.
    """

    def __init__(self, name: str, environ: Mapping[str, str], seconds: float = SECONDS) -> None:
        if not _NAME.fullmatch(name):
            raise MoorageError(f"{safe_line(name[:64])!r} is no name of a credential helper; correct it in config.json")
        self.program = f"docker-credential-{name}"
        self._environ = environ
        self._seconds = seconds

    def get(self, server: str) -> Credential | None:
        """What it keeps for a server, as ``server_of`` names it; None: nothing."""
        code, out = self._run("get", server.encode())
        if code and out.strip() in (_NOT_FOUND, *_UNUSABLE):
            return None
        if code:
            raise self._failed(f"get failed (exit code {code})")
        try:
            told: Any = parse_json(out, self.program)
        except DocumentError:
            raise self._failed("get answered with no JSON") from None
        user, secret = (told.get("Username"), told.get("Secret")) if isinstance(told, dict) else (None, None)
        if not isinstance(user, str) or not isinstance(secret, str):
            raise self._failed("get answered without Username and Secret")
        if user == TOKEN_USER:
            return Credential(server, identity_token=secret, source=self.program)
        return Credential(server, user, secret, source=self.program)

    def store(self, credential: Credential) -> None:
        token = credential.identity_token
        told = {
            "ServerURL": credential.server,
            "Username": TOKEN_USER if token else credential.username,
            "Secret": token or credential.password,
        }
        code, _ = self._run("store", json.dumps(told).encode())
        if code:
            raise self._failed(f"store failed (exit code {code})")

    def erase(self, server: str) -> bool:
        """False when it kept nothing."""
        code, out = self._run("erase", server.encode())
        if code and out.strip() in (_NOT_FOUND, *_UNUSABLE):
            return False
        if code:
            raise self._failed(f"erase failed (exit code {code})")
        return True

    def _run(self, word: str, given: bytes) -> tuple[int, bytes]:
        """Exit code, and what it wrote on stdout."""
        program = self.find()
        try:
            process = subprocess.Popen(
                [str(program), word],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={name: value for name, value in self._environ.items() if name not in _LEFT_OUT},
                start_new_session=True,
            )
        except OSError as error:
            raise self._failed(f"cannot be run: {os.strerror(error.errno or 0)}") from None
        _running.add(process)
        try:
            out = _converse(process, given, time.monotonic() + self._seconds)
        finally:
            _end(process)
            _running.discard(process)
        if out is None:
            raise self._failed(f"{word} did not end within {self._seconds:g} s, and was ended")
        if len(out) > MOST_OUTPUT:
            raise self._failed(f"{word} wrote more than {MOST_OUTPUT >> 10} KiB, and was ended")
        return process.returncode, out

    def find(self) -> Path:
        """Where it is. Raises MoorageError when it is nowhere, or when a stranger may have written it."""
        folders = [folder for folder in self._environ.get("PATH", os.defpath).split(os.pathsep) if folder[:1] == "/"]
        found = shutil.which(self.program, path=os.pathsep.join(folders))
        if found is None:
            raise self._failed("is not on PATH")
        try:
            return checked_program(Path(found))
        except DocumentError as error:
            raise MoorageError(error.message) from None

    def _failed(self, what: str) -> MoorageError:
        return MoorageError(f"{self.program} {what}; Docker's config.json names it: run it there, or take it out")


def _converse(process: subprocess.Popen[bytes], given: bytes, deadline: float) -> bytes | None:
    """What it wrote until it ended, or until it is more than it may be; None: it has not ended by the deadline."""
    assert process.stdin is not None
    assert process.stdout is not None
    out, waiting = bytearray(), memoryview(given)
    with selectors.DefaultSelector() as selector:
        for pipe, events in ((process.stdin, selectors.EVENT_WRITE), (process.stdout, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, events)
        ended = False
        while len(out) <= MOST_OUTPUT:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            read = False
            # Once it has ended only what it wrote before counts: what it has started may hold its stdout open.
            for key, _ in selector.select(0 if ended else min(left, _LOOK_EVERY)):
                if key.fileobj is process.stdin:
                    waiting = _write(selector, process, waiting)
                elif part := _read(process):
                    out += part
                    read = True
                else:
                    selector.unregister(process.stdout)
            if ended and not read:
                break
            ended = process.poll() is not None
    return bytes(out)


def _write(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], waiting: memoryview) -> memoryview:
    """The part that is left; stdin is closed after the last."""
    assert process.stdin is not None
    try:
        waiting = waiting[os.write(process.stdin.fileno(), waiting[:_CHUNK]) :]
    except BlockingIOError:
        return waiting
    except BrokenPipeError:
        waiting = waiting[len(waiting) :]
    if not waiting:
        selector.unregister(process.stdin)
        process.stdin.close()
    return waiting


def _read(process: subprocess.Popen[bytes]) -> bytes:
    """b"" at the end."""
    assert process.stdout is not None
    return os.read(process.stdout.fileno(), _CHUNK)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill its group if it has not ended by itself, and reap it."""
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


@atexit.register
def _kill_all() -> None:
    """A dashboard that is left meanwhile, a verb that ctrl-c ends: their threads end without any of our ``finally``."""
    for process in list(_running):
        _kill(process)
