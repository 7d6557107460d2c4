"""Lines of a log that are JSON, told for people: level, message, then the other members. Pure.

The result has colours as SGR sequences, and nothing else that a terminal obeys: what was escaped in the JSON is made
safe again after it is read.
"""

from __future__ import annotations

import json
from typing import Any

from app.model.safe_text import SafeText, safe_line, without_sgr

LONGEST = 16_384
"""Characters; a longer line stays as it is."""
_LONGEST_VALUE = 200
_MOST_MEMBERS = 40
_MESSAGES = ("msg", "message", "@m", "event", "text", "log")
_LEVELS = ("level", "lvl", "severity", "levelname", "log.level", "loglevel", "@l")
_NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
_RESET, _DIM = "\x1b[0m", "\x1b[2m"
_COLOURS = {
    **dict.fromkeys(("FATAL", "CRITICAL", "PANIC", "EMERG", "ALERT", "DPANIC"), "\x1b[1;31m"),
    **dict.fromkeys(("ERROR", "ERR", "SEVERE"), "\x1b[31m"),
    **dict.fromkeys(("WARN", "WARNING"), "\x1b[33m"),
    **dict.fromkeys(("INFO", "NOTICE", "INFORMATION"), "\x1b[32m"),
}
_LONGEST_LEVEL = 12


def told_json(line: SafeText) -> SafeText | None:
    """``ERROR could not connect  host=db port=5432``; None: it is no JSON object with a message or a level."""
    if not line.startswith("{") or len(line) > LONGEST or not line.rstrip().endswith("}"):
        return None
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or not members:
        return None
    level, message = _take(members, _LEVELS, _is_level), _take(members, _MESSAGES, _is_text)
    if level is None and message is None:
        return None
    parts = []
    if level is not None:
        word = _level_word(level)
        parts.append(f"{_COLOURS.get(word, _DIM)}{word:<5}{_RESET}")
    if message is not None:
        parts.append(_shown(message))
    others = [f"{_shown(name)}={_value(value)}" for name, value in list(members.items())[:_MOST_MEMBERS]]
    if len(members) > _MOST_MEMBERS:
        others.append(f"and {len(members) - _MOST_MEMBERS} more")
    if others:
        parts.append(f"{_DIM} {' '.join(others)}{_RESET}")
    return SafeText(" ".join(parts))


def _take(members: dict[str, Any], names: tuple[str, ...], fits: Any) -> Any:
    for name in names:
        if name in members and fits(members[name]):
            return members.pop(name)
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_level(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _LONGEST_LEVEL
    return isinstance(value, int) and not isinstance(value, bool) and value in _NUMBERED


def _level_word(level: str | int) -> str:
    return _shown(level).upper() if isinstance(level, str) else _NUMBERED[level]


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > _LONGEST_VALUE:
        text = text[:_LONGEST_VALUE] + "…"
    return f'"{_shown(text)}"' if isinstance(value, str) and (not text or " " in text) else _shown(text)


def _shown(text: str) -> str:
    return without_sgr(safe_line(text))
