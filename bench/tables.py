"""The Tasks screen with 10,000 rows, as a person feels it: from a key to what it does on the screen."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable

from bench.live import key_seconds
from bench.many_tasks import argv
from bench.pty_app import PtyApp
from bench.table import Figure, milliseconds, percentiles

FEW, MANY, RATE = 100, 10_000, 1000


def tables_figures(presses: int, rounds: int) -> list[Figure]:
    figures = []
    for tasks, rate in ((FEW, 0), (MANY, 0), (MANY, RATE)):
        title = f"{tasks:,} tasks" + (f", {rate:,} events/s" if rate else "")
        # The program is ended from outside, so the folder is not its own to remove.
        with tempfile.TemporaryDirectory(prefix="moorage-bench-") as home, PtyApp(argv(home, tasks, rate)) as app:
            app.until_shown("▌prod", within=60)
            app.press("2")
            app.until_shown(r"▌[0-9a-f]{8}", within=60)
            app.settle(2)
            figures.append(percentiles(f"{title}: key to paint", key_seconds(app, presses), "one frame is 16.7 ms"))
            figures += [_deed(app, f"{title}: {what}", keys, shown, away, rounds) for what, keys, shown, away in DEEDS]
    return figures


def _deed(app: PtyApp, what: str, keys: str, shown: str, away: str, rounds: int) -> Figure:
    """Seconds from the last of the keys until its doing is seen."""
    times = []
    for _ in range(rounds):
        app.press(keys[:-1])
        app.settle(0.3)
        pressed = app.press(keys[-1])
        times.append(app.until(_sees(shown), window=0.02) - pressed)
        app.settle(0.3)
        app.press(away)
        app.until(_without(shown))
        app.settle(0.3)
    return milliseconds(what, times, "")


def _sees(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.MULTILINE).search


def _without(pattern: str) -> Callable[[str], object]:
    return lambda text: not re.search(pattern, text, re.MULTILINE)


DEEDS = (
    ("the command bar opens", ":", r"^ : a command", "\x1b"),
    ("a key in the command bar", ":task 3", r"^ : task 3", "\x1b"),
    ("a key in the filter", "/svc-07", r"of [0-9,]+ /svc-07", "\x1b\x1b"),
    ("sorted by another column", ":sort memory\r", r"MEM▼", ":sort age\r"),
)
"""What it is called, the keys, what is seen then, and the keys that lead back."""
