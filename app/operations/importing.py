"""Documents of every format → task definitions: ECS's JSON dialects, CloudFormation, Compose."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.interop.cloudformation import from_template, is_template
from app.interop.compose import ComposeOptions, Surroundings, check_size, is_compose, read_compose
from app.interop.intrinsics import SHORT_TAGS
from app.interop.yaml_text import parse_yaml
from app.model.definition_document import DefinitionDocument, parse_definition
from app.model.deployment import ImageBuild
from app.model.dialects import recognise
from app.model.errors import DocumentError, Finding, MoorageError, UsageError
from app.model.locations import short
from app.model.strict_json import MAX_BYTES, parse_json
from app.operations.compose_folder import ComposeFolder
from app.operations.definitions import Registered
from app.operations.documents import Incoming, as_document, read_incoming
from app.operations.session import Session
from app.placement.constraints import check_expressions
from app.store.revision_files import Template

MAX_DEFINITIONS = 100

_CONTAINER = re.compile(r"^containerDefinitions\[([0-9]+)\]\.?")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """``split``, ``profiles`` and ``project_name`` are for Compose files, ``logical_id`` for CloudFormation.

    ``builds``: who asks builds the images of a Compose file too.
    """

    split: bool = False
    family: str = ""
    profiles: tuple[str, ...] = ()
    project_name: str = ""
    logical_id: str = ""
    builds: bool = False


DEFAULTS = ImportOptions()


@dataclass(frozen=True, slots=True)
class Imported:
    """One definition of a document. It is not validated: ``register_imported`` does that.

    Attributes:
        members: of RegisterTaskDefinition.
        losses: what the document says and ECS cannot.
        incoming: what is stored of it: ECS's JSON byte for byte.
        project: of a Compose file, else "".
        replicas: how many tasks a Compose file wants.
        builds: the images that a Compose file has built, if they were asked for.
    """

    family: str
    members: dict[str, Any]
    losses: tuple[Finding, ...]
    source: str
    incoming: Incoming
    project: str = ""
    replicas: int = 1
    builds: tuple[ImageBuild, ...] = ()


def import_path(session: Session, path: str, options: ImportOptions = DEFAULTS) -> list[Imported]:
    """The definitions of a file on this machine, with what stands beside it.

    Raises MoorageError, DocumentError among them, with every finding at once.
    """
    del session  # what is registered already does not matter to a document
    real = os.path.expanduser(path)
    return read_definitions(
        bytes_of(real), real, neighbours=ComposeFolder(os.path.dirname(real) or "."), options=options
    )


def read_definitions(
    data: bytes,
    source: str,
    *,
    neighbours: ComposeFolder,
    environment: Mapping[str, str] | None = None,
    options: ImportOptions = DEFAULTS,
) -> list[Imported]:
    """The definitions of a document, whose format is told by its content.

    Args:
        neighbours: the folder from which a Compose file takes others.
        environment: variables for a Compose file; those of this process unless given.

    Raises:
        DocumentError: it is broken, or is none of the formats.
        UsageError: an option does not go with the format.
    """
    value, is_json = parsed(data, source)
    if is_compose(value):
        _only_for(options, source, "a Compose file", logical_id=True)
        return _from_compose(
            value, data, source, neighbours, os.environ if environment is None else environment, options
        )
    if is_template(value):
        _only_for(options, source, "a CloudFormation template", compose=True)
        return _from_template(value, source, options, Template(data, "json" if is_json else "yaml"))
    _only_for(options, source, "JSON of ECS", compose=True, logical_id=True)
    if not is_json:
        problem = "is YAML, and neither a Compose file nor a CloudFormation template"
        raise DocumentError(source, [Finding("", problem, "write services: or Resources:, or JSON of ECS")])
    # An array names no family, so it takes the one that is given as its own; else it goes over the document's.
    incoming = read_incoming(data, source, {"family": options.family} if options.family else {})
    members = recognise(parse_json(incoming.document, source), source, incoming.family).members
    return [Imported(str(members.get("family", "")), members, (), source, incoming)]


def parsed(data: bytes, source: str) -> tuple[Any, bool]:
    """The value of a document, and whether it is JSON: what begins with a bracket is. Raises DocumentError."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b""):
        return parse_json(data, source), True
    if b"Resources" not in data:
        check_size(data, source)
    return parse_yaml(data, source, SHORT_TAGS), False


def checked(imported: Imported) -> DefinitionDocument:
    """Raises DocumentError for a definition that cannot be registered, with every finding at once.

    Findings about the containers of a Compose file name them, as there are no ``containerDefinitions`` in it.
    """
    try:
        understood = parse_definition(imported.incoming.document, imported.source, imported.incoming.family)
    except DocumentError as error:
        if not imported.project:
            raise
        raise DocumentError(imported.source, _by_container(error.findings, imported)) from None
    check_expressions(understood.definition, imported.source)
    if imported.project:
        return replace(understood, warnings=_by_container(understood.warnings, imported))
    return understood


def _by_container(findings: Sequence[Finding], imported: Imported) -> tuple[Finding, ...]:
    containers = imported.members["containerDefinitions"]

    def named(match: re.Match[str]) -> str:
        return f"container {short(str(containers[int(match[1])]['name']))}: "

    return tuple(replace(finding, path=_CONTAINER.sub(named, finding.path)) for finding in findings)


def register_imported(session: Session, definitions: Sequence[Imported]) -> list[Registered]:
    """Store each as the next revision of its family; nothing at all when one of them is not valid.

    Raises DocumentError, or MoorageError.
    """
    check_all(definitions)
    stored = []
    for imported in definitions:
        understood, incoming = checked(imported), imported.incoming
        family = understood.definition.family
        revision = session.definitions.register(
            family, incoming.document, session.operator, session.now(), incoming.template
        )
        stored.append(Registered(revision, understood.warnings))
    return stored


def check_all(definitions: Sequence[Imported]) -> list[DefinitionDocument]:
    """Each as it is understood. Raises DocumentError or MoorageError for what cannot be registered together."""
    understood = [checked(imported) for imported in definitions]
    seen: dict[str, str] = {}
    for imported, document in zip(definitions, understood, strict=True):
        family = document.definition.family
        if family.lower() in seen:
            first = seen[family.lower()]
            raise MoorageError(f"{first} and {imported.source} both have the family {family!r}; import one by one")
        seen[family.lower()] = imported.source
    return understood


def _from_compose(
    value: Any,
    data: bytes,
    source: str,
    neighbours: ComposeFolder,
    environment: Mapping[str, str],
    options: ImportOptions,
) -> list[Imported]:
    chosen = ComposeOptions(options.split, options.family, options.profiles, options.project_name, options.builds)
    around = Surroundings(environment, neighbours.folder, neighbours.read)
    read = read_compose(value, data, source, chosen, around)
    return [
        Imported(
            built.family,
            built.members,
            read.losses if index == 0 else (),  # they are the file's, and told once
            source,
            Incoming(as_document(built.members)),
            read.project,
            built.replicas,
            read.builds,
        )
        for index, built in enumerate(read.definitions)
    ]


def _from_template(value: Any, source: str, options: ImportOptions, template: Template) -> list[Imported]:
    found = from_template(value, source, options.logical_id)
    if len(found) > MAX_DEFINITIONS:
        raise MoorageError(f"{source}: has more than {MAX_DEFINITIONS} task definitions; choose one with --logical-id")
    if options.family and len(found) > 1:
        raise MoorageError(f"{source}: has several task definitions, and --family is for one; choose with --logical-id")
    given = {"family": options.family} if options.family else {}
    imported = []
    for _, members in found:
        full = {**members, **given}
        incoming = Incoming(as_document(full), template=template)
        imported.append(Imported(str(full["family"]), full, (), source, incoming))
    return imported


def _only_for(
    options: ImportOptions, source: str, kind: str, *, compose: bool = False, logical_id: bool = False
) -> None:
    """Refuse options that mean nothing for a format: ``compose`` and ``logical_id`` say whose."""
    if logical_id and options.logical_id:
        raise UsageError(f"--logical-id chooses from a CloudFormation template, and {source} is {kind}")
    if compose and (options.split or options.profiles or options.project_name):
        raise UsageError(f"--split, --profile and --project-name are for Compose files, and {source} is {kind}")


def bytes_of(path: str) -> bytes:
    """Of a regular file; one byte more than is allowed of one that is too large."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as stream:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise MoorageError(f"{path}: is not a regular file")
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise MoorageError(f"{path}: no such file") from None
    except OSError as error:
        raise MoorageError(f"{path}: cannot be read: {os.strerror(error.errno or 0)}") from None
    except ValueError:
        raise MoorageError(f"{path!r} is no path") from None
