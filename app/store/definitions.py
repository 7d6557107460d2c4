"""Task definitions: ``task-definitions/FAMILY/N.json``, the registered bytes, written once and never changed.

A revision exists from the moment that its file is linked in place; the link decides between two writers, so a number
is given once (ECS semantics 1.3; reliability, row 20). What may change is in the sidecar ``N.toml``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.model.strict_json import MAX_BYTES, parse_json
from app.store import atomic
from app.store.home import Home
from app.store.listing import Stamp, file_names, stamp
from app.store.names import check_no_twin, checked_file_name
from app.store.reading import broken, read_file
from app.store.sidecar import DefinitionStatus, Sidecar, read_sidecar, render_sidecar

MAX_REVISION = 2**31 - 1
_CLIENT = "ClientException"
_FILE = re.compile(r"([1-9][0-9]{0,9})\.(json|toml)")


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """One revision: the registered bytes, and aware times. ``registered_by`` is "" when nobody knows."""

    family: str
    revision: int
    document: bytes
    status: DefinitionStatus
    registered_at: datetime
    registered_by: str
    deregistered_at: datetime | None


class DefinitionStore:
    """The task definitions of a home folder. Holds no state: every call reads the files.

    Below the folder no symbolic link is followed. Names are checked before they touch a path.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.definitions

    def families(self) -> list[str]:
        """Every family with a revision, ACTIVE or not, sorted."""
        return [family for family in self._folders() if self._numbers(family)]

    def revisions(self, family: str) -> list[int]:
        """The revisions of a family, ascending; [] for an unknown one.

        Raises:
            MoorageError: the family's name is not valid.
        """
        checked_file_name("family", family, code=_CLIENT)
        return self._numbers(family)

    def read(self, family: str, revision: int) -> StoredRevision:
        """One revision.

        Raises:
            NotFoundError: no such family or revision; the message has the nearest.
            DocumentError: the document cannot be read, or its sidecar is broken: then its status is not known.
            MoorageError: the family's name is not valid.
        """
        checked_file_name("family", family, code=_CLIENT)
        self._check_folder(family)
        if not 1 <= revision <= MAX_REVISION:
            raise self._not_found(family, revision)
        path = self._path(family, revision)
        try:
            document = read_file(path, MAX_BYTES, follow=False)
            written = datetime.fromtimestamp(os.lstat(path).st_mtime, UTC)
        except FileNotFoundError:
            raise self._not_found(family, revision) from None
        sidecar = read_sidecar(path.with_suffix(".toml"), Sidecar("ACTIVE", written))
        return _stored(family, revision, document, sidecar)

    def latest_active(self, family: str) -> StoredRevision | None:
        """The highest revision that is ACTIVE; None if there is none. A broken revision hides no older one."""
        for revision in reversed(self.revisions(family)):
            try:
                found = self.read(family, revision)
            except (DocumentError, NotFoundError):
                continue  # told by problems()
            if found.status == "ACTIVE":
                return found
        return None

    def register(self, family: str, document: bytes, by: str, now: datetime) -> StoredRevision:
        """Store a document as the next revision: one more than the highest ever, never one that was used.

        Once this returns the revision survives a power cut. A process that dies in between leaves either nothing or a
        whole revision; one whose sidecar could not be written any more is ACTIVE, with nobody as ``registered_by``.

        Args:
            document: the registered bytes, kept as they are; at most 1 MiB.
            by: who registers; ``now``: when, aware.

        Raises:
            MoorageError: bad name, a twin by case alone, a document too large, or the file cannot be written.
        """
        checked_file_name("family", family, code=_CLIENT)
        check_no_twin("family", family, self._folders(), code=_CLIENT)
        if len(document) > MAX_BYTES:
            raise MoorageError(f"the document has {len(document):,} bytes; the limit is {MAX_BYTES:,}: make it smaller")
        folder = self._folder / family
        atomic.make_folder(folder)
        atomic.sweep(folder)
        revision = self._claim(folder, document)
        sidecar = Sidecar("ACTIVE", now.astimezone(UTC), by)
        path = self._path(family, revision).with_suffix(".toml")
        try:
            atomic.write_once(path, render_sidecar(sidecar, path), plain_folder=True)
        except MoorageError:
            # The revision is there for good; an error now would make the caller register it twice.
            return self.read(family, revision)
        return _stored(family, revision, document, sidecar)

    def deregister(self, family: str, revision: int, now: datetime) -> StoredRevision:
        """Make a revision INACTIVE; one that is so already is returned as it is. The document is not touched.

        Raises:
            NotFoundError, DocumentError: as ``read``; a broken sidecar is left alone.
            MoorageError: the sidecar cannot be written; the old one is whole.
        """
        self.read(family, revision)
        path = self._path(family, revision).with_suffix(".toml")
        with atomic.locked(path):
            found = self.read(family, revision)
            if found.status == "INACTIVE":
                return found
            old = read_sidecar(path, Sidecar("ACTIVE", found.registered_at))
            new = replace(old, status="INACTIVE", deregistered_at=now.astimezone(UTC))
            atomic.replace(path, render_sidecar(new, path))
        return _stored(family, revision, found.document, new)

    def fingerprint(self) -> tuple[Stamp, ...]:
        """Changes whenever a revision is added or a sidecar changes: one (path, mtime in ns, size, inode) each.

        One stat for each family and each sidecar; documents never change, so only their coming and going shows.
        """
        return tuple(found for found in self._stamps() if found is not None)

    def problems(self) -> list[DocumentError]:
        """Everything in the folder that is not as it should be. Reads every document: not for polling."""
        found: list[DocumentError] = []
        for name in file_names(self._folder):
            path = self._folder / name
            if _is_ours(name):
                continue
            if name in self._folders():
                found.extend(self._family_problems(name))
            else:
                found.append(broken(path, "is no folder with the name of a family", "move it elsewhere"))
        return found

    def _claim(self, folder: Path, document: bytes) -> int:
        highest = max((number for number, _ in _numbered(folder)), default=0)
        if highest >= MAX_REVISION:
            raise MoorageError(f"cannot register in {folder}: {highest} is the last revision that there can be")
        names = (f"{number}.json" for number in range(highest + 1, MAX_REVISION + 1))
        name = atomic.write_first_free(folder, names, document, plain_folder=True)
        if name is None:
            raise MoorageError(f"cannot register in {folder}: no revision number is free")
        return int(name.removesuffix(".json"))

    def _path(self, family: str, revision: int) -> Path:
        return self._folder / family / f"{int(revision)}.json"

    def _folders(self) -> list[str]:
        return [name for name in file_names(self._folder) if _is_family(name) and _is_plain_folder(self._folder / name)]

    def _numbers(self, family: str) -> list[int]:
        folder = self._folder / family
        if not _is_plain_folder(folder):
            return []
        return sorted(number for number, suffix in _numbered(folder) if suffix == "json")

    def _check_folder(self, family: str) -> None:
        path = self._folder / family
        if path.is_symlink():
            raise broken(path, "is a symbolic link, which is not followed here", "put the folder itself there")

    def _not_found(self, family: str, revision: int) -> NotFoundError:
        numbers = self._numbers(family)
        if not numbers:
            return NotFoundError("task definition family", family, self.families(), code=_CLIENT)
        known = [f"{family}:{number}" for number in numbers]
        return NotFoundError("task definition", f"{family}:{revision}", known, code=_CLIENT)

    def _stamps(self) -> Iterator[Stamp | None]:
        for family in self._folders():
            folder = self._folder / family
            yield stamp(family, folder)
            for name in file_names(folder):
                if name.endswith(".toml"):
                    yield stamp(f"{family}/{name}", folder / name)

    def _family_problems(self, family: str) -> Iterator[DocumentError]:
        folder = self._folder / family
        documents = set(self._numbers(family))
        for name in file_names(folder):
            path = folder / name
            match = _FILE.fullmatch(name)
            if _is_ours(name):
                continue
            if match is None:
                yield broken(path, "is no file of a task definition", "move it elsewhere")
            elif match[2] == "toml" and int(match[1]) not in documents:
                yield broken(path, f"belongs to {match[1]}.json, which is not there", "restore that file from a backup")
            elif match[2] == "json":
                yield from self._revision_problems(family, int(match[1]))

    def _revision_problems(self, family: str, revision: int) -> Iterator[DocumentError]:
        try:
            stored = self.read(family, revision)
            parse_json(stored.document, str(self._path(family, revision)))
        except DocumentError as error:
            yield error
        except NotFoundError:
            return  # removed since it was listed


def _stored(family: str, revision: int, document: bytes, sidecar: Sidecar) -> StoredRevision:
    return StoredRevision(
        family,
        revision,
        document,
        sidecar.status,
        sidecar.registered_at,
        sidecar.registered_by,
        sidecar.deregistered_at,
    )


def _numbered(folder: Path) -> Iterator[tuple[int, str]]:
    for name in file_names(folder):
        if match := _FILE.fullmatch(name):
            yield int(match[1]), match[2]


def _is_family(name: str) -> bool:
    try:
        checked_file_name("family", name)
    except MoorageError:
        return False
    return True


def _is_plain_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _is_ours(name: str) -> bool:
    return name.startswith((atomic.TEMPORARY_PREFIX, atomic.LOCK_PREFIX))
