"""How many keys are looked at before the loop turns to all else."""

from __future__ import annotations

import asyncio
import time

MOST_KEYS = 8
"""To turn after each would have a burst take three times as long."""
LONGEST = 0.015
"""Seconds."""


class KeyPace:
    """Textual looks at all keys that wait within one turn of its loop: until the last is taken nothing is painted.

    They are many when a key is held down beside busy hosts, or when a terminal does not mark what is pasted.
    """

    def __init__(self) -> None:
        self._keys = 0
        self._since = 0.0

    async def key_taken(self) -> None:
        """Let all else have its turn, if it is time."""
        self._keys += 1
        if self._keys >= MOST_KEYS or time.monotonic() - self._since >= LONGEST:
            await asyncio.sleep(0)
            self._keys, self._since = 0, time.monotonic()
