"""Reading Compose files in tests: files beside them are a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.interop.compose import ComposeOptions, ComposeRead, Surroundings, read_compose
from app.interop.yaml_text import parse_yaml
from app.model.errors import MoorageError
from tests.unit.interop.compose_corpus import FOLDER

HOST = {"HOST": "from the host", "HOME": "/home/me"}


def read(
    text: str, files: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None, **options: Any
) -> ComposeRead:
    known = files or {}

    def neighbour(path: str) -> bytes:
        if path not in known:
            raise FileNotFoundError(path)
        return known[path].encode()

    data = text.encode()
    around = Surroundings(HOST if environment is None else environment, FOLDER, neighbour)
    return read_compose(parse_yaml(data, "compose.yaml"), data, "compose.yaml", ComposeOptions(**options), around)


def members(text: str, files: Mapping[str, str] | None = None, **options: Any) -> dict[str, Any]:
    (one,) = read(text, files, **options).definitions
    return one.members


def refusal(text: str, files: Mapping[str, str] | None = None, **options: Any) -> list[str]:
    """The lines that refuse a file, without its name."""
    try:
        read(text, files, **options)
    except MoorageError as error:
        return [line.removeprefix("compose.yaml: ") for line in error.message.splitlines()]
    raise AssertionError("it was taken")
