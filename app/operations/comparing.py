"""Two sides of a comparison: revisions, files, and tasks as they run; and what is different, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.definition_diff import DiffLine, diff_lines, environment_of
from app.model.errors import MoorageError
from app.model.ids import parse_definition_reference
from app.model.masking import Masker
from app.operations.definition_shape import registered_members
from app.operations.definitions import find_definition
from app.operations.drift import Running, notes_of, running_members, running_on_instance, running_tasks_of
from app.operations.session import Session

_NAMED = ("name", "key", "containerName", "sourceVolume", "hostname", "namespace", "containerPath")
"""Members by which elements of a list are told apart, if all have one and no two the same."""
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Side:
    """``label``: what it is called. ``notes``: what is to be said beside it."""

    label: str
    members: Any = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, with secrets masked: equal ones alike, different ones not."""

    left: Side
    right: Side
    lines: tuple[DiffLine, ...] = field(repr=False)
    changes: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def same(self) -> bool:
        return not any(line.kind in ("added", "removed") for line in self.lines)


def compare(left: Side, right: Side, *, environment: bool = False) -> Comparison:
    """``environment``: only what each container gets as its environment."""
    one, other = (environment_of(side.members) if environment else side.members for side in (left, right))
    masker = Masker()
    lines = tuple(diff_lines(one, other, masker=masker))
    return Comparison(left, right, lines, tuple(_changes(masker.masked(one), masker.masked(other), "")))


def revision_side(session: Session, reference: str) -> Side:
    """``family`` (its latest ACTIVE revision), ``family:revision`` or ARN. Raises MoorageError."""
    stored = find_definition(session, reference)
    return Side(f"{stored.family}:{stored.revision}", registered_members(stored))


def running_side(session: Session, cluster: str, task: str) -> tuple[Side, Side]:
    """The revision of a task, and the task as it runs. Raises MoorageError."""
    return _sides(running_members(session, cluster, task))


def running_sides(session: Session, cluster: str, reference: str) -> list[Side]:
    """Every RUNNING task of a family, or of one of its revisions, as it runs. Raises MoorageError: there is none."""
    known = session.cluster(cluster)
    family, revision = parse_definition_reference(reference)
    fleet = session.survey(known)
    found = running_tasks_of(fleet, family, revision, known.name)
    if not found:
        silent = [state.instance.key.name for state in fleet.of_cluster(known.name) if not state.live]
        remedy = f"; {', '.join(silent)} did not answer" if silent else ""
        raise MoorageError(f"no task of {reference} is RUNNING in cluster {known.name!r}{remedy}")
    return [
        _sides(running_on_instance(session, fleet.instances[task.instance].instance.reached_by, task))[1]
        for task in found
    ]


def _sides(running: Running) -> tuple[Side, Side]:
    label = f"{running.reference} as task {running.task_id[:8]} runs on {running.instance}"
    return Side(running.reference, running.revision), Side(label, running.members, tuple(notes_of(running)))


def _changes(left: Any, right: Any, path: str) -> Iterator[dict[str, Any]]:
    """``path``, and ``left`` and ``right`` where the side has a value there."""
    if isinstance(left, dict) and isinstance(right, dict):
        yield from _within(left, right, path, "{}.{}" if path else "{}{}")
    elif isinstance(left, list) and isinstance(right, list):
        name = _name_of_all(left, right)
        yield from _within(_keyed(left, name), _keyed(right, name), path, "{}[{}]")
    elif left != right:
        sides = {"left": left, "right": right}
        yield {"path": path, **{side: value for side, value in sides.items() if value is not _ABSENT}}


def _within(left: Mapping[Any, Any], right: Mapping[Any, Any], path: str, form: str) -> Iterator[dict[str, Any]]:
    for key in dict.fromkeys([*left, *right]):
        yield from _changes(left.get(key, _ABSENT), right.get(key, _ABSENT), form.format(path, key))


def _name_of_all(left: list[Any], right: list[Any]) -> str:
    for name in _NAMED:
        sides = [[item.get(name) for item in side if isinstance(item, dict)] for side in (left, right)]
        whole = all(len(names) == len(side) for names, side in zip(sides, (left, right), strict=True))
        if whole and all(len(set(map(str, names))) == len(names) and None not in names for names in sides):
            return name
    return ""


def _keyed(items: list[Any], name: str) -> dict[Any, Any]:
    return {str(item[name]): item for item in items} if name else dict(enumerate(items))
