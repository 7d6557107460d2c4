"""A Dockerfile as the classic builder reads it: instructions, and the stages that they belong to. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.demo.engine.instructions import CONFIGURING, expanded
from app.demo.engine.refused import Refused

_KNOWN: Final = CONFIGURING | {"FROM", "RUN", "COPY", "ADD"}
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Instruction:
    """``word`` in upper case; ``rest`` without ``flags``, as ``--from=build``; ``text``: as it is told."""

    line: int
    word: str
    rest: str
    flags: Mapping[str, str]

    @property
    def text(self) -> str:
        flags = "".join(f"--{name}{'=' if value else ''}{value} " for name, value in self.flags.items())
        return f"{self.word} {flags}{self.rest}"


@dataclass(frozen=True, slots=True)
class Stage:
    """``name``: "" when it has none. Of ``instructions`` one is its FROM; before it only ARG may be."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


def read_dockerfile(text: str, arguments: Mapping[str, str], target: str) -> list[Stage]:
    """The stages up to the one that is wanted. Raises Refused in Docker's words."""
    instructions = _instructions(text)
    if not instructions:
        raise Refused(400, "dockerfile parse error: file with no instructions")
    stages: list[Stage] = []
    known, leading = dict[str, str](), list[Instruction]()
    for instruction in instructions:
        if instruction.word == "FROM":
            base, _, rest = expanded(instruction.rest, known).partition(" ")
            name = rest.split()[-1] if rest.upper().startswith("AS ") else ""
            stages.append(Stage(name, base, (*leading, instruction)))
            leading = []
        elif stages:
            last = stages[-1]
            stages[-1] = Stage(last.name, last.base, (*last.instructions, instruction))
        elif instruction.word == "ARG":
            name, _, value = instruction.rest.partition("=")
            known[name] = arguments.get(name, value.strip("\"'"))
            leading.append(instruction)
        else:
            raise Refused(400, "no build stage in current context")
    return stages if not target else stages[: _place_of(target, stages) + 1]


def _place_of(target: str, stages: list[Stage]) -> int:
    for place, stage in enumerate(stages):
        if stage.name.lower() == target.lower() or target == str(place):
            return place
    raise Refused(400, f"failed to reach build target {target} in Dockerfile")


def _instructions(text: str) -> list[Instruction]:
    found: list[Instruction] = []
    pending, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        first = first or number
        if stripped.endswith("\\"):
            pending += stripped[:-1].rstrip() + " "
            continue
        found.append(_instruction(first, pending + stripped))
        pending, first = "", 0
    if pending:
        found.append(_instruction(first, pending.strip()))
    if len(found) > _MOST:
        raise Refused(400, "the Dockerfile has too many instructions")
    return found


def _instruction(line: int, text: str) -> Instruction:
    word, _, rest = text.partition(" ")
    word, rest = word.upper(), rest.strip()
    if word not in _KNOWN:
        raise Refused(400, f"dockerfile parse error line {line}: unknown instruction: {word}")
    if not rest:
        raise Refused(400, f"dockerfile parse error line {line}: {word} requires at least one argument")
    flags: dict[str, str] = {}
    while word in ("FROM", "COPY", "ADD", "RUN") and rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        name, _, value = flag.removeprefix("--").partition("=")
        flags[name], rest = value, rest.lstrip()
    return Instruction(line, word, rest, flags)


def words_of(rest: str) -> list[str]:
    """Of COPY and ADD: a list in JSON, or words."""
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError:
            return rest.split()
    return rest.split()
