"""An engine that is asked: a simulated one, and a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from tests.engine.contract.asking import (
    Subject,
)
from tests.engine.contract.differences import difference
from tests.engine_bed.engines import ENGINE
from tests.engine_bed.simulated import Simulated

collect_ignore = [] if os.environ.get(ENGINE) == "podman" else ["test_podman.py"]
"""It asks podman alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        told = difference(getattr(item, "originalname", ""))
        if told and ("real" in item.name or "same_calls" in item.name):
            item.add_marker(pytest.mark.xfail(reason=told, strict=False))


@pytest.fixture(scope="module")
def simulated_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    made = Simulated(tmp_path_factory.mktemp("simulated"), offers=["nginx:1"])
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=["simulated", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A clean engine with busybox, simulated or real."""
    if request.param == "real":
        yield request.getfixturevalue("engine")
        return
    made: Simulated = request.getfixturevalue("simulated_engine")
    yield made
    made.clean()


@pytest.fixture
def port(subject: Subject) -> Engine:
    return Engine(parse_endpoint(subject.endpoint))
