"""The command line on a home of its own, as in ``tests/cli``."""

from __future__ import annotations

from tests.cli.conftest import cli, clustered

__all__ = ["cli", "clustered"]
