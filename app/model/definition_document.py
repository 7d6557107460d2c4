"""A task definition document: bytes → model and findings, all of them in one pass.

Errors refuse the document; warnings say what is kept but not honoured. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from app.model.definition_repair import understand
from app.model.definition_rules import broken_rules
from app.model.definition_warnings import emulated_values, kept_members, unknown_members
from app.model.dialects import Recognised, recognise
from app.model.errors import DocumentError, Finding, shown
from app.model.locations import Broken, DocumentOrder, Mistakes, member_path
from app.model.shape_findings import shape_finding
from app.model.strict_json import parse_json
from app.model.task_definition import TaskDefinition

# Each guess at what an unknown member was meant to be takes its time.
_MOST_WARNINGS = 10_000
# A hundred are shown; a document that breaks rules more often than this is not looked at to its end.
_MOST_BROKEN = 20_000


@dataclass(frozen=True, slots=True)
class DefinitionDocument:
    """A definition that was understood: the model, and what of it is kept but not honoured."""

    definition: TaskDefinition
    warnings: tuple[Finding, ...]


def parse_definition(data: bytes, source: str, family: str = "") -> DefinitionDocument:
    """Understand a task definition in any of ECS's JSON dialects (design: ECS semantics 0.5).

    Args:
        family: the family that it belongs to; a bare array of container definitions names none.

    Raises DocumentError with every finding at once, each with the path of the member and a remedy.
    """
    return _understood(recognise(parse_json(data, source), source, family), source)


def definition_from(value: Any, source: str) -> DefinitionDocument:
    """As ``parse_definition``, from parsed JSON of one definition that names its family."""
    return _understood(recognise(value, source), source)


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that is to be said of members, in no order; ``definition`` is mended where they are wrong."""

    definition: TaskDefinition | None
    errors: tuple[Broken, ...]
    warnings: tuple[Broken, ...]


def examine(members: dict[str, Any]) -> Examined:
    """What is wrong in members of RegisterTaskDefinition; where nothing is, what of them is kept but not honoured."""
    definition, mistakes = understand(members)
    wrong = [shape_finding(mistake, members) for mistake in mistakes]
    rules = list(islice(broken_rules(definition), _MOST_BROKEN)) if definition is not None else []
    followed = Mistakes(broken.at for broken in wrong)
    errors = [*wrong, *(broken for broken in rules if broken.severity == "error" and not followed.explain(broken))]
    if errors or definition is None:
        return Examined(definition, tuple(errors), ())
    warnings = chain(
        (broken for broken in rules if broken.severity == "warning"),
        emulated_values(definition),
        kept_members(definition),
        unknown_members(definition),
    )
    return Examined(definition, (), tuple(islice(warnings, _MOST_WARNINGS)))


def _understood(recognised: Recognised, source: str) -> DefinitionDocument:
    found = examine(recognised.members)
    if found.errors or found.definition is None:
        raise DocumentError(source, _told(found.errors, recognised))
    return DefinitionDocument(found.definition, tuple(_told(found.warnings, recognised)))


def _told(found: Iterable[Broken], recognised: Recognised) -> list[Finding]:
    """In the order of the document, and no more than anybody would read."""
    order = DocumentOrder(recognised.members)
    ordered = sorted(found, key=lambda broken: order(broken.at))
    prefix = (recognised.prefix,) if recognised.prefix else ()
    findings = (
        Finding(member_path((*prefix, *broken.at)), broken.problem, broken.remedy, broken.severity)
        for broken in ordered
    )
    return shown(findings, len(ordered))
