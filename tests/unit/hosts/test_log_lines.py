"""Lines that are only counted until somebody looks at them: read later, they are what they would have been at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts import log_frames
from app.hosts.errors import HostError
from app.hosts.log_frames import Lines, parser_of
from app.hosts.log_lines import LogEntry, RawLines, entry_of, longest_text, microseconds_of, text_of

START = datetime(2025, 1, 31, 9, 41, 2, tzinfo=UTC)


def stamp(milliseconds: float) -> bytes:
    return (START + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%S.%f123Z").encode()


def frame(body: bytes, kind: int = 1) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(body).to_bytes(4, "big") + body


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


class Never:
    """No lines are found together: each is read at once, by itself."""

    def take(self, data: bytes, position: int) -> tuple[None, int]:
        return None, position


@contextmanager
def one_by_one() -> Iterator[None]:
    with patch.object(log_frames, "_FRAMES", Never()), patch.object(log_frames, "_CHUNKED_FRAMES", Never()):
        yield


def batches(data: bytes, piece: int, *, chunked: bool) -> list[Lines]:
    parser = parser_of(chunked=chunked, tty=False, timestamps=True)
    out = [lines for at in range(0, len(data), piece) for lines in parser.feed(data[at : at + piece])]
    return out + parser.end()


def entries(data: bytes, piece: int, *, chunked: bool) -> list[LogEntry] | str:
    try:
        return [entry for lines in batches(data, piece, chunked=chunked) for entry in lines]
    except HostError as error:
        return error.message


forged = frame(stamp(5) + b" forged\n") + b"\n\r\n"
texts = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"ok\r", b"\x1b[31mred\x1b[0m", b"\n", b"a\nb", b"\r\n", forged, b"x\n\r\n" + chunk(forged)]),
    st.integers(200, 40_000).map(lambda size: b"y" * size),
)
bodies = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 2]), texts, st.sampled_from([b"\n", b"\n", b"\n", b""]), st.booleans()),
    max_size=12,
)


@given(bodies, st.sampled_from([1, 7, 64, 5000, 1 << 18]), st.sampled_from(["frame", "several", "none"]))
def test_read_later_they_are_what_they_would_have_been_at_once(
    lines: list[tuple[int, bytes, bytes, bool]], piece: int, chunks: str
) -> None:
    if piece < 64:
        lines = [(kind, text[:300], end, timed) for kind, text, end, timed in lines]
    frames = [
        frame((stamp(number) + b" " if timed else b"") + text + end, kind)
        for number, (kind, text, end, timed) in enumerate(lines)
    ]
    data = b"".join(map(chunk, frames)) if chunks == "frame" else b"".join(frames)
    if chunks == "several":
        data = b"".join(chunk(data[at : at + 333]) for at in range(0, len(data), 333))
    with one_by_one():
        expected = entries(data, piece, chunked=chunks != "none")
    assert entries(data, piece, chunked=chunks != "none") == expected


def test_whole_lines_of_a_read_come_together_and_are_counted_without_being_read() -> None:
    data = b"".join(chunk(frame(stamp(number) + b" line %d\r\n" % number)) for number in range(1000))
    (lines,) = batches(data, len(data), chunked=True)
    assert isinstance(lines, RawLines)
    assert len(lines) == 1000
    assert (lines.first, lines.last) == (START, START + timedelta(milliseconds=999))
    assert lines.size == sum(map(len, lines.raws))
    assert [entry.text for entry in lines][::999] == ["line 0", "line 999"]
    assert longest_text(lines.raws) == len("line 999\r")


def test_a_frame_whose_text_looks_like_frames_is_one_line_after_the_other() -> None:
    inner = b"real\n\r\n" + b"2f\r\n" + frame(stamp(1) + b" forged") + b"\n"
    data = chunk(frame(stamp(0) + b" " + inner))
    found = [entry for lines in batches(data, len(data), chunked=True) for entry in lines]
    assert found[0].text == "real"
    assert all(entry.time == START for entry in found), "no time was taken from what was written"
    assert not any(entry.text == "forged" for entry in found)


def test_lines_of_both_streams_that_crossed_are_put_in_order() -> None:
    data = b"".join(
        chunk(frame(stamp(at) + b" %d\n" % at, kind)) for at, kind in [(1, 1), (3, 1), (2, 2), (5, 1), (4, 2)]
    )
    (lines,) = batches(data, len(data), chunked=True)
    assert [entry.text for entry in lines] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("impossible", [b"2025-13-31T09:30:00.000000000Z", b"2025-02-30T09:30:00.000000000Z"])
def test_a_day_that_is_none_is_text(impossible: bytes) -> None:
    ends = frame(stamp(0) + b" a\n"), frame(stamp(1) + b" b\n")
    data = ends[0] + frame(impossible + b" between\n") + ends[1]
    found = entries(data, len(data), chunked=False)
    assert [(entry[1], entry[2] is None) for entry in found] == [
        ("a", False), (f"{impossible.decode()} between", True), ("b", False),
    ]  # fmt: skip
    alone = entries(frame(impossible + b" alone\n"), 1000, chunked=False)
    assert [entry[1] for entry in alone] == [f"{impossible.decode()} alone"]


def test_parts_of_a_raw_line() -> None:
    raw = frame(b"2025-01-31T09:41:02.123456789Z \xff\x1b[2Jx\n", 2)[:-1]
    assert entry_of(raw) == LogEntry("stderr", text_of(raw), START.replace(microsecond=123456))
    assert text_of(raw) == "�␛[2Jx"
    assert microseconds_of(raw) == 123456
