"""One stream for several takers that read at their own speed: it waits for the slowest, so that little is kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

CHUNK: Final = 1 << 18
"""Bytes of a piece."""
DEPTH: Final = 8
"""Pieces that wait for a taker. All takers have the same pieces in hand, so that this is all that is kept."""
_TURN: Final = 0.25


class Tee:
    """Pieces are put in by one thread and taken by one thread for each lane."""

    def __init__(self, lanes: int, depth: int = DEPTH) -> None:
        self._changed = threading.Condition()
        self._depth = depth
        self._over = False
        self._fail: Callable[[], Exception] | None = None
        self.lanes = tuple(Lane(self) for _ in range(lanes))

    def put(self, piece: bytes, check: Callable[[], None] = lambda: None) -> bool:
        """Hand a piece to all lanes, as soon as each that still takes has room. False: none takes any more.

        Args:
            check: called again and again meanwhile; what it raises is raised.
        """
        with self._changed:
            while any(len(lane.waiting) >= self._depth for lane in self._taking()):
                check()
                self._changed.wait(_TURN)
            lanes = self._taking()
            for lane in lanes:
                lane.waiting.append(piece)
            self._changed.notify_all()
            return bool(lanes)

    def end(self, fail: Callable[[], Exception] | None = None) -> None:
        """Nothing more comes.

        Args:
            fail: makes the error, one for each thread, that the lanes raise at once, whatever still waits for them.
        """
        with self._changed:
            self._over = True
            self._fail = self._fail or fail
            if self._fail is not None:
                for lane in self.lanes:
                    lane.waiting.clear()
            self._changed.notify_all()

    def _taking(self) -> list[Lane]:
        return [lane for lane in self.lanes if not lane.left]

    def check(self) -> None:
        """Raises the error that it has ended with, if it has."""
        if self._fail is not None:
            raise self._fail()

    def next_of(self, lane: Lane) -> bytes | None:
        with self._changed:
            while not lane.waiting and not self._over:
                self._changed.wait(_TURN)
            self.check()
            if not lane.waiting:
                return None
            piece = lane.waiting.popleft()
            self._changed.notify_all()
            return piece

    def leave(self, lane: Lane) -> None:
        with self._changed:
            lane.left = True
            lane.waiting.clear()
            self._changed.notify_all()


class Lane:
    """What one taker gets: all pieces in order, then the end, or the error that the tee ended with."""

    def __init__(self, tee: Tee) -> None:
        self._tee = tee
        self.waiting: deque[bytes] = deque()
        self.left = False

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._tee.next_of(self)) is not None:
            yield piece

    def check(self) -> None:
        """Raises the error that the tee has ended with, if it has: for who is busy with a piece."""
        self._tee.check()

    def leave(self) -> None:
        """Take no more: the others no longer wait for this one."""
        self._tee.leave(self)
