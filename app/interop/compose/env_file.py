"""Files of variables: ``.env`` and ``env_file`` by Compose's rules, and the raw format by Docker's."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable

from app.interop.compose.variables import BadVariable, Variables

MAX_VARIABLES = 5000

_BLANK = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.\-\[\]]+)[ \t]*([=:\r\n]|\Z)[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"|\'([^\']*+)\'', re.DOTALL)
_BARE = re.compile(r"[^\n]*")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}
_MANY = f"more than {MAX_VARIABLES:,} variables"


class BadFile(Exception):
    """``line``, from 1, with ``problem`` and ``remedy``; none of them has a value."""

    def __init__(self, line: int, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.line, self.problem, self.remedy = line, problem, remedy


def read_variables(text: str, variables: Variables, unset: Callable[[str], object]) -> dict[str, str]:
    """``NAME=VALUE`` lines with quotes, comments and variables; a name alone takes the value that it has outside.

    Variables from outside win over earlier ones of the file, as in Compose. In single quotes all stays as it is.

    Raises BadFile.
    """
    found: dict[str, str] = {}
    inner = variables.with_known(ChainMap(dict(variables.known), found))
    at = 0
    while at < len(text):
        if (blank := _BLANK.match(text, at)) is not None:
            at = blank.end()
            continue
        start = at
        try:
            at = _one(text, at, found, inner, unset)
        except BadVariable as bad:
            raise BadFile(_line(text, start), bad.problem, bad.remedy) from None
        if len(found) > MAX_VARIABLES:
            raise BadFile(_line(text, start), _MANY, "use fewer")
    return found


def raw_variables(text: str) -> dict[str, str]:
    """As ``docker run --env-file``: nothing is unquoted or expanded, and what has no = is left out."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = line.removesuffix("\r").lstrip().partition("=")
        if equals and name and not name.startswith("#"):
            found[name] = value
        if len(found) > MAX_VARIABLES:
            raise BadFile(number, _MANY, "use fewer")
    return found


def _one(text: str, at: int, found: dict[str, str], variables: Variables, unset: Callable[[str], object]) -> int:
    """Read the variable that begins at an offset; returns where the next line begins."""
    key = _KEY.match(text, at)
    if key is None:
        raise BadVariable("is no NAME=VALUE", "correct the line, or begin it with #")
    name, at = key[1], key.end()
    if key[2] not in ("=", ":"):
        if name in variables.known:
            found[name] = variables.known[name]
        return at
    if text[at : at + 1] not in ('"', "'"):
        line = _BARE.match(text, at)
        bare = line[0] if line else ""
        found[name] = variables.expand(_COMMENT.sub("", bare.removesuffix("\r")).rstrip(), unset)
        return at + len(bare) + 1
    quoted = _QUOTED.match(text, at)
    if quoted is None:
        raise BadVariable("a quote is not closed", "close it")
    rest = _BLANK.match(text, quoted.end())
    if rest is None:
        raise BadVariable("text follows the quote that closes", "remove it, or begin it with #")
    if quoted[2] is not None:
        found[name] = quoted[2]
    else:
        # Escapes first would make variables of \$; a backslash before $ is Compose's other way to write $$.
        plain = variables.expand(quoted[1].replace("\\$", "$$"), unset)
        found[name] = _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), plain)
    return rest.end()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
