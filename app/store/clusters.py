"""The cluster files: ``clusters/NAME.toml``, written by Moorage, edited by people, shared by git."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.store.atomic import locked, make_folder, remove, replace, sweep, write_once
from app.store.home import Home
from app.store.listing import Stamp, file_names, stamp
from app.store.names import check_no_twin, checked_file_name
from app.store.reading import broken, read_file
from app.store.toml_text import MAX_BYTES, TomlText, parse_toml, render_toml

if TYPE_CHECKING:
    # Only when a file is read: pydantic takes its time, and the first frame does not need it.
    from app.model.cluster import ClusterFile

SUFFIX = ".toml"
BACKUP_SUFFIX = ".toml.bak"
LONGEST_NAME = 255 - len(BACKUP_SUFFIX)
HEADER = "# Written by Moorage. Edit it freely: unknown keys are kept, comments go to NAME.toml.bak at the next change."


class ClusterStore:
    """The clusters of a home folder. Holds no state: every call reads the files, so any process may change them.

    A file that cannot be read is never rewritten, and hides no other.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.clusters

    def names(self) -> list[str]:
        """Every cluster file's name, sorted; also those of INACTIVE clusters and of broken files."""
        return [name for name in self._stems() if _is_valid(name)]

    def read(self, name: str) -> ClusterFile:
        """One cluster.

        Raises:
            NotFoundError: no such file (ClusterNotFoundException).
            DocumentError: the file is broken; findings with line and column.
        """
        return self._read(name)[0]

    def read_all(self) -> tuple[dict[str, ClusterFile], dict[str, DocumentError]]:
        """(clusters by name, what is wrong with the other files by the name of the file without ``.toml``)."""
        clusters: dict[str, ClusterFile] = {}
        errors: dict[str, DocumentError] = {}
        for name in self._stems():
            try:
                checked_file_name("cluster", name, LONGEST_NAME)
                clusters[name] = self.read(name)
            except NotFoundError:
                continue  # removed since it was listed
            except DocumentError as error:
                errors[name] = error
            except MoorageError as error:
                errors[name] = broken(self._path(name), error.message, "rename the file")
        return clusters, errors

    def create(self, name: str, scheduler: str = "", **members: Any) -> ClusterFile:
        """A new, empty, ACTIVE cluster; one that exists is returned, made ACTIVE again if need be (ECS CreateCluster).

        Args:
            scheduler: of a new one; "" for the built-in. ``members``: others of a new one's file.

        Raises:
            MoorageError: the name is not valid, or differs from another's by case alone.
            DocumentError: its file is there and broken.
        """
        checked_file_name("cluster", name, LONGEST_NAME)
        path = self._path(name)
        if not os.path.lexists(path):
            check_no_twin("cluster", name, self.names())
            make_folder(self._folder)
            sweep(self._folder)
            from app.model.cluster import ClusterFile

            write_once(
                path, _render(ClusterFile(name=name, scheduler=scheduler, **members), path)
            )  # False: another process was quicker
        cluster = self.read(name)
        return cluster if cluster.status == "ACTIVE" else self.update(name, _activated)

    def update(self, name: str, change: Callable[[ClusterFile], ClusterFile]) -> ClusterFile:
        """Apply a change to the cluster as it is in the file now, and save it: no change of another process is lost.

        Args:
            change: called once, with the lock held; it returns the new cluster, or raises to leave the file alone. A
                result that equals the old one is not written. The name cannot change.

        Returns:
            The saved cluster, validated.

        Raises:
            NotFoundError, DocumentError: as ``read``; the file is left alone. DocumentError also for a bad result.
            MoorageError: the file is locked for too long or cannot be written; the old one is whole.
        """
        path = self._existing(name)
        with locked(path):
            old, text = self._read(name)
            new = _validated(change(old), path)
            if new.name != old.name:
                raise MoorageError(f"cluster {old.name!r} cannot be renamed to {new.name!r}; create a new one")
            if new != old:
                data = _render(new, path)
                sweep(self._folder)
                self._keep_comments(name, text)
                replace(path, data)
            return new

    def delete(self, name: str) -> ClusterFile:
        """Remove a cluster without instances (of a symbolic link: the link alone); returns it as INACTIVE, as ECS does.

        Raises:
            NotFoundError, DocumentError: as ``read``.
            MoorageError: it has instances (ClusterContainsContainerInstancesException).
        """
        path = self._existing(name)
        with locked(path):
            cluster = self.read(name)
            if cluster.instances:
                raise MoorageError(
                    f"cluster {name!r} has {len(cluster.instances)} container instances; deregister them first",
                    code="ClusterContainsContainerInstancesException",
                )
            remove(path)
        return cluster.model_copy(update={"status": "INACTIVE"})

    def fingerprint(self) -> tuple[Stamp, ...]:
        """Changes whenever a cluster file does: one (name, mtime in ns, size, inode) each. One stat a file."""
        stamps = (stamp(name, self._folder / name) for name in self._files())
        return tuple(found for found in stamps if found is not None)

    def _files(self) -> list[str]:
        return [name for name in file_names(self._folder) if name.endswith(SUFFIX) and not name.startswith(".")]

    def _stems(self) -> list[str]:
        return sorted(name.removesuffix(SUFFIX) for name in self._files())

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"

    def _existing(self, name: str) -> Path:
        if not _is_valid(name) or not os.path.lexists(self._path(name)):
            raise NotFoundError("cluster", name, self.names(), code="ClusterNotFoundException")
        return self._path(name)

    def _read(self, name: str) -> tuple[ClusterFile, TomlText]:
        path = self._existing(name)
        try:
            text = parse_toml(read_file(path, MAX_BYTES), str(path))
        except FileNotFoundError:
            raise NotFoundError("cluster", name, self.names(), code="ClusterNotFoundException") from None
        from app.model.cluster import cluster_from_document

        cluster = cluster_from_document(text.values, str(path), text.place)
        if cluster.name != name:
            where = text.place(("name",))
            raise broken(path, f"{where}: it says {cluster.name!r}", f"write {name!r}, or rename the file", "name")
        return cluster, text

    def _keep_comments(self, name: str, text: TomlText) -> None:
        """TOML is written from the model alone, so what a person wrote between the lines is kept beside it."""
        if any(comment != HEADER for comment in text.comments()):
            replace(self._folder / f"{name}{BACKUP_SUFFIX}", text.encode())


def _is_valid(name: str) -> bool:
    try:
        checked_file_name("cluster", name, LONGEST_NAME)
    except MoorageError:
        return False
    return True


def _activated(cluster: ClusterFile) -> ClusterFile:
    return cluster.model_copy(update={"status": "ACTIVE"})


def _validated(cluster: ClusterFile, path: Path) -> ClusterFile:
    """model_copy checks nothing; what is written must be readable again."""
    from app.model.cluster import cluster_from_document

    return cluster_from_document(cluster.to_document(), str(path))


def _render(cluster: ClusterFile, path: Path) -> bytes:
    data = render_toml(cluster.to_document(), path, HEADER + "\n")
    if len(data) > MAX_BYTES:
        raise MoorageError(f"cannot write {path}: it would have {len(data):,} bytes; the limit is {MAX_BYTES:,}")
    return data
