"""Task definitions on their way in and out: what is stored of a document that is registered, and what is exported.

ECS's JSON is stored byte for byte, in whichever dialect it came (design: ECS semantics 0.5 to 0.7). Of a CloudFormation
template, and of a call by flags, the JSON that was made from it is stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.model.dialects import recognise, registerable
from app.model.errors import DocumentError, Finding, MoorageError, UsageError
from app.model.locations import short
from app.model.strict_json import parse_json
from app.operations.definition_shape import registered_members
from app.operations.session import Session
from app.store.definitions import StoredRevision
from app.store.revision_files import Template

ExportForm = Literal["ecs", "cloudformation", "compose", "stored"]

_MOST_IDS = 10

NOTHING_GIVEN: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be stored. ``family`` is "" when the document names it; ``template`` is what it was made from."""

    document: bytes
    family: str = ""
    template: Template | None = None


def read_incoming(
    data: bytes | None, source: str, given: Mapping[str, Any] = NOTHING_GIVEN, logical_id: str = ""
) -> Incoming:
    """Recognise a document by its content: one of ECS's JSON dialects, or a CloudFormation template as JSON or YAML.

    Args:
        data: the document; None when ``given`` is all there is.
        given: members that go over the document's own, as flags do with ``aws``.
        logical_id: which task definition of a template with several.

    Raises:
        DocumentError: it cannot be read, or is none of these.
        MoorageError: the template has several task definitions, or not the one that was asked for.
    """
    if data is None:
        return Incoming(as_document(given))
    value, is_json = _parsed(data, source)
    from app.interop.cloudformation import is_template

    if is_template(value):
        members = _chosen(value, source, logical_id)
        return Incoming(as_document({**members, **given}), template=Template(data, "json" if is_json else "yaml"))
    if isinstance(value, dict) and "services" in value and "containerDefinitions" not in value:
        raise DocumentError(source, [Finding("", "is a Compose file", "moorage import takes it")])
    if logical_id:
        raise UsageError(f"--logical-id chooses from a CloudFormation template, and {source} is none")
    if not is_json:
        raise DocumentError(source, [Finding("", "is YAML, and no CloudFormation template", "write it as JSON")])
    family = str(given.get("family", ""))
    members = recognise(value, source, family if isinstance(value, list) else "").members
    if not given or (given.keys() == {"family"} and members.get("family", family) == family):
        return Incoming(data, family)
    return Incoming(as_document({**members, **given}))


def export_definition(stored: StoredRevision, session: Session, form: ExportForm, *, as_yaml: bool = False) -> bytes:
    """A stored definition as a document.

    Args:
        form: ``ecs``: JSON that ``aws ecs register-task-definition`` accepts; ``cloudformation``: a template with one
            resource; ``compose``: a Compose file with the definition under ``x-ecs``; ``stored``: the bytes that were
            registered, which of a template are the template's own.
        as_yaml: YAML instead of JSON; only for ``cloudformation``. A Compose file is always YAML.

    Raises:
        DocumentError: the stored document is broken, or cannot be told in a template.
    """
    if form == "stored":
        template = session.definitions.template(stored.family, stored.revision)
        return template.data if template else stored.document
    members = registered_members(stored)
    if form == "ecs":
        return _ascii_json(registerable(members))
    if form == "compose":
        from app.interop.compose import render_compose

        return render_compose(members).encode()
    from app.interop.cloudformation import to_template

    template_value = to_template(members)
    if not as_yaml:
        return _ascii_json(template_value)
    from app.interop.yaml_text import render_yaml

    return render_yaml(template_value).encode()


def _parsed(data: bytes, source: str) -> tuple[Any, bool]:
    """The value, and whether it is JSON. What begins with no bracket is YAML, if it may be a template at all."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b""):
        return parse_json(data, source), True
    from app.interop.intrinsics import SHORT_TAGS
    from app.interop.yaml_text import parse_yaml

    try:
        value = parse_yaml(data, source, SHORT_TAGS)
    except DocumentError:
        if b"Resources" in data:
            raise
        return parse_json(data, source), True
    return (value, False) if isinstance(value, dict) else (parse_json(data, source), True)


def _chosen(template: Mapping[str, Any], source: str, logical_id: str) -> dict[str, Any]:
    from app.interop.cloudformation import from_template, logical_ids

    known = logical_ids(template)
    if not logical_id and len(known) > 1:
        ids = ", ".join(short(name) for name in known[:_MOST_IDS]) + (", …" if len(known) > _MOST_IDS else "")
        raise MoorageError(f"{source}: has several task definitions: {ids}; choose one with --logical-id")
    ((_, members),) = from_template(template, source, logical_id)
    return members


def as_document(members: Mapping[str, Any]) -> bytes:
    """Members of RegisterTaskDefinition as the bytes that are stored of them."""
    # Text that no UTF-8 can hold becomes bytes that are no UTF-8, which the parser tells as it tells those of a file.
    return (json.dumps(members, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def _ascii_json(value: Any) -> bytes:
    return (json.dumps(value, indent=4) + "\n").encode()
