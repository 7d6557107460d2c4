"""The rate follows what moves, and forgets what was long ago."""

from __future__ import annotations

import pytest

from app.hosts.images.speed import LATELY, Speed


def test_it_follows_what_moves() -> None:
    now = [0.0]
    speed = Speed(lambda: now[0])
    assert speed.moved(10) == 100, "not more than of a tenth of a second: the first bytes are no rate yet"
    rates = []
    for _ in range(200):
        now[0] += 0.05
        rates.append(speed.moved(50))
    assert rates[-1] == pytest.approx(1000, rel=0.1)
    assert len(speed._moved) <= LATELY / 0.1 + 2
    now[0] += 10
    assert speed.moved(3) == pytest.approx(1)
