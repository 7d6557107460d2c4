"""The launcher: its own folder first on the path, then app.main.

The wheel holds this file as ``moorage/__init__.py`` with ``app`` beside it, so it works wherever it is installed, even
where PYTHONPATH holds somebody else's package called ``app``.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Runs ``app.main.main`` on ``sys.argv``, and ends the process with its exit code."""
    here = os.path.dirname(os.path.realpath(__file__))
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    from app.main import main as run

    _end(run())


def _end(code: int) -> NoReturn:
    """What is left are daemon threads and objects: to take those of ten thousand tasks apart takes Python seconds."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # closed, or nobody reads it: told already
    os._exit(code)


if __name__ == "__main__":
    main()
