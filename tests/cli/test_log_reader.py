"""Our own reader of Docker's log frames, fed byte by byte and all at once."""

from __future__ import annotations

import io
import socket
import threading
from datetime import UTC, datetime
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.logs import FRAME_LIMIT, LINE_LIMIT, LogEntry, LogStream


def frame(text: bytes, kind: int = 1) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def answer(body: bytes, *, chunk: int = 0) -> bytes:
    """An HTTP answer; ``chunk``: chunked, with chunks of this many bytes."""
    if not chunk:
        return b"HTTP/1.1 200 OK\r\n\r\n" + body
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\n\r\n"


class _Dribble(io.RawIOBase):
    """A connection that gives as many bytes at a time as it is told."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._data = io.BytesIO(data)
        self._piece = piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._data.read(min(self._piece, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


def stream(data: bytes, *, piece: int = 65536, tty: bool = False, timestamps: bool = False) -> LogStream:
    connection = SimpleNamespace(makefile=lambda _mode: io.BufferedReader(_Dribble(data, piece)))
    response = HTTPResponse(connection)  # type: ignore[arg-type]
    response.begin()
    raw = SimpleNamespace(raw=SimpleNamespace(_fp=response), close=lambda: None)
    return LogStream(raw, tty=tty, timestamps=timestamps)


def read(data: bytes, **options: Any) -> list[LogEntry]:
    return [entry for batch in stream(data, **options) for entry in batch]


def texts(entries: list[LogEntry]) -> list[tuple[str, str]]:
    return [(entry.stream, entry.text) for entry in entries]


@pytest.mark.parametrize("piece", [1, 3, 65536])
@pytest.mark.parametrize("chunk", [0, 1, 7, 4096])
def test_frames_are_read_however_they_arrive(piece: int, chunk: int) -> None:
    body = frame(b"one\n") + frame(b"oops\r\n", 2) + frame("zwei ☃\n".encode()) + frame(b"\n") + frame(b"end")
    expected = [("stdout", "one"), ("stderr", "oops"), ("stdout", "zwei ☃"), ("stdout", ""), ("stdout", "end")]
    assert texts(read(answer(body, chunk=chunk), piece=piece)) == expected


def test_an_empty_log_is_empty() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == []
    assert read(answer(b"", chunk=5)) == []


def test_times_are_taken_off_each_line() -> None:
    body = frame(b"2025-01-31T09:30:00.123456789Z hello world\n") + frame(b"no time here\n")
    first, second = read(answer(body, chunk=64), timestamps=True)
    assert (first.text, first.time) == ("hello world", datetime(2025, 1, 31, 9, 30, 0, 123456, UTC))
    assert (second.text, second.time) == ("no time here", None)


def test_pieces_of_a_line_are_joined_with_the_first_time() -> None:
    stamp = b"2025-01-31T09:30:0%d.000000000Z "
    snowman = "☃".encode()
    one, two, three = b"a" * 16383 + snowman[:1], snowman[1:] + b"b" * 16382, b"c\n"
    body = frame(stamp % 1 + one) + frame(b"other\n", 2) + frame(stamp % 2 + two) + frame(stamp % 3 + three)
    err, out = read(answer(body, chunk=4096), timestamps=True)
    assert texts([err]) == [("stderr", "other")]
    assert out.text == "a" * 16383 + "☃" + "b" * 16382 + "c"
    assert out.time == datetime(2025, 1, 31, 9, 30, 1, tzinfo=UTC)


def test_an_endless_line_is_cut_and_the_next_is_whole() -> None:
    body = b"".join(frame(b"x" * 16384) for _ in range(640)) + frame(b"tail\n") + frame(b"next\n")
    cut, following = read(answer(body, chunk=32768))
    assert cut.text == "x" * LINE_LIMIT + "…"
    assert following.text == "next"


@pytest.mark.parametrize("tty", [False, True])
def test_a_cut_through_a_character_leaves_it_out(tty: bool) -> None:
    line = b"x" * (LINE_LIMIT - 1) + "☃".encode() * 10 + b"\n"
    body = line if tty else frame(line)
    (cut,) = read(answer(body, chunk=9999), tty=tty)
    assert cut.text == "x" * (LINE_LIMIT - 1) + "…"


def test_what_is_not_utf8_is_replaced() -> None:
    (entry,) = read(answer(frame(b"a\xff\xfeb\xed\xa0\x80\n")))
    assert entry.text.startswith("a��b�")


@pytest.mark.parametrize("piece", [1, 65536])
def test_a_tty_has_no_frames(piece: int) -> None:
    body = b"\x1b[32mok\x1b[0m 10%\r20%\r\nprompt> "
    assert texts(read(answer(body, chunk=1), tty=True, piece=piece)) == [
        ("stdout", "\x1b[32mok\x1b[0m 10%␍20%"),
        ("stdout", "prompt> "),
    ]


def test_a_tty_with_times() -> None:
    body = b"2025-01-31T09:30:00.000000000Z one\r\n2025-01-31T09:30:01.000000000Z two\r\n"
    entries = read(answer(body, chunk=1), tty=True, timestamps=True)
    assert [(entry.text, entry.time and entry.time.second) for entry in entries] == [("one", 0), ("two", 1)]


@pytest.mark.parametrize(
    "body",
    [
        b"\1\0\0\0\xff\xff\xff\xff",
        b"\1\0\0\0" + (FRAME_LIMIT + 1).to_bytes(4, "big"),
        b"HELLO, no frame",
        b"\1\0\1\0\0\0\0\1x",
    ],
)
def test_what_is_no_frame_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(HostError, match="the log cannot be read"):
        read(answer(body, chunk=5))


def test_what_is_no_chunk_is_a_protocol_error() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(HostError, match="no chunk size"):
        read(head + b"zz\r\nfoo")
    with pytest.raises(HostError, match="has no size"):
        read(head + b"1" * 5000)


def test_half_a_frame_at_the_end_is_an_end() -> None:
    assert texts(read(answer(frame(b"one\n") + b"\1\0\0", chunk=3))) == [("stdout", "one")]
    assert texts(read(answer(frame(b"one\n") + frame(b"two\n")[:-2], chunk=3))) == [("stdout", "one")]


def test_an_error_of_the_daemon_in_the_stream_is_raised() -> None:
    with pytest.raises(HostError, match="disk on fire"):
        read(answer(frame(b"disk on fire", 3)))


@given(st.binary(max_size=300), st.integers(1, 50), st.booleans())
def test_any_bytes_give_entries_or_a_host_error(body: bytes, chunk: int, tty: bool) -> None:
    try:
        entries = read(answer(body, chunk=chunk), tty=tty, timestamps=True)
    except HostError:
        return
    assert all(isinstance(entry, LogEntry) for entry in entries)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.text(max_size=40)), max_size=12), st.integers(1, 40))
def test_lines_come_out_as_they_went_in(lines: list[tuple[int, str]], chunk: int) -> None:
    clean = [(kind, "".join(c for c in text if c.isprintable() and c.isascii())) for kind, text in lines]
    body = b"".join(frame(text.encode() + b"\n", kind) for kind, text in clean)
    expected = [("stdout" if kind == 1 else "stderr", text) for kind, text in clean]
    assert texts(read(answer(body, chunk=chunk), piece=chunk)) == expected


@pytest.mark.parametrize("head", [b"Content-Length: 12", b"Transfer-Encoding: chunked"])
def test_the_end_is_seen_though_the_connection_stays_open(head: bytes) -> None:
    body = frame(b"one\n")
    data = body if b"Length" in head else answer(body, chunk=99).partition(b"\r\n\r\n")[2]
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + data)
    response = HTTPResponse(ours)
    response.begin()
    raw = SimpleNamespace(raw=SimpleNamespace(_fp=response), close=response.close)
    logs = LogStream(raw, tty=False, timestamps=False)
    assert texts([entry for batch in logs for entry in batch]) == [("stdout", "one")]
    theirs.close()
    ours.close()


def test_closing_ends_a_reader_that_waits() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + frame(b"one\n"))
    response = HTTPResponse(ours)
    response.begin()
    logs = LogStream(
        SimpleNamespace(raw=SimpleNamespace(_fp=response), close=response.close), tty=False, timestamps=False
    )
    seen: list[LogEntry] = []
    came = threading.Event()

    def reads() -> None:
        for batch in logs:
            seen.extend(batch)
            came.set()

    reader = threading.Thread(target=reads, daemon=True)
    reader.start()
    assert came.wait(5)
    logs.close()
    logs.close()
    reader.join(5)
    assert not reader.is_alive()
    assert texts(seen) == [("stdout", "one")]
    theirs.close()
    ours.close()
