"""Something that happens once, and that calls wait for."""

from __future__ import annotations

import asyncio


class Once:
    """Used from one loop."""

    def __init__(self) -> None:
        self.done = False
        self._event = asyncio.Event()

    def happen(self) -> None:
        self.done = True
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
