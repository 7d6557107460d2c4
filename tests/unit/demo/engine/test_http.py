"""Requests from bytes: however they are cut, and whatever they are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.engine.http import LONGEST_HEAD, BadRequest, Parser, Request
from app.demo.engine.incoming import Incoming

_TWO = (
    b"POST /v1.41/containers/create?name=a%20b&x= HTTP/1.1\r\nHost: docker\r\nContent-Length: 4\r\n\r\nbody"
    b"POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
)


def parsed(*pieces: bytes) -> list[Request]:
    parser, found = Parser(), []
    for piece in pieces:
        parser.feed(piece)
        while (request := parser.next()) is not None:
            found.append(request)
    return found


@given(st.lists(st.integers(0, len(_TWO)), max_size=8))
def test_however_requests_are_cut_they_are_the_same(places: list[int]) -> None:
    cuts = [0, *sorted(places), len(_TWO)]
    first, second = parsed(*(_TWO[a:b] for a, b in pairwise(cuts)))
    assert (first.method, first.path, first.body) == ("POST", "/v1.41/containers/create", b"body")
    assert (first.last("name"), first.flag("x"), first.keep_alive) == ("a b", False, True)
    assert (second.path, second.body, second.keep_alive) == ("/load", b"abcde", False)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET relative HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413),
        (b"GET /" + b"x" * LONGEST_HEAD, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LONGEST_HEAD + b"\r\n\r\n", 431),
        (b"GET /?" + b"a=1&" * 200 + b" HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        parsed(data)
    assert refused.value.status == status


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    try:
        parsed(data, b"\r\n\r\n")
    except BadRequest as refused:
        assert 400 <= refused.status < 500


_STREAMED = (
    b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    b"POST /build HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    b"POST /build HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
    b"GET /_ping HTTP/1.1\r\n\r\n"
)


@given(st.lists(st.integers(0, len(_STREAMED)), max_size=12))
def test_a_body_that_is_streamed_is_handed_on_as_it_comes(places: list[int]) -> None:
    parser, found = Parser(lambda method, path: path == "/build"), list[list[bytes]]()
    for a, b in pairwise([0, *sorted(places), len(_STREAMED)]):
        parser.feed(_STREAMED[a:b])
        while True:
            while (piece := parser.piece()) not in (None, b""):
                found[-1].append(piece or b"")
            request = parser.next()
            if request is None:
                break
            assert request.streamed == (request.path == "/build") and request.body == b""
            found.append([])
    assert [b"".join(pieces) for pieces in found] == [b"abcde", b"", b"body", b""]


async def test_a_sender_waits_for_who_reads() -> None:
    told: list[bool] = []
    body = Incoming(lambda: told.append(body.full))
    for _ in range(40):
        body.put(bytes(1 << 16))
    assert body.full and told == []
    while body.full:
        assert len(await body.read()) == 1 << 16
    assert told == [False]
    body.drop()
    body.put(b"more")
    assert not body.full
    body.end()
    assert await body.read() == b""
