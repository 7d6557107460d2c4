"""A short run of what ``make soak`` does for long: everything goes wrong at once, and at the end nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.figures import tell, times
from tests.monkey.ordeal import run_ordeal
from tests.monkey.telling import of_ordeal

if TYPE_CHECKING:
    from tests.engine_bed import Bed

SEED = 20_261_129
SECONDS, MOST = 60, 300


def test_everything_goes_wrong_and_every_launch_is_whole(engine_bed: Bed, tmp_path: Path) -> None:
    seconds = min(times(SECONDS), MOST)
    found = run_ordeal(engine_bed, tmp_path, seconds, SEED)
    print("\n" + "\n".join(of_ordeal(found)))
    assert not found.wrong, "\n".join(found.wrong)
    assert sum(found.troubles.values()) >= 3, "something went wrong"
    assert found.stock.calls >= 3
    assert found.stock.asked >= 1
    assert found.stock.audit_lines > 0
    assert all(seen.looks > 0 for seen in found.seen.values())
    stock = found.stock
    tell(
        "soak",
        seconds=seconds,
        troubles=sum(found.troubles.values()),
        asked=stock.asked,
        running=stock.running,
        stopped=stock.stopped,
        lost=stock.lost,
        doubled=stock.doubled,
        orphaned=stock.orphans,
        looks=sum(seen.looks for seen in found.seen.values()),
        over=stock.overcommitted,
        files=stock.files,
        torn=stock.torn,
    )
