"""The cluster query language: text → a frozen tree (design: ECS semantics 5.3). What it means is in ``evaluation``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.model.errors import MoorageError
from app.model.safe_text import safe_line
from app.placement.patterns import PatternError, compile_pattern
from app.placement.values import WANTED, Value, moment, version, whole_number

LONGEST_EXPRESSION = 2000
DEEPEST_EXPRESSION = 50
_WINDOW = 60

Subject = Literal[
    "agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount", "task:group", "attribute"
]
Operator = Literal["==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in", "!in", "exists", "!exists"]


class ExpressionError(MoorageError):
    """An expression that is none: what was found and what was expected; below it the text, and a mark at the place.

    ``at`` is the index of that place.
    """

    code = "InvalidParameterException"

    def __init__(self, text: str, at: int, problem: str) -> None:
        self.at = at
        first = max(at - _WINDOW, 0)
        before = ("…" if first else "") + safe_line(text[first:at])
        after = safe_line(text[at : at + _WINDOW]) + ("…" if len(text) > at + _WINDOW else "")
        super().__init__(f"character {at + 1}: {problem}\n  {before}{after}\n  {' ' * len(before)}^")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. ``attribute`` is a name where the subject is one. An existence has no values, a list several."""

    subject: Subject
    attribute: str
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Expression, ...]


Expression = Comparison | Not | AllOf | AnyOf


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """All that an expression compares, from the left."""
    match expression:
        case Comparison():
            yield expression
        case Not():
            yield from comparisons(expression.part)
        case AllOf() | AnyOf():
            for part in expression.parts:
                yield from comparisons(part)


_ORDERED: tuple[Operator, ...] = ("==", "!=", ">", ">=", "<", "<=")
_ALIKE: tuple[Operator, ...] = ("==", "!=", "in", "!in", "=~", "!~")
_OPERATORS: dict[Subject, tuple[Operator, ...]] = {
    "agentConnected": _ALIKE,
    "agentVersion": _ORDERED,
    "ec2InstanceId": _ALIKE,
    "registeredAt": _ORDERED,
    "runningTasksCount": _ORDERED,
    "task:group": _ALIKE,
    "attribute": (*_ORDERED, "=~", "!~", "in", "!in", "exists", "!exists"),
}
_SPELLINGS: dict[str, Operator] = {
    **{operator: operator for operator in _OPERATORS["attribute"]},
    "equals": "==",
    "not_equals": "!=",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "matches": "=~",
    "not_matches": "!~",
    "not_in": "!in",
    "not_exists": "!exists",
}
_OPERATOR = re.compile(r"!?[a-z_]+|==|!=|=~|!~|>=|<=|>|<")
_WORD = re.compile(r"[A-Za-z0-9_:]+")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_/\\.-]{1,128}")
_SPACE = re.compile(r"\s*")


def parse(text: str) -> Expression:
    """Raises ExpressionError for what is no expression, or is longer or deeper than the budgets."""
    if len(text) > LONGEST_EXPRESSION:
        problem = f"an expression has at most {LONGEST_EXPRESSION} characters; this one has {len(text)}"
        raise ExpressionError(text, LONGEST_EXPRESSION, problem)
    return _Reader(text).whole()


class _Reader:
    """Recursive descent over the text, from left to right; ``_at`` is the index of what comes next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._any()
        if self._at < len(self._text):
            raise self._wrong("'and', 'or' or the end")
        return expression

    def _wrong(self, expected: str) -> ExpressionError:
        self._skip_space()
        following = self._text[self._at :].split(maxsplit=1)
        found = repr(following[0][:30]) if following else "the end"
        return ExpressionError(self._text, self._at, f"found {found}, expected {expected}")

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _skip(self, *spellings: str) -> bool:
        """Go past one of these; a word only where it ends."""
        for spelling in spellings:
            end = self._at + len(spelling)
            if self._text.startswith(spelling, self._at) and not (spelling.isalpha() and _WORD.match(self._text, end)):
                self._at = end
                self._skip_space()
                return True
        return False

    # --- parts -----------------------------------------------------------------------------------------------------

    def _any(self) -> Expression:
        self._skip_space()
        parts = [self._all()]
        while self._skip("||", "or"):
            parts.append(self._all())
        return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Expression:
        parts = [self._negated()]
        while self._skip("&&", "and"):
            parts.append(self._negated())
        return AllOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _negated(self) -> Expression:
        negated = False
        while self._skip("!", "not"):
            negated = not negated
        part = self._in_parentheses() if self._text.startswith("(", self._at) else self._test()
        return Not(part) if negated else part

    def _in_parentheses(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST_EXPRESSION:
            raise ExpressionError(self._text, self._at, f"parentheses are nested deeper than {DEEPEST_EXPRESSION}")
        self._skip("(")
        part = self._any()
        if not self._skip(")"):
            raise self._wrong("'and', 'or' or ')'")
        self._depth -= 1
        return part

    def _test(self) -> Comparison:
        subject, attribute = self._subject()
        operator = self._operator(subject)
        if operator in ("exists", "!exists"):
            return Comparison(subject, attribute, operator)
        if operator not in ("in", "!in"):
            return Comparison(subject, attribute, operator, (self._value(subject, operator),))
        if not self._skip("["):
            raise self._wrong("'[' and a list")
        values = [self._value(subject, operator)]
        while self._skip(","):
            values.append(self._value(subject, operator))
        if not self._skip("]"):
            raise self._wrong("',' or ']'")
        return Comparison(subject, attribute, operator, tuple(values))

    def _subject(self) -> tuple[Subject, str]:
        if self._text.startswith("attribute:", self._at):
            self._at += len("attribute:")
            name = _ATTRIBUTE.match(self._text, self._at)
            if name is None or _ATTRIBUTE.match(self._text, name.end()):
                raise self._wrong("the name of an attribute: 1 to 128 letters, digits, - _ . / \\")
            self._at = name.end()
            self._skip_space()
            return "attribute", name.group()
        word = _WORD.match(self._text, self._at)
        for subject in _OPERATORS:
            if word is not None and word.group() == subject != "attribute":
                self._at = word.end()
                self._skip_space()
                return subject, ""
        known = ", ".join(subject for subject in _OPERATORS if subject != "attribute")
        raise self._wrong(f"'not', '(', {known} or attribute:NAME")

    def _operator(self, subject: Subject) -> Operator:
        known = _OPERATORS[subject]
        match = _OPERATOR.match(self._text, self._at)
        operator = _SPELLINGS.get(match.group()) if match else None
        if match is None or operator not in known:
            raise self._wrong(f"one of {subject}'s operators: {' '.join(known)}")
        self._at = match.end()
        self._skip_space()
        return operator

    # --- values ----------------------------------------------------------------------------------------------------

    def _value(self, subject: Subject, operator: Operator) -> Value:
        begin = self._at
        text, inside = self._literal(pattern=operator in ("=~", "!~"))
        if operator in ("=~", "!~"):
            try:
                value: Value = compile_pattern(text)
            except PatternError as error:
                raise ExpressionError(self._text, inside + error.at, f"pattern: {error.problem}") from None
        else:
            found = _typed(subject, text)
            if found is None:
                self._at = begin
                raise self._wrong(WANTED[subject])
            value = found
        self._skip_space()
        return value

    def _literal(self, *, pattern: bool) -> tuple[str, int]:
        """The text of a literal, and where it begins within its quotes."""
        quote = self._text[self._at : self._at + 1]
        if quote not in ("'", '"'):
            return self._bare(pattern=pattern)
        begin = self._at + 1
        end = self._text.find(quote, begin)
        if end < 0:
            raise ExpressionError(self._text, self._at, f"found no second {quote} for this one")
        self._at = end + 1
        return self._text[begin:end], begin

    def _bare(self, *, pattern: bool) -> tuple[str, int]:
        begin, open_, at = self._at, 0, self._at
        while at < len(self._text) and not self._text[at].isspace():
            character = self._text[at]
            if self._text.startswith(("&&", "||"), at):
                problem = f"found {self._text[at : at + 2]!r} within a value; put a space before it, or quotes around"
                raise ExpressionError(self._text, at, problem)
            if (character == ")" and not open_) or (character in ",[]" and not pattern):
                break
            open_ += (character == "(") - (character == ")")
            at += 2 if pattern and character == "\\" else 1
        self._at = min(at, len(self._text))
        if self._at == begin:
            raise self._wrong("a value")
        return self._text[begin : self._at], begin


def _typed(subject: Subject, text: str) -> Value | None:
    """A literal as its subject is compared with it; None when it is nothing of the kind."""
    match subject:
        case "agentVersion":
            return version(text, whole=True)
        case "registeredAt":
            return moment(text)
        case "runningTasksCount":
            return whole_number(text)
    return text
