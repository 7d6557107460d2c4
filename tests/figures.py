"""Counts of what tests did, for ``make figures``. Told anywhere; kept only where MOORAGE_FIGURES names a file.

``tell("files killed at every step", kills=17, torn=0)`` once a test is over and what it counts is true. Counts of one
name add up over tests; what ends in ``_s`` or ``_ms`` is a duration, of which the longest counts.
"""

from __future__ import annotations

import json
import os

FILE = "MOORAGE_FIGURES"
TIMES = "MOORAGE_FIGURES_TIMES"


def tell(name: str, /, **counts: float) -> None:
    path = os.environ.get(FILE)
    if path:
        # One write of one line: tests in other processes tell, too.
        line = json.dumps({"name": name, **counts}) + "\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)


def times(few: int) -> int:
    """How often to do what costs little: ``few`` in a test, more where figures are made (MOORAGE_FIGURES_TIMES)."""
    return few * int(os.environ.get(TIMES, "1"))
