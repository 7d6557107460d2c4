"""Many events of one kind within a second: a few are kept one by one, the rest is told as a number."""

from __future__ import annotations

from typing import Final

KEPT_EACH: Final = 5
"""Events of one kind of one container that are kept one by one within a second of its host."""
_LEAST_SWEPT: Final = 256


class Bursts:
    """Counts by the host's own seconds, so that whoever hears the same events counts the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, int]] = {}
        self._swept_at = _LEAST_SWEPT

    def beyond(self, container_id: str, what: str, second: int) -> int:
        """One more in this second: 0 while it is to be kept by itself, else how many are told as a number by now."""
        before, number = self._known.get((container_id, what), (0, 0))
        number = number + 1 if second == before else 1
        if len(self._known) >= self._swept_at:
            self._known = {subject: burst for subject, burst in self._known.items() if burst[0] >= second - 1}
            # Thousands may be of this very second: they are not gone through again for each that comes.
            self._swept_at = max(_LEAST_SWEPT, 2 * len(self._known))
        self._known[container_id, what] = second, number
        return max(number - KEPT_EACH, 0)

    def __len__(self) -> int:
        """How many containers, and kinds of event of each, are remembered."""
        return len(self._known)
