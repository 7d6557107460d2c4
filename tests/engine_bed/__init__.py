"""Real Docker Engines for tests: every dockerd in namespaces of its own, on one machine, gone with the test process."""

from __future__ import annotations

from tests.engine_bed.bed import Bed
from tests.engine_bed.daemon import Daemon, DaemonError, DaemonOptions
from tests.engine_bed.http import HttpReply
from tests.engine_bed.probe import why_not
from tests.engine_bed.registry import Registry
from tests.engine_bed.waiting import wait_until

__all__ = ["Bed", "Daemon", "DaemonError", "DaemonOptions", "HttpReply", "Registry", "wait_until", "why_not"]
