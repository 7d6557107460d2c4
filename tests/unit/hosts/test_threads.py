"""Calls that are made aside: in their order, by another thread, and whoever orders them does not wait."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from app.hosts import threads
from app.hosts.threads import aside, start_soon

PATIENCE = 10.0


def test_calls_are_made_in_their_order_by_another_thread() -> None:
    made: list[tuple[int, int]] = []
    done = threading.Event()

    def note(number: int) -> None:
        made.append((number, threading.get_ident()))

    for number in range(100):
        aside(partial(note, number))
    aside(done.set)
    assert done.wait(PATIENCE)
    assert [number for number, _ in made] == list(range(100))
    assert {thread for _, thread in made} != {threading.get_ident()}
    assert len({thread for _, thread in made}) == 1


def test_nobody_waits_for_a_thread_to_begin() -> None:
    go_on, begun = threading.Event(), threading.Event()
    aside(lambda: go_on.wait(PATIENCE))
    thread = threading.Thread(target=begun.set, daemon=True)
    start_soon(thread)
    assert not thread.is_alive()
    assert not begun.is_set()
    go_on.set()
    assert begun.wait(PATIENCE)
    thread.join(PATIENCE)


class _NoRoomAtFirst(threading.Thread):
    """As where a system has no more threads for a while."""

    refused = 0

    def start(self) -> None:
        if self.refused < 2:
            self.refused += 1
            raise RuntimeError("can't start new thread")
        super().start()


def test_a_thread_for_which_there_is_no_room_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "AGAIN_AFTER", 0.01)
    begun = threading.Event()
    thread = _NoRoomAtFirst(target=begun.set, daemon=True)
    start_soon(thread)
    assert begun.wait(PATIENCE)
    assert thread.refused == 2
