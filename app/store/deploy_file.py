"""``moorage.toml``: what a deploy builds and runs. Written by people, read only; every member is known or refused."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast, get_args

from app.model.deployment import Delivery, DeployFile, ImageBuild
from app.model.errors import DocumentError, Finding, MoorageError, shown
from app.model.image_reference import parse_reference
from app.model.names import RESOURCE_NAME
from app.model.safe_text import safe_line
from app.store.toml_text import KeyPath, TomlText, parse_toml

DEFAULT_NAME = "moorage.toml"
MOST_BUILDS, MOST_ARGS, MOST_COUNT = 10, 100, 10
_LONGEST_TEXT, _LONGEST_PATH = 4096, 4096
_TOP = ("task_definition", "compose", "cluster", "count", "deliver", "build")
_BUILD = ("image", "context", "dockerfile", "args", "target", "platform", "on", "no_cache", "pull")

T = TypeVar("T")


class _WrongError(Exception):
    """Values are not quoted: an argument of a build may be a secret."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def parse_deploy_file(data: bytes, source: str) -> DeployFile:
    """Read a ``moorage.toml``; its paths are relative to the folder of ``source``.

    Raises DocumentError with every finding at once, each with line and column.
    """
    return _Reader(parse_toml(data, source), source).read()


class _Reader:
    def __init__(self, text: TomlText, source: str) -> None:
        self._text = text
        self._source = source
        self._folder = os.path.dirname(os.path.abspath(source))
        self._findings: list[Finding] = []

    def read(self) -> DeployFile:
        values = self._text.values
        self._known(values, _TOP, ())
        documents = [name for name in ("task_definition", "compose") if name in values]
        if len(documents) != 1:
            problem = "has both task_definition and compose" if documents else "does not say what to run"
            self._wrong((), problem, 'write task_definition = "taskdef.json", or compose = "compose.yaml"')
        name = documents[0] if documents else "compose"
        found = DeployFile(
            document=self._take(values, (name,), self._path, ""),
            cluster=self._take(values, ("cluster",), _cluster, ""),
            count=self._take(values, ("count",), _count, None),
            deliver=self._take(values, ("deliver",), _delivery, "copy"),
            builds=self._builds(values.get("build", [])),
        )
        if self._findings:
            raise DocumentError(self._source, shown(self._findings, len(self._findings)))
        return found

    def _builds(self, value: object) -> tuple[ImageBuild, ...]:
        if isinstance(value, dict):
            self._wrong(("build",), "is one table", "write [[build]], with two brackets")
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(("build",), "is no table", "write [[build]], and below it image and context")
            return ()
        if len(value) > MOST_BUILDS:
            self._wrong(("build",), f"has more than {MOST_BUILDS} images", "build some of them by moorage build")
            return ()
        found = [self._build(item, ("build", index)) for index, item in enumerate(value)]
        names = [one.image for one in found if one is not None]
        for index, name in enumerate(names):
            if name in names[:index]:
                self._wrong(("build", index, "image"), "is built twice", "give it another name")
        return tuple(one for one in found if one is not None)

    def _build(self, table: Mapping[str, Any], at: KeyPath) -> ImageBuild | None:
        before = len(self._findings)
        self._known(table, _BUILD, at)
        if "image" not in table:
            self._wrong(at, "has no image", 'write image = "registry.lan/web:7"')
        found = ImageBuild(
            image=self._take(table, (*at, "image"), _image, ""),
            context=self._take(table, (*at, "context"), self._path, self._folder),
            dockerfile=self._take(table, (*at, "dockerfile"), self._path, ""),
            args=self._take(table, (*at, "args"), _args, {}),
            target=self._take(table, (*at, "target"), _text, ""),
            platform=self._take(table, (*at, "platform"), _text, ""),
            on=self._take(table, (*at, "on"), _text, ""),
            no_cache=self._take(table, (*at, "no_cache"), _truth, False),
            pull=self._take(table, (*at, "pull"), _truth, False),
        )
        return found if len(self._findings) == before else None

    def _take(self, table: Mapping[str, Any], at: KeyPath, read: Callable[[object], Any], default: T) -> T:
        key = str(at[-1])
        if key not in table:
            return default
        try:
            return cast("T", read(table[key]))
        except _WrongError as wrong:
            self._wrong(at, wrong.problem, wrong.remedy)
            return default

    def _path(self, value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PATH or not value.isprintable():
            raise _WrongError("is no path", "write it in quotes, relative to this file's folder")
        if "://" in value:
            raise _WrongError("is no folder or file of this machine", "fetch it, and write where it is")
        return os.path.normpath(os.path.join(self._folder, os.path.expanduser(value)))

    def _known(self, table: Mapping[str, Any], known: Collection[str], at: KeyPath) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key[:64].replace("-", "_"), known, 1)
                remedy = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
                self._wrong((*at, key), "is not known here", remedy)

    def _wrong(self, at: KeyPath, problem: str, remedy: str) -> None:
        path = ""
        for part in at:
            path += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if path else part
        where = ", ".join(filter(None, (self._text.place(at) if at else "", safe_line(path))))
        self._findings.append(Finding(where, problem, remedy))


def _text(value: object) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable():
        return value
    raise _WrongError("is no text", "write it in quotes")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _WrongError("is neither true nor false", "write one of them, without quotes")


def _cluster(value: object) -> str:
    if isinstance(value, str) and RESOURCE_NAME.fullmatch(value):
        return value
    raise _WrongError("is no name of a cluster", "write letters, digits, - and _ in quotes")


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_COUNT:
        return value
    raise _WrongError("is no count of tasks", f"write 1 to {MOST_COUNT}")


def _delivery(value: object) -> Delivery:
    words = get_args(Delivery)
    if isinstance(value, str) and value in words:
        return cast("Delivery", value)
    raise _WrongError("is no way to deliver an image", f"write one of {', '.join(repr(word) for word in words)}")


def _image(value: object) -> str:
    try:
        reference = parse_reference(_text(value))
    except MoorageError as error:
        raise _WrongError(error.message, "write a name with a tag, as in registry.lan/web:7") from None
    if reference.digest:
        raise _WrongError("has a digest", "what is built gets a tag, as in registry.lan/web:7")
    return str(value)


def _args(value: object) -> Mapping[str, str | None]:
    if not isinstance(value, dict) or len(value) > MOST_ARGS:
        raise _WrongError("is no table of arguments", 'write args = { VERSION = "7" }')
    found: dict[str, str | None] = {}
    for name, item in value.items():
        if isinstance(item, bool):
            found[name] = "true" if item else "false"
        elif isinstance(item, str | int):
            found[name] = str(item)
        else:  # a number with a point would lose its last zeros
            raise _WrongError(f"the value of {safe_line(name)[:64]} is no text", 'write it in quotes, as in "1.10"')
    return found
