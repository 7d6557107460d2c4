"""An answer of any length, however it is cut into reads."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.images.answer import AnswerReader

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\n"


def _chunked(pieces: list[bytes]) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def _read(reader: AnswerReader, data: bytes, cuts: list[int]) -> bytes:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return b"".join(reader.feed(data[a:b]) for a, b in itertools.pairwise(places))


@given(st.lists(st.binary(max_size=50), max_size=6), st.lists(st.integers(0, 400), max_size=8))
def test_pieces_come_together_again(pieces: list[bytes], cuts: list[int]) -> None:
    reader = AnswerReader()
    assert _read(reader, _chunked(pieces), cuts) == b"".join(pieces)
    assert (reader.status, reader.over) == (200, True)
    reader.end()


@given(st.binary(max_size=50), st.lists(st.integers(0, 400), max_size=8))
def test_a_body_of_known_length(body: bytes, cuts: list[int]) -> None:
    reader = AnswerReader()
    assert _read(reader, HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body, cuts) == body
    assert reader.over


def test_a_body_until_the_connection_ends() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"\r\nto the") + reader.feed(b" end") == b"to the end"
    assert not reader.over
    reader.end()
    assert reader.over


@pytest.mark.parametrize("most", [0, 30, len(_chunked([b"abc", b"defg"])) - 1])
def test_what_is_cut_off_is_no_answer(most: int) -> None:
    reader = AnswerReader()
    reader.feed(_chunked([b"abc", b"defg"])[:most])
    with pytest.raises(HostError, match="went away"):
        reader.end()


@pytest.mark.parametrize("length", [b"", b"-1", b"xyz", b"f" * 20, b"1" * 5000])
def test_a_length_that_is_none(length: bytes) -> None:
    reader = AnswerReader()
    with pytest.raises(HostError, match="length cannot be read"):
        reader.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + length + b"\r\nabc")


def test_headers_without_an_end() -> None:
    reader = AnswerReader()
    with pytest.raises(HostError, match="headers"):
        reader.feed(b"x" * 100_000)


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=4))
def test_anything_else_raises_no_other_error(data: bytes, cuts: list[int]) -> None:
    for prefix in (b"", HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
        reader = AnswerReader()
        with contextlib.suppress(HostError):
            _read(reader, prefix + data, cuts)
            reader.end()
