"""``python -m moorage`` where the wheel is installed, and ``python .`` in a checkout."""

from __future__ import annotations

import sys

from moorage import main

sys.exit(main())
