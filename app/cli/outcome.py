"""How a run ends: exit codes, and one clear line on stderr instead of a traceback. Imports nothing heavy.

0 done; 1 refused or failed; 2 wrong usage; 70 a fault of Moorage; 130 ctrl-c; 141 nobody reads stdout any more; 143 and
129 where SIGTERM and SIGHUP end something of which there is more to tell.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STDOUT_TROUBLE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
DONE, FAILED, USAGE, FAULT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 70, 130, 141


class Interrupted(KeyboardInterrupt):
    """ctrl-c or another signal that ends, with lines that say what exists now and how to go on."""

    def __init__(self, *lines: str, number: int = signal.SIGINT) -> None:
        super().__init__(*lines)
        self.lines = lines
        self.number = number


@contextlib.contextmanager
def telling_what_exists(lines: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Whatever ends the block early, ctrl-c, SIGTERM or a terminal that is hung up: these lines are told, and it ends.

    A signal that somebody else handles or ignores (nohup) is left alone, and a second one ends at once.
    """
    import threading

    def end(number: int, _frame: object) -> None:
        raise Interrupted(number=number)

    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(*lines(), number=getattr(interrupt, "number", signal.SIGINT)) from None
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def guarded(work: Callable[[], int], state_folder: Callable[[], Path]) -> int:
    """Run ``work``; whatever happens becomes an exit code and lines on stderr.

    Args:
        state_folder: where a report of a fault goes; asked for only then.
    """
    from app.model.errors import MoorageError, UsageError

    _open_what_is_closed()
    _never_fail_to_encode()
    try:
        with _no_traceback_of_threads(state_folder):
            try:
                code = work()
            except SystemExit as leave:  # argparse, after a --help
                code = leave.code if isinstance(leave.code, int) else DONE
            sys.stdout.flush()
            return code
    except UsageError as error:
        complain(error.message)
        return USAGE
    except MoorageError as error:
        complain(error.message)
        return FAILED
    except KeyboardInterrupt as interrupt:
        number = getattr(interrupt, "number", signal.SIGINT)
        what = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        with contextlib.suppress(KeyboardInterrupt):  # a second one: leave now
            complain("\n".join((what, *getattr(interrupt, "lines", ()))))
        return 128 + number
    except OSError as error:
        # Ours name their file; one without is stdout itself: a closed pipe, a full disk.
        ours = error.errno not in _STDOUT_TROUBLE or error.filename is not None
        return _fault(error, state_folder) if ours else unwritable(error)
    except Exception as error:  # noqa: BLE001 - the one place where a fault becomes a report
        return _fault(error, state_folder)


def complain(message: str, *, kind: str = "") -> None:
    """``moorage: message`` on stderr, for each of its lines. A stderr that takes nothing is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        for line in message.splitlines():
            print(f"moorage: {kind}{line}", file=sys.stderr)


def warn(message: str) -> None:
    complain(message, kind="warning: ")


def is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return isatty is not None and bool(isatty())
    except ValueError:  # it is closed
        return False


def unwritable(error: OSError) -> int:
    """stdout takes nothing more: quietly when nobody reads it, with a line otherwise."""
    _discard_stdout()
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    complain(f"cannot write the output: {os.strerror(error.errno or 0)}")
    return FAILED


def _open_what_is_closed() -> None:
    """``moorage … >&-`` leaves no stdout: what is printed goes nowhere, and no socket gets its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _never_fail_to_encode() -> None:
    """In a locale without …, what cannot be written is escaped instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_stdout() -> None:
    """Python flushes stdout at its exit, and would complain of the closed pipe once more."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _fault(error: BaseException, state_folder: Callable[[], Path]) -> int:
    from app.model.safe_text import safe_line

    where = _written_report(error, state_folder)
    what = safe_line(f"{type(error).__name__}: {error}")[:200]
    complain(f"this is a fault of Moorage: {what}; {where}")
    return FAULT


def _written_report(error: BaseException, state_folder: Callable[[], Path]) -> str:
    """Where the report is, in words. It has the calls, but never the values of variables: these may be secrets."""
    import time
    import traceback

    from app import __version__
    from app.model.safe_text import safe

    trace = "".join(traceback.format_exception(error, limit=-50))
    if os.environ.get("MOORAGE_DEBUG") == "1":
        with contextlib.suppress(OSError, ValueError):
            print(safe(trace), file=sys.stderr, end="")
    text = f"Moorage {__version__}, Python {sys.version}, {sys.platform}\n\n{trace}"
    name = f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{time.monotonic_ns() % 1_000_000:06}.txt"
    try:
        folder = state_folder()
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = folder / name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as report:
            report.write(safe(text))
    except Exception:  # noqa: BLE001 - whatever keeps the report from being written, the fault itself is told
        return "no report could be written; MOORAGE_DEBUG=1 prints it"
    return f"a report is in {path}"


def _terminal_is_gone(error: BaseException) -> bool:
    """Whoever closes the window makes no mistake that a report could help with."""
    return isinstance(error, OSError) and error.errno == errno.EIO and error.filename is None


@contextlib.contextmanager
def _no_traceback_of_threads(state_folder: Callable[[], Path]) -> Iterator[None]:
    """A fault in a thread is told like any other; the program goes on."""
    import threading

    def told(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is not None and not isinstance(error, SystemExit) and not _terminal_is_gone(error):
            _fault(error, state_folder)

    before = threading.excepthook
    threading.excepthook = told
    try:
        yield
    finally:
        threading.excepthook = before
