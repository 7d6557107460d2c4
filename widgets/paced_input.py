"""An input into which a long text may be typed at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual import events
from textual.widgets import Input

MOST_KEYS = 8
"""To turn after each would have a burst take three times as long."""
LONGEST = 0.015
"""Seconds."""


class PacedInput(Input):
    """An input that lets all else have its turn after a few keys.

    Textual's answers all keys that wait within one turn of the loop: until the last is taken nothing is painted. They
    are many where a terminal does not mark what is pasted. Only inputs can do this: where keys are handed on, what one
    of them opens would be handed the next before those that wait for the same place.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._keys = 0
        self._since = 0.0

    async def on_event(self, event: events.Event) -> None:
        """Handle an event; after some keys, all else first."""
        await super().on_event(event)
        if isinstance(event, events.Key):
            self._keys += 1
            if self._keys >= MOST_KEYS or time.monotonic() - self._since >= LONGEST:
                await asyncio.sleep(0)
                self._keys, self._since = 0, time.monotonic()
