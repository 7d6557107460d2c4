"""A tar archive as its bytes come: what is in it, by size and digest, and the content of what is small. Pure."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

_BLOCK = 512
KEPT = 1 << 18
"""Bytes of a file whose content is kept."""
_MOST_KEPT = 16 << 20
_MOST_MEMBERS = 200_000
_GZIP = b"\x1f\x8b"


class Member(NamedTuple):
    """``content``: empty when it was not kept. ``link``: what a link points to. ``folder``: it is one."""

    name: str
    size: int
    digest: str
    content: bytes
    link: str
    folder: bool


class BrokenArchiveError(ValueError):
    """It is no tar archive, too large in what must be kept, or ends in the middle."""


class TarReader:
    """Feed it, gzipped or not; ``end`` says whether that was all. Both raise BrokenArchiveError.

    ``unread``: the name of a file whose bytes are only counted.
    """

    def __init__(self, unread: str = "") -> None:
        self._unread = unread
        self._unzip: Any = None
        self._begun = self._over = False
        self._first = b""
        self._data = bytearray()
        self._entry: tarfile.TarInfo | None = None
        self._left = self._skip = 0
        self._digest = hashlib.sha256()
        self._content = bytearray()
        self._kept = self._count = 0
        self._long_name = ""

    def feed(self, data: bytes) -> Iterator[Member]:
        """The files that are whole by now."""
        if not self._begun:
            data = self._first = self._first + data
            if len(data) < len(_GZIP):
                return
            self._begun, self._first = True, b""
            if data.startswith(_GZIP):
                self._unzip = zlib.decompressobj(31)
        try:
            self._data += self._unzip.decompress(data) if self._unzip is not None else data
        except zlib.error:
            raise BrokenArchiveError("gzip: invalid header") from None
        while not self._over:
            if self._entry is None:
                if len(self._data) < self._skip + _BLOCK:
                    break
                self._begin()
            elif self._take():
                member = self._finish(self._entry)
                self._entry = None
                if member is not None:
                    yield member
            else:
                break
        if self._over:
            self._data.clear()

    def end(self) -> None:
        if self._entry is not None or (len(self._data) > self._skip and not self._over) or not self._begun:
            raise BrokenArchiveError("unexpected EOF")

    def _begin(self) -> None:
        del self._data[: self._skip]
        self._skip = 0
        block = bytes(self._data[:_BLOCK])
        if not block.strip(b"\0"):
            self._over = True
            return
        try:
            entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError:
            raise BrokenArchiveError("archive/tar: invalid tar header") from None
        self._count += 1
        if entry.size < 0 or self._count > _MOST_MEMBERS:
            raise BrokenArchiveError("archive/tar: invalid tar header")
        del self._data[:_BLOCK]
        has_bytes = entry.type not in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE)
        self._entry, self._left = entry, entry.size if has_bytes else 0
        self._digest, self._content = hashlib.sha256(), bytearray()

    def _take(self) -> bool:
        """More of the file; is it whole?"""
        assert self._entry is not None
        part = bytes(self._data[: self._left])
        del self._data[: len(part)]
        self._left -= len(part)
        if self._entry.name != self._unread:
            self._digest.update(part)
            if self._entry.size <= KEPT:
                self._content += part
        return not self._left

    def _finish(self, entry: tarfile.TarInfo) -> Member | None:
        self._skip = -entry.size % _BLOCK if entry.isreg() or entry.type in _NAMING else 0
        content = bytes(self._content)
        if entry.type in _NAMING:
            self._long_name = _name_told(entry.type, content) or self._long_name
            return None
        self._kept += len(content)
        if self._kept > _MOST_KEPT:
            content = b""
        name, self._long_name = self._long_name or entry.name, ""
        size = entry.size if entry.isreg() else 0
        link = entry.linkname if entry.issym() or entry.islnk() else ""
        return Member(name.removeprefix("./").rstrip("/"), size, self._digest.hexdigest(), content, link, entry.isdir())


_NAMING = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
"""What stands before a file and says more of it."""


def _name_told(kind: bytes, content: bytes) -> str:
    if kind == tarfile.GNUTYPE_LONGNAME:
        return content.rstrip(b"\0").decode("utf-8", "surrogateescape")
    if kind == tarfile.XHDTYPE:
        for line in content.split(b"\n"):
            name, _, value = line.partition(b" ")[2].partition(b"=")
            if name == b"path":
                return value.decode("utf-8", "surrogateescape")
    return ""
