"""What a definition takes from AWS stores, from local sources instead: secrets and environment files.

A definition holds references only. ``config.toml`` says where the value of each is on this machine; it is read when a
task is launched and kept nowhere. No error, repr or log holds a value.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.model.errors import DocumentError, MoorageError, UsageError
from app.model.safe_text import safe_line
from app.model.strict_json import decode_utf8, parse_json
from app.store.config import Config
from app.store.home import user_folder
from app.store.reading import broken, read_file
from app.store.safe_way import safe_way

MAX_SECRET = 64 * 1024
MAX_ENVIRONMENT_FILE = 1024 * 1024
UNRESOLVED = "ResourceInitializationError"
"""ECS's word for a task whose secrets or environment files could not be fetched."""

_SECRETS_MANAGER = re.compile(r"(?P<base>arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+):(?P<key>[^:]*):[^:]*:[^:]*")
_PARAMETER = re.compile(r"arn:[^:]+:ssm:[^:]*:[^:]*:parameter/(?P<name>.+)")


class _Unusable(Exception):
    """What is wrong with a source, and the remedy, in one line without any value."""


class LocalSources:
    """The ``[secrets]`` and ``[environment_files]`` of a configuration. Safe to share between threads.

    A file must be a regular one that others cannot write or swap: no folder on the way to it is open to every user,
    and in a sticky one (/tmp) nothing on the way belongs to anybody else. A secret's file must not be writable by its
    group either. Being readable by others is no reason to refuse it: files mounted as secrets commonly are.

    Args:
        folder: of ``config.toml``; relative paths begin there.
        environ: the environment for ``env:NAME`` and for ``~``.
    """

    __slots__ = ("_config", "_environ", "_folder")

    def __init__(self, config: Config, folder: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        self._folder = folder
        self._environ = environ

    def secret(self, value_from: str) -> str:
        """The value that a ``valueFrom`` stands for (design: ECS semantics 2.3).

        Looked for are the reference as it is, then a Secrets Manager ARN without its json-key, version stage and
        version id, then the bare name of an SSM parameter. A source has one version, so stage and id choose nothing.
        Of a JSON object the json-key is taken: a text as it is, a number, true or false as JSON writes it. At most
        64 KiB of UTF-8 without NUL; one line break at the end of a file is dropped.

        Raises:
            MoorageError: ResourceInitializationError; one line with the reference, never a value.
        """
        reference = safe_line(value_from)
        where = self._where("secrets", value_from, "env:DB_PASSWORD")
        for name, json_key in _names(value_from):
            if (source := self._config.secrets.get(name)) is None:
                continue
            try:
                text = self._text(source)
                return _sound(_member(text, json_key) if json_key else text)
            except _Unusable as problem:
                message = f"secret {reference} cannot be taken from {source}: {problem}, or write another source"
                raise _refusal(f"{message} {where}") from None
        raise _refusal(f"secret {reference} has no source on this machine; write one {where}")

    def login(self, credentials_parameter: str) -> tuple[str, str]:
        """Username and password of a ``credentialsParameter``: a secret that is ``{"username": …, "password": …}``.

        Raises:
            MoorageError: ResourceInitializationError; one line with the reference, never a value.
        """
        text = self.secret(credentials_parameter)
        try:
            user, password = (_member(text, name) for name in ("username", "password"))
            if not user or not password:
                raise _Unusable('its username or its password is empty; write {"username": "…", "password": "…"}')
        except _Unusable as problem:
            reference = safe_line(credentials_parameter)
            where = self._where("secrets", credentials_parameter, "file:secrets/registry.json")
            raise _refusal(f"registry credentials {reference}: {problem}, or write another source {where}") from None
        return user, password

    def environment_file(self, arn: str) -> list[tuple[str, str]]:
        """Name and value of each variable in the file that stands for an S3 ARN, each name once.

        Read as the ECS agent does (design: ECS semantics 2.3): a line that begins with # or has no = is skipped, the
        name ends at the first =, an empty name is skipped, nothing is trimmed or unquoted. A line ends with LF or CRLF.
        Of a name that is there twice the last counts. At most 1 MiB of UTF-8 without NUL.

        Raises:
            MoorageError: ResourceInitializationError; one line with the ARN, never a value.
        """
        reference = safe_line(arn)
        where = self._where("environment_files", arn, "env/web.env")
        path = self._config.environment_files.get(arn)
        if path is None:
            raise _refusal(f"environment file {reference} has no file on this machine; write one {where}")
        try:
            text = _sound(self._file(path, MAX_ENVIRONMENT_FILE))
        except _Unusable as problem:
            message = f"environment file {reference} cannot be read: {problem}, or write another file {where}"
            raise _refusal(message) from None
        return list(dict(_variables(text)).items())

    def _where(self, table: str, reference: str, example: str) -> str:
        key = safe_line(json.dumps(reference, ensure_ascii=False))
        return f'under [{table}] in {self._folder / "config.toml"}, such as {key} = "{example}"'

    def _text(self, source: str) -> str:
        kind, _, name = source.partition(":")
        if kind == "file":
            text = self._file(name, MAX_SECRET, barred=stat.S_IWGRP)
            text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
        else:
            text = self._variable(name)
        if not text:
            raise _Unusable("it is empty; put the secret there")
        return text

    def _variable(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise _Unusable("Moorage runs without that environment variable; set it before the start")
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError:
            raise _Unusable("it is not UTF-8; set it to text") from None
        if size > MAX_SECRET:
            raise _Unusable(f"it has {size:,} bytes, the limit is {MAX_SECRET:,}; make it smaller")
        return value

    def _file(self, name: str, limit: int, *, barred: int = 0) -> str:
        """The text of a file whose mode has none of the ``barred`` bits."""
        try:
            real = safe_way(self._path(name))
            data = read_file(real, limit, follow=False)
            if os.lstat(real).st_mode & barred:
                raise broken(real, "can be written by its group", f"run chmod g-w {real}")
            return decode_utf8(data, str(real))
        except FileNotFoundError:
            raise _Unusable(f"{name}: there is no such file; put it there") from None
        except OSError as error:
            raise _Unusable(f"{name}: {os.strerror(error.errno or 0)}; check who owns it and its mode") from None
        except DocumentError as error:
            raise _Unusable(error.message) from None

    def _path(self, name: str) -> Path:
        if not name.startswith("~/"):
            return Path(os.path.abspath(self._folder)) / name
        try:
            return user_folder(self._environ) / name[2:]
        except UsageError:
            raise _Unusable(f"{name}: this user has no home folder; write an absolute path") from None


def _names(value_from: str) -> Iterator[tuple[str, str]]:
    """Under what a reference may be written in ``[secrets]``, and the member of the JSON object there, "" for all."""
    yield value_from, ""
    if match := _SECRETS_MANAGER.fullmatch(value_from):
        yield match["base"], match["key"]
    elif match := _PARAMETER.fullmatch(value_from):
        # The ARN of the parameter /prod/key does not repeat the slash.
        yield match["name"], ""
        yield f"/{match['name']}", ""


def _member(text: str, key: str) -> str:
    try:
        document: Any = parse_json(text.encode("utf-8"), "secret")
    except DocumentError as error:
        # Only the place is told: the problem may quote a part of the secret.
        raise _Unusable(f"it is not a sound JSON document at {error.findings[0].path}; correct it") from None
    if not isinstance(document, dict):
        raise _Unusable(f'it is not a JSON object; write {{"{safe_line(key)}": "…"}}')
    if key not in document:
        raise _Unusable(f"its JSON object has no member {safe_line(key)!r}; add it")
    value = document[key]
    if not isinstance(value, str | int | float):
        raise _Unusable(f"the member {safe_line(key)!r} of its JSON object is no text; put it in quotes")
    return value if isinstance(value, str) else json.dumps(value)


def _sound(text: str) -> str:
    if "\0" in text:
        raise _Unusable("it holds a NUL character; remove it")
    return text


def _refusal(message: str) -> MoorageError:
    return MoorageError(safe_line(message), code=UNRESOLVED)


def _variables(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        name, equals, value = line.removesuffix("\r").partition("=")
        if equals and name and not line.startswith("#"):
            yield name, value
