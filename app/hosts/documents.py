"""JSON that an engine sends, read within limits. Pure.

A body of megabytes can hold a hundred times as much in Python's objects, or be nested so deeply that nothing which
walks through it survives. What json.loads takes beyond JSON (NaN, Infinity) is refused.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final, NoReturn

from app.hosts.errors import HostError

DEEPEST: Final = 64
"""Lists and objects in each other; Docker's have a dozen."""
MOST_VALUES: Final = 5_000_000
"""In one document: 10,000 containers have 600,000."""
_BRACKETS: Final = b"[]{}"
_ALL_BUT_BRACKETS: Final = bytes(set(range(256)) - set(_BRACKETS))


def document(body: bytes) -> Any:
    """The one JSON document of ``body``. Raises HostError failed."""
    opened = body.count(b"[") + body.count(b"{")
    if len(body) > MOST_VALUES and opened + body.count(b",") > MOST_VALUES:
        raise _unreadable(f"it has more than {MOST_VALUES:,} values")
    try:
        found = _decoded(body)
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise _unreadable(f"{error}"[:80]) from None
    if opened > DEEPEST and _may_be_deep(body) and _is_deep(found):
        raise _unreadable("it is nested too deeply")
    return found


def _decoded(body: bytes) -> Any:
    """As json would; in half of its time where pydantic is loaded, as it is once hosts are watched."""
    core = sys.modules.get("pydantic_core")
    if core is not None:
        try:
            return core.from_json(body, allow_inf_nan=False, cache_strings="keys")
        except ValueError:
            pass  # json takes some of it, halves of surrogates for instance, and says of the rest what is wrong
    return _DECODER.decode(body.decode("utf-8", "replace"))


def _may_be_deep(body: bytes) -> bool:
    """False: it is not. Brackets inside strings may make it seem so."""
    left = body.translate(None, _ALL_BUT_BRACKETS)
    for _ in range(DEEPEST):
        less = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(less) == len(left):
            break
        left = less
    return bool(left)


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return False
    return True


def _inner(value: Any) -> list[Any]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in values if isinstance(inner, dict | list)]


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _unreadable(why: str) -> HostError:
    return HostError(f"the answer cannot be read: {why}", "failed")


_DECODER: Final = json.JSONDecoder(parse_constant=_refused)
