"""The Tasks screen with 10,000 rows, as a person feels it: from a key to what it does on the screen."""

from __future__ import annotations

import re
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
        with PtyApp(argv(tasks, rate)) as app:
            app.until_shown("▌prod", within=60)
            app.press("2")
            app.until_shown(r"▌[0-9a-f]{8}")
            app.settle(1)
            figures.append(percentiles(f"{title}: key to paint", key_seconds(app, presses), "one frame is 16.7 ms"))
            figures += [_deed(app, title, *deed, rounds) for deed in DEEDS]
    return figures


def _deed(app: PtyApp, title: str, what: str, keys: str, shown: str, away: str, rounds: int) -> Figure:
    times = []
    for _ in range(rounds):
        pressed = app.press(keys)
        times.append(app.until(_sees(shown), window=0.02) - pressed)
        app.settle(0.2)
        app.press(away)
        app.until(lambda text: not re.search(shown, text))
        app.settle(0.2)
    return milliseconds(f"{title}: {what}", times, "")


def _sees(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.MULTILINE).search


DEEDS = (("help opens", "?", r"Keys of this screen", "\x1b"),)
