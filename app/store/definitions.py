"""Task definitions: ``task-definitions/FAMILY/N.json``, the registered bytes, written once and never changed.

A revision exists from the moment that its file is linked in place; the link decides between two writers, so a number
is given once (ECS semantics 1.3; reliability, row 20). What may change is in the sidecar ``N.toml``. Of a revision
that was made from a CloudFormation template, the template is kept beside it: ``N.cloudformation.yaml`` or ``.json``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.model.strict_json import MAX_BYTES, parse_json
from app.store import atomic
from app.store.home import Home
from app.store.listing import Stamp, file_names, stamp
from app.store.names import check_no_twin, checked_file_name
from app.store.reading import broken, read_file
from app.store.revision_files import (
    FILE,
    MAX_REVISION,
    RevisionConflict,
    Template,
    TemplateSuffix,
    claim,
    numbered,
    template_path,
)
from app.store.sidecar import DefinitionStatus, Sidecar, checked_note, read_sidecar, render_sidecar

_CLIENT = "ClientException"
# By whether it is a sidecar: these are written after the document, templates before it.
_ORPHANS = {True: "restore that file from a backup", False: "remove it: its registration was cut off"}


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
    note: str = ""


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

    def template(self, family: str, revision: int) -> Template | None:
        """The template that a revision was made from; None for one that was registered as JSON of ECS.

        Raises as ``read``.
        """
        self.read(family, revision)
        for suffix in get_args(TemplateSuffix):
            path = template_path(self._folder / family, revision, suffix)
            try:
                return Template(read_file(path, MAX_BYTES, follow=False), suffix)
            except FileNotFoundError:
                continue
        return None

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

    def register(
        self,
        family: str,
        document: bytes,
        by: str,
        now: datetime,
        template: Template | None = None,
        *,
        note: str = "",
        expected: int | None = None,
    ) -> StoredRevision:
        """Store a document as the next revision: one more than the highest ever, never one that was used.

        Once this returns the revision survives a power cut. A process that dies in between leaves either nothing or a
        whole revision; one whose sidecar could not be written any more is ACTIVE, by nobody and without its note.

        Args:
            document: the registered bytes, kept as they are; at most 1 MiB.
            by: who registers; ``now``: when, aware.
            template: what the document was made from, kept beside it.
            note: why, for people; at most 1,000 characters.
            expected: the revision that must be the family's highest, 0 for none; None where that does not matter.

        Raises:
            RevisionConflict: another is the highest. MoorageError: bad name, a twin by case alone, a document or note
                too large, or the file cannot be written.
        """
        checked_file_name("family", family, code=_CLIENT)
        check_no_twin("family", family, self._folders(), code=_CLIENT)
        self._check_folder(family)
        note = checked_note(note)
        size = max(len(document), len(template.data) if template else 0)
        if size > MAX_BYTES:
            raise MoorageError(f"the document has {size:,} bytes; the limit is {MAX_BYTES:,}: make it smaller")
        folder = self._folder / family
        atomic.make_folder(folder)
        atomic.sweep(folder)
        # One at a time: a template is written before the link that claims its number, and must not be another's.
        with atomic.locked(folder / "register"):
            if expected is not None and expected != (highest := max(self._numbers(family), default=0)):
                raise RevisionConflict(family, highest, expected)
            revision = claim(folder, document, template)
        sidecar = Sidecar("ACTIVE", now.astimezone(UTC), by, note=note)
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

    def _path(self, family: str, revision: int) -> Path:
        return self._folder / family / f"{int(revision)}.json"

    def _folders(self) -> list[str]:
        return [name for name in file_names(self._folder) if _is_family(name) and _is_plain_folder(self._folder / name)]

    def _numbers(self, family: str) -> list[int]:
        folder = self._folder / family
        if not _is_plain_folder(folder):
            return []
        return sorted(number for number, suffix in numbered(folder) if suffix == "json")

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
            match = FILE.fullmatch(name)
            if _is_ours(name):
                continue
            if match is None:
                yield broken(path, "is no file of a task definition", "move it elsewhere")
            elif int(match[1]) not in documents:
                yield broken(path, f"belongs to {match[1]}.json, which is not there", _ORPHANS[match[2] == "toml"])
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
        sidecar.note,
    )


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
