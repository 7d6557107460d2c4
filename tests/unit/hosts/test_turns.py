"""Few threads work at a time on what hosts tell; whoever waits for a host, or hangs, holds up nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.hosts.turns import Turns

PATIENCE = 10.0
FOR_EVER = 3600.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def in_threads(count: int, work: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def joined(threads: list[threading.Thread]) -> bool:
    until = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_than_so_many_work_at_once_and_all_have_their_turn(at_once: int) -> None:
    turns, lock, now, most, done = Turns(at_once, FOR_EVER), threading.Lock(), 0, 0, 0

    def work() -> None:
        nonlocal now, most, done
        with turns.turn():
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0)  # gives way, so that another could come in
            with lock:
                now -= 1
                done += 1

    assert joined(in_threads(20, work))
    assert done == 20
    assert most <= at_once


def test_whoever_waits_for_a_host_has_no_turn(pair: tuple[socket.socket, socket.socket]) -> None:
    turns, (ours, theirs) = Turns(1, FOR_EVER), pair
    asked, came = threading.Event(), []

    def reads() -> None:
        with turns.turn():
            asked.set()
            came.append(turns.receive(ours, lambda: ours.recv(10)))

    readers = in_threads(1, reads)
    assert asked.wait(PATIENCE)
    assert joined(in_threads(1, lambda: worked(turns)))  # it has its turn although the other is not done
    theirs.sendall(b"told")
    assert joined(readers)
    assert came == [b"told"]
    assert joined(in_threads(1, lambda: worked(turns)))


def worked(turns: Turns) -> None:
    with turns.turn():
        return


def test_what_is_there_already_is_taken_without_giving_way(pair: tuple[socket.socket, socket.socket]) -> None:
    turns, (ours, theirs) = Turns(1, FOR_EVER), pair
    theirs.sendall(b"told")
    with turns.turn():
        waiting = in_threads(1, lambda: worked(turns))
        assert turns.receive(ours, lambda: ours.recv(10)) == b"told"
        assert waiting[0].is_alive()
    assert joined(waiting)


def test_a_turn_that_hangs_is_over_after_a_while() -> None:
    turns, let_go = Turns(1, 0.05), threading.Event()

    def hangs() -> None:
        with turns.turn():
            let_go.wait(PATIENCE)

    hanging = in_threads(1, hangs)
    try:
        assert joined(in_threads(3, lambda: worked(turns)))
        assert hanging[0].is_alive()
    finally:
        let_go.set()
    assert joined(hanging)


def test_a_turn_ends_with_an_error(pair: tuple[socket.socket, socket.socket]) -> None:
    turns, (ours, _) = Turns(1, FOR_EVER), pair
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError), turns.turn():
        turns.receive(ours, lambda: ours.recv(10))
    with pytest.raises(TimeoutError):
        turns.receive(ours, lambda: ours.recv(10))  # without a turn it is a plain call
    assert joined(in_threads(2, lambda: worked(turns)))


def test_a_socket_that_is_closed_meanwhile_is_an_error_of_it(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    turns, (ours, _) = Turns(1, FOR_EVER), pair
    ours.close()
    with pytest.raises(OSError, match="Bad file descriptor"), turns.turn():
        turns.receive(ours, lambda: ours.recv(10))
