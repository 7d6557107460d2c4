"""The person's own ``config.toml``: read, never written. Whatever is wrong with it, the program starts."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from app.model.errors import DocumentError, Finding
from app.model.names import BUILT_IN, RESOURCE_NAME, SCHEDULER_NAME, SCREENS, SWARM, ImagePullBehavior
from app.store.reading import read_file
from app.store.saved_views import MOST_VIEWS, SavedView, WrongView, read_view
from app.store.toml_text import MAX_BYTES, TomlText, parse_toml

MAX_TEXT = 100
MAX_PATH = 4096
LEAST_TIME, MOST_TIME = timedelta(minutes=1), timedelta(days=3650)
LEAST_PORT, MOST_PORT, LEAST_PORTS = 1024, 65535, 100

_DURATION = re.compile("([0-9]{1,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_RANGE = re.compile("([0-9]{1,5})-([0-9]{1,5})")
_SECONDS = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s|m)")
_SECONDS_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_VARIABLE = re.compile("env:[A-Za-z_][A-Za-z0-9_]{0,254}")
LEAST_ANSWER_TIME, MOST_ANSWER_TIME = 0.1, 60.0
MOST_ARGUMENTS = 32
MOST_SHELLS = 8


@dataclass(frozen=True, slots=True)
class SchedulerProgram:
    """``argv``: an absolute path, and arguments. ``timeout``: seconds that an answer may take."""

    argv: tuple[str, ...]
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class Config:
    """The settings.

    Attributes:
        theme: the name of a theme.
        default_cluster: the cluster of a command without ``--cluster``.
        keys: key by action id.
        motion: whether anything may move on the screen by itself.
        image_pull_behavior: when images are pulled (ECS_IMAGE_PULL_BEHAVIOR; design: ECS semantics 4.6).
        stopped_task_retention: how long a stopped task's containers are kept for their logs.
        history_retention: how long the history knows a task.
        dynamic_host_ports: first and last host port that may be chosen for a task.
        secrets: source by ``valueFrom``: ``env:NAME`` or ``file:PATH``.
        environment_files: path by the S3 ARN of the definition.
        schedulers: programs that choose instances for tasks, by name.
        screen: the main view that the dashboard opens on; one of SCREENS.
        mouse: whether the dashboard listens to the mouse; if not, the terminal selects text with it.
        bell: whether the terminal's bell rings at a new alert.
        views: tables with a filter, an order and columns, by name.
        shell: shells that are looked for in a container, the first that it has is taken; each a program and arguments.
    """

    theme: str = "moorage-dark"
    default_cluster: str = "default"
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    motion: bool = True
    image_pull_behavior: ImagePullBehavior = "default"
    stopped_task_retention: timedelta = timedelta(hours=3)
    history_retention: timedelta = timedelta(days=30)
    dynamic_host_ports: tuple[int, int] = (49153, 65535)
    # Left out of the repr: where secrets are is nobody's business in a report of a fault.
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    environment_files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    schedulers: Mapping[str, SchedulerProgram] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    screen: str = "fleet"
    mouse: bool = True
    bell: bool = False
    views: Mapping[str, SavedView] = field(default_factory=lambda: MappingProxyType({}))
    shell: tuple[tuple[str, ...], ...] = (("/bin/bash",), ("/bin/sh",), ("ash",))


class _WrongValue(Exception):
    """Values are not quoted: somebody may have put a secret itself there.

    ``below``: the key that is meant, where a value has keys of its own.
    """

    def __init__(self, remedy: str, *below: str) -> None:
        super().__init__(remedy)
        self.below = below


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
        try:
            if name in _TABLES:
                good[name] = _table(name, value, text, findings)
            elif name in _SETTINGS:
                good[name] = _SETTINGS[name](value)
            else:
                findings.append(_unknown(name, text))
        except _WrongValue as wrong:
            findings.append(_invalid((name,), wrong, text))
    return Config(**good), tuple(findings)


def _table(name: str, table: object, text: TomlText, findings: list[Finding]) -> Mapping[str, Any]:
    """The good lines of a table; of each bad one a finding is added."""
    line, read = _TABLES[name]
    if not isinstance(table, dict):
        raise _WrongValue(f"write a table: [{name}], and below it lines of {line}")
    if name == "views" and len(table) > MOST_VIEWS:
        raise _WrongValue(f"keep at most {MOST_VIEWS} views")
    good: dict[str, Any] = {}
    for key, value in table.items():
        try:
            if name == "schedulers":
                _check_scheduler_name(key)
            good[key] = _view(key, value, text) if name == "views" else read(value)
        except _WrongValue as wrong:
            findings.append(_invalid((name, key), wrong, text))
    return MappingProxyType(good)


def _invalid(path: tuple[str, ...], wrong: _WrongValue, text: TomlText) -> Finding:
    path = (*path, *wrong.below)
    return Finding(".".join(path), f"{text.place(path)}: is not valid", str(wrong))


def _unknown(name: str, text: TomlText) -> Finding:
    known = [setting.name for setting in fields(Config)]
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"the keys are: {', '.join(known)}"
    return Finding(name, f"{text.place((name,))}: unknown key", remedy, severity="warning")


def _text(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable():
        return value
    raise _WrongValue(f"write 1 to {MAX_TEXT} printable characters in quotes")


def _cluster(value: object) -> str:
    if isinstance(value, str) and RESOURCE_NAME.fullmatch(value):
        return value
    raise _WrongValue("write the name of a cluster in quotes: letters, digits, - and _")


def _screen(value: object) -> str:
    if isinstance(value, str) and value in SCREENS:
        return value
    raise _WrongValue(f"write one of {', '.join(repr(name) for name in SCREENS)}")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _WrongValue("write true or false, without quotes")


def _pull_behavior(value: object) -> str:
    words = get_args(ImagePullBehavior)
    if isinstance(value, str) and value in words:
        return value
    raise _WrongValue(f"write one of {', '.join(repr(word) for word in words)}")


def _duration(value: object) -> timedelta:
    """``90s``, ``45m``, ``3h`` or ``2d``, from a minute to ten years."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match:
        duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
        if LEAST_TIME <= duration <= MOST_TIME:
            return duration
    raise _WrongValue(f'write a time such as "90s", "45m", "3h" or "2d", from 1m to {MOST_TIME.days}d')


def _ports(value: object) -> tuple[int, int]:
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match:
        first, last = int(match[1]), int(match[2])
        if first >= LEAST_PORT and last <= MOST_PORT and last - first + 1 >= LEAST_PORTS:
            return first, last
    raise _WrongValue(
        f'write "FIRST-LAST" with ports from {LEAST_PORT} to {MOST_PORT} and at least {LEAST_PORTS} of them, '
        'such as "49153-65535"'
    )


def _source(value: object) -> str:
    if isinstance(value, str) and (_VARIABLE.fullmatch(value) or (value.startswith("file:") and _is_path(value[5:]))):
        return value
    raise _WrongValue('write "env:NAME" or "file:PATH", never the secret itself; a name with dots needs quotes')


def _path(value: object) -> str:
    if isinstance(value, str) and _is_path(value):
        return value
    raise _WrongValue(
        "write the path of a file in quotes: absolute, below ~/, or relative to the folder of config.toml"
    )


def _view(name: str, value: object, text: TomlText) -> SavedView:
    try:
        return read_view(name, value, lambda key: text.place(("views", name, key)))
    except WrongView as wrong:
        raise _WrongValue(str(wrong), *wrong.below) from None


def _check_scheduler_name(name: str) -> None:
    if name in (BUILT_IN, SWARM):
        raise _WrongValue(f"choose another name: {BUILT_IN} and {SWARM} are Moorage's own")
    if SCHEDULER_NAME.fullmatch(name) is None:
        raise _WrongValue("choose a name of 1 to 64 letters, digits, - and _")


def _scheduler(value: object) -> SchedulerProgram:
    if not isinstance(value, dict):
        raise _WrongValue('write {program = ["/PATH"], timeout = "1s"}')
    unknown = next((key for key in value if key not in ("program", "timeout")), None)
    if unknown is not None:
        raise _WrongValue("there are only program and timeout", unknown)
    argv = value.get("program")
    if not isinstance(argv, list) or not 0 < len(argv) <= MOST_ARGUMENTS or not all(map(_is_argument, argv)):
        raise _WrongValue('write ["/PATH", "ARGUMENT", …]: the program by its absolute path', "program")
    if not argv[0].startswith("/"):
        raise _WrongValue("write the absolute path of the program first: it begins with /", "program")
    return SchedulerProgram(tuple(argv), _answer_time(value.get("timeout", "1s")))


def _shell(value: object) -> tuple[tuple[str, ...], ...]:
    """``{commands = ["/bin/bash -l", "ash"]}`` → each command's words."""
    if not isinstance(value, dict):
        raise _WrongValue('write a table: [shell], and below it commands = ["/bin/bash", "/bin/sh"]')
    unknown = next((key for key in value if key != "commands"), None)
    if unknown is not None:
        raise _WrongValue("there is only commands", unknown)
    commands = value.get("commands")
    if not isinstance(commands, list) or not 0 < len(commands) <= MOST_SHELLS or not all(map(_is_argument, commands)):
        raise _WrongValue(f'write 1 to {MOST_SHELLS} commands, such as ["/bin/bash -l", "/bin/sh"]', "commands")
    try:
        split = tuple(tuple(shlex.split(command)) for command in commands)
    except ValueError:
        split = ((),)
    if not all(words and words[0] for words in split):
        raise _WrongValue("write a program and its arguments in each, with quotes that end", "commands")
    return split


def _is_argument(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_PATH and "\0" not in value


def _answer_time(value: object) -> float:
    match = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    seconds = float(match[1]) * _SECONDS_UNITS[match[2]] if match else 0.0
    if LEAST_ANSWER_TIME <= seconds <= MOST_ANSWER_TIME:
        return seconds
    raise _WrongValue('write a time such as "500ms" or "2s", from 100ms to 60s', "timeout")


def _is_path(text: str) -> bool:
    printable = 0 < len(text) <= MAX_PATH and text.isprintable()
    return printable and (text.startswith("~/") or not text.startswith("~"))


_SETTINGS: Mapping[str, Callable[[object], Any]] = {
    "theme": _text,
    "default_cluster": _cluster,
    "motion": _truth,
    "screen": _screen,
    "mouse": _truth,
    "bell": _truth,
    "image_pull_behavior": _pull_behavior,
    "stopped_task_retention": _duration,
    "history_retention": _duration,
    "dynamic_host_ports": _ports,
    "shell": _shell,
}
_TABLES: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "keys": ("action = key", _text),
    "secrets": ('"valueFrom" = "env:NAME" or "file:PATH"', _source),
    "environment_files": ('"S3 ARN" = "PATH"', _path),
    "views": ('NAME = {table = "tasks", filter = "state:failed"}', lambda value: value),
    "schedulers": ('NAME = {program = ["/PATH"]}', _scheduler),
}
