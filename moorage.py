"""The launcher: its own folder first on the path, then app.main.

The wheel holds this file as ``moorage/__init__.py`` with ``app`` beside it, so it works wherever it is installed, even
where PYTHONPATH holds somebody else's package called ``app``.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Runs ``app.main.main`` on ``sys.argv``; returns the exit code."""
    here = os.path.dirname(os.path.realpath(__file__))
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    from app.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
