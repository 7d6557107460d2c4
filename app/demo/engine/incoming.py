"""The body of a request while it comes: whoever answers reads it bit by bit, and the sender waits for the reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

_ROOM = 1 << 20
"""Bytes that may wait for the reader."""


class Incoming:
    """Used from one loop. ``changed`` is called when it was full and has room again."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._over = self._unwanted = False
        self._came = asyncio.Event()
        self._changed = changed

    @property
    def full(self) -> bool:
        return self._size > _ROOM

    def put(self, piece: bytes) -> None:
        if piece and not self._unwanted:
            self._pieces.append(piece)
            self._size += len(piece)
            self._came.set()

    def end(self) -> None:
        self._over = True
        self._came.set()

    def drop(self) -> None:
        """Nobody reads it any more; what still comes is thrown away."""
        self._unwanted = True
        self._pieces.clear()
        self._size = 0
        self._changed()

    async def read(self) -> bytes:
        """What has come, at least a byte; nothing at its end."""
        while not self._pieces and not self._over:
            self._came.clear()
            await self._came.wait()
        if not self._pieces:
            return b""
        was_full = self.full
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if was_full and not self.full:
            self._changed()
        return piece
