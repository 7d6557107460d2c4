"""Where an argument's bytes come from: the argument itself, ``file://PATH``, or ``-`` for stdin."""

from __future__ import annotations

import difflib
import os
import stat
import sys
from typing import Any

from app.model.errors import MoorageError
from app.model.strict_json import MAX_BYTES, parse_json


def read_source(text: str, flag: str, *, bare_is_json: bool) -> tuple[bytes, str]:
    """The bytes, at most one more than 1 MiB, and what errors are to call them.

    ``bare_is_json``: text that is no ``file://`` is JSON itself; otherwise it is a path, unless it begins with ``{``.

    Raises MoorageError: the file cannot be read.
    """
    if text == "-":
        return _standard_input(), "stdin"
    if text.startswith("file://"):
        return _file(text.removeprefix("file://"))
    if bare_is_json or text.lstrip()[:1] in ("{", "["):
        return os.fsencode(text), flag
    return _file(text)


def read_json(text: str, flag: str, *, bare_is_json: bool) -> Any:
    """The value of a JSON argument. Raises DocumentError with line and column."""
    return parse_json(*read_source(text, flag, bare_is_json=bare_is_json))


def _standard_input() -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    return stream.read(MAX_BYTES + 1) if stream is not None else os.fsencode(sys.stdin.read(MAX_BYTES + 1))


def _file(name: str) -> tuple[bytes, str]:
    path = os.path.expanduser(name)
    try:
        # A pipe is fine (<(…) of a shell gives one); a device or a socket is not.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_CLOEXEC)) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                raise MoorageError(f"{path}: is not a file")
            return file.read(MAX_BYTES + 1), path
    except FileNotFoundError:
        raise MoorageError(f"{path}: no such file{_near(path)}") from None
    except OSError as error:
        raise MoorageError(f"{path}: cannot be read: {os.strerror(error.errno or 0)}") from None
    except ValueError:
        raise MoorageError(f"{path!r} is no path") from None


def _near(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        close = difflib.get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return f"; the folder {folder} cannot be read"
    return f"; did you mean {os.path.join(folder, close[0])}?" if close else ""
