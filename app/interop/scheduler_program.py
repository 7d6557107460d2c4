"""A scheduler that is a program: JSON on its stdin, JSON on its stdout, and nothing of it is left afterwards.

It comes from the person's own config.toml alone. What it may use up is limited all the same: it may be wrong.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from app.model.errors import DocumentError
from app.model.strict_json import parse_json
from app.placement.external import fault

MOST_OUTPUT = 1024 * 1024
_MOST_MEMORY_KIB = 2 * 1024 * 1024
_MOST_FILE_BLOCKS = 32768
"""Of 512 bytes: 16 MiB."""
_TAIL = 4096
_CHUNK = 65536
_LOOK_EVERY = 0.02
_REAP_SECONDS = 5.0
_PASSED_ON = ("PATH", "LANG", "HOME")
_running: set[subprocess.Popen[bytes]] = set()

# A shell sets the limits and becomes the program: a function of ours between fork and exec could block for ever, as
# other threads run. A limit that is lower already stays.
_LIMITED = (
    'for limit in \'-c 0\' "-t $1" "-f $2" "-v $3"; do command ulimit $limit 2>/dev/null || :; done; shift 3; exec "$@"'
)


@dataclass(slots=True)
class _Heard:
    """``flooded``: it wrote more than it may. ``late``: it was not done in time."""

    out: bytearray = field(default_factory=bytearray)
    tail: bytes = b""
    flooded: bool = False
    late: bool = False

    @property
    def last_words(self) -> str:
        lines = [line.strip() for line in self.tail.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""


def ask_program(name: str, argv: Sequence[str], timeout: float, document: Mapping[str, Any]) -> Any:
    """What the program answers to the document, as a JSON value.

    Args:
        name: what the scheduler is called.
        argv: the program by its absolute path, and its arguments. Whoever calls has checked that it may be run.
        timeout: seconds until it and all that it started are ended.

    Raises MoorageError, in one line, for a program that fails, takes too long or gives no JSON.
    """
    limits = [str(math.ceil(timeout) + 1), str(_MOST_FILE_BLOCKS), str(_MOST_MEMORY_KIB)]
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _LIMITED, "sh", *limits, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={key: os.environ[key] for key in _PASSED_ON if key in os.environ},
            start_new_session=True,
        )
    except OSError as error:
        raise fault(name, f"cannot be run: {os.strerror(error.errno or 0)}") from None
    _running.add(process)
    try:
        heard = _converse(process, json.dumps(document).encode(), time.monotonic() + timeout)
    finally:
        _end(process)
        _running.discard(process)
    return _answer(name, heard, process.returncode, timeout)


def _answer(name: str, heard: _Heard, code: int, timeout: float) -> Any:
    if heard.flooded:
        raise fault(name, f"wrote more than {MOST_OUTPUT >> 20} MiB, and was ended")
    if heard.late:
        raise fault(name, f"did not answer within {timeout:g} s, and was ended", heard.last_words)
    if code < 0:
        raise fault(name, f"was ended by {_signal_name(-code)}", heard.last_words)
    if code:
        raise fault(name, f"ended with exit code {code}", heard.last_words)
    if not heard.out.strip():
        raise fault(name, "ended without an answer", heard.last_words)
    try:
        return parse_json(bytes(heard.out), "answer")
    except DocumentError as error:
        finding = error.findings[0]
        raise fault(name, f"answered with no JSON: {finding.path}", finding.problem) from None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- talking to it ---------------------------------------------------------------------------------------------------


def _converse(process: subprocess.Popen[bytes], request: bytes, deadline: float) -> _Heard:
    """Write the request and read, until it has ended or has to be."""
    heard, waiting = _Heard(), memoryview(request)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector:
        for pipe, events in (
            (process.stdin, selectors.EVENT_WRITE),
            (process.stdout, selectors.EVENT_READ),
            (process.stderr, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, events)
        ended = False
        while not heard.flooded:
            left = deadline - time.monotonic()
            if left <= 0:
                heard.late = True
                break
            # Once it has ended only what it wrote before is of interest: what it started is ended too.
            ready = selector.select(0 if ended else min(left, _LOOK_EVERY))
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    waiting = _write(selector, process.stdin, waiting)
                elif not _read(key.fileobj, heard, process.stdout):
                    selector.unregister(key.fileobj)
            if ended and not any(key.fileobj is not process.stdin for key, _ in ready):
                break
            if not ended and _has_ended(process):
                ended = True
                _kill_group(process)
    return heard


def _write(selector: selectors.BaseSelector, pipe: IO[bytes], waiting: memoryview) -> memoryview:
    """The part that is left. The pipe is closed after the last; a program that does not read is none the worse."""
    try:
        waiting = waiting[os.write(pipe.fileno(), waiting[:_CHUNK]) :]
    except BlockingIOError:
        return waiting
    except BrokenPipeError:
        waiting = waiting[len(waiting) :]
    if not waiting:
        selector.unregister(pipe)
        pipe.close()
    return waiting


def _read(pipe: Any, heard: _Heard, stdout: IO[bytes]) -> bool:
    """Whether there may be more."""
    try:
        part = os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return True
    if pipe is stdout:
        heard.out += part
        heard.flooded = len(heard.out) > MOST_OUTPUT
    else:
        heard.tail = (heard.tail + part)[-_TAIL:]
    return bool(part)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """It stays a zombie where that can be asked: its number is also that of its group, and must not be taken anew."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of its group, and reap it."""
    if process.returncode is None:
        _kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)


@atexit.register
def _end_all() -> None:
    """A dashboard that is left meanwhile, a verb that ctrl-c ends: their threads end without any of our ``finally``."""
    for process in list(_running):
        if process.returncode is None:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
