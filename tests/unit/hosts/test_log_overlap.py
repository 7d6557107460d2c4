"""A log that is taken up again: no line twice, none lost, memory bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.log_overlap import MARGIN, MOST_CHARACTERS, MOST_LINES, Overlap
from app.hosts.logs import LogEntry
from app.model.safe_text import SafeText

START = datetime(2025, 1, 31, 9, 41, 2, 123456, UTC)


def entry(milliseconds: float, text: str = "x", stream: str = "stdout") -> LogEntry:
    return LogEntry(stream, SafeText(text), START + timedelta(milliseconds=milliseconds))  # type: ignore[arg-type]


def again(overlap: Overlap, log: list[LogEntry], size: int = 3) -> tuple[list[LogEntry], bool]:
    """What an engine tells of a log that is asked for from where it was, in batches."""
    since = overlap.resume()
    told = [one for one in log if since is None or (one.time is not None and one.time >= since)]
    fresh: list[LogEntry] = []
    missing = False
    for at in range(0, len(told), size):
        part, gap = overlap.unseen(told[at : at + size])
        overlap.seen(part)
        fresh += part
        missing = missing or gap
    return fresh, missing


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.sampled_from(["stdout", "stderr"])), max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
    st.integers(1, 7),
)
def test_no_line_twice_and_none_lost(steps: list[tuple[int, str, str]], cuts: list[int], size: int) -> None:
    time, log = 0.0, []
    for step, text, stream in steps:
        time += step
        log.append(entry(time, text, stream))
    overlap, seen = Overlap(), []
    for cut in [*sorted(cuts), len(log)]:
        fresh, missing = again(overlap, log[:cut], size)
        seen += fresh
        assert not missing
    assert seen == log


def test_lines_that_were_stored_out_of_order_are_not_lost() -> None:
    early, late = entry(10, "stdout"), entry(11, "stderr", "stderr")
    overlap = Overlap()
    overlap.seen([late])
    assert again(overlap, [late, early, entry(20, "next")])[0] == [early, entry(20, "next")]


def test_equal_lines_of_one_moment_are_counted() -> None:
    overlap = Overlap()
    overlap.seen([entry(5), entry(5)])
    assert again(overlap, [entry(5)] * 3)[0] == [entry(5)]


def test_a_log_that_was_rotated_meanwhile_is_told() -> None:
    overlap = Overlap()
    overlap.seen([entry(0, "a"), entry(1, "b")])
    fresh, missing = again(overlap, [entry(9_000, "z")])
    assert (fresh, missing) == ([entry(9_000, "z")], True)


def test_nothing_seen_asks_for_everything() -> None:
    assert Overlap().resume() is None
    assert Overlap().unseen([entry(1)]) == ([entry(1)], False)


def test_memory_is_bounded_and_what_was_let_go_is_not_told_again() -> None:
    overlap = Overlap()
    log = [entry(at / 1000, f"{at}") for at in range(3 * MOST_LINES)]
    for at in range(0, len(log), 500):
        overlap.seen(log[at : at + 500])
    assert overlap._lines <= MOST_LINES
    assert again(overlap, log)[0] == []
    long = Overlap()
    for at in range(60):
        long.seen([entry(at / 100, "x" * 65_000)])
    assert long._characters <= MOST_CHARACTERS
    assert timedelta(seconds=1) > MARGIN
