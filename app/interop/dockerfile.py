"""What a Dockerfile says before it is built: which images it is made from, and whether it needs BuildKit. Pure.

The engine reads it again, and has the last word: nothing is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 1 << 20
SCRATCH: Final = "scratch"
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_ARGUMENT = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*)(?:=("(?:[^"\\]|\\.)*"|'[^']*'|\S*))?(?:\s+|$)""")
_VARIABLE = re.compile(r"\\(.)|\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:[-+])([^{}]*))?\})")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""")
_HERE_DOCUMENT = re.compile(r"[0-9]*<<-?[^<]+")
"""A word of its own, as Docker has it: what is in quotes or in the middle of another is the shell's."""
_BUILDKIT_FLAGS: Final = {
    "RUN": ("mount", "network", "security"),
    "COPY": ("link", "chmod", "parents", "exclude"),
    "ADD": ("link", "chmod", "checksum", "keep-git-dir", "exclude", "unpack"),
}
_UNHEEDED_FLAGS: Final = {"COPY": ("parents", "exclude"), "ADD": ("checksum", "keep-git-dir", "exclude", "unpack")}
"""Docker 23 and later read them, and its classic builder does as if they were not there; ``--link`` changes nothing."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """``name`` in capitals; ``words``: all that follows it, flags too, on one line. ``line``: where it begins."""

    line: int
    name: str
    words: str

    @property
    def flags(self) -> dict[str, str]:
        """``--name=value`` before the first word that is none."""
        found: dict[str, str] = {}
        for word in self.words.split():
            if not word.startswith("--"):
                break
            name, _, value = word.removeprefix("--").partition("=")
            found[name] = value
        return found

    @property
    def arguments(self) -> list[str]:
        """The words without the flags."""
        words = self.words.split()
        return words[len(self.flags) :] if self.flags else words


def instructions(text: str) -> Iterator[Instruction]:
    """In order. A here-document's lines are told as instructions: so does a builder that has none."""
    escape, lines = "\\", text.removeprefix("\ufeff").splitlines()
    may_direct, begun, whole = True, 0, ""
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.fullmatch(line.strip()) if may_direct else None
        may_direct = directive is not None
        if directive is not None and directive.group(1).lower() == "escape" and directive.group(2) in ("\\", "`"):
            escape = directive.group(2)
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun or number
        stripped = line.rstrip()
        if stripped.endswith(escape):
            whole += stripped[:-1]
            continue
        yield _instruction(begun, whole + line)
        begun, whole = 0, ""
    if begun:
        yield _instruction(begun, whole)


def base_images(text: str, arguments: Mapping[str, str]) -> list[str]:
    """The images that the stages begin with or copy from, each once; neither stages nor ``scratch`` are among them.

    Args:
        arguments: the build's; they go over the defaults of ARG lines before the first FROM.
    """
    known: dict[str, str] = {}
    stages: set[str] = set()
    count = 0
    found: dict[str, None] = {}
    for one in instructions(text):
        if one.name == "ARG" and not count:
            for name, default in _ARGUMENT.findall(one.words):
                known[name] = arguments.get(name, _substituted(_unquoted(default), known))
        elif one.name == "FROM" and one.arguments:
            image = _substituted(one.arguments[0], known)
            if image.lower() not in stages and image != SCRATCH and image:
                found[image] = None
            stages.add(str(count))
            count += 1
            if len(one.arguments) == 3 and one.arguments[1].lower() == "as":
                stages.add(one.arguments[2].lower())
        elif one.name == "COPY" and (source := one.flags.get("from")) and source.lower() not in stages:
            found[source] = None
    return list(found)


def base_of_step(step: str, text: str, arguments: Mapping[str, str]) -> str:
    """The image that one instruction of the Dockerfile ``text`` begins with or copies from; "" if it does neither."""
    first = []
    for one in instructions(text):
        if one.name != "ARG":
            break
        first.append(f"ARG {one.words}")
    return next(iter(base_images("\n".join([*first, step]), arguments)), "")


def needs_buildkit(text: str) -> str:
    """The first thing that only BuildKit has, as ``line 3: RUN --mount``; "" if there is none."""
    return _first(text, _BUILDKIT_FLAGS)


def built_wrongly(text: str) -> str:
    """The first of those things that other builders of today leave out without a word; "" if there is none."""
    return _first(text, _UNHEEDED_FLAGS)


def _first(text: str, flags: Mapping[str, Sequence[str]]) -> str:
    for one in instructions(text):
        for flag in flags.get(one.name, ()):
            if flag in one.flags:
                return f"line {one.line}: {one.name} --{flag}"
        words = _WORD.findall(one.words) if one.name in ("RUN", "COPY", "ADD") and "<<" in one.words else ()
        if any(_HERE_DOCUMENT.fullmatch(word) for word in words):
            return f"line {one.line}: {one.name} with a here-document (<<)"
    return ""


def _instruction(line: int, text: str) -> Instruction:
    name, _, words = text.strip().partition(" ") if "\t" not in text else text.strip().replace("\t", " ").partition(" ")
    return Instruction(line, name.upper(), words.strip())


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _substituted(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        escaped, bare, braced, operator, word = match.groups()
        if escaped is not None:
            return escaped
        current = known.get(bare or braced, "")
        if operator == ":-":
            return current or word
        if operator == ":+":
            return word if current else ""
        return current

    return _VARIABLE.sub(value, _unquoted(text))
