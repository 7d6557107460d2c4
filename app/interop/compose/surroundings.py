"""What a Compose file takes from around it: variables, and the files that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.interop.compose import values
from app.interop.compose.env_file import BadFile, raw_variables, read_variables
from app.interop.compose.notes import Notes
from app.interop.compose.variables import Variables
from app.model.errors import DocumentError, MoorageError
from app.model.locations import Location, short
from app.model.strict_json import decode_utf8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a Compose file takes from around it.

    Attributes:
        environment: the process's variables; they win over ``.env``.
        folder: absolute path of the file's folder, for its relative paths; its last part names the project.
        read: the bytes of a file by its path relative to the folder. Raises FileNotFoundError, or MoorageError for
            one that may not be read.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    read: Callable[[str], bytes] | None = None

    def file(self, path: str) -> bytes:
        if self.read is None:
            raise MoorageError("no other files are read here")
        return self.read(path)


def known_variables(around: Surroundings, notes: Notes) -> Variables:
    """Those of ``.env``, and the process's over them."""
    outside = Variables(around.environment)
    try:
        data = around.file(".env") if around.read is not None else b""
    except FileNotFoundError:
        return outside
    except MoorageError as error:
        notes.error((".env",), error.message, "correct it")
        return outside
    found = _variables_of(data, outside, (".env",), notes)
    return outside.with_known({**found, **around.environment})


class VariableFiles:
    """Puts what ``env_file`` and ``label_file`` say into ``environment`` and ``labels``, whose own entries win."""

    def __init__(self, around: Surroundings, variables: Variables, notes: Notes) -> None:
        self._around = around
        self._variables = variables
        self._notes = notes
        self._read: dict[tuple[str, bool], dict[str, str]] = {}

    def into(self, service: dict[str, Any], at: Location) -> None:
        for key, goal in (("env_file", "environment"), ("label_file", "labels")):
            if service.get(key) is None:
                continue
            found: dict[str, str] = {}
            given = service[key] if isinstance(service[key], list) else [service[key]]
            for index, item in enumerate(given):
                found.update(self._one(item, (*at, key, index)))
            if found:
                problem = f"its {len(found)} entries are written into {goal} of the definition"
                self._notes.lose((*at, key), problem, "use secrets for what nobody may read there")
            service[goal] = {**found, **values.pairs(service.get(goal), (*at, goal), self._notes)}

    def _one(self, item: Any, at: Location) -> dict[str, str]:
        notes = self._notes
        given = notes.fields(item, at, ("path", "required", "format")) if isinstance(item, dict) else {"path": item}
        path = values.text(given.get("path"), at, notes)
        required = values.boolean(given.get("required", True), (*at, "required"), notes)
        if given.get("format") not in (None, "raw"):
            notes.error((*at, "format"), "is no format", "write raw, or leave it out")
        if path is None:
            return {}
        relative = posixpath.normpath(path)
        if relative.startswith(("/", "../")) or relative in ("..", "."):
            notes.error(at, "is outside the folder of the Compose file", "copy it there")
            return {}
        key = (relative, given.get("format") == "raw")
        if key not in self._read:
            self._read[key] = self._file(relative, at, raw=key[1], required=required is not False)
        return self._read[key]

    def _file(self, path: str, at: Location, *, raw: bool, required: bool) -> dict[str, str]:
        try:
            data = self._around.file(path)
        except FileNotFoundError:
            if required:
                self._notes.error(at, f"{short(path)}: no such file", "put it there, or write required: false")
            else:
                self._notes.lose(at, f"{short(path)}: no such file", "it is not required")
            return {}
        except MoorageError as error:
            self._notes.error(at, error.message, "use another file")
            return {}
        return _variables_of(data, self._variables, at, self._notes, raw=raw, name=path)


def _variables_of(
    data: bytes, variables: Variables, at: Location, notes: Notes, *, raw: bool = False, name: str = ""
) -> dict[str, str]:
    prefix = f"{short(name)}: " if name else ""
    missing: dict[str, None] = {}
    try:
        text = decode_utf8(data, name or str(at[-1]))
        found = raw_variables(text) if raw else read_variables(text, variables, missing.setdefault)
    except BadFile as bad:
        notes.error(at, f"{prefix}line {bad.line}: {bad.problem}", bad.remedy)
        return {}
    except DocumentError as error:
        notes.error(at, f"{prefix}{error.findings[0].path}: {error.findings[0].problem}", error.findings[0].remedy)
        return {}
    for key in missing:
        notes.lose(at, f"{prefix}the variable {short(key)} is not set", "it is empty")
    return found
