"""Many questions at once: their answers come in pieces, in one piece, chunked or not, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.hosts.errors import HostError
from app.hosts.ledger import Ledger
from app.hosts.pipeline import MOST_AT_ONCE, Pipeline
from app.hosts.wire import MOST_BYTES, Answer
from tests.unit.hosts.stats_server import Connection, response

PAIR = tuple[Pipeline, socket.socket]


@pytest.fixture
def pair() -> Iterator[PAIR]:
    ours, theirs = socket.socketpair()
    pipeline = Pipeline(Connection(ours), 5.0, Ledger())
    yield pipeline, theirs
    pipeline.close()
    theirs.close()


def test_all_questions_are_sent_before_the_first_answer_is_read(pair: PAIR) -> None:
    pipeline, engine = pair
    answers = pipeline.ask(["/a", "/b", "/c"])
    engine.sendall(b"".join(response(body, chunked=chunked) for body, chunked in ((b"1", True), (b"", False))))
    assert next(answers) == Answer(200, b"1")
    asked = engine.recv(4096)
    assert [line for line in asked.split(b"\r\n") if line.startswith(b"GET")] == [
        b"GET /a HTTP/1.1",
        b"GET /b HTTP/1.1",
        b"GET /c HTTP/1.1",
    ]
    assert next(answers) == Answer(200, b"")
    whole = response(b"3" * 100_000, chunked=True)
    engine.sendall(whole)
    assert next(answers) == Answer(200, b"3" * 100_000)
    assert list(answers) == []


def test_no_more_are_under_way_than_the_engine_takes_at_once(pair: PAIR) -> None:
    pipeline, engine = pair
    answers = pipeline.ask([f"/{number}" for number in range(MOST_AT_ONCE + 1)])
    engine.sendall(response(b"x") * MOST_AT_ONCE)
    assert [next(answers).body for _ in range(MOST_AT_ONCE)] == [b"x"] * MOST_AT_ONCE
    assert engine.recv(1 << 16).count(b"GET /") == MOST_AT_ONCE
    engine.sendall(response(b"last"))
    assert [answer.body for answer in answers] == [b"last"]
    assert engine.recv(1 << 16).startswith(b"GET /%d HTTP" % MOST_AT_ONCE)


def test_an_engine_that_wants_to_close_answers_no_more(pair: PAIR) -> None:
    pipeline, engine = pair
    engine.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
    assert [answer.body for answer in pipeline.ask(["/a", "/b"])] == [b"x"]
    assert pipeline.last


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"",
    ],
)
def test_what_no_engine_would_answer_is_an_error(pair: PAIR, answer: bytes) -> None:
    pipeline, engine = pair
    engine.sendall(answer)
    engine.shutdown(socket.SHUT_WR)
    with pytest.raises(HostError):
        list(pipeline.ask(["/a"]))
