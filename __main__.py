"""``python -m moorage`` where the wheel is installed, and ``python .`` in a checkout."""

from __future__ import annotations

from moorage import main

main()
