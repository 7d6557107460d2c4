"""What the editor of task definitions begins with: a text to edit, and the revision that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.model.definition_document import examine
from app.model.dialects import recognise
from app.model.errors import DocumentError, Finding
from app.model.locations import Broken, DocumentOrder, Location
from app.model.safe_text import safe_line
from app.model.strict_json import decode_utf8, parse_json
from app.model.task_definition import TaskDefinition
from app.operations.definition_shape import registered_members
from app.placement.constraints import check_expressions
from app.store.definitions import StoredRevision

_TEXT = "the text"
_MOST_TOLD = 1_000
_LONGEST_LINE = 4_000
"""Characters. Longer lines nobody edits as they stand; and a text is painted as wide as its longest line."""

BLANK = """{
  "family": "",
  "containerDefinitions": []
}
"""


@dataclass(frozen=True, slots=True)
class EditStart:
    """A text to begin with.

    Attributes:
        text: JSON of RegisterTaskDefinition, as far as it is right.
        base: family and revision that it came from; None for a new definition.
        seen: the highest revision of that family when it was begun; 0 when there was none.
        losses: what could not be taken over from where it came.
    """

    text: str
    base: tuple[str, int] | None = None
    seen: int = 0
    losses: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A finding at its place in the document; text and remedy on one line."""

    at: Location
    text: str
    severity: Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to say of a text.

    Attributes:
        members: the document; None when the text is no JSON object.
        syntax: why it is none, with line and column.
        findings: of its members, in their order, errors before warnings.
    """

    members: dict[str, Any] | None
    syntax: Finding | None = None
    findings: tuple[Told, ...] = ()

    @property
    def errors(self) -> int:
        return bool(self.syntax) + sum(told.severity == "error" for told in self.findings)

    @property
    def warnings(self) -> int:
        return sum(told.severity == "warning" for told in self.findings)


def read_text(text: str) -> Checked:
    """The document of a text that is being edited, or where it is no JSON; its members are not looked at."""
    try:
        value = parse_json(text.encode("utf-8", "surrogatepass"), _TEXT)
    except DocumentError as error:
        return Checked(None, error.findings[0])
    if not isinstance(value, dict):
        return Checked(None, Finding("line 1, column 1", "not a JSON object", "a task definition is one object { … }"))
    return Checked(value)


def members_of(text: str) -> dict[str, Any]:
    """The members of RegisterTaskDefinition in a text, whichever dialect it has; {} where it is none."""
    read = read_text(text)
    try:
        return recognise(read.members, _TEXT).members if read.members is not None else {}
    except DocumentError:
        return {}


def check_text(text: str) -> Checked:
    """As ``read_text``, with what is wrong in its members, and what of them is kept but not honoured."""
    read = read_text(text)
    if read.members is None:
        return read
    try:
        recognised = recognise(read.members, _TEXT)
    except DocumentError as error:
        return Checked(read.members, error.findings[0])
    found = examine(recognised.members)
    expressions = [] if found.errors or found.definition is None else _expressions(found.definition)
    told = [*found.errors, *expressions, *found.warnings]
    order = DocumentOrder(recognised.members)
    above = (recognised.prefix,) if recognised.prefix else ()
    told.sort(key=lambda broken: (broken.severity == "warning", order(broken.at)))
    return Checked(read.members, None, tuple(_told(broken, above) for broken in told[:_MOST_TOLD]))


def _expressions(definition: TaskDefinition) -> list[Broken]:
    """What is wrong in the expressions of placement constraints."""
    wrong = []
    for index, constraint in enumerate(definition.placement_constraints):
        try:
            check_expressions(definition.model_copy(update={"placement_constraints": [constraint]}), _TEXT)
        except DocumentError as error:
            at = ("placementConstraints", index, "expression")
            wrong += [Broken(at, finding.problem, finding.remedy) for finding in error.findings]
    return wrong


def _told(broken: Broken, above: Location) -> Told:
    problem = broken.problem.removesuffix(".")  # ECS's own sentences end with one
    text = f"{problem}; {broken.remedy}" if broken.remedy else problem
    return Told((*above, *broken.at), safe_line(text), broken.severity)


def edit_blank() -> EditStart:
    """A definition from scratch."""
    return EditStart(BLANK)


def edit_revision(stored: StoredRevision) -> EditStart:
    """A revision's own text where that is what registering takes; else the JSON of its members.

    A document that stands in one long line is laid out.

    A document that somebody broke by hand is taken as it is, to be mended. Raises DocumentError where it is no text.
    """
    source, base = f"{stored.family}/{stored.revision}.json", (stored.family, stored.revision)
    text = decode_utf8(stored.document, source)
    try:
        members = registered_members(stored)
        if parse_json(stored.document, source) == members and max(map(len, text.split("\n"))) <= _LONGEST_LINE:
            return EditStart(text, base)
    except DocumentError:
        return EditStart(text, base)
    return EditStart(rendered(members), base)


def edit_members(members: Mapping[str, Any], losses: tuple[Finding, ...] = ()) -> EditStart:
    """A new definition from members that were made elsewhere: from a container, a Compose file, a template."""
    return EditStart(rendered(members), losses=losses)


def rendered(members: Any) -> str:
    """Members as the text of a document: indented, in the characters that people wrote."""
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"
