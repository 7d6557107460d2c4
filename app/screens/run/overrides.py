"""Overrides as lines of text: ``web environment LOG_LEVEL=debug``, ``web memory 512``, ``task cpu 1024``; and back."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from app.model.masking import MASK, Masker, looks_secret

TASK = "task"
ENVIRONMENT, COMMAND = "environment", "command"
OF_A_CONTAINER = (ENVIRONMENT, COMMAND, "cpu", "memory", "memoryReservation")
OF_THE_TASK = ("cpu", "memory")
_LIST_OF_A_CONTAINER = ("environmentFiles", "resourceRequirements")
_TEXT_OF_THE_TASK = ("taskRoleArn", "executionRoleArn")
_JSON_OF_THE_TASK = ("ephemeralStorage", "inferenceAcceleratorOverrides")
_LINE = re.compile(r"\s*(\S+)\s+(\S+)\s?(.*)", re.DOTALL)


class OverrideError(Exception):
    """A line that is no override. ``index``: which of the lines; ``message``: why, and what would be one."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


def overrides_of(lines: Sequence[str], containers: Sequence[str]) -> dict[str, Any]:
    """Lines → the members of ``overrides``. Values are as they were typed: the request's model says what they may be.

    Args:
        containers: names of those of the definition. One that is called ``task`` is meant by that word.

    Raises OverrideError for the first line that cannot be understood.
    """
    of_containers: dict[str, dict[str, Any]] = {}
    of_the_task: dict[str, Any] = {}
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        name, member, value = _parts(index, line, containers)
        if name == TASK and TASK not in containers:
            found = _value_of_the_task(index, member, value)
            _put(index, of_the_task, member, found, TASK)
            continue
        override = of_containers.setdefault(name, {"name": name})
        if member == ENVIRONMENT:
            _add_variable(index, override, value)
        else:
            _put(index, override, member, _value_of_a_container(index, member, value), name)
    return {**({"containerOverrides": list(of_containers.values())} if of_containers else {}), **of_the_task}


def override_lines(overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """The members of ``overrides``, as a task's record has them → lines. What is no member of ECS's is left out."""
    lines = []
    for container in overrides.get("containerOverrides") or ():
        name = container.get("name", "")
        for member, value in container.items():
            if value is None:
                continue
            if member == ENVIRONMENT:
                lines += [f"{name} {ENVIRONMENT} {pair['name']}={pair['value']}" for pair in value]
            elif member == COMMAND:
                lines.append(f"{name} {COMMAND} {command_text(value)}")
            elif member != "name":
                lines.append(f"{name} {member} {_value_text(value)}")
    known = (*OF_THE_TASK, *_TEXT_OF_THE_TASK, *_JSON_OF_THE_TASK)
    lines += [f"{TASK} {member} {_value_text(overrides[member])}" for member in known if overrides.get(member)]
    return tuple(lines)


def command_text(command: Sequence[str]) -> str:
    """A command as one types it in a shell; as JSON where a line cannot say it."""
    if any("\n" in part or "\r" in part for part in command):
        return json.dumps(list(command))
    return shlex.join(command)


def masked_line(line: str) -> str:
    """A line with what looks like a secret masked."""
    match = _LINE.fullmatch(line)
    if match is None:
        return line
    name, member, value = match.groups()
    if member == ENVIRONMENT:
        variable, sign, text = value.partition("=")
        return f"{name} {member} {variable}{sign}{MASK if text and looks_secret(variable, text) else text}"
    return f"{name} {member} {Masker().text(value)}" if member == COMMAND else line


def _parts(index: int, line: str, containers: Sequence[str]) -> tuple[str, str, str]:
    match = _LINE.fullmatch(line)
    words = line.split()
    known = [*containers, *(() if TASK in containers else (TASK,))]
    if words[0] not in known:
        raise OverrideError(index, f"{words[0][:40]!r} is no container of the definition; write {', '.join(known[:6])}")
    whole = words[0] == TASK and TASK not in containers
    if whole:
        members: tuple[str, ...] = (*OF_THE_TASK, *_TEXT_OF_THE_TASK, *_JSON_OF_THE_TASK)
        usual: tuple[str, ...] = OF_THE_TASK
    else:
        members, usual = (*OF_A_CONTAINER, *_LIST_OF_A_CONTAINER), OF_A_CONTAINER
    if match is None or match[2] not in members:
        said = f"{words[1][:40]!r} is nothing to override; " if len(words) > 1 else ""
        raise OverrideError(index, f"{said}write {words[0]}, then {', '.join(usual)}, then the value")
    if not match[3].strip():
        raise OverrideError(index, "the value is missing; write it behind, or remove the line")
    return match[1], match[2], match[3]


def _value_of_a_container(index: int, member: str, value: str) -> Any:
    if member == COMMAND:
        if value.lstrip().startswith("["):
            return _json(index, value)
        try:
            return shlex.split(value)
        except ValueError as error:
            raise OverrideError(
                index, f"{str(error).lower()}; quotes are as in a shell, or write a JSON array"
            ) from None
    return _json(index, value) if member in _LIST_OF_A_CONTAINER else value.strip()


def _value_of_the_task(index: int, member: str, value: str) -> Any:
    return _json(index, value) if member in _JSON_OF_THE_TASK else value.strip()


def _add_variable(index: int, override: dict[str, Any], text: str) -> None:
    name, sign, value = text.partition("=")
    name = name.strip()
    if not sign or not name:
        raise OverrideError(index, "write NAME=value")
    pairs = override.setdefault(ENVIRONMENT, [])
    if any(pair["name"] == name for pair in pairs):
        raise OverrideError(index, f"{name[:60]} is set twice; keep one of them")
    pairs.append({"name": name, "value": value})


def _put(index: int, members: dict[str, Any], member: str, value: Any, name: str) -> None:
    if member in members:
        raise OverrideError(index, f"{member} of {name} is set twice; keep one of them")
    members[member] = value


def _json(index: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise OverrideError(index, "is not JSON; write it as ECS has this member") from None


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
