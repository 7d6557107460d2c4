"""The subnet of a task's network, where others have some already; an engine that answers is made up."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.networks import make_network


def engine_with(taken: int, words: str, asked: list[str]) -> Engine:
    def create_network(name: str, subnet: str, labels: Mapping[str, str]) -> str:
        asked.append(subnet)
        if len(asked) <= taken:
            raise HostError(words.format(subnet=subnet), "failed")
        return name

    stub: Any = SimpleNamespace(create_network=create_network)
    return cast("Engine", stub)


@pytest.mark.parametrize(
    "words",
    [
        "Pool overlaps with other one on this address space",
        "subnet {subnet} is already used on the host or by another config",
    ],
    ids=["Docker", "podman"],
)
def test_a_subnet_that_is_taken_is_followed_by_the_next(words: str) -> None:
    asked: list[str] = []
    assert make_network(engine_with(3, words, asked), "0123456789abcdef").startswith("moorage-")
    assert len(set(asked)) == 4


def test_any_other_refusal_ends_it() -> None:
    asked: list[str] = []
    with pytest.raises(HostError, match="no space left"):
        make_network(engine_with(1, "no space left", asked), "0123456789abcdef")
    assert len(asked) == 1
