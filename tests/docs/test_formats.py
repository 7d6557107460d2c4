"""docs/formats.md names every key of Compose that is taken, and the budgets as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.interop import compose
from app.interop.compose import (
    env_file,
    limits,
    mounts,
    ports,
    project,
    variables,
)
from app.interop.compose.keys import TAKEN
from app.operations import compose_folder

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_key_that_is_taken_is_named() -> None:
    assert [
        key for key in sorted(TAKEN - {"profiles", "gpus"}) if f"`{key}`" not in TEXT and f"`{key}." not in TEXT
    ] == []
    assert "--profile" in TEXT
    assert "`gpus`" in TEXT


@pytest.mark.parametrize(
    "words",
    [
        f"{compose_folder.MAX_FILES} at most, 1 MiB each",
        f"{compose.MAX_BYTES // 1024} KiB a file",
        f"{project.MAX_SERVICES} services",
        f"{ports.MAX_PORTS} ports a service",
        f"{project.MAX_EXTENDS} levels of `extends`",
        f"{variables.MAX_NESTING} of nested variables",
        f"{variables.MAX_EXPANDED // 2**20} MiB of expanded values",
        f"{env_file.MAX_VARIABLES:,} variables",
        f"without a size {mounts.DEFAULT_TMPFS} MiB",
        f"Without either {limits.DEFAULT_RESERVATION} MiB are reserved",
        ", ".join(f"`{name}`" for name in compose_folder.DEFAULT_FILES[:3]),
    ],
)
def test_figures_are_those_of_the_program(words: str) -> None:
    assert words in " ".join(TEXT.split())
