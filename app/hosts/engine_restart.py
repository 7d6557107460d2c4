"""Telling a task whose engine was restarted from one that failed: both end with the same exit codes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from app.hosts.engine import Engine
from app.hosts.labels import parse_time
from app.hosts.reading import readable
from app.hosts.stopping import SUPERVISOR, mark_stopped
from app.model.lifecycle import ESSENTIAL_EXITED
from app.model.task import Task, TaskContainer

_DEFAULT_BRIDGE: Final = "bridge"
SHUTDOWN: Final = timedelta(seconds=30)
"""Between the end of a container and the start of the engine that ended it: 13 s were seen, with 10 s for SIGTERM."""
REBOOT: Final = timedelta(minutes=3)
"""The same while the whole host comes up again."""
_WITHIN: Final = {0: SHUTDOWN, 137: REBOOT, 143: REBOOT, 255: REBOOT}
"""By exit code: who goes in peace when told to, SIGKILL, SIGTERM, and what dockerd gives to what it finds dead as it
comes up. Any other tells of a failure of its own.
"""


def engine_started_at(engine: Engine) -> datetime | None:
    """When dockerd came up, by the host's clock: it makes its default bridge anew each time.

    None of an engine that has no such bridge. Raises HostError. Measured on 20.10, 26.1 and 28.5; info does not tell.
    """
    made = _bridge_made_at(engine)
    # podman says of its own that it was made at the moment when one asks.
    return made if made == _bridge_made_at(engine) else None


@readable
def _bridge_made_at(engine: Engine) -> datetime | None:
    bridges = [network for network in engine.networks(name=_DEFAULT_BRIDGE) if network["Name"] == _DEFAULT_BRIDGE]
    return parse_time(str(bridges[0]["Created"])) if bridges else None


def restart_after(task: Task, started_at: datetime) -> timedelta | None:
    """How soon after the task's end its engine came up, where this is why it ended; None where it is not.

    Of a task that somebody stopped, that failed by itself, or that ended long before nobody can say so.
    """
    ended_at = task.execution_stopped_at
    if task.stop_code != "EssentialContainerExited" or task.stopped_by or ended_at is None:
        return None
    first = next(part for part in task.parts if _finished_at(part) == ended_at)
    if first.runtime is None or first.runtime.oom_killed:
        return None
    within = None if first.exit_code is None else _WITHIN.get(first.exit_code)
    after = started_at - ended_at
    return after if within is not None and timedelta(0) <= after <= within else None


def _finished_at(part: TaskContainer) -> datetime | None:
    return part.runtime.finished_at if part.runtime is not None else None


def mark_restart(engine: Engine, task: Task, after: timedelta) -> None:
    """Write down why it ended, as long as that can be told: the next start of the engine hides it. Raises HostError."""
    seconds = max(math.ceil(after.total_seconds()), 1)
    reason = f"{ESSENTIAL_EXITED}: its engine was restarted {seconds} s later"
    mark_stopped(engine, task.id, "EssentialContainerExited", reason, SUPERVISOR)
