"""Answers come in pieces, or not, or as what no engine would send."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest

from app.hosts.errors import HostError
from app.hosts.wire import MOST_BYTES, Answer, Wire
from tests.unit.hosts.stats_server import Connection, response

PAIR = tuple[Wire, socket.socket]


@pytest.fixture
def pair() -> Iterator[PAIR]:
    ours, theirs = socket.socketpair()
    wire = Wire(Connection(ours), 5.0)
    yield wire, theirs
    wire.close()
    theirs.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_in_pieces_of_any_size_is_one_answer(pair: PAIR, chunked: bool) -> None:
    wire, engine = pair
    for _ in range(2):
        wire.ask("/x")
        assert engine.recv(4096).startswith(b"GET /x HTTP/1.1\r\nHost: docker\r\n")
        whole = response(b'{"a": 1}', chunked=chunked)
        for place in range(len(whole) - 1):
            engine.sendall(whole[place : place + 1])
            assert wire.read() is None
        engine.sendall(whole[-1:])
        assert wire.read() == Answer(200, b'{"a": 1}')
        assert wire.reusable


def test_several_chunks_are_joined(pair: PAIR) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.sendall(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
    assert wire.read() == Answer(404, b"abcde")


def test_a_body_without_a_length_ends_with_its_connection(pair: PAIR) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.recv(4096)
    engine.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")
    assert wire.read() is None
    engine.close()
    assert wire.read() == Answer(200, b"abc")
    assert not wire.reusable


def test_an_engine_that_wants_to_close_is_not_asked_again(pair: PAIR) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")
    assert wire.read() == Answer(200, b"a")
    assert not wire.reusable


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"x" * (1 << 15),
    ],
    ids=["no HTTP", "negative", "huge", "no chunk", "no status", "no end of headers"],
)
def test_what_is_no_answer_is_an_error(pair: PAIR, sent: bytes) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.sendall(sent)
    with pytest.raises(HostError) as caught:
        wire.read()
    assert caught.value.kind == "failed"


def test_an_answer_without_end_is_cut_off(pair: PAIR) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    def go_on() -> None:
        for _ in range(MOST_BYTES // 4096 + 2):
            engine.sendall(b"x" * 4096)
            wire.read()

    with pytest.raises(HostError, match="more than"):
        go_on()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
def test_an_engine_that_goes_away_in_the_middle_is_told_as_such(pair: PAIR, sent: bytes) -> None:
    wire, engine = pair
    wire.ask("/x")
    engine.sendall(sent)
    engine.close()

    def look_twice() -> None:
        wire.read()
        wire.read()

    with pytest.raises(HostError) as caught:
        look_twice()
    assert caught.value.unanswered


def test_asking_an_engine_that_is_gone_is_an_error(pair: PAIR) -> None:
    wire, engine = pair
    engine.close()

    def ask_thrice() -> None:
        for _ in range(3):
            wire.ask("/x")

    with pytest.raises(HostError) as caught:
        ask_thrice()
    assert caught.value.unanswered


def test_tls_that_has_nothing_to_read_yet_is_no_error(pair: PAIR) -> None:
    class Tls:
        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def recv(self, size: int) -> bytes:
            raise ssl.SSLWantReadError(2, "The operation did not complete (read)")

        def __getattr__(self, name: str) -> object:
            return getattr(self._sock, name)

    wire, _ = pair
    wire.ask("/x")
    wire._socket = Tls(wire._socket)
    assert wire.read() is None
