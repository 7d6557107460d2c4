"""The files of Docker's contexts on this machine, read within budgets: ``$DOCKER_CONFIG`` or ``~/.docker``.

Nothing is ever written there. config.json holds credentials too: nobody but the reader of one member sees it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.model.endpoint import TlsFiles
from app.model.errors import DocumentError, Finding
from app.store.home import user_folder
from app.store.reading import read_file

MAX_CONTEXTS = 200
_MAX_META = 64 * 1024
_MAX_CONFIG = 1024 * 1024
_FOLDER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ContextFile:
    """``folder``: the sha256 that names it. ``tls``: what is stored beside it for its endpoint; nothing: None."""

    folder: str
    path: str
    data: bytes = field(repr=False)
    tls: TlsFiles | None


@dataclass(frozen=True, slots=True)
class ContextFiles:
    """What there is to read. ``broken``: what could not be read, and why; it hides nothing else."""

    contexts: tuple[ContextFile, ...]
    config: bytes | None = field(repr=False)
    config_path: str
    broken: tuple[DocumentError, ...]


def read_context_files(environ: Mapping[str, str]) -> ContextFiles:
    """Every context's file, in the order of their folders, and config.json. Raises nothing."""
    root = docker_folder(environ)
    broken: list[DocumentError] = []
    contexts = [found for folder in _folders(root, broken) if (found := _read(root, folder, broken)) is not None]
    config_file = root / "config.json"
    config = None
    try:
        config = read_file(config_file, _MAX_CONFIG)
    except FileNotFoundError:
        pass
    except DocumentError as error:
        broken.append(error)
    return ContextFiles(tuple(contexts), config, str(config_file), tuple(broken))


def docker_folder(environ: Mapping[str, str]) -> Path:
    """Where the ``docker`` command keeps its configuration."""
    if given := environ.get("DOCKER_CONFIG"):
        return Path(given)
    return user_folder(environ) / ".docker"


def _folders(root: Path, broken: list[DocumentError]) -> list[str]:
    folder = root / "contexts" / "meta"
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if _FOLDER.fullmatch(entry.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
        broken.append(DocumentError(str(folder), [Finding("", why, "check who owns it and its mode")]))
        return []
    if len(names) > MAX_CONTEXTS:
        problem = f"has {len(names):,} contexts; the first {MAX_CONTEXTS} are read"
        broken.append(DocumentError(str(folder), [Finding("", problem, "remove some with docker context rm")]))
    return names[:MAX_CONTEXTS]


def _read(root: Path, folder: str, broken: list[DocumentError]) -> ContextFile | None:
    path = root / "contexts" / "meta" / folder / "meta.json"
    try:
        data = read_file(path, _MAX_META)
    except FileNotFoundError:
        broken.append(DocumentError(str(path), [Finding("", "there is no such file", "remove its folder")]))
    except DocumentError as error:
        broken.append(error)
    else:
        return ContextFile(folder, str(path), data, _files(root / "contexts" / "tls" / folder / "docker"))
    return None


def _files(folder: Path) -> TlsFiles | None:
    try:
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
    except OSError:
        return None
    ca, cert, key = (str(folder / name) if name in names else "" for name in ("ca.pem", "cert.pem", "key.pem"))
    return TlsFiles(ca, cert, key) if ca or cert or key else None
