"""``python -m bench.soak [--minutes 10] [--seed N] [--small] [--no-faults]``: a monkey at the dashboard, and its finds.

With faults three engines and the ways to them go wrong all the while, and others work at the same home; at the end all
is healed and stock is taken of every launch. Exits with 1 when anything raised, hung for 250 ms without the machine
being at fault, or is there that should not be.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench import machine
from tests.engine_bed import Bed, DaemonOptions, why_not
from tests.monkey.churn import Churn
from tests.monkey.monkey import DeadError, Monkey
from tests.monkey.ordeal import run_ordeal
from tests.monkey.telling import counts, of_monkey, of_ordeal
from tests.monkey.world import environment_of, make_world


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.soak", description="A monkey at the dashboard.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same hands again")
    parser.add_argument("--small", action="store_true", help="no past of thousands and no documents of megabytes")
    parser.add_argument(
        "--faults",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="without them two engines are only churned, and nobody else is there",
    )
    asked = parser.parse_args()
    if (reason := why_not()) is not None:
        sys.exit(f"no engine can run here: {reason}")
    bed = Bed()
    try:
        with tempfile.TemporaryDirectory(prefix="moorage-soak-") as name:
            soak = _with_faults if asked.faults else _churned
            lines, well = soak(bed, Path(name), asked)
    finally:
        bed.close()
    print(f"seed {asked.seed}, {asked.minutes:g} min, load {machine.load()}")
    print("\n".join(lines))
    return 0 if well else 1


def _with_faults(bed: Bed, folder: Path, asked: argparse.Namespace) -> tuple[Iterable[str], bool]:
    found = run_ordeal(bed, folder, asked.minutes * 60, asked.seed, large=not asked.small)
    lines = [*of_ordeal(found), *of_monkey(found.tally), *(f"\nWRONG: {words}" for words in found.wrong)]
    return lines, not found.wrong and not found.tally.hangs


def _churned(bed: Bed, folder: Path, asked: argparse.Namespace) -> tuple[Iterable[str], bool]:
    daemons = [bed.fresh(f"edge-{number}", DaemonOptions(memory=4 << 30)) for number in (1, 2)]
    make_world(folder, [daemon.endpoint for daemon in daemons], large=not asked.small)
    churn, dead = Churn(daemons, asked.seed), ""
    try:
        with Monkey(folder / "home", environment_of(folder), asked.seed) as monkey:
            try:
                monkey.play(asked.minutes * 60)
                monkey.measure()
            except DeadError as error:
                dead = f"\nDEAD: {error}"
    finally:
        churn.close()
    lines = [f"disorder: {counts(churn.done)}", *of_monkey(monkey.tally), *[dead] * bool(dead)]
    return lines, not dead and not monkey.tally.errors and not monkey.tally.hangs


if __name__ == "__main__":
    sys.exit(main())
