"""Who chooses the instances: the built-in scheduler, or another that a person has chosen by its name."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from app.interop.scheduler_plugins import ask_plugin, find_plugins
from app.interop.scheduler_program import ask_program
from app.model.cluster import ClusterFile
from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.model.names import BUILT_IN, SWARM
from app.operations.session import Session
from app.placement.external import ExternalScheduler, fault
from app.placement.scheduling import BuiltInScheduler, Scheduler
from app.store.config import SchedulerProgram
from app.store.safe_way import checked_program

_Maker = Callable[[Session, ClusterFile, random.Random], Scheduler]


def _swarm(session: Session, cluster: ClusterFile, _rng: random.Random) -> Scheduler:
    # Here: nobody else needs what talks to a swarm.
    from app.operations.swarm_scheduler import SwarmScheduler

    return SwarmScheduler(session, cluster)


_OURS: Mapping[str, _Maker] = {
    BUILT_IN: lambda _session, _cluster, rng: BuiltInScheduler(rng),
    SWARM: _swarm,
}
"""Schedulers of Moorage itself, whose names nobody else's can have. Making one asks nobody anything yet."""


def known_schedulers(session: Session) -> list[str]:
    """Every name that can be chosen: Moorage's own, then programs of config.toml, then plug-ins."""
    return list(dict.fromkeys([*_OURS, *sorted(session.config.schedulers), *sorted(find_plugins())]))


def check_scheduler(session: Session, name: str) -> str:
    """A name as a cluster's file has it: "" for the built-in one. Raises NotFoundError for one that is unknown here."""
    if name in ("", BUILT_IN):
        return ""
    known = known_schedulers(session)
    if name not in known:
        raise NotFoundError("scheduler", name, known)
    return name


def scheduler_for(session: Session, cluster: ClusterFile, name: str, rng: random.Random) -> Scheduler:
    """The scheduler of that name; "" is the cluster's own, else the built-in one. A plug-in is not loaded yet.

    Raises MoorageError with the nearest name.
    """
    chosen = name or cluster.scheduler or BUILT_IN
    if chosen in _OURS:
        return _OURS[chosen](session, cluster, rng)
    program = session.config.schedulers.get(chosen)
    if program is not None:
        return ExternalScheduler(chosen, partial(_ask_program, chosen, program))
    point = find_plugins().get(chosen)
    if point is not None:
        return ExternalScheduler(chosen, partial(ask_plugin, chosen, point))
    unknown = NotFoundError("scheduler", chosen, known_schedulers(session))
    if name:
        raise unknown
    raise MoorageError(
        f"cluster {cluster.name!r} has a scheduler that is not known here: {unknown.message}; "
        f"--scheduler {BUILT_IN} does without it",
        code=unknown.code,
    )


def _ask_program(name: str, program: SchedulerProgram, document: Mapping[str, Any]) -> Any:
    """Looked at before each run: what was safe a minute ago may not be so now."""
    path, *arguments = program.argv
    try:
        real = checked_program(Path(path))
    except DocumentError as error:
        raise fault(name, "was not run", error.message) from None
    return ask_program(name, (str(real), *arguments), program.timeout, document)
