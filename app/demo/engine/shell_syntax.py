"""The part of a shell's language that simulated containers understand: text → a tree. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

_OPERATOR = re.compile(r"&&|\|\||;;|[;&|(){}\n]")
_REDIRECT = re.compile(r"([012]?)(>>|>&|<&|>|<)")
_RESERVED = frozenset({"while", "until", "for", "if", "then", "elif", "else", "fi", "do", "done", "case", "function"})
_DEEPEST = 50


class NotUnderstood(ValueError):
    """What is no shell script, or more of one than is known here."""


class Piece(NamedTuple):
    """A part of a word. ``kind``: text as it is; in double quotes, or in none, what begins with $ is filled in."""

    text: str
    kind: Literal["plain", "quoted", "bare"]


Word = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """``target``: a file, or the number of another stream after &."""

    stream: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipe:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Commands with what stands before each: ``;`` (also of the first), ``&&``, ``||``."""

    parts: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Background:
    body: Node


@dataclass(frozen=True, slots=True)
class Loop:
    """while, or until where ``ends_on`` is 0."""

    condition: Node
    body: Node
    ends_on_success: bool = False


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None = None


@dataclass(frozen=True, slots=True)
class Not:
    body: Node


Node = Not | Simple | Pipe | Chain | Background | Loop | For | If


def parse(text: str) -> Node:
    """Raises NotUnderstood."""
    parser = _Parser(_tokens(text))
    tree = parser.chain(())
    if not parser.at_end():
        raise NotUnderstood(f"syntax error: unexpected {parser.peek()!r}")
    return tree


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Token:
    """An operator, or a word; a redirection has the number of its stream."""

    operator: str = ""
    word: Word = ()
    stream: int = -1

    @property
    def bare(self) -> str:
        """The text of a word that has no quotes."""
        return self.word[0].text if len(self.word) == 1 and self.word[0].kind == "bare" else ""


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(text):
        character = text[place]
        if character in " \t\r":
            place += 1
        elif text.startswith("\\\n", place):
            place += 2
        elif character == "#":
            end = text.find("\n", place)
            place = len(text) if end < 0 else end
        elif match := _REDIRECT.match(text, place):
            stream = int(match[1]) if match[1] else (0 if match[2].startswith("<") else 1)
            found.append(_Token(match[2], stream=stream))
            place = match.end()
        elif match := _OPERATOR.match(text, place):
            found.append(_Token(match[0]))
            place = match.end()
        else:
            word, place = _word(text, place)
            found.append(_Token(word=word))
    return found


def _word(text: str, place: int) -> tuple[Word, int]:
    pieces: list[Piece] = []
    while place < len(text) and text[place] not in " \t\r\n;&|()<>":
        character = text[place]
        if character == "'":
            end = _closing(text, place, "'")
            pieces.append(Piece(text[place + 1 : end], "plain"))
            place = end + 1
        elif character == '"':
            end = _closing(text, place, '"')
            pieces.append(Piece(re.sub(r'\\(["\\`])', r"\1", text[place + 1 : end]), "quoted"))
            place = end + 1
        elif character == "\\":
            pieces.append(Piece(text[place + 1 : place + 2] or "\\", "plain"))
            place += 2
        elif text.startswith("$(", place):
            end = _matching(text, place + 1)
            pieces.append(Piece(text[place:end], "bare"))
            place = end
        elif character == "`":
            raise NotUnderstood("backquotes are not known")
        else:
            match = re.compile(r"\$\{[^}]*\}|\$[^\s]|[^\s;&|()<>'\"\\$`]+|\$").match(text, place)
            assert match is not None
            pieces.append(Piece(match[0], "bare"))
            place = match.end()
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].kind == piece.kind == "bare":
            joined[-1] = Piece(joined[-1].text + piece.text, "bare")
        else:
            joined.append(piece)
    return tuple(joined), place


def _closing(text: str, place: int, quote: str) -> int:
    end = place + 1
    while end < len(text) and text[end] != quote:
        end += 2 if quote == '"' and text[end] == "\\" else 1
    if end >= len(text):
        raise NotUnderstood("syntax error: unterminated quoted string")
    return end


def _matching(text: str, place: int) -> int:
    """Where the bracket that opens at ``place`` has been closed."""
    depth = 0
    for end in range(place, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if not depth:
            return end + 1
    raise NotUnderstood("syntax error: missing ')'")


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Parser:
    tokens: list[_Token]
    place: int = 0
    depth: int = field(default=0)

    def at_end(self) -> bool:
        return self.place >= len(self.tokens)

    def peek(self) -> str:
        """The operator or reserved word that is next."""
        if self.at_end():
            return ""
        token = self.tokens[self.place]
        return token.operator or token.bare

    def chain(self, ends: Sequence[str]) -> Node:
        """Commands up to one of the words that end them, which is left."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstood("it is nested too deeply")
        parts: list[tuple[str, Node]] = []
        joint = ";"
        while True:
            while self.peek() in (";", "\n"):
                self.place += 1
            if self.at_end() or self.peek() in ends:
                break
            part = self._pipe()
            following = self.peek()
            if following == "&":
                part = Background(part)
            parts.append((joint, part))
            if following in ("&&", "||"):
                joint = following
                self.place += 1
                while self.peek() == "\n":
                    self.place += 1
                if self.at_end():
                    raise NotUnderstood("syntax error: unexpected end")
                continue
            joint = ";"
            if following in (";", "\n", "&"):
                self.place += 1
            elif not (self.at_end() or following in ends):
                raise NotUnderstood(f"syntax error: unexpected {following!r}")
        self.depth -= 1
        return parts[0][1] if len(parts) == 1 else Chain(tuple(parts))

    def _pipe(self) -> Node:
        if self.peek() == "!":
            self.place += 1
            return Not(self._pipe())
        parts = [self._command()]
        while self.peek() == "|":
            self.place += 1
            parts.append(self._command())
        return parts[0] if len(parts) == 1 else Pipe(tuple(parts))

    def _command(self) -> Node:
        match self.peek():
            case "while" | "until" as word:
                self.place += 1
                condition = self._until("do")
                return Loop(condition, self._until("done"), word == "until")
            case "for":
                self.place += 1
                return self._for()
            case "if":
                self.place += 1
                return self._if()
            case "{" | "(" as bracket:
                self.place += 1
                return self._until("}" if bracket == "{" else ")")
        return self._simple()

    def _until(self, end: str) -> Node:
        body = self.chain((end,))
        self._expect(end)
        return body

    def _expect(self, word: str) -> None:
        if self.peek() != word:
            raise NotUnderstood(f"syntax error: {word!r} is missing")
        self.place += 1

    def _for(self) -> Node:
        name = self.peek()
        self.place += 1
        self._expect("in")
        words: list[Word] = []
        while not self.at_end() and not self.tokens[self.place].operator:
            words.append(self.tokens[self.place].word)
            self.place += 1
        while self.peek() in (";", "\n"):
            self.place += 1
        self._expect("do")
        return For(name, tuple(words), self._until("done"))

    def _if(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        while True:
            condition = self._until("then")
            branches.append((condition, self.chain(("elif", "else", "fi"))))
            word = self.peek()
            self.place += 1
            if word == "else":
                return If(tuple(branches), self._until("fi"))
            if word == "fi":
                return If(tuple(branches))
            if word != "elif":
                raise NotUnderstood("syntax error: 'fi' is missing")

    def _simple(self) -> Node:
        words: list[Word] = []
        redirects: list[Redirect] = []
        while not self.at_end():
            token = self.tokens[self.place]
            if token.stream >= 0:
                self.place += 1
                if self.at_end() or not self.tokens[self.place].word:
                    raise NotUnderstood("syntax error: a redirection without a target")
                redirects.append(Redirect(token.stream, token.operator, self.tokens[self.place].word))
            elif token.operator:
                break
            elif not words and token.bare in _RESERVED:
                raise NotUnderstood(f"syntax error: unexpected {token.bare!r}")
            else:
                words.append(token.word)
            self.place += 1
        if not words and not redirects:
            raise NotUnderstood(f"syntax error: unexpected {self.peek() or 'end'!r}")
        return Simple(tuple(words), tuple(redirects))
