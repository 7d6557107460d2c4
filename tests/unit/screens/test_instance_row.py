"""What the row of an instance says of its draining, whether it answers or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.model.drain import DrainMark, drain_name
from app.model.endpoint import TlsFiles
from app.model.instance import Freshness, Instance
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead
from app.screens.filtering import parse_filter
from app.screens.rows import INSTANCE_COLUMNS, instance_row
from app.screens.subjects import instance_subject
from tests.unit.builders import HOST, NOW, at

ACTIVE = Instance(HOST, "1" * 32, "unix:///x", "ACTIVE", NOW)
EXPOSED = replace(ACTIVE, endpoint="tcp://edge:2375", insecure=True)
UNTOLD = replace(ACTIVE, status="DRAINING", drain_reason=SafeText("worn disk"))
MARK = DrainMark(drain_name(HOST.cluster), SafeText("ops"), NOW, SafeText("a new kernel"))


def state_of(instance: Instance, reach: Any, *drains: DrainMark) -> Any:
    fleet = Fleet()
    fleet.register([HOST.cluster], [instance])
    why = SafeText("" if reach == "live" else "no route")
    fleet.apply([HostRead(HOST, (), (), drains), FreshnessTold(HOST, Freshness(reach, NOW, why))])
    return fleet.instances[HOST]


@pytest.mark.parametrize(
    ("instance", "reach", "drains", "state", "detail"),
    [
        (ACTIVE, "live", (), "● live", "unix:///x"),
        (ACTIVE, "live", (MARK,), "⊘ DRAINING", "by ops 5m ago: a new kernel"),
        (ACTIVE, "live", (DrainMark(MARK.name),), "⊘ DRAINING", "unix:///x"),
        (EXPOSED, "live", (), "● live", "INSECURE tcp://edge:2375"),
        (EXPOSED, "stale", (), "◐ stale 5m", "INSECURE no route; trying now"),
        (replace(EXPOSED, tls=TlsFiles("/ca.pem")), "live", (), "● live", "tcp://edge:2375"),
        (UNTOLD, "live", (), "⊘ DRAINING", "worn disk; others see it once it answers"),
        (
            UNTOLD,
            "unreachable",
            (),
            "✕ unreachable",
            "no route; trying now; DRAINING, worn disk; others see it once it answers",
        ),
        (ACTIVE, "stale", (MARK,), "◐ stale 5m", "no route; trying now; DRAINING, by ops 5m ago: a new kernel"),
    ],
)
def test_state_and_detail(
    instance: Instance, reach: str, drains: tuple[DrainMark, ...], state: str, detail: str
) -> None:
    row = instance_row(state_of(instance, reach, *drains), at(300), INSTANCE_COLUMNS)
    told = {
        column.key: "".join(span.text for span in cell)
        for column, cell in zip(INSTANCE_COLUMNS, row.cells, strict=True)
    }
    assert (told["state"], told["endpoint"]) == (state, detail)


@pytest.mark.parametrize(
    ("seconds", "detail"),
    [
        (2, "unix:///x"),
        (2.5, "clock 2s ahead"),
        (-3600, "clock 1h behind"),
        (86400 * 365 * 7972, "clock 2909780d ahead"),
    ],
)
def test_a_clock_that_is_wrong_is_told(seconds: float, detail: str) -> None:
    state = state_of(ACTIVE, "live")
    state.clock_offset = timedelta(seconds=seconds)
    cells = instance_row(state, at(300), INSTANCE_COLUMNS).cells
    told = dict(zip((column.key for column in INSTANCE_COLUMNS), cells, strict=True))
    assert "".join(span.text for span in told["endpoint"]) == detail


def test_a_filter_finds_who_drains_and_why() -> None:
    drained, free = state_of(ACTIVE, "live", MARK), state_of(ACTIVE, "live")
    for text in ("state:draining", "kernel", "ops"):
        matches = parse_filter(text)
        assert (matches(instance_subject(drained)), matches(instance_subject(free))) == (True, False)
