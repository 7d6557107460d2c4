"""Compose files ⇄ task definitions: what other rooms call. Pure: files around one are read by a function handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.interop.compose.build import builds_of
from app.interop.compose.definition import Built, definitions_of
from app.interop.compose.export import EXTENSION, render_compose, to_compose
from app.interop.compose.keys import TOP_LEVEL
from app.interop.compose.notes import Notes
from app.interop.compose.places import places
from app.interop.compose.project import ComposeOptions, load_project, project_name
from app.interop.compose.surroundings import Surroundings, known_variables
from app.interop.compose.variables import Variables, interpolated
from app.interop.compose.way_back import with_edits
from app.model.deployment import ImageBuild
from app.model.errors import DocumentError, Finding
from app.model.locations import DocumentOrder, Location

__all__ = [
    "ComposeOptions",
    "ComposeRead",
    "Surroundings",
    "check_size",
    "is_compose",
    "name_of_project",
    "read_compose",
    "render_compose",
]

MAX_BYTES = 512 * 1024
"""Of a Compose file: more is no file that anybody wrote, and takes longer than anybody waits."""
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class ComposeRead:
    """The definitions of a file, what of it they cannot say, and the images to build, where somebody builds them."""

    project: str
    definitions: list[Built]
    losses: tuple[Finding, ...]
    builds: tuple[ImageBuild, ...] = ()


def check_size(data: bytes, source: str) -> None:
    """Raises DocumentError for what is too large for a Compose file; worth asking before it is parsed."""
    if len(data) > MAX_BYTES:
        remedy = f"the limit is {MAX_BYTES:,}: make several files of it"
        raise DocumentError(source, [Finding("", f"has {len(data):,} bytes", remedy)])


def is_compose(value: Any) -> bool:
    """Is the parsed document a Compose file?"""
    if not isinstance(value, dict) or "containerDefinitions" in value or "taskDefinition" in value:
        return False
    return "services" in value or ("include" in value and value.keys() <= TOP_LEVEL)


def read_compose(
    value: Mapping[str, Any], data: bytes, source: str, options: ComposeOptions, around: Surroundings
) -> ComposeRead:
    """The task definitions of a Compose file; of one that was exported from a definition, that definition.

    Args:
        value: the parsed document; ``data``: its bytes, for lines and columns of what is wrong.

    Raises:
        DocumentError: with every finding at once. No finding quotes a value.
    """
    check_size(data, source)
    notes = Notes(source)
    variables = known_variables(around, notes)
    document = interpolated(value, variables, notes)
    read = _restored(document, options, around, variables, notes) or _built(document, options, around, variables, notes)
    order = DocumentOrder(value)
    if notes.errors:
        notes.check(order, places(data, [at for at, _, _ in notes.errors]))
    return replace(read, losses=notes.losses(order))


def name_of_project(value: Mapping[str, Any], source: str, options: ComposeOptions, around: Surroundings) -> str:
    """The project's name alone, of a file whose services may be wrong. Raises DocumentError."""
    notes = Notes(source)
    variables = known_variables(around, notes)
    top = interpolated({"name": value.get("name")}, variables, notes)
    name = project_name(top, options, around, variables.known, notes)
    notes.check(DocumentOrder(value), {})
    return name


def _built(
    document: Mapping[str, Any], options: ComposeOptions, around: Surroundings, variables: Variables, notes: Notes
) -> ComposeRead:
    project = load_project(document, variables, options, around, notes)
    builds = builds_of(project, around.folder, notes) if options.builds else ()
    return ComposeRead(project.name, definitions_of(project, options, around.folder, notes), (), builds)


def _restored(
    document: Mapping[str, Any], options: ComposeOptions, around: Surroundings, variables: Variables, notes: Notes
) -> ComposeRead | None:
    """The definition under ``x-ecs``, with what was edited in the services; None when there is none to restore."""
    original, at = document.get(EXTENSION), (EXTENSION,)
    if original is None:
        return None
    if not _is_definition(original):
        notes.lose(at, "is no task definition", "the services alone are taken")
        return None
    if options.split:
        notes.lose(at, "has one definition for all services", "with --split the services alone are taken")
        return None
    exported = to_compose(original)
    as_it_was = {key: value for key, value in exported.items() if not key.startswith("x-")}
    as_it_is = {key: value for key, value in document.items() if not key.startswith("x-")}
    family = {"family": options.family} if options.family else {}
    if as_it_is == as_it_was:
        name = project_name(as_it_is, options, around, variables.known, notes)
        members = {**original, **family}
        return ComposeRead(name, [Built(str(members.get("family", name)), members, 1)], ())
    silent = Notes(notes.source)
    before = _built(as_it_was, options, around, variables, silent)
    after = _built(document, options, around, variables, notes)
    if notes.errors or silent.errors or not before.definitions or not after.definitions:
        if silent.errors:
            notes.lose(at, "is no definition that Compose can tell", "the services alone are taken")
        return after
    notes.forget(silent)
    merged, edits = with_edits(original, before.definitions[0].members, after.definitions[0].members)
    _tell(edits, at, notes)
    members = {**merged, **family}
    built = Built(str(members["family"]), members, after.definitions[0].replicas)
    return replace(after, definitions=[built])


def _tell(edits: list[str], at: Location, notes: Notes) -> None:
    if edits:
        told = ", ".join(edits[:_MOST_TOLD]) + (", …" if len(edits) > _MOST_TOLD else "")
        notes.lose(at, "the services were edited since the export", f"this goes over the definition: {told}")


def _is_definition(value: Any) -> bool:
    """Enough of one to be exported again; whether it is valid is found out when it is registered."""
    if not isinstance(value, dict) or not isinstance(value.get("family"), str):
        return False
    from pydantic import ValidationError

    from app.model.task_definition import TaskDefinition

    try:
        TaskDefinition.model_validate(value, by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True
