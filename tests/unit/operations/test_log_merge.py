"""Merging by time while lines come: a window for what is late, sources that catch up, and what is dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.log_lines import LogEntry, RawPattern
from app.model.safe_text import SafeText
from app.operations.log_hosts import HostPulse, duration
from app.operations.log_merge import (
    PATIENCE,
    SETTLED,
    WINDOW,
    DeskLine,
    DeskMix,
    DeskRun,
    Item,
    Merger,
    Note,
    Source,
    count_lines,
)

START = datetime(2025, 1, 31, 9, 41, 2, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def source(name: str) -> Source:
    return Source(name, SafeText(name), "edge-1", cast("Any", None))


A, B = source("a"), source("b")


def line(seconds: float, of: Source) -> DeskLine:
    return DeskLine(at(seconds), of, LogEntry("stdout", SafeText(f"{of.tag}{seconds:g}"), at(seconds)))


def put(merger: Merger, of: Source, now: float, *seconds: float) -> None:
    merger.put(of.key, [line(moment, of) for moment in seconds], len(seconds), now)


def texts(items: list[Item]) -> list[str]:
    return [
        item.entry.text if isinstance(item, DeskLine) else item.text
        for item in read(items)
        if isinstance(item, DeskLine | Note)
    ]


def following(*sources: Source) -> Merger:
    merger = Merger()
    for one in sources:
        merger.join(one.key, 0)
        merger.opened(one.key, 0, at(0))
        merger.leave(one.key)
    return merger


def test_one_source_waits_for_nothing() -> None:
    merger = following(A)
    put(merger, A, 1.0, 1)
    assert texts(merger.take(1.0)) == ["a1"]


def test_a_line_waits_for_older_ones_of_others() -> None:
    merger = following(A, B)
    put(merger, A, 1.0, 1.0)
    assert merger.take(1.0) == []
    put(merger, B, 1.1, 0.9, 1.05)
    assert merger.take(1.1) == []
    assert texts(merger.take(1.0 + WINDOW)) == ["b0.9", "a1"]
    assert texts(merger.take(1.1 + WINDOW)) == ["b1.05"]
    assert not merger.waiting


def test_one_that_hands_over_what_it_wrote_before_is_waited_for() -> None:
    merger = Merger()
    for one in (A, B):
        merger.join(one.key, 0)
    merger.opened("a", 0, at(100))
    put(merger, A, 0, 1, 3, 5)
    assert merger.take(1.0) == [], "b has not answered yet"
    merger.opened("b", 1.0, at(100))
    put(merger, B, 1.1, 2, 4)
    put(merger, B, 1.2, 6)
    assert texts(merger.take(1.2 + SETTLED)) == ["a1", "b2", "a3", "b4", "a5", "b6"]


def test_one_that_does_not_answer_is_not_waited_for_without_end() -> None:
    merger = Merger()
    for one in (A, B):
        merger.join(one.key, 0)
    merger.opened("a", 0, at(0))
    put(merger, A, 0.1, 1)
    assert merger.take(PATIENCE - 0.1) == []
    assert texts(merger.take(PATIENCE + 0.1)) == ["a1"]


def test_notes_stand_where_they_happened() -> None:
    merger = following(A)
    put(merger, A, 1, 1, 3)
    merger.note(Note(at(2), "silent", SafeText("note")))
    assert texts(merger.take(1)) == ["a1", "note", "a3"]


def test_the_oldest_are_dropped_and_counted() -> None:
    merger = following(A, B)
    for moment in range(10):
        put(merger, A, 1, moment, moment + 0.5)
    assert merger.size("a") == 20
    assert merger.drop_oldest("a", 6, 1000) == 14
    assert merger.size("a") == merger.lines("a") == 6
    assert merger.lost() == [("a", 14, at(6.5))]
    assert merger.lost() == []
    assert texts(merger.take(9)) == ["a7", "a7.5", "a8", "a8.5", "a9", "a9.5"]
    assert merger.size("a") == 0


def run(of: Source, *seconds: float) -> DeskRun:
    """The same lines as ``line`` makes, but as they came."""
    data = b""
    for moment in seconds:
        stamp = at(moment).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        body = f"{stamp} {of.tag}{moment:g}\n".encode()
        data += b"\1\0\0\0" + len(body).to_bytes(4, "big") + body
    lines, _ = RawPattern(b"", b"\n").take(data, 0)
    assert lines is not None
    return DeskRun(lines.first, of, lines, lines.last)


def read(items: list[Item]) -> list[Item]:
    return [one for item in items for one in (item.opened() if isinstance(item, DeskRun | DeskMix) else (item,))]


@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 6), st.integers(0, 30), st.booleans()), max_size=12),
    st.sampled_from([0.0, 0.05, 0.3]),
)
def test_lines_that_nobody_has_read_come_in_the_same_order(
    steps: list[tuple[Source, int, int, bool]], pause: float
) -> None:
    eager, later = following(A, B), following(A, B)
    latest, now = {A.key: 0, B.key: 1}, 1.0
    expected: list[Item] = []
    found: list[Item] = []
    for of, count, ahead, takes in steps:
        # In microseconds, even those of one and odd those of the other: which of two that have one time comes first
        # is nobody's promise.
        first = latest[of.key] + ahead * 10_000
        moments = [(first + index * 1_000) / 1e6 for index in range(count)]
        latest[of.key], now = first + count * 1_000, now + pause
        eager.put(of.key, [line(moment, of) for moment in moments], count, now)
        later.put(of.key, [run(of, *moments)], count, now)
        assert eager.lines(of.key) == later.lines(of.key)
        if takes:
            expected += eager.take(now)
            found += read(later.take(now))
            assert found == expected
    assert found + read(later.take(now + 9)) == expected + eager.take(now + 9)
    assert not later.waiting
    assert later.size("a") == later.size("b") == later.lines("a") == later.lines("b") == 0


def test_what_no_other_line_reaches_into_stays_unread() -> None:
    merger = following(A, B)
    alone, mixed = run(A, 1, 2, 3), run(A, 4, 6)
    merger.put("a", [alone], 3, 1)
    merger.put("a", [mixed], 2, 1)
    merger.put("b", [run(B, 5, 7)], 1, 1)
    taken = merger.take(2)
    assert taken[0] is alone
    assert isinstance(taken[1], DeskMix)
    assert texts(taken[1:]) == ["a4", "b5", "a6", "b7"]


def test_a_run_that_is_due_in_part_is_cut() -> None:
    merger = following(A, B)
    merger.put("a", [run(A, 1, 2, 3, 4)], 400, 1)
    merger.opened("b", 1, at(9))
    merger.put("b", [line(2, B)], 1, 1)
    due = merger.take(1 + WINDOW)
    assert texts(due) == ["a1", "a2", "b2"]
    assert (merger.lines("a"), merger.size("a")) == (2, 200)
    merger.leave("b")
    assert texts(merger.take(9)) == ["a3", "a4"]
    assert merger.lines("a") == merger.size("a") == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3), st.integers(20, 60)), min_size=1, max_size=30))
def test_every_line_is_taken_or_told_as_lost(steps: list[tuple[int, int, int]]) -> None:
    merger, written, taken, told = following(A), 0, 0, 0
    for count, takes, room in steps:
        merger.put("a", [run(A, *(written + index for index in range(count)))], count, 1)
        written += count
        merger.drop_oldest("a", 10_000, room)
        assert merger.lines("a") <= max(room, count)
        if not takes:
            told += sum(lines for _, lines, _ in merger.lost())
            taken += count_lines(merger.take(1))
            assert taken + told == written
    told += sum(lines for _, lines, _ in merger.lost())
    assert taken + told + merger.lines("a") == written


def test_a_batch_that_is_due_in_part() -> None:
    merger = following(A, B)
    put(merger, A, 1, 1, 2, 3)
    put(merger, B, 0, 2)
    assert merger.size("a") >= 1


def test_a_host_that_hangs_was_silent_before_it_was_found_out() -> None:
    host = HostPulse("edge-2", at(0))
    assert host.hear(at(10)) is None
    told = host.lose(at(16), "no answer", at_once=False)
    assert told is not None and told.startswith("edge-2 silent since ") and told.endswith(": no answer")
    assert host.since == at(10)
    assert host.lose(at(20), "again", at_once=False) is None
    assert host.hear(at(71)) == "edge-2 back: gap of 61 s"
    assert host.hear(at(72)) is None
    host.lose(at(200), "", at_once=False)
    assert host.since == at(191), "no earlier than a ping would have told"
    host.hear(at(201))
    host.lose(at(300), "refused", at_once=True)
    assert host.since == at(300)


def test_durations() -> None:
    spans = [timedelta(seconds=seconds) for seconds in (0.2, 61, 125, 7300)]
    assert [duration(span) for span in spans] == ["1 s", "61 s", "2 min 5 s", "2 h 1 min"]
