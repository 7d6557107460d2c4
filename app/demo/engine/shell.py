"""A tiny shell: it runs scripts in simulated containers, the main process's and those of exec calls.

What takes time is yielded as an effect, and whoever drives the generator (``app.demo.engine.process``) lets it pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from app.demo.engine.shell_syntax import (
    Background,
    Chain,
    For,
    If,
    Loop,
    Node,
    Not,
    NotUnderstood,
    Pipe,
    Redirect,
    Simple,
    Word,
    parse,
)

Sink = Callable[[bytes], None]
_VARIABLE = re.compile(r"\$\(\(([^()]*)\)\)|\$\((.*?)\)|\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+|[?$#!@*])")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_PACE, _SLOW_PACE, _MANY_TURNS = 0.001, 0.005, 1000
"""Seconds that one turn of a loop takes: one that does nothing else must not hold up everything."""
_LONGEST_VALUE = 1 << 18
_MOST_OUTPUT = 1 << 16
"""Bytes that a pipe, or a command within a command, may hand on."""


class Sleep(NamedTuple):
    """``waits``: a signal that is trapped ends it."""

    seconds: float
    waits: bool = False


class ReadLine(NamedTuple):
    """A line of the input, with its end; None is sent for its end."""


Effect = Sleep | ReadLine
Steps = Generator[Effect, str | None, int]


class Exited(Exception):
    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


class Exhausted(Exception):
    """A variable has outgrown the memory: the kernel would kill the process."""


class Interrupted(Exception):
    """ctrl-c."""


@dataclass(frozen=True, slots=True)
class Streams:
    """``input`` None: the input of the process itself; else what is left of a pipe's, line by line."""

    out: Sink
    err: Sink
    input: list[str] | None = None


class Surroundings(Protocol):
    """What programs find out about their container."""

    hostname: str
    files: MutableMapping[str, bytes]

    def now(self) -> int: ...

    def processes(self) -> Sequence[tuple[int, str]]: ...

    def memory(self) -> tuple[int, int]: ...


Program = Callable[["Shell", Sequence[str], Streams], Steps]


@dataclass(slots=True)
class Shell:
    """``programs``: those that are there, by name. ``pending``: numbers of signals that are trapped and have come."""

    around: Surroundings
    programs: Mapping[str, Program]
    variables: dict[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    traps: dict[int, str] = field(default_factory=dict)
    pending: list[int] = field(default_factory=list)
    last: int = 0
    folder: str = "/"

    def script(self, text: str, streams: Streams) -> Steps:
        """Run it; returns its exit code. What is not understood is told on stderr."""
        try:
            tree = parse(text)
        except NotUnderstood as error:
            streams.err(f"sh: {error} (a simulated shell, which knows a little)\n".encode())
            return 2
        return (yield from self.run(tree, streams))

    def run(self, node: Node, streams: Streams) -> Steps:
        match node:
            case Simple():
                self.last = yield from self._simple(node, streams)
            case Chain(parts):
                for joint, part in parts:
                    if joint == ";" or (joint == "&&") is (self.last == 0):
                        yield from self.run(part, streams)
            case Pipe(parts):
                yield from self._pipe(parts, streams)
            case Not(body):
                self.last = int((yield from self.run(body, streams)) == 0)
            case Background():
                self.last = 0  # it goes on somewhere
            case Loop(condition, body, ends_on_success):
                yield from self._loop(condition, body, streams, ends_on_success=ends_on_success)
            case For():
                yield from self._for(node, streams)
            case If():
                yield from self._if(node, streams)
        return self.last

    def pause(self, effect: Effect, streams: Streams) -> Generator[Effect, str | None, str | None]:
        """Let time pass, or wait for a line; then for what signals that came meanwhile ask for."""
        answer = yield effect
        while self.pending:
            kept = self.last
            yield from self.script(self.traps.get(self.pending.pop(0), ""), streams)
            self.last = kept
        return answer

    def line(self, streams: Streams) -> Generator[Effect, str | None, str | None]:
        """The next line of the input, with its end; None at its end."""
        if streams.input is not None:
            return streams.input.pop(0) if streams.input else None
        return (yield from self.pause(ReadLine(), streams))

    def call(self, argv: Sequence[str], streams: Streams) -> Steps:
        """Run a program that is there."""
        name = argv[0].rpartition("/")[2]
        program = self.programs.get(name)
        if program is None:
            streams.err(f"sh: {argv[0]}: not found\n".encode())
            return 127
        return (yield from program(self, argv, streams))

    # --- parts -----------------------------------------------------------------------------------------------------

    def _loop(self, condition: Node, body: Node, streams: Streams, *, ends_on_success: bool) -> Steps:
        code = turns = 0
        while ((yield from self.run(condition, streams)) == 0) is not ends_on_success:
            code = yield from self.run(body, streams)
            turns += 1
            yield from self.pause(Sleep(_PACE if turns < _MANY_TURNS else _SLOW_PACE), streams)
        self.last = code
        return code

    def _for(self, node: For, streams: Streams) -> Steps:
        values: list[str] = []
        for word in node.words:
            values += yield from self._expand(word)
        for value in values:
            self.variables[node.name] = value
            yield from self.run(node.body, streams)
            yield from self.pause(Sleep(_PACE), streams)
        return self.last

    def _if(self, node: If, streams: Streams) -> Steps:
        for condition, body in node.branches:
            if (yield from self.run(condition, streams)) == 0:
                return (yield from self.run(body, streams))
        self.last = 0
        if node.otherwise is not None:
            yield from self.run(node.otherwise, streams)
        return self.last

    def _pipe(self, parts: Sequence[Node], streams: Streams) -> Steps:
        given = streams.input
        for place, part in enumerate(parts):
            if place == len(parts) - 1:
                yield from self.run(part, replace(streams, input=given))
            else:
                taken = bytearray()
                yield from self.run(part, replace(streams, out=_bounded(taken), input=given))
                given = lines_of(taken)
        return self.last

    def _simple(self, node: Simple, streams: Streams) -> Steps:
        words: list[str] = []
        for word in node.words:
            words += yield from self._expand(word)
        while words and (match := _ASSIGNMENT.match(words[0])):
            value = words.pop(0)[match.end() :]
            if len(value) > _LONGEST_VALUE:
                raise Exhausted
            self.variables[match[1]] = value
        for redirect in node.redirects:
            target = "".join((yield from self._expand(redirect.target)))
            streams = self._redirected(redirect, target, streams)
        if not words:
            return 0
        return (yield from self.call(words, streams))

    def _redirected(self, redirect: Redirect, target: str, streams: Streams) -> Streams:
        if redirect.operator == ">&":
            taken = streams.err if target == "2" else streams.out
            return _with_output(streams, redirect.stream, taken)
        if redirect.operator == "<":
            return replace(streams, input=lines_of(self.around.files.get(self.path(target), b"")))
        if redirect.operator not in (">", ">>"):
            return streams
        path = self.path(target)
        if redirect.operator == ">" or path not in self.around.files:
            self.around.files[path] = b""

        def write(data: bytes) -> None:
            if path != "/dev/null":
                self.around.files[path] = (self.around.files[path] + data)[-_MOST_OUTPUT:]

        return _with_output(streams, redirect.stream, write)

    def path(self, name: str) -> str:
        return name if name.startswith("/") else f"{self.folder.rstrip('/')}/{name}"

    def _expand(self, word: Word) -> Generator[Effect, str | None, list[str]]:
        """A word with what begins with $ filled in; out of quotes it becomes as many as there are blanks in it."""
        found = [""]
        quoted = not word
        for piece in word:
            if piece.kind == "plain":
                found[-1] += piece.text
                quoted = True
                continue
            text = yield from self._filled(piece.text)
            if piece.kind == "quoted" or "$" not in piece.text:
                found[-1] += text
                quoted = quoted or piece.kind == "quoted"
                continue
            first, *rest = re.split(r"[ \t\n]+", text.strip(" \t\n")) if text.strip() else [""]
            found[-1] += first
            found += rest
        return found if quoted or found != [""] else []

    def _filled(self, text: str) -> Generator[Effect, str | None, str]:
        parts: list[str] = []
        place = 0
        for match in _VARIABLE.finditer(text):
            parts.append(text[place : match.start()])
            place = match.end()
            sum_, command, braced, default, name = match.groups()
            if sum_ is not None:
                parts.append(str(self._sum(sum_)))
            elif command is not None:
                taken = bytearray()
                sink = _bounded(taken)
                yield from self.script(command, Streams(sink, sink, []))
                parts.append(to_text(taken).rstrip("\n"))
            else:
                parts.append(self._variable(braced or name) or default or "")
        return "".join(parts) + text[place:]

    def _variable(self, name: str) -> str:
        if name.isdigit():
            return self.arguments[int(name)] if int(name) < len(self.arguments) else ""
        special = {"?": str(self.last), "$": "1", "#": str(max(len(self.arguments) - 1, 0)), "!": "7"}
        if name in "@*":
            return " ".join(self.arguments[1:])
        return special.get(name) or self.variables.get(name, "")

    def _sum(self, text: str) -> int:
        """Whole numbers and variables, added and subtracted from left to right, which counters need."""
        total, sign = 0, 1
        for part in re.findall(r"\w+|[+-]", text):
            if part in "+-":
                sign = -1 if part == "-" else 1
            else:
                value = part if part.isdigit() else self.variables.get(part, "0")
                total += sign * (int(value) if value.lstrip("-").isdigit() else 0)
        return total


def _with_output(streams: Streams, number: int, sink: Sink) -> Streams:
    return replace(streams, err=sink) if number == 2 else replace(streams, out=sink)


def _bounded(taken: bytearray) -> Sink:
    def write(data: bytes) -> None:
        if len(taken) < _MOST_OUTPUT:
            taken.extend(data)

    return write


def lines_of(data: bytes | bytearray) -> list[str]:
    """With their ends; nothing but a line feed ends one."""
    *whole, rest = to_text(data).split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]


def to_text(data: bytes | bytearray) -> str:
    """Bytes that are no text come out again as they were."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
