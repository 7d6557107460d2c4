"""``python -m bench.soak [--minutes 10] [--seed N] [--small]``: a monkey at the dashboard, and what it found.

Exits with 1 when anything raised, or hung for 250 ms without the machine being at fault.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import machine
from tests.engine_bed import Bed, DaemonOptions, why_not
from tests.monkey.churn import Churn
from tests.monkey.monkey import HANG, DeadError, Monkey, Tally
from tests.monkey.world import environment_of, make_world

SLOWEST = 12


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.soak", description="A monkey at the dashboard.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same hands again")
    parser.add_argument("--small", action="store_true", help="no past of thousands and no documents of megabytes")
    asked = parser.parse_args()
    if (reason := why_not()) is not None:
        sys.exit(f"no engine can run here: {reason}")
    bed, dead = Bed(), ""
    try:
        daemons = [bed.fresh(f"edge-{number}", DaemonOptions(memory=4 << 30)) for number in (1, 2)]
        with tempfile.TemporaryDirectory(prefix="moorage-soak-") as name:
            folder = Path(name)
            make_world(folder, [daemon.endpoint for daemon in daemons], large=not asked.small)
            churn = Churn(daemons, asked.seed)
            try:
                with Monkey(folder / "home", environment_of(folder), asked.seed) as monkey:
                    try:
                        monkey.play(asked.minutes * 60)
                        monkey.measure()
                    except DeadError as error:
                        dead = str(error)
            finally:
                churn.close()
            print(f"seed {asked.seed}, {asked.minutes:g} min, load {machine.load()}; churn: {_counts(churn.done)}")
    finally:
        bed.close()
    print(report(monkey.tally))
    if dead:
        print(f"\nDEAD: {dead}")
    return 1 if dead or monkey.tally.errors or monkey.tally.hangs else 0


def report(tally: Tally) -> str:
    """What the monkey saw, for a person."""
    return "\n".join([*_summary(tally), *_slowest(tally), *_hangs(tally), *tally.errors])


def _summary(tally: Tally) -> list[str]:
    seconds = sorted(tally.seconds) or [0.0]
    middle, late = statistics.median(seconds) * 1000, seconds[int(len(seconds) * 0.95)] * 1000
    stood = sum(stall["stall"] >= HANG for stall in tally.stalls)
    lines = [
        f"keys answered: {len(tally.seconds)}; median {middle:.1f} ms, p95 {late:.0f} ms",
        f"by screen: {_counts(tally.keys)}",
        f"else: {_counts(tally.others)}; starts {tally.starts}, terminal handed over {tally.handed} times",
        f"exceptions: {len(tally.errors)}",
        f"the loop hung for {HANG * 1000:.0f} ms: {len(tally.hangs)} times ({stood} with other programs' time)",
    ]
    for label, costs in (("at the start", tally.costs[:1]), ("at the end", tally.costs[-1:])):
        for at, threads, fds, resident in costs:
            lines.append(f"{label} ({at:.0f} s): {threads} threads, {fds} fds, {resident / 1024:.0f} MiB")
    if tally.costs:
        most_threads, most_fds = (max(cost[place] for cost in tally.costs) for place in (1, 2))
        lines.append(f"at most {most_threads} threads, {most_fds} fds")
    return lines


def _slowest(tally: Tally) -> list[str]:
    worst = sorted(tally.answers, reverse=True)[:SLOWEST]
    return ["slowest answers:", *(f"  {took * 1000:6.0f} ms  {key:10} {screen}" for took, key, screen in worst)]


def _hangs(tally: Tally) -> list[str]:
    """With what the loop was at, so that it can be mended."""
    lines = []
    for stall in sorted(tally.hangs, key=lambda stall: -float(stall["own"]))[:SLOWEST]:
        took = f"{stall['own'] * 1000:.0f} ms of {stall['stall'] * 1000:.0f}, {stall['garbage'] * 1000:.0f} for garbage"
        lines.append(f"\nhung {took}, on {stall['screen']}")
        lines += [f"typed: {' '.join(stall['typed'])}", stall["stack"]]
    return lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1]))


if __name__ == "__main__":
    sys.exit(main())
