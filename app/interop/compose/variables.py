"""Variables in the values of a Compose file: ``$NAME``, ``${NAME:-default}`` and the like, ``$$`` for a plain ``$``.

Only values are changed, each on its own and after the YAML is read: no variable can make structure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from app.interop.compose.notes import Notes
from app.model.locations import Location, short

MAX_NESTING = 16
MAX_EXPANDED = 4 * 1024 * 1024
"""Characters of all expanded values of a file together."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[^${}]+")
_OPERATOR = re.compile(r":?[-?+]")


class BadVariable(Exception):
    """``problem`` and ``remedy`` of a text that cannot be expanded; neither has a value of a variable."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


class TooMuch(BadVariable):
    """The budget is spent: nothing more is expanded."""


class Variables:
    """The variables that a file's values may use, and the budget of all that they expand to."""

    def __init__(self, known: Mapping[str, str], budget: int = MAX_EXPANDED) -> None:
        self.known = known
        self._left = budget

    def expand(self, text: str, unset: Callable[[str], object]) -> str:
        """The text with its variables in place. ``unset`` is called with each name that has no value.

        Raises BadVariable.
        """
        return _Expansion(text, self, unset).run() if "$" in text else text

    def with_known(self, known: Mapping[str, str]) -> Variables:
        """Other variables, the same budget."""
        return _Shared(known, self)

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise TooMuch("variables expand to more than 4 MiB", "use shorter values")


class _Shared(Variables):
    def __init__(self, known: Mapping[str, str], of: Variables) -> None:
        super().__init__(known)
        self._of = of

    def spend(self, amount: int) -> None:
        self._of.spend(amount)


class _Expansion:
    """One text, from left to right, each character once."""

    def __init__(self, text: str, variables: Variables, unset: Callable[[str], object]) -> None:
        self._text = text
        self._at = 0
        self._variables = variables
        self._unset = unset

    def run(self) -> str:
        return self._until_brace(inside=False, live=True, depth=0)

    def _until_brace(self, *, inside: bool, live: bool, depth: int) -> str:
        """Up to the end, or ``inside`` braces up to the one that closes them. Not ``live``: read, and thrown away."""
        pieces, braces = [], 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "$":
                pieces.append(self._dollar(live=live, depth=depth))
                continue
            if character == "}" and inside and not braces:
                return "".join(pieces)
            braces += (character == "{") - (character == "}")
            match = _PLAIN.match(self._text, self._at)
            piece = match[0] if match else character
            self._at += len(piece)
            self._variables.spend(len(piece))
            pieces.append(piece)
        if inside:
            raise BadVariable("a ${ has no }", "close it, or write $$ for a plain $")
        return "".join(pieces)

    def _dollar(self, *, live: bool, depth: int) -> str:
        after = self._text[self._at + 1 : self._at + 2]
        if after == "$":
            self._at += 2
            return "$"
        if after == "{":
            self._at += 2
            return self._braced(live=live, depth=depth + 1)
        self._at += 1
        return self._value(self._name(), live=live)

    def _name(self) -> str:
        match = NAME.match(self._text, self._at)
        if match is None:
            raise BadVariable("a $ is followed by no name of a variable", "write $$ for a plain $")
        self._at = match.end()
        return match[0]

    def _value(self, name: str, *, live: bool) -> str:
        value = self._variables.known.get(name)
        if not live:
            return ""
        if value is None:
            self._unset(name)
            return ""
        self._variables.spend(len(value))
        return value

    def _braced(self, *, live: bool, depth: int) -> str:
        if depth > MAX_NESTING:
            raise BadVariable(f"variables are nested deeper than {MAX_NESTING} levels", "make it flatter")
        name = self._name()
        operator = match[0] if (match := _OPERATOR.match(self._text, self._at)) else ""
        self._at += len(operator)
        if not operator:
            if self._text[self._at : self._at + 1] != "}":
                self._refuse_rest()
            self._at += 1
            return self._value(name, live=live)
        value = self._variables.known.get(name)
        there = value is not None and (value != "" or not operator.startswith(":"))
        kind, start = operator[-1], self._at
        word = self._until_brace(inside=True, live=live and there == (kind == "+"), depth=depth)
        raw = self._text[start : self._at]
        self._at += 1
        if kind == "+":
            return word if there else ""
        if there:
            return self._value(name, live=live)
        if kind == "?" and live:
            told = f": {short(raw)}" if raw else ""
            raise BadVariable(f"the variable {short(name)} has to be set{told}", "set it, or write it into .env")
        return word

    def _refuse_rest(self) -> NoReturn:
        if "}" not in self._text[self._at :]:
            raise BadVariable("a ${ has no }", "close it, or write $$ for a plain $")
        raise BadVariable("a ${…} is none that Compose knows", "write ${NAME}, ${NAME:-default} or the like")


def interpolated(value: Any, variables: Variables, notes: Notes) -> Any:
    """A parsed document with the variables of all its texts in place; keys stay as they are."""
    missing: dict[str, Location] = {}

    def expand(item: Any, at: Location) -> Any:
        if isinstance(item, dict):
            return {key: expand(below, (*at, key)) for key, below in item.items()}
        if isinstance(item, list):
            return [expand(below, (*at, index)) for index, below in enumerate(item)]
        if not isinstance(item, str) or "$" not in item:
            return item
        try:
            return variables.expand(item, lambda name: missing.setdefault(name, at))
        except TooMuch as bad:
            notes.refuse(at, bad.problem, bad.remedy)
        except BadVariable as bad:
            notes.error(at, bad.problem, bad.remedy)
        return item

    result = expand(value, ())
    for name, at in missing.items():
        notes.lose(at, f"the variable {short(name)} is not set", "it is empty: set it, or write it into .env")
    return result
