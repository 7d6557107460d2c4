"""One stream for several takers: each gets all of it, the slowest sets the pace, and who leaves holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from app.hosts.errors import HostError
from app.hosts.images.tee import Lane, Tee
from tests.engine_bed.waiting import wait_until


def _thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _over(thread: threading.Thread) -> bool:
    thread.join(10)
    return not thread.is_alive()


def test_each_gets_all_pieces_in_order() -> None:
    tee = Tee(3)
    got: list[list[bytes]] = [[], [], []]
    takers = [_thread(partial(into.extend, lane)) for lane, into in zip(tee.lanes, got, strict=True)]
    pieces = [b"%d" % number for number in range(100)]
    assert all(tee.put(piece) for piece in pieces)
    tee.end()
    assert all(map(_over, takers))
    assert got == [pieces] * 3


def test_it_waits_for_the_slowest_and_keeps_no_more_than_its_depth() -> None:
    tee = Tee(2, depth=3)
    quick, slow = tee.lanes
    taken: list[bytes] = []
    _thread(lambda: taken.extend(quick))
    putting = _thread(lambda: [tee.put(b"x") for _ in range(5)])
    assert wait_until(lambda: len(taken) == 3)
    putting.join(0.1)
    assert putting.is_alive()
    assert len(slow.waiting) == 3
    rest = iter(slow)
    assert [next(rest), next(rest)] == [b"x", b"x"]
    assert _over(putting)
    assert wait_until(lambda: len(taken) == 5)


def test_who_leaves_holds_nobody_up() -> None:
    tee = Tee(2, depth=1)
    gone, stays = tee.lanes
    got: list[bytes] = []
    taker = _thread(lambda: got.extend(stays))
    assert tee.put(b"1")
    putting = _thread(lambda: tee.put(b"2"))
    gone.leave()
    assert _over(putting)
    tee.end()
    assert _over(taker)
    assert got == [b"1", b"2"]
    assert not gone.waiting


def test_nobody_is_left() -> None:
    tee = Tee(2)
    for lane in tee.lanes:
        lane.leave()
    assert not tee.put(b"x")


def test_an_error_comes_at_once_whatever_still_waits() -> None:
    tee = Tee(2)
    waiting, late = tee.lanes
    told: list[HostError] = []

    def take(lane: Lane) -> None:
        try:
            list(lane)
        except HostError as error:
            told.append(error)

    taker = _thread(lambda: take(waiting))
    tee.put(b"x")
    tee.end(lambda: HostError("the source went away", "timeout"))
    tee.end(lambda: HostError("later", "failed"))
    assert _over(taker)
    take(late)
    assert [error.message for error in told] == ["the source went away"] * 2
    assert told[0] is not told[1], "an error of two threads would grow with both their tracebacks"
    with pytest.raises(HostError):
        late.check()


def test_whoever_puts_can_be_broken_off_while_it_waits() -> None:
    tee = Tee(1, depth=1)
    tee.put(b"x")

    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tee.put(b"y", check)
