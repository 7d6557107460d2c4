"""The power goes at any moment: what was acknowledged is there afterwards, and every file is the old or the new one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.store.audit import AuditLog
from app.store.clusters import ClusterStore
from app.store.definitions import DefinitionStore
from app.store.home import resolve_home
from tests.cli.process import command, run
from tests.faults.power import Disk, disk, why_no_disk
from tests.figures import tell, times

CUTS = 6
SLOWEST = 0.6
"""Seconds that a verb takes at most until it has written."""


@pytest.fixture
def power(tmp_path: Path) -> Iterator[Disk]:
    reason = why_no_disk()
    if reason is not None:
        if os.environ.get("MOORAGE_REQUIRE_DOCKER") == "1":
            pytest.fail(f"MOORAGE_REQUIRE_DOCKER=1, but no disk can be had: {reason}", pytrace=False)
        pytest.skip(f"no disk can be had: {reason}")
    with disk(tmp_path) as made:
        yield made


def document(number: int) -> str:
    container = {"name": "c", "image": "b", "memory": 16, "command": [f"{number}" * 3000]}
    return json.dumps({"family": "web", "containerDefinitions": [container]})


def verbs(number: int) -> list[tuple[str, ...]]:
    return [
        ("create-cluster", "--cluster-name", f"c{number}"),
        ("register-task-definition", "--cli-input-json", document(number)),
        ("update-cluster", "--cluster", f"c{number}", "--policy", "confirm"),
    ]


def found_in(home: Path) -> set[tuple[str, ...]]:
    """The verbs of which it is seen that they were called. Every file has to be whole."""
    places = resolve_home(str(home), {})
    clusters, broken = ClusterStore(places).read_all()
    definitions = DefinitionStore(places)
    texts = [definitions.read("web", revision).document for revision in definitions.revisions("web")]
    assert (broken, definitions.problems()) == ({}, [])
    _, cut_off = AuditLog(places).read()
    assert cut_off == 0
    found = {("create-cluster", "--cluster-name", name) for name in clusters}
    found |= {("register-task-definition", "--cli-input-json", text.decode()) for text in texts}
    confirmed = [name for name, one in clusters.items() if one.policy == "confirm"]
    return found | {("update-cluster", "--cluster", name, "--policy", "confirm") for name in confirmed}


def test_what_was_acknowledged_is_there_when_the_power_comes_again(power: Disk) -> None:
    home, told = power.path / "home", set[tuple[str, ...]]()
    for number in range(times(2)):
        for argv in verbs(number):
            assert run(home, *argv).returncode == 0
            told.add(argv)
            with power.cut() as after:
                assert found_in(after / "home") == told
    tell("power cuts", cuts=len(told), acknowledged=len(told), lost=0, torn=0)


def test_the_power_goes_while_a_verb_is_at_work(power: Disk) -> None:
    """It is stopped wherever it is, as nobody may write while the disk is copied, and goes on afterwards."""
    home, told, chance = power.path / "home", set[tuple[str, ...]](), random.Random(11)
    assert run(home, "create-cluster", "--cluster-name", "first").returncode == 0
    told.add(("create-cluster", "--cluster-name", "first"))
    cuts = 0
    for number in range(times(CUTS) // 3):
        for argv in verbs(number):
            process = subprocess.Popen(command(home, *argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, SLOWEST))
            process.send_signal(signal.SIGSTOP)
            with power.cut() as after:
                assert told <= found_in(after / "home") <= told | {argv}
            process.send_signal(signal.SIGCONT)
            assert process.wait(60) == 0
            told.add(argv)
            cuts += 1
    tell("power cuts", cuts=cuts, acknowledged=len(told), lost=0, torn=0)
