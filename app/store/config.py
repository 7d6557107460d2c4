"""The person's own ``config.toml``: read, never written. Whatever is wrong with it, the program starts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.model.errors import DocumentError, Finding
from app.model.names import RESOURCE_NAME
from app.store.reading import read_file
from app.store.toml_text import MAX_BYTES, TomlText, parse_toml

MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Config:
    """The settings.

    Attributes:
        theme: the name of a theme.
        default_cluster: the cluster of a command without ``--cluster``.
        keys: key by action id.
        motion: whether anything may move on the screen by itself.
    """

    theme: str = "moorage-dark"
    default_cluster: str = "default"
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    motion: bool = True


def read_config(path: Path) -> tuple[Config, tuple[Finding, ...]]:
    """The settings and what is wrong with the file. No file: the defaults, and nothing wrong. Never raises.

    A wrong value leaves that setting at its default; a file that cannot be parsed leaves all of them. Findings have
    line and column: as their path for the file's syntax, in their text for a key. Unknown keys are warnings.
    """
    try:
        text = parse_toml(read_file(path, MAX_BYTES), str(path))
    except FileNotFoundError:
        return Config(), ()
    except DocumentError as error:
        return Config(), error.findings
    good: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, value in text.values.items():
        if name == "keys" and isinstance(value, dict):
            keys, wrong = _keys(value, text)
            good["keys"] = MappingProxyType(keys)
            findings.extend(wrong)
        elif name not in _CHECKS:
            findings.append(_unknown(name, text))
        elif problem := _CHECKS[name](value):
            findings.append(Finding(name, f"{text.place((name,))}: is not valid", problem))
        else:
            good[name] = value
    return replace(Config(), **good), tuple(findings)


def _keys(table: Mapping[str, Any], text: TomlText) -> tuple[dict[str, str], list[Finding]]:
    good: dict[str, str] = {}
    findings: list[Finding] = []
    for action, key in table.items():
        if problem := _text_problem(key):
            findings.append(Finding(f"keys.{action}", f"{text.place(('keys', action))}: is not valid", problem))
        else:
            good[action] = key
    return good, findings


def _unknown(name: str, text: TomlText) -> Finding:
    known = [setting.name for setting in fields(Config)]
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"the keys are: {', '.join(known)}"
    return Finding(name, f"{text.place((name,))}: unknown key", remedy, severity="warning")


def _text_problem(value: object) -> str:
    good = isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
    return "" if good else f"write 1 to {MAX_TEXT} printable characters in quotes"


def _cluster_problem(value: object) -> str:
    good = isinstance(value, str) and RESOURCE_NAME.fullmatch(value) is not None
    return "" if good else "write the name of a cluster in quotes: letters, digits, - and _"


def _truth_problem(value: object) -> str:
    return "" if isinstance(value, bool) else "write true or false, without quotes"


def _table_problem(_value: object) -> str:
    return "write a table: [keys], and below it lines of action = key"


_CHECKS: Mapping[str, Callable[[object], str]] = {
    "theme": _text_problem,
    "default_cluster": _cluster_problem,
    "motion": _truth_problem,
    "keys": _table_problem,
}
