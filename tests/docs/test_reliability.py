"""docs/reliability.md leaves no fault out, names only tests that are there, and has every row of its figures."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from bench.figures import ENGINES, ROWS, marked, names_of_tests

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
LATER = {57, 58, 59}
"""Faults of controllers, which there are none of yet."""


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _there(name: str) -> bool:
    """``folder/file::test``, below tests/."""
    file, _, test = name.partition("::")
    path = ROOT / "tests" / f"{file}.py"
    return path.exists() and test in _tests_in(path)


def test_no_fault_is_left_out() -> None:
    rows = {int(number): tests for number, tests in re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)}
    assert set(range(1, 60)) - set(rows) == LATER
    assert [number for number, tests in rows.items() if "::test_" not in tests] == []
    assert all(f"({number})" in PAGE for number in LATER)


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`([\w/]+::\w+)`", PAGE)
    assert len(named) > 80
    assert [name for name in named if not _there(name)] == []


def test_the_figures_have_every_row_and_come_from_tests_that_are_there() -> None:
    shown = marked(PAGE, "figures")
    assert [title for title in (*(row.title for row in ROWS), ENGINES) if f"| {title} |" not in shown] == []
    assert [name for name in names_of_tests(ROWS) if not _there(name)] == []
