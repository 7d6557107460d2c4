"""The folder that a build is made of: which Dockerfile, which ``.dockerignore``, and what is to be sent."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.interop.dockerfile import MOST_BYTES as MOST_DOCKERFILE_BYTES
from app.interop.dockerfile import instructions
from app.interop.dockerignore import MOST_BYTES as MOST_IGNORE_BYTES
from app.interop.dockerignore import NOTHING_IGNORED, IgnoreRules, parse_dockerignore
from app.model.errors import MoorageError
from app.operations.images.context_tar import tar_pieces
from app.operations.images.context_walk import IGNORE_FILE, OPEN, Entry, Walk, why


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What ``find_context`` found.

    Attributes:
        dockerfile: its path in what is sent; ``text``: what it says.
        total: bytes of all files.
        skipped: paths of what cannot be sent: sockets, pipes and devices.
    """

    folder: str
    dockerfile: str
    text: str
    total: int
    skipped: tuple[str, ...]
    _entries: tuple[Entry, ...] = field(repr=False)

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        """The tar, each piece with how many bytes of files it has. Raises MoorageError, in one line."""
        return tar_pieces(self.folder, self._entries)


def find_context(path: str, dockerfile: str = "", go_on: Callable[[], object] = lambda: None) -> BuildContext:
    """What is to be sent of the folder ``path``, by its ``.dockerignore`` or the one of its Dockerfile.

    Args:
        dockerfile: from where we are, as Docker has it; "": the folder's own.
        go_on: called now and then; it may raise to end the walk.

    Raises MoorageError, in one line.
    """
    folder = _real_folder(path)
    name, data = _dockerfile(folder, path, dockerfile)
    text = data.decode("utf-8", "replace")
    if next(instructions(text), None) is None:
        raise MoorageError(f"{dockerfile or name}: the Dockerfile is empty; begin it with FROM")
    ignore_name, ignored = _ignore_file(folder, name)
    rules = _rules(ignore_name, ignored)
    outside = os.path.isabs(name)
    instead: dict[str, bytes] = {}
    if outside:
        # As Docker's client does: under a name that nothing in the folder has, and that COPY leaves out.
        name = f".dockerfile.{secrets.token_hex(10)}"
        instead = {name: data, IGNORE_FILE: _own_ignore_file(folder) + f"\n{IGNORE_FILE}\n{name}\n".encode()}
    found = Walk(folder, rules.sending(name, IGNORE_FILE), instead, go_on)
    found.walk()
    entries = [*found.entries, *(_given(given, content) for given, content in instead.items())]
    return BuildContext(folder, name, text, found.total, tuple(found.skipped), tuple(entries))


# --- what the call names -------------------------------------------------------------------------------------------


def _real_folder(path: str) -> str:
    if path == "-" or "://" in path or path.startswith("git@"):
        raise MoorageError(f"{path}: the context is a folder of this machine; fetch it first, and name the folder")
    try:
        folder = os.path.realpath(path, strict=True)
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise MoorageError(f"{path}: is no folder; name the folder, and its Dockerfile by --file")
    except (OSError, ValueError) as error:
        raise MoorageError(f"{path}: {why(error)}; name a folder to build") from None
    return folder


def _dockerfile(folder: str, path: str, given: str) -> tuple[str, bytes]:
    """Its path from the folder, or an absolute one if it is outside, and what is in it."""
    if given == "-":
        raise MoorageError("--file -: a Dockerfile is not read from stdin; write it into a file")
    there = os.path.abspath(given) if given else os.path.join(folder, "Dockerfile")
    if not given and not os.path.lexists(there) and os.path.lexists(os.path.join(folder, "dockerfile")):
        there = os.path.join(folder, "dockerfile")
    try:
        real = os.path.realpath(there, strict=True)
        data = _read(real, MOST_DOCKERFILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        where = given or os.path.join(path, "Dockerfile")
        raise MoorageError(f"{where}: there is no Dockerfile; name it by --file") from None
    except MoorageError as error:
        raise MoorageError(f"{given or there}: {error.message}") from None
    except (OSError, ValueError) as error:
        raise MoorageError(f"{given or there}: {why(error)}; name a Dockerfile that can be read") from None
    if _is_in(folder, real):
        return os.path.relpath(real, folder), data
    if not given:
        # Whoever made the folder would choose a file of this machine to be sent.
        raise MoorageError(f"{there}: is a link out of the folder; name the Dockerfile by --file if that is meant")
    return real, data


def _ignore_file(folder: str, dockerfile: str) -> tuple[str, bytes]:
    """The file that counts, and what is in it: ``NAME.dockerignore`` beside the Dockerfile goes before the folder's."""
    beside = os.path.join(folder, f"{dockerfile}{IGNORE_FILE}")
    own = os.path.join(folder, IGNORE_FILE)
    for name in (beside, own):
        try:
            real = os.path.realpath(name, strict=True)
            if not _is_in(folder, real) and (name == own or _is_in(folder, name)):
                raise MoorageError("is a link out of the folder; put the file itself there")
            return name, _read(real, MOST_IGNORE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except MoorageError as error:
            raise MoorageError(f"{name}: {error.message}") from None
        except OSError as error:
            raise MoorageError(f"{name}: {why(error)}") from None
    return "", b""


def _rules(name: str, data: bytes) -> IgnoreRules:
    try:
        return parse_dockerignore(data) if name else NOTHING_IGNORED
    except MoorageError as error:
        raise MoorageError(f"{name}: {error.message}") from None


def _is_in(folder: str, path: str) -> bool:
    return os.path.commonpath([folder, path]) == folder


def _own_ignore_file(folder: str) -> bytes:
    """As it is: another one may be what counts."""
    try:
        real = os.path.realpath(os.path.join(folder, IGNORE_FILE), strict=True)
        return _read(real, MOST_IGNORE_BYTES) if _is_in(folder, real) else b""
    except (OSError, MoorageError):
        return b""


def _read(path: str, limit: int) -> bytes:
    """A regular file. Raises OSError and MoorageError, the latter without the file's name."""
    handle = os.open(path, OPEN)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise MoorageError("is not a regular file")
        with os.fdopen(os.dup(handle), "rb") as file:
            data = file.read(limit + 1)
    finally:
        os.close(handle)
    if len(data) > limit:
        raise MoorageError(f"has more than the {limit:,} bytes allowed")
    return data


def _given(path: str, data: bytes) -> Entry:
    return Entry(path, stat.S_IFREG | 0o600, len(data), int(time.time()), data=data)
