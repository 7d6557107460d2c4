"""Waiting on a condition with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    *,
    within: float = 30.0,
    what: str = "",
    ignoring: tuple[type[Exception], ...] = (),
    every: float = 0.01,
) -> T:
    """The first truthy value of ``condition``; AssertionError when there was none ``within`` seconds.

    Exceptions of the kinds in ``ignoring`` (OSError while a port is not served yet, say) count as "not yet".
    """
    end = time.monotonic() + within
    while True:
        last: object
        try:
            value = condition()
            if value:
                return value
            last = value
        except ignoring as not_yet:
            last = not_yet
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {what or condition!r} (last: {last!r})")
        time.sleep(every)
