"""Stacked filters, context, and what is refused."""

from __future__ import annotations

import pytest

from app.model.errors import MoorageError
from app.operations.log_filter import MOST_TERMS, LogFilter, Sieve, filter_of

LINES = ["start", "GET /a 200", "GET /b 500", "Error: db", "  at x", "  at y", "GET /c 200", "end"]


def passed(wanted: LogFilter, lines: list[str]) -> list[str]:
    sieve: Sieve[str] = Sieve(wanted, lambda line: None if line.startswith("--") else (line, "stdout"))
    return [line for batch in (lines[:3], lines[3:]) for line in sieve.passed(batch)]


def test_all_includes_and_no_exclude() -> None:
    assert passed(filter_of(["get"], []), LINES) == ["GET /a 200", "GET /b 500", "GET /c 200"]
    assert passed(filter_of(["get", "200"], []), LINES) == ["GET /a 200", "GET /c 200"]
    assert passed(filter_of(["get", "/2\\d\\d$/"], ["/a"]), LINES) == ["GET /c 200"]
    assert passed(filter_of([], ["get", "at "]), LINES) == ["start", "Error: db", "end"]
    assert passed(filter_of(["!get"], []), LINES) == passed(filter_of([], ["get"]), LINES)


def test_notes_are_always_shown() -> None:
    assert passed(filter_of(["nothing"], []), ["a", "--note", "b", "c"]) == ["--note"]


def test_context_is_shown_once_and_goes_over_batches() -> None:
    wanted = LogFilter(filter_of(["error"], []).terms, context=2)
    assert passed(wanted, LINES) == ["GET /a 200", "GET /b 500", "Error: db", "  at x", "  at y"]
    both = LogFilter(filter_of(["get"], ["at "]).terms, context=1)
    assert passed(both, LINES) == ["start", "GET /a 200", "GET /b 500", "Error: db", "GET /c 200", "end"]


def test_a_stream_alone() -> None:
    sieve: Sieve[tuple[str, str]] = Sieve(LogFilter(stream="stderr"), lambda line: line)
    assert list(sieve.passed([("a", "stdout"), ("b", "stderr")])) == [("b", "stderr")]


def test_what_is_no_filter_is_refused_with_its_place() -> None:
    with pytest.raises(MoorageError, match=r"/\(a/ at character 2: found no '\)'"):
        filter_of(["/(a/"], [])
    with pytest.raises(MoorageError, match="1 to 200 characters"):
        filter_of(["x" * 201], [])
    with pytest.raises(MoorageError, match="1 to 200 characters"):
        filter_of(["  "], [])
    full = filter_of([f"w{n}" for n in range(MOST_TERMS)], [])
    with pytest.raises(MoorageError, match="take one away first"):
        full.with_term("more", excludes=False)
    assert full.with_term("w1", excludes=False) is full
    assert len(full.without_last().terms) == MOST_TERMS - 1


def test_chips() -> None:
    assert [term.chip for term in filter_of(["web"], ["/x/"]).terms] == ["+web", "−/x/"]
