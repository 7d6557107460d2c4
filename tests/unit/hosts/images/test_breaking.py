"""Breaking off: what is under way is cut, once, and what begins later does not begin."""

from __future__ import annotations

import socket

import pytest

from app.hosts.bounded import _under_way
from app.hosts.images.breaking import Break, BrokenOffError


def heard(sock: socket.socket) -> None:
    """As http.client does where an answer is waited for."""
    assert _under_way.hears is not None
    _under_way.hears(sock)


def test_the_sockets_of_answers_are_cut() -> None:
    ours, theirs = socket.socketpair()
    breaking = Break()

    def under_way() -> None:
        with breaking.answers():
            heard(ours)
            breaking.now()
            assert theirs.recv(1) == b""
            raise ConnectionResetError

    with ours, theirs, pytest.raises(BrokenOffError):
        under_way()
    assert _under_way.hears is None


def test_what_is_heard_of_after_the_break_is_cut_at_once() -> None:
    ours, theirs = socket.socketpair()
    breaking = Break()

    def under_way() -> None:
        with breaking.answers():
            breaking.now()
            heard(ours)
            assert theirs.recv(1) == b""  # and what was cut may look as if it had ended well

    with ours, theirs, pytest.raises(BrokenOffError):
        under_way()


def test_after_the_block_nothing_is_cut() -> None:
    ours, theirs = socket.socketpair()
    breaking, cuts = Break(), list[str]()
    with ours, theirs:
        with breaking.answers():
            heard(ours)
        with breaking.cutting(lambda: cuts.append("cut")):
            pass
        breaking.now()
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
    assert cuts == []


def test_nothing_begins_once_it_is_broken_off() -> None:
    breaking, cuts = Break(), list[str]()
    breaking.now()
    with pytest.raises(BrokenOffError), breaking.cutting(lambda: cuts.append("cut")):
        pytest.fail("it has begun")
    assert cuts == []


def test_other_errors_stay_what_they_are() -> None:
    breaking = Break()
    with pytest.raises(KeyError), breaking.answers():
        raise KeyError
    with pytest.raises(KeyError), breaking.cutting(lambda: None):
        raise KeyError
