"""Use against reservations, in few characters and honest about what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.hosts.stats import Stats
from app.model.amounts import compact, cores_percent
from app.model.instance import Freshness, Instance
from app.model.resources import Resources
from app.model.task import Task
from app.model.update import FreshnessTold, HostRead
from app.operations.use import UNKNOWN, Use
from app.screens.use_cells import container_cpu, container_memory, cpu_bar, memory_bar, task_cpu, task_memory
from tests.unit.builders import HOST, NOW, TASK_ID, container, tag
from widgets.cells import cell_text, cell_width

MIB = 1 << 20


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "-"), (0, "0B"), (-5, "0B"), (999, "999B"), (1000, "1K"), (1024, "1K"), (1536, "1.5K"),
        (319 << 10, "319K"), (1023 << 10, "1M"), (181 * MIB, "181M"), (1 << 30, "1G"), (3 << 29, "1.5G"),
        (1 << 40, "1T"), (1 << 60, "1048576T"),
    ],
)  # fmt: skip
def test_bytes_have_four_characters_at_most(amount: float | None, shown: str) -> None:
    assert compact(amount) == shown
    assert amount is None or amount >= 1 << 50 or len(compact(amount)) <= 4


def test_cpu_is_told_in_whole_per_cent() -> None:
    assert [cores_percent(value) for value in (None, 0.0, 0.4, 11.6, 1600.2)] == ["-", "0%", "0%", "12%", "1600%"]


def task(memory: int = 512, state: str = "running") -> Task:
    fleet = Fleet()
    fleet.register([HOST.cluster], [Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)])
    made = container(tag(reservation=Resources(256, memory)), state)
    fleet.apply([HostRead(HOST, (made,), ()), FreshnessTold(HOST, Freshness("live", NOW))])
    found = fleet.find_task(TASK_ID)
    assert found
    return found


@pytest.mark.parametrize(
    ("use", "cpu", "memory"),
    [
        (None, "-", "512M"),
        (Use(running=1), "-", "-/512M"),
        (Use(181 * MIB, 12.3, 1, 1, 1), "12%", "181M/512M"),
        (Use(181 * MIB, 12.3, 2, 1, 1), "≥12%", "≥181M/512M"),
        (Use(181 * MIB, 0.0, 1, 1, 0), "-", "181M/512M"),
        (Use(0, 3.0, 1, 0, 1), "3%", "-/512M"),
    ],
)
def test_a_task_that_runs(use: Use | None, cpu: str, memory: str) -> None:
    assert cell_text(task_cpu(task(), use)) == cpu
    assert cell_text(task_memory(task(), use)) == memory


def test_a_task_without_a_reservation_one_beyond_it_and_one_that_has_stopped() -> None:
    use = Use(600 * MIB, 12.0, 1, 1, 1)
    assert cell_text(task_memory(task(0), use)) == "600M"
    assert task_memory(task(), use)[0].tone == "warn"
    assert cell_text(task_memory(task(state="exited"), use)) == "512M"
    assert cell_text(task_cpu(task(state="exited"), use)) == "-"


def test_a_container_that_is_about_to_be_killed_is_red() -> None:
    stats = Stats(0.0, cpu=3.0, memory=50 * MIB, limit=64 * MIB)
    assert (cell_text(container_cpu(stats)), cell_text(container_memory(stats))) == ("3%", "50M")
    assert container_memory(replace(stats, memory=60 * MIB))[0].tone == "bad"
    assert cell_text(container_cpu(None)) == cell_text(container_memory(Stats(0.0))) == "-"


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (UNKNOWN, "  50%    -"),
        (Use(), "  50%   0%"),
        (Use(256 * MIB, 25.0, 1, 1, 1), "  50%  25%"),
        (Use(256 * MIB, 25.0, 2, 1, 1), "  50% ≥25%"),
    ],
)
def test_bars_have_both_numbers_and_one_width(use: Use, words: str) -> None:
    for made in (memory_bar(512, use, 1024, 8), cpu_bar(512, use, 1024, 8)):
        assert cell_text(made)[8:] == words
        assert cell_width(made) == 18
    assert cell_text(memory_bar(0, use, 0, 8)) == "········    -    -"


def test_what_is_full_is_red_and_what_is_used_beyond_it_is_told_apart() -> None:
    full: Any = memory_bar(1024, Use(), 1024, 8)
    assert {span.tone for span in full if span.text.strip("▓") == ""} == {"bad"}
    beyond = memory_bar(256, Use(512 * MIB, 0.0, 1, 1, 1), 1024, 8)
    assert cell_text(beyond).startswith("██▒▒····")
