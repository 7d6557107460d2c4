"""Task definitions: register, deregister, describe, list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.model.definition_document import DefinitionDocument, parse_definition
from app.model.errors import Finding, MoorageError, NotFoundError
from app.model.ids import definition_arn, parse_definition_reference, short_id
from app.model.requests import (
    DeregisterTaskDefinitionRequest,
    DescribeTaskDefinitionRequest,
    ListTaskDefinitionFamiliesRequest,
    ListTaskDefinitionsRequest,
)
from app.operations.deeds import keep_deed, kept
from app.operations.definition_shape import definition_response, definition_shape
from app.operations.documents import NOTHING_GIVEN, read_incoming
from app.operations.session import Session
from app.placement.constraints import check_expressions
from app.store.definitions import StoredRevision


@dataclass(frozen=True, slots=True)
class Registered:
    """What registering gave: the stored revision, and what of it is kept but not honoured."""

    stored: StoredRevision
    warnings: tuple[Finding, ...]

    def shape(self) -> dict[str, Any]:
        return definition_response(self.stored)


def register_task_definition(
    session: Session,
    document: bytes | None,
    source: str,
    given: Mapping[str, Any] = NOTHING_GIVEN,
    logical_id: str = "",
    *,
    note: str = "",
    expected: int | None = None,
) -> Registered:
    """Store a document as the next revision of its family: JSON of ECS byte for byte, else the JSON made from it.

    Args:
        document, given, logical_id: as ``read_incoming``.
        note, expected: as ``DefinitionStore.register``.

    Raises DocumentError with every finding at once, RevisionConflict, or MoorageError; then nothing is stored.
    """
    incoming = read_incoming(document, source, given, logical_id)
    understood = parse_definition(incoming.document, source, incoming.family)
    check_expressions(understood.definition, source)
    family = understood.definition.family
    stored = session.definitions.register(
        family,
        incoming.document,
        session.operator,
        session.now(),
        incoming.template,
        note=note,
        expected=expected,
    )
    _keep_registering(session, stored)
    return Registered(stored, understood.warnings)


def register_again(session: Session, stored: StoredRevision, latest: int) -> Registered:
    """Store a copy of a revision, with its template, as the one after ``latest``; of what is INACTIVE above all.

    Raises DocumentError for a document that cannot be registered any more, RevisionConflict, or MoorageError.
    """
    understood = parsed(stored)
    check_expressions(understood.definition, f"{stored.family}:{stored.revision}")
    again = session.definitions.register(
        stored.family,
        stored.document,
        session.operator,
        session.now(),
        session.definitions.template(stored.family, stored.revision),
        note=f"copy of {stored.family}:{stored.revision}",
        expected=latest,
    )
    _keep_registering(session, again)
    return Registered(again, understood.warnings)


def _keep_registering(session: Session, stored: StoredRevision) -> None:
    name = f"{stored.family}:{stored.revision}"
    command = f"moorage export {name} --format stored | moorage register-task-definition --cli-input-json -"
    keep_deed(session, "register-task-definition", name, command, family=stored.family, revision=stored.revision)


def find_definition(session: Session, reference: str) -> StoredRevision:
    """``family`` (its latest ACTIVE revision), ``family:revision`` or ARN. Raises MoorageError."""
    try:
        family, revision = parse_definition_reference(reference)
    except ValueError as error:
        raise MoorageError(f"task definition {reference!r}: {error}", code="InvalidParameterException") from None
    families = session.definitions.families()
    if family not in families:
        raise NotFoundError("task definition", family, families, code="ClientException")
    if revision is not None:
        return session.definitions.read(family, revision)
    stored = session.definitions.latest_active(family)
    if stored is None:
        raise MoorageError(f"task definition {family!r} has no ACTIVE revision; register a new one")
    return stored


def parsed(stored: StoredRevision) -> DefinitionDocument:
    return parse_definition(stored.document, f"{stored.family}:{stored.revision}", stored.family)


@kept("deregister-task-definition", lambda request, _: short_id(request.task_definition))
def deregister_task_definition(session: Session, request: DeregisterTaskDefinitionRequest) -> dict[str, Any]:
    """Make a revision INACTIVE: what runs goes on, nothing new is started from it."""
    stored = find_definition(session, request.task_definition)
    if ":" not in request.task_definition.rsplit("/", 1)[-1]:
        raise MoorageError(
            f"name the revision, as in {stored.family}:{stored.revision}", code="InvalidParameterException"
        )
    done = session.definitions.deregister(stored.family, stored.revision, session.now())
    return {"taskDefinition": definition_shape(done)}


def describe_task_definition(session: Session, request: DescribeTaskDefinitionRequest) -> dict[str, Any]:
    return definition_response(find_definition(session, request.task_definition))


def list_task_definitions(session: Session, request: ListTaskDefinitionsRequest) -> dict[str, Any]:
    families = [name for name in session.definitions.families() if request.family_prefix in ("", name)]
    found = [
        (family, revision)
        for family in families
        for revision in session.definitions.revisions(family)
        if session.definitions.read(family, revision).status == request.status
    ]
    found.sort(reverse=request.sort == "DESC")
    return {"taskDefinitionArns": [definition_arn(family, revision) for family, revision in found]}


def list_task_definition_families(session: Session, request: ListTaskDefinitionFamiliesRequest) -> dict[str, Any]:
    names = [name for name in session.definitions.families() if name.startswith(request.family_prefix)]
    if request.status != "ALL":
        wanted = request.status == "ACTIVE"
        names = [name for name in names if (session.definitions.latest_active(name) is not None) == wanted]
    return {"families": names}
