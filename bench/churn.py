"""``python -m bench.churn [--minutes 10] [--containers 300] [--seed N]``: does anything leak while hosts are busy?

One engine with so many containers, of which some start, die, restart, are renamed or removed every moment, and tasks
that are run and stopped; now and then the engine itself dies and comes back. Beside it a dashboard whose screens are
visited by keys, ``moorage agent``, ``stats`` and ``events --follow``. Every minute is told what each of them holds, and
how large the files of the past are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import machine
from bench.churning import INTERRUPTED_EVERY, Churning
from bench.machine import Held, held
from bench.pty_app import PtyApp
from bench.start import FIRST_FRAME, MOORAGE
from tests.engine_bed import Bed, DaemonOptions, processes, why_not

CLUSTER = "bench"
BESIDE: Mapping[str, Sequence[str]] = {
    "agent": ("agent",),
    "stats": ("stats", "--cluster", CLUSTER, "--output", "json"),
    "events": ("events", "--follow"),
}
VISITS = (
    ("2", r"moorage › tasks"),
    ("\r", r"moorage › (?!tasks)"),
    ("\x1b", r"moorage › tasks"),
    ("l", r"› logs"),
    ("\x1b", r"moorage › tasks"),
    ("G", r"moorage › tasks"),
    ("g", r"moorage › tasks"),
    ("/run\r", r"/run"),
    ("\x1b", r"moorage › tasks"),
    ("3", r"moorage › instances"),
    ("\r", r"moorage › .*(edge|instances)"),
    ("\x1b", r"moorage › instances"),
    ("5", r"moorage › events"),
    ("6", r"moorage › alerts"),
    ("\x1b", r"moorage › events"),
    ("1", r"moorage › fleet"),
    ("\r", rf"moorage › .*{CLUSTER}"),
    ("\x1b", r"moorage › fleet"),
)
"""Keys, and what is on the screen then."""
_EVERY = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.churn", description="Look for leaks beside a churned engine.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--containers", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="the same deeds again")
    parser.add_argument("--interrupted-every", type=float, default=INTERRUPTED_EVERY, metavar="SECONDS")
    asked = parser.parse_args()
    if (reason := why_not()) is not None:
        sys.exit(f"no engine can run here: {reason}")
    bed = Bed()
    try:
        daemon = bed.fresh("edge", DaemonOptions(memory=8 << 30, live_restore=True))
        print(machine.description(daemon.api.version()["Version"]), flush=True)
        with tempfile.TemporaryDirectory(prefix="moorage-churn-") as folder:
            home = Path(folder)
            churning = Churning(daemon, home, CLUSTER, asked.containers, asked.seed, asked.interrupted_every)
            return _churned(churning, home, asked.minutes * 60)
    finally:
        bed.close()


def _churned(churning: Churning, home: Path, seconds: float) -> int:
    """1 when anything that ought to go on has ended, else 0."""
    churning.fill()
    with ExitStack() as stack:
        beside = {name: stack.enter_context(_verb(home, argv)) for name, argv in BESIDE.items()}
        app = stack.enter_context(PtyApp([*MOORAGE, "--home", str(home)]))
        app.until_shown(FIRST_FRAME)
        app.until_shown("● 1 live")
        stack.callback(churning.close)
        churning.start()
        table = Holdings(home)
        visits, told, ends = 0, 0.0, time.monotonic() + seconds
        print(table.header(), flush=True)
        while (now := time.monotonic()) < ends:
            keys, shown = VISITS[visits % len(VISITS)]
            app.press(keys)
            app.until_shown(shown, within=30)
            visits += 1
            if now >= told:
                told = now + _EVERY
                table.take({"dashboard": app.pids, **{name: {process.pid} for name, process in beside.items()}})
                print(table.last(), flush=True)
            app.settle(1)
        table.take({"dashboard": app.pids, **{name: {process.pid} for name, process in beside.items()}})
        print(table.last())
        ended = [name for name, process in beside.items() if process.poll() is not None]
        print(f"\n{table.growth()}\n{visits} visits to screens; {churning.told()}; load {machine.load()}")
        print(f"ended too early: {', '.join(ended) or 'nothing'}; failed deeds: {churning.failures or 'none'}")
    return 1 if ended or churning.failures else 0


def _verb(home: Path, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MOORAGE_HOME": str(home)}
    return _Ended([*MOORAGE, *argv], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)


class _Ended(subprocess.Popen[bytes]):
    """Ends with its ``with``."""

    def __exit__(self, *error: object) -> None:
        self.terminate()
        super().__exit__(*error)  # type: ignore[arg-type]


class Holdings:
    """What each program held, by the minute."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._began = time.monotonic()
        self._samples: list[tuple[float, dict[str, Held], int]] = []

    def take(self, programs: Mapping[str, set[int]]) -> None:
        found = {name: held(processes.living(pids)) for name, pids in programs.items()}
        self._samples.append((time.monotonic() - self._began, found, self._files()))

    def _files(self) -> int:
        return sum(path.stat().st_size for path in self._home.rglob("*.sqlite3*"))

    def header(self) -> str:
        names = ("dashboard", *BESIDE)
        return "minute  " + "  ".join(f"{name + ': RSS PSS MiB, threads, files':<40}" for name in names) + "databases"

    def last(self) -> str:
        moment, found, size = self._samples[-1]
        cells = (
            f"{one.rss / 2**20:6.1f} {one.pss / 2**20:6.1f} {one.threads:4} {one.files:4}" for one in found.values()
        )
        return f"{moment / 60:6.1f}  " + "  ".join(f"{cell:<40}" for cell in cells) + f"{size / 2**20:.2f} MiB"

    def growth(self) -> str:
        """From the second sample to the last: at the first nothing has been looked at yet."""
        first, last = self._samples[min(1, len(self._samples) - 1)], self._samples[-1]
        lines = []
        for name, now in last[1].items():
            then = first[1][name]
            lines.append(
                f"{name}: PSS {(now.pss - then.pss) / 2**20:+.1f} MiB, threads {now.threads - then.threads:+}, "
                f"files {now.files - then.files:+} in {(last[0] - first[0]) / 60:.1f} min"
            )
        return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
