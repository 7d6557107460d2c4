"""What is chosen in the Run form, as it is typed; and the request that it makes, or what is wrong with each line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.model.definition_document import DefinitionDocument
from app.model.errors import Finding, MoorageError
from app.model.ids import definition_arn
from app.model.manifest import read_manifest
from app.model.requests import PlacementStrategy, RunTaskRequest, StartTaskRequest, parse_request
from app.model.task import Task
from app.model.task_definition import TaskDefinition
from app.operations.blueprint import asked_for
from app.placement.demand import Demand
from app.placement.expressions import ExpressionError, parse
from app.placement.strategies import strategies_of
from app.screens.run.overrides import OverrideError, override_lines, overrides_of

MEMBER_OF = "memberOf"
DISTINCT = "distinctInstance"
STRATEGY, CONSTRAINT, OVERRIDE = "strategy", "constraint", "override"


@dataclass(frozen=True, slots=True)
class RunChoice:
    """Every value of the form, as text. Lines of a list that are "" are being typed, and count for nothing.

    Attributes:
        strategies: ``spread instanceId``, ``binpack memory``, ``random``, the first first.
        constraints: ``distinctInstance``, or ``memberOf EXPRESSION``.
        overrides: see ``overrides`` beside this module.
        scheduler: "" for the cluster's own.
        instances: names of those that are marked; with any it is start-task, one task on each.
        seed: of chance in the preview.
    """

    definition: str = ""
    cluster: str = ""
    count: str = "1"
    strategies: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    scheduler: str = ""
    group: str = ""
    started_by: str = ""
    instances: tuple[str, ...] = ()
    seed: int = 0

    @property
    def definition_arn(self) -> str:
        """The definition's ARN; one must be chosen."""
        family, _, revision = self.definition.partition(":")
        return definition_arn(family, int(revision))


@dataclass(frozen=True, slots=True)
class Wrong:
    """``at``: the character of the line's text that it is about; None for the whole."""

    text: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A choice as it was understood.

    Attributes:
        request, demand, definition: None when something is wrong; the definition has the overrides in place.
        wrong: by the key of the line: ``count``, ``strategy:0``…
        warnings: what of the definition is kept and not honoured.
    """

    request: RunTaskRequest | StartTaskRequest | None = None
    demand: Demand | None = None
    definition: TaskDefinition | None = None
    wrong: Mapping[str, Wrong] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()

    @property
    def problem(self) -> str:
        """The first thing that is wrong, "" for nothing."""
        return next((wrong.text for wrong in self.wrong.values()), "")


def read_choice(choice: RunChoice, document: DefinitionDocument | str) -> Reading:
    """The request of a choice. ``document``: its definition, or why there is none."""
    return _Reader(choice, document).read()


def choice_of(task: Task) -> RunChoice:
    """What ran a task once: its definition, cluster, group and overrides, as far as its record tells."""
    family = task.definition.partition(":")[0]
    overrides = read_manifest(task.manifest).overrides
    try:
        # A record may hold anything; what no request could be made of is left out.
        parse_request(RunTaskRequest, {"taskDefinition": "any", "overrides": overrides})
    except MoorageError:
        overrides = {}
    group = "" if task.group == f"family:{family}" else task.group
    return RunChoice(task.definition, task.cluster, overrides=override_lines(overrides), group=group)


def expression_of(constraint: str) -> str | None:
    """The expression of a constraint's line; None for distinctInstance."""
    text = constraint.strip()
    if text == DISTINCT:
        return None
    word, _, rest = text.partition(" ")
    return rest.strip() if word == MEMBER_OF else text


class _Reader:
    def __init__(self, choice: RunChoice, document: DefinitionDocument | str) -> None:
        self._choice = choice
        self._document = document
        self._wrong: dict[str, Wrong] = {}

    def read(self) -> Reading:
        choice, document = self._choice, self._document
        if not choice.cluster:
            self._wrong["cluster"] = Wrong("there is no cluster yet; make one first")
        if isinstance(document, str):
            self._wrong["definition"] = Wrong(document)
        members = self._members()
        if self._wrong or isinstance(document, str):
            return Reading(wrong=self._wrong)
        request: RunTaskRequest | StartTaskRequest
        try:
            if choice.instances:
                request = parse_request(StartTaskRequest, members)
            else:
                request = parse_request(RunTaskRequest, members)
            overridden, demand = asked_for(request, document.definition, document.definition.family)
        except MoorageError as error:
            return Reading(wrong=self._placed(error))
        return Reading(request, demand, overridden.definition, {}, overridden.warnings)

    def _members(self) -> dict[str, Any]:
        """The request's members, those that are nothing left out."""
        choice = self._choice
        overrides = self._overrides()
        members: dict[str, Any] = {
            "cluster": choice.cluster,
            "taskDefinition": choice.definition,
            "group": self._checked("group", "group", choice.group),
            "startedBy": self._checked("started_by", "startedBy", choice.started_by),
            "overrides": overrides,
        }
        if choice.instances:
            members["containerInstances"] = list(choice.instances)
        else:
            members |= {
                "count": self._checked("count", "count", choice.count),
                "placementStrategy": self._strategies(),
                "placementConstraints": self._constraints(),
                "scheduler": self._checked("scheduler", "scheduler", choice.scheduler),
            }
        return {name: value for name, value in members.items() if value}

    # --- lines -----------------------------------------------------------------------------------------------------

    def _checked(self, key: str, member: str, text: str) -> str:
        """The text as it is, once the request's model has nothing against it."""
        value = text.strip()
        if value or key == "count":
            self._check(key, {member: value})
        return value

    def _check(self, key: str, members: dict[str, Any]) -> None:
        try:
            parse_request(RunTaskRequest, {"taskDefinition": "any", **members})
        except MoorageError as error:
            self._wrong[key] = Wrong(_first_line(error.message).partition(": ")[2] or error.message)

    def _strategies(self) -> list[dict[str, str]]:
        found = []
        for index, text in _written(self._choice.strategies):
            type_, _, field_ = text.partition(" ")
            member = {"type": type_, "field": field_.strip()}
            found.append(member)
            try:
                strategies_of([parse_request(PlacementStrategy, member)])
            except MoorageError as error:
                self._wrong[f"{STRATEGY}:{index}"] = Wrong(_first_line(error.message).partition(": ")[2])
        return found

    def _constraints(self) -> list[dict[str, str]]:
        found = []
        for index, text in _written(self._choice.constraints):
            expression = expression_of(text)
            if expression is None:
                found.append({"type": DISTINCT})
                continue
            found.append({"type": MEMBER_OF, "expression": expression})
            try:
                parse(expression)
            except ExpressionError as error:
                written = self._choice.constraints[index]
                begin = len(written.rstrip()) - len(expression)
                problem = _first_line(error.message).partition(": ")[2]
                self._wrong[f"{CONSTRAINT}:{index}"] = Wrong(problem, begin + error.at)
        return found

    def _overrides(self) -> dict[str, Any]:
        document, lines = self._document, self._choice.overrides
        if isinstance(document, str):
            return {}
        try:
            members = overrides_of(lines, _names(document.definition))
        except OverrideError as error:
            self._wrong[f"{OVERRIDE}:{error.index}"] = Wrong(error.message)
            return {}
        for index, text in _written(lines):
            alone = overrides_of([text], _names(document.definition))
            self._check(f"{OVERRIDE}:{index}", {"overrides": alone})
        return members

    # --- what the whole is refused for -----------------------------------------------------------------------------

    def _placed(self, error: MoorageError) -> dict[str, Wrong]:
        """What is wrong with the request as a whole, at the line that it is most likely about."""
        choice, text = self._choice, _first_line(error.message)
        for member, key, lines in (
            ("placementStrategy", STRATEGY, choice.strategies),
            ("placement constraints", CONSTRAINT, choice.constraints),
            ("placementConstraints", CONSTRAINT, choice.constraints),
            ("overrides", OVERRIDE, choice.overrides),
        ):
            if member in text and lines:
                place, _, rest = text.partition(": ")
                return {f"{key}:{len(lines) - 1}": Wrong(rest if place in (member, "overrides") else text)}
        return {"definition": Wrong(text)}


def _written(lines: Sequence[str]) -> list[tuple[int, str]]:
    return [(index, text.strip()) for index, text in enumerate(lines) if text.strip()]


def _names(definition: TaskDefinition) -> list[str]:
    return [container.name for container in definition.container_definitions]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
