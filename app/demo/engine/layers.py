"""Layers of simulated images: a size, and a small archive that stands for as many bytes. Pure."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_BLOCK = 512
_NOTE = "simulated-layer"
"""The one file in the archive of a layer: what it stands for."""


@dataclass(frozen=True)
class Layer:
    """``seed``: whatever makes it this layer; ``size`` in bytes. ``digest``: of a layer that came from a real engine,
    whose bytes nobody has kept; it is the same there and here.
    """

    seed: str
    size: int
    digest: str = ""

    @cached_property
    def diff_id(self) -> str:
        return self.digest or f"sha256:{hashlib.sha256(self.archive()).hexdigest()}"

    @property
    def short(self) -> str:
        """Twelve digits, as pulls and pushes name it."""
        return self.diff_id.removeprefix("sha256:")[:12]

    def archive(self) -> bytes:
        """Its tar file: a real engine takes it as it is, with a note in it instead of so many bytes."""
        note = {"seed": self.seed, "size": self.size, "stands_for": self.digest}
        return tar_entry(_NOTE, json.dumps(note).encode()) + END_OF_TAR


END_OF_TAR = bytes(2 * _BLOCK)


def tar_header(name: str, size: int) -> bytes:
    """``size`` bytes of a file follow it, and zeros up to the next block (``padding_of``)."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry.tobuf(tarfile.USTAR_FORMAT)


def padding_of(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def tar_entry(name: str, content: bytes) -> bytes:
    return tar_header(name, len(content)) + content + padding_of(len(content))


def layers_of(seed: str, sizes: Iterable[int]) -> tuple[Layer, ...]:
    """One above the other."""
    return tuple(Layer(f"{seed}/{number}", size) for number, size in enumerate(sizes))


def layer_from(archive: bytes, size: int, digest: str) -> Layer:
    """Of an archive's layer and its digest; ``archive`` may be empty when it was too large to be a note of ours."""
    if not archive.startswith(_NOTE.encode() + b"\0"):
        return Layer("", size, digest)
    try:
        note = json.loads(archive[_BLOCK : archive.index(b"\0", _BLOCK)])
        return Layer(str(note["seed"]), int(note["size"]), str(note["stands_for"]))
    except (ValueError, KeyError, TypeError):
        return Layer("", size, digest)
