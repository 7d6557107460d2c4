"""The monkey, others at the same home, disorder and troubles, all at once; then all is healed, and stock is taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from app.hosts.errors import HostError
from tests.engine_bed import Bed, DaemonError
from tests.monkey.churn import Churn
from tests.monkey.looks import Looks, Seen
from tests.monkey.monkey import DeadError, Monkey, Tally
from tests.monkey.others import Others, Told
from tests.monkey.places import Place, three_places
from tests.monkey.stock import Found, Stock, answered_by_keys, settle, take_stock
from tests.monkey.troubles import Troubles, bring_up
from tests.monkey.world import environment_of, make_world

MEMORY = 256 << 20
"""Of each engine: little enough for launches to be in each other's way."""
_MOST_DEATHS = 5
_MOST_THREADS, _MOST_FDS = 150, 200
"""Of a dashboard, whatever goes on: about three times what it has when three engines come and go."""


@dataclass
class Ordeal:
    """What came of it. ``wrong``: everything that should not be, in words, but for how quickly keys were answered."""

    tally: Tally
    churned: Counter[str]
    troubles: Counter[str]
    told: Told
    seen: dict[str, Seen]
    stock: Stock
    wrong: list[str]


def run_ordeal(bed: Bed, folder: Path, seconds: float, seed: int, *, large: bool = False) -> Ordeal:
    """Call it in the main thread. ``folder``: of its own, empty. ``large``: with a past of thousands."""
    dead: list[str] = []
    with ExitStack() as stack:
        # Engines are ended before the threads that have started them: see Troubles.
        letting_go = stack.enter_context(ExitStack())
        places = stack.enter_context(three_places(bed, folder, MEMORY))
        session = make_world(folder, [place.endpoint for place in places], large=large)
        for engine in session.engines().values():
            stack.callback(engine.end)
        home, environment = folder / "home", environment_of(folder)
        looks = Looks(places)
        stack.callback(looks.close)
        churn = Churn([place.daemon for place in places], seed, 0.5, freezes=False)
        others = Others(home, environment, places, seed)
        troubles = Troubles(places, seed)
        letting_go.callback(troubles.let_go)
        tally = Tally()
        try:
            _play(home, environment, seed, seconds, tally, dead)
        finally:
            troubles.heal()
            others.close()
            churn.close()
        others.told.answered |= answered_by_keys(home)
        found = list(_settled(places, troubles.failures))
        looks.close()
        stock = take_stock(home, others.told, found)
    over = [f"{name}: {words}" for name, seen in looks.seen.items() for words in seen.over]
    stock.overcommitted = len(over)
    leaks = [f"{threads} threads and {fds} open files" for _, threads, fds, _ in tally.costs if _leaks(threads, fds)]
    wrong = [*dead, *leaks[:1], *tally.errors, *others.told.faults, *troubles.failures, *over, *stock.wrong]
    return Ordeal(tally, churn.done, troubles.done, others.told, looks.seen, stock, wrong)


def _settled(places: Sequence[Place], failures: list[str]) -> Iterator[Found]:
    """What is on each engine at the end. One that cannot be brought up is a failure: what the others have is told."""
    for place in places:
        try:
            if not place.daemon.alive:
                bring_up(place.daemon)
            yield settle(place)
        except (AssertionError, DaemonError, HostError) as error:
            failures.append(f"{place.name} is not there at the end: {error!r:.500}\n{place.daemon.log_tail()}")


def _leaks(threads: int, fds: int) -> bool:
    return threads > _MOST_THREADS or fds > _MOST_FDS


def _play(home: Path, environment: Mapping[str, str], seed: int, seconds: float, tally: Tally, dead: list[str]) -> None:
    """A dashboard that has died is opened again, but for so many times."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(dead) < _MOST_DEATHS:
        try:
            with Monkey(home, environment, seed + len(dead), tally) as monkey:
                monkey.play(left)
                monkey.measure()
        except DeadError as error:
            dead.append(f"DEAD: {error}")
