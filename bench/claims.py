"""The tables of the README's "Measured", out of the figures of a run: to be put there from a quiet machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.table import Figure

BY_COUNT = (
    ("start to the first frame", "start to first frame"),
    ("start to the first container's name", "start to first name"),
    ("`docker run` has returned, its row shows RUNNING", "docker run returned to row RUNNING"),
    ("`docker kill` has returned, the row has changed", "docker kill returned to row changed"),
    ("key to paint", "key to paint"),
    ("at rest, stats of all in sight: our CPU", "idle, our CPU"),
    ("at rest: CPU of dockerd and containerd", "idle, dockerd's CPU"),
    ("at rest: bytes to the terminal", "idle, bytes to the terminal"),
    ("memory (PSS)", "memory (PSS)"),
)
"""Words of the README, and the figure's name behind ``300 containers:``."""
SINGLE = (
    ("`moorage --version` beyond a bare Python", "beyond bare Python"),
    ("10,000 log lines, written to the last on screen", "10,000 lines followed: written to the last on screen"),
    ("200,000 log lines, written to the last on screen", "200,000 lines followed: written to the last on screen"),
    ("`run-task` of one container to RUNNING", "run-task to RUNNING"),
    ("plan of 1,000 tasks on 1,000 instances, two strategies and an expression", "plan 1,000 tasks on 1,000 instances"),
    ("preview in the Run form, 100 instances of 20 tasks", "preview of 10 tasks, 100 instances of 20 tasks each"),
)


def claims(figures: Sequence[Figure], counts: Sequence[int]) -> str:
    """Two tables in Markdown. What was not measured says so."""
    known = {figure.what.strip(): figure for figure in figures}
    rows = []
    for words, name in BY_COUNT:
        found = [known.get(f"{count} containers: {name}") for count in counts]
        rows.append([words, *map(_value, found), _beside(found[-1])])
    titles = ["figure", *(f"{count} containers" for count in counts), f"beside it, at {counts[-1]}"]
    single = [[words, _value(known.get(name)), _beside(known.get(name))] for words, name in SINGLE]
    return f"{_table(titles, rows)}\n\n{_table(['figure', 'median', 'beside it'], single)}"


def _value(figure: Figure | None) -> str:
    if figure is None:
        return "not measured"
    tail = figure.spread.partition(",")[0]
    return f"{figure.value}, {tail} ms" if tail.startswith("p95") else figure.value


def _beside(figure: Figure | None) -> str:
    return figure.beside if figure is not None else ""


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [titles, ["---"] * len(titles), *rows])
