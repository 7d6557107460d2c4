"""A short monkey: nothing raises, all keys are answered, and at the end it can be left. The long one: ``make soak``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.monkey.churn import Churn
from tests.monkey.monkey import Monkey
from tests.monkey.world import environment_of, make_world

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

SEED = 20_260_301
SECONDS = 20


def test_random_keys_while_an_engine_is_churned_raise_nothing(engine: Daemon, tmp_path: Path) -> None:
    make_world(tmp_path, [engine.endpoint], large=False)
    churn = Churn([engine], SEED)
    try:
        with Monkey(tmp_path / "home", environment_of(tmp_path), SEED) as monkey:
            monkey.play(SECONDS)
    finally:
        churn.close()
    assert monkey.tally.errors == []
    assert len(monkey.tally.seconds) > SECONDS, "it was typed to"
    assert sum(churn.done.values()) > 0
