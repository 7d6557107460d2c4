"""The lines of a ``.env`` file: names and values, quoted or not, values of several lines too.

As Compose and the common libraries read them: ``export NAME=…`` is taken; ``'…'`` is literal; in ``"…"`` stand
``\\n``, ``\\t``, ``\\"`` and ``\\\\`` for what they say; an unquoted value ends before `` #``. Nothing is interpolated.
"""

from __future__ import annotations

import re
from typing import Final

# Each alternative consumes, and none can be tried twice at one place: linear in the text.
_LINE: Final = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<name>[^\s=#'\"][^\s=]*)[ \t]*=[ \t]*"
    r"(?:\"(?P<double>[^\"\\]*+(?:\\.[^\"\\]*+)*+)\"|'(?P<single>[^']*+)'|(?P<plain>[^\n]*))",
    re.DOTALL,
)
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}


def env_pairs(text: str) -> list[tuple[str, str]]:
    """Names and values in their order; a line that is none is passed over."""
    pairs, position = [], 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    while position < len(text):
        if match := _LINE.match(text, position):
            pairs.append((match["name"], _value(match)))
            position = match.end()
        end = text.find("\n", position)
        position = len(text) if end < 0 else end + 1
    return pairs


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), match["double"])
    if match["single"] is not None:
        return match["single"]
    return _COMMENT.sub("", match["plain"]).strip()
