"""A parsed Compose file → its project: the services that take part, each whole, with all variables in place."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.interop.compose import values
from app.interop.compose.keys import NO_PLACE_AT_THE_TOP, TOP_LEVEL
from app.interop.compose.merge import over, rebased
from app.interop.compose.notes import Notes, listed
from app.interop.compose.surroundings import Surroundings, VariableFiles
from app.interop.compose.variables import Variables, interpolated
from app.interop.yaml_text import parse_yaml
from app.model.errors import DocumentError, MoorageError
from app.model.locations import Location, short

MAX_SERVICES = 200
MAX_EXTENDS = 8
MAX_MERGED = 200_000
"""Values that all ``extends`` of a file may copy."""

_PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]{0,200}")
_SERVICE = re.compile(r"[a-zA-Z0-9._-]{1,255}")


@dataclass(frozen=True, slots=True)
class ComposeOptions:
    """``split``: a definition for each service. ``family``, ``project_name``: "" for what the file says.

    ``builds``: who asks builds images too, so that ``build`` of a service is no loss.
    """

    split: bool = False
    family: str = ""
    profiles: tuple[str, ...] = ()
    project_name: str = ""
    builds: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """``services``: those that take part, their variables whole. ``inactive``: those whose profile is not asked for."""

    name: str
    services: dict[str, dict[str, Any]]
    inactive: frozenset[str]
    volumes: Mapping[str, Any]
    environment: Mapping[str, str]
    builds: bool = False


def load_project(
    document: Mapping[str, Any], variables: Variables, options: ComposeOptions, around: Surroundings, notes: Notes
) -> Project:
    """Everything but the mapping itself. ``document``: its variables in place. Mistakes go into ``notes``."""
    top = notes.fields(document, (), TOP_LEVEL)
    if top.get("include") is not None:
        notes.error(("include",), "is not taken", "write its services here, or use extends")
    for key, (problem, remedy) in NO_PLACE_AT_THE_TOP.items():
        if top.get(key):
            notes.lose((key,), problem, remedy)
    name = project_name(top, options, around, variables.known, notes)
    loader = _Loader(top.get("services"), around, variables, notes)
    services = loader.services()
    profiles = options.profiles or tuple(filter(None, variables.known.get("COMPOSE_PROFILES", "").split(",")))
    active = {key: item for key, item in services.items() if _takes_part(item, profiles, ("services", key), notes)}
    if services and not active:
        notes.error(("services",), "all have profiles, and none is asked for", "choose with --profile")
    files = VariableFiles(around, variables, notes)
    for key, item in active.items():
        files.into(item, ("services", key))
    volumes = top.get("volumes")
    declared = volumes if isinstance(volumes, dict) else {}
    if volumes is not None and not isinstance(volumes, dict):
        notes.error(("volumes",), "is no mapping", "write a name in each line")
    inactive = frozenset(services.keys() - active.keys())
    return Project(name, active, inactive, declared, variables.known, options.builds)


def project_name(
    top: Mapping[str, Any], options: ComposeOptions, around: Surroundings, known: Mapping[str, str], notes: Notes
) -> str:
    """By Compose's order: the option, COMPOSE_PROJECT_NAME, ``name``, the folder."""
    given = options.project_name or known.get("COMPOSE_PROJECT_NAME", "") or values.as_text(top.get("name")) or ""
    if given:
        if not _PROJECT.fullmatch(given):
            remedy = "use a-z, 0-9, _ and -, beginning with a letter or digit"
            notes.error(("name",), "is no name of a project", remedy)
        return given
    folder = posixpath.basename(around.folder.rstrip("/")).lower()
    name = re.sub(r"[^a-z0-9_-]", "", folder).lstrip("_-")[:200]
    if not name:
        notes.error(("name",), "the project has no name, and its folder has none to take", "give --project-name")
    return name


class _Loader:
    """The services of a file, with what they extend."""

    def __init__(self, services: Any, around: Surroundings, variables: Variables, notes: Notes) -> None:
        self._around = around
        self._variables = variables
        self._notes = notes
        self._files: dict[str, Mapping[str, Any]] = {"": self._checked(services, ("services",))}
        self._copied = 0

    def services(self) -> dict[str, dict[str, Any]]:
        own = self._files[""]
        if not own:
            self._notes.error(("services",), "has no services", "write one, with its image")
        return {name: self._whole("", name, ("services", name), ()) for name in own}

    def _checked(self, services: Any, at: Location) -> Mapping[str, Any]:
        if not isinstance(services, dict):
            if services is not None:
                self._notes.error(at, "is no mapping", "write a name and its service")
            return {}
        if len(services) > MAX_SERVICES:
            self._notes.refuse(at, f"more than {MAX_SERVICES} services", "make several files of it")
        for name, service in services.items():
            if not _SERVICE.fullmatch(name):
                self._notes.error((*at, name), "is no name of a service", "use letters, digits, ., _ and -")
            if not isinstance(service, dict):
                self._notes.error((*at, name), "is no mapping", "write its image")
        return {name: service if isinstance(service, dict) else {} for name, service in services.items()}

    def _whole(self, file: str, name: str, at: Location, way: tuple[tuple[str, str], ...]) -> dict[str, Any]:
        service: dict[str, Any] = dict(self._files[file][name])
        extends, where = service.pop("extends", None), (*at, "extends")
        if extends is None:
            return service
        given = (
            {"service": extends}
            if isinstance(extends, str)
            else self._notes.fields(extends, where, ("service", "file"))
        )
        target, other = values.as_text(given.get("service")), values.as_text(given.get("file"))
        if not target:
            self._notes.error(where, "does not say which service", "write service: NAME")
            return service
        path = file if other is None else self._path(file, other, where)
        if path is None or not self._open(path, where):
            return service
        if target not in self._files[path]:
            self._notes.error(where, "extends a service that is not there", listed(self._files[path]))
            return service
        if (path, target) in (*way, (file, name)):
            self._notes.error(where, "extends itself in a circle", "take one of them away")
            return service
        if len(way) >= MAX_EXTENDS:
            self._notes.error(where, f"extends more than {MAX_EXTENDS} deep", "make it flatter")
            return service
        base = self._whole(path, target, at, (*way, (file, name)))
        folder = posixpath.relpath(posixpath.dirname(path) or ".", posixpath.dirname(file) or ".")
        base = base if folder == "." else rebased(base, folder)
        return {**base, **{key: over(base.get(key), item, key, self._spend) for key, item in service.items()}}

    def _spend(self, amount: int) -> None:
        self._copied += amount
        if self._copied > MAX_MERGED:
            self._notes.refuse(("services",), f"extends copies more than {MAX_MERGED:,} values", "extend less")

    def _path(self, file: str, other: str, at: Location) -> str | None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), other))
        if path.startswith(("/", "../")) or path in ("..", "."):
            self._notes.error((*at, "file"), "is outside the folder of the Compose file", "copy it there")
            return None
        return path

    def _open(self, path: str, at: Location) -> bool:
        if path in self._files:
            return True
        try:
            document = parse_yaml(self._around.file(path), path)
        except FileNotFoundError:
            self._notes.error((*at, "file"), f"{short(path)}: no such file", "put it there")
            return False
        except DocumentError as error:
            self._notes.error((*at, "file"), f"{short(path)}: {error.findings[0].path}: {error.findings[0].problem}",
                              error.findings[0].remedy)  # fmt: skip
            return False
        except MoorageError as error:
            self._notes.error((*at, "file"), error.message, "use another file")
            return False
        inner = Notes(path)
        document = interpolated(document, self._variables, inner)
        services = self._checked(document.get("services") if isinstance(document, dict) else None, ("services",))
        for _, problem, remedy in inner.errors:
            self._notes.error((*at, "file"), f"{short(path)}: {problem}", remedy)
        self._files[path] = services
        return True


def _takes_part(service: Mapping[str, Any], chosen: tuple[str, ...], at: Location, notes: Notes) -> bool:
    profiles = values.texts(service.get("profiles"), (*at, "profiles"), notes)
    return not profiles or "*" in chosen or any(profile in chosen for profile in profiles)
