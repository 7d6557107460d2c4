"""An engine looked at before it is relied on: what it says of itself, its clock, its disk."""

from __future__ import annotations

from app.hosts.disk import measured_disk
from app.hosts.engine import Engine
from app.hosts.preflight import HostTold, judge
from app.model.check import Check
from app.operations.session import Session


def examine(engine: Engine, *, disk: bool = True) -> list[Check]:
    """Every check of an engine that answers. Raises HostError when it does not.

    Args:
        disk: measure its disk, too, which is another login where it is reached by SSH.
    """
    asked = Session.now()
    info = engine.info()
    engine.measure_clock(info, asked)
    offset = engine.now() - Session.now()
    room = measured_disk(engine.endpoint, info) if disk else None
    return judge(HostTold(info, engine.version(), offset, room))
