"""What unmanaged containers of an instance use together, while somebody looks."""

from __future__ import annotations

import pytest

from app.hosts.sampler_round import Told
from app.model.safe_text import SafeText
from app.operations.usage import EVERY, HostUse, UsageFeed
from tests.unit.operations.test_stats_feed import KEYS, Bench, ours

LONG = 60.0


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.fixture
def usage(bench: Bench) -> UsageFeed:
    return UsageFeed(bench.feed)


def look(bench: Bench, usage: UsageFeed) -> None:
    usage.look(bench.fleet.instances.values())


def test_only_what_is_unmanaged_and_up_is_asked_for(bench: Bench, usage: UsageFeed) -> None:
    look(bench, usage)
    assert bench.sampler().wanted == [(("hand",), EVERY)]
    assert usage.uses == {}, "nothing is known yet"
    bench.tell("hand", 128, cpu=0)
    look(bench, usage)
    assert usage.uses == {KEYS[0]: HostUse(128, 0, 1, 1)}
    bench.now += 1
    bench.tell("hand", 128, cpu=250)
    look(bench, usage)
    assert usage.uses == {KEYS[0]: HostUse(128, 1024, 1, 1)}


def test_what_was_known_stays_when_nothing_comes_and_says_so(bench: Bench, usage: UsageFeed) -> None:
    look(bench, usage)
    bench.tell("hand", 128)
    look(bench, usage)
    bench.now += LONG
    look(bench, usage)
    assert usage.uses == {KEYS[0]: HostUse(128, 0, 1, 1)}, "nobody had looked, so nothing is wrong"
    bench.sampler().told.append(Told("hand", None, SafeText("no answer within 5 s")))
    look(bench, usage)
    assert usage.uses[KEYS[0]].problem == "no answer within 5 s"
    bench.sampler().told.append(Told("", None, SafeText("connection refused")))
    look(bench, usage)
    assert usage.uses == {KEYS[0]: HostUse(128, 0, 1, 1, "connection refused")}
    bench.tell("hand", 130)
    look(bench, usage)
    assert usage.uses == {KEYS[0]: HostUse(130, 0, 1, 1)}


def test_an_instance_without_any_has_no_entry(bench: Bench, usage: UsageFeed) -> None:
    look(bench, usage)
    bench.tell("hand", 128)
    look(bench, usage)
    bench.hold(KEYS[0], [ours("a", 0xA, 1)])
    look(bench, usage)
    assert usage.uses == {}
