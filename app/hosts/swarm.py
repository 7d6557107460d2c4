"""Docker Swarm, asked where a task shall run: a placeholder service for each task keeps its place in Swarm's books.

Swarm's scheduler counts services and nothing else, and a service cannot be a group of containers that link. So the
task runs as always, and a service that does nothing carries its reservation, as long as the task lives. Swarm chooses
the node; the service is tied to that node then, so that it stays in that node's books whatever becomes of its
container (design: docker 6).
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.labels import PLACEHOLDER, PREFIX, parse_time, placeholder_name
from app.hosts.reading import readable
from app.model.ids import is_id
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line

CHOOSE_WITHIN = 10.0
"""Seconds that Swarm has to choose a node; it takes a tenth of one."""
ROOM_WITHIN = 2.0
"""Seconds in which room may come: what has just stopped is in Swarm's books until its node has told so."""
_NO_ROOM = "insufficient resources"
_FIRST_LOOK, _LONGEST_WAIT = 0.02, 0.5
_NOBODY = "65534:65534"
_SECOND = 10**9
_NANOCPUS_OF_A_CORE, _UNITS_OF_A_CORE = 10**9, 1024
_FEWEST_NANOCPUS, _LEAST_MEMORY = 10**6, 4 << 20
_WANTED = ("running", "ready")
"""What Swarm wants a task to be that it has in its books; ready: it waits for its restart."""
_TIED = re.compile(r"\s*node\.id\s*==\s*(\w+)\s*")
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task that wants a node. ``image``: the placeholder's, by its id. ``barred``: nodes that may not be chosen."""

    task_id: str
    cluster: str
    resources: Resources
    image: str
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The node that keeps the place, or "" and why there is none, in Swarm's words."""

    node: str
    why_none: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A service that keeps the place of a task. ``node``: the one that it is tied to; "" while it is not."""

    task_id: str
    service: str
    created_at: datetime
    node: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """What an engine says of its place in a swarm. ``node``: "" when it is in none. ``processor``: as in its info."""

    node: str
    manager: bool
    processor: str


@readable
def membership(engine: Engine) -> Membership:
    info = engine.info()
    swarm = info.get("Swarm") or {}
    return Membership(
        str(swarm.get("NodeID") or ""), swarm.get("ControlAvailable") is True, str(info.get("Architecture", ""))
    )


@readable
def swarm_nodes(engine: Engine) -> dict[str, str]:
    """Nodes by their id, each with what keeps Swarm from placing anything there, "" for nothing.

    ``engine``: a manager. Raises HostError.
    """
    return {str(node["ID"]): _hindrance(node) for node in engine.nodes()}


def _hindrance(node: Json) -> str:
    state, availability = str(node["Status"].get("State", "")), str(node["Spec"].get("Availability", ""))
    if state != "ready":
        return f"Swarm has the node as {safe_line(state) or 'unknown'}"
    return "" if availability == "active" else f"the node's availability in Swarm is {safe_line(availability)}"


def keep_place(manager: Engine, wanted: Wanted) -> Choice:
    """Let Swarm choose a node, and keep the task's place there. Raises HostError; then no place is kept.

    Unless no answer came: then a place may be kept, and whoever watches takes it away.
    """
    try:
        service = _create(manager, wanted)
        choice = _await_choice(manager, service)
        if choice.node:
            _tie(manager, service, choice.node)
        else:
            manager.remove_service(service)
    except HostError:
        with contextlib.suppress(HostError):
            give_place_back(manager, wanted.task_id)
        raise
    return choice


def _create(manager: Engine, wanted: Wanted) -> str:
    spec = service_spec(wanted)
    try:
        return manager.create_service(spec)
    except HostError as error:
        if error.kind != "conflict":
            raise
    # The task had a place before, and is placed once more: that one is not kept.
    give_place_back(manager, wanted.task_id)
    return manager.create_service(spec)


def service_spec(wanted: Wanted) -> Json:
    """The body of the create call. GPUs are left out: of those Swarm knows what each daemon was told by hand alone."""
    labels = {PLACEHOLDER: wanted.task_id, f"{PREFIX}cluster": wanted.cluster}
    reserved = {
        "NanoCPUs": _at_least(_FEWEST_NANOCPUS, wanted.resources.cpu * _NANOCPUS_OF_A_CORE // _UNITS_OF_A_CORE),
        "MemoryBytes": _at_least(_LEAST_MEMORY, wanted.resources.memory << 20),
    }
    return {
        "Name": placeholder_name(wanted.task_id),
        "Labels": labels,
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": wanted.image,
                "Labels": labels,
                "User": _NOBODY,
                "ReadOnly": True,
                "CapabilityDrop": ["ALL"],
                "StopGracePeriod": _SECOND,
                "Init": False,
            },
            "LogDriver": {"Name": "none"},
            # Its container may be killed or removed by somebody: the place is to be kept all the same.
            "RestartPolicy": {"Condition": "any", "Delay": 5 * _SECOND},
            "Resources": {"Reservations": reserved},
            "Placement": {"Constraints": [f"node.id!={node}" for node in sorted(wanted.barred)]},
        },
    }


def _at_least(least: int, reserved: int) -> int:
    """Swarm refuses a reservation that is smaller, unless there is none."""
    return max(reserved, least) if reserved else 0


def _await_choice(manager: Engine, service: str) -> Choice:
    began, wait = time.monotonic(), _FIRST_LOOK
    patient_until = 0.0
    while True:
        choice, now = _choice(manager.service_tasks(service)), time.monotonic()
        if choice is not None:
            patient_until = patient_until or now + ROOM_WITHIN
            if choice.node or _NO_ROOM not in choice.why_none or now > patient_until:
                return choice
        elif now > began + CHOOSE_WITHIN:
            raise HostError(f"Swarm did not choose a node within {CHOOSE_WITHIN:g} s", "failed")
        time.sleep(wait)
        wait = min(wait * 1.5, _LONGEST_WAIT)


@readable
def _choice(tasks: Iterable[Json]) -> Choice | None:
    """What Swarm has settled on; None while it is at it."""
    why_none = SafeText("")
    for task in tasks:
        status = task.get("Status") or {}
        if task.get("NodeID"):
            return Choice(str(task["NodeID"]))
        if status.get("State") == "pending" and status.get("Err"):
            why_none = safe_line(status["Err"])
    return Choice("", why_none) if why_none else None


def _tie(manager: Engine, service: str, node: str) -> None:
    """From now on on that node or nowhere. Swarm leaves what runs alone when only that changes."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            version, spec = _tied(manager.service(service), node)
            manager.update_service(service, version, spec)
        except HostError as error:
            # Of two changes at once, Swarm refuses the one that was made of what is no longer so.
            if error.kind not in ("refused", "failed") or attempt == _ATTEMPTS:
                raise
        else:
            return


@readable
def _tied(found: Json, node: str) -> tuple[int, Json]:
    spec: dict[str, Any] = found["Spec"]
    spec["TaskTemplate"]["Placement"] = {"Constraints": [f"node.id=={node}"]}
    return int(found["Version"]["Index"]), spec


def give_place_back(manager: Engine, task_id: str) -> bool:
    """Remove the task's placeholder, if there is one; returns whether there was. Raises HostError."""
    try:
        found = manager.service(placeholder_name(task_id))
    except HostError as error:
        if error.kind == "not-found":
            return False
        raise
    kept = _placeholder(found)
    if kept is None or kept.task_id != task_id:
        raise HostError(
            f"the Swarm service {placeholder_name(task_id)} is not Moorage's: its label does not say so", "refused"
        )
    manager.remove_service(kept.service)
    return True


def placeholders(manager: Engine) -> list[Placeholder]:
    """Every place that is kept in this swarm, whoever asked for it. Raises HostError."""
    found = (_placeholder(service) for service in manager.services(PLACEHOLDER))
    return [kept for kept in found if kept is not None]


@readable
def _placeholder(service: Json) -> Placeholder | None:
    """None for a service that is no placeholder: label and name have to agree."""
    spec = service["Spec"]
    task_id = str((spec.get("Labels") or {}).get(PLACEHOLDER, ""))
    if not is_id(task_id) or spec.get("Name") != placeholder_name(task_id):
        return None
    constraints = (spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or ()
    ties = [match[1] for one in constraints if (match := _TIED.fullmatch(str(one)))]
    return Placeholder(task_id, str(service["ID"]), parse_time(str(service["CreatedAt"])), ties[0] if ties else "")


def node_of(manager: Engine, kept: Placeholder) -> str:
    """The node that keeps the place; "" when none does. Raises HostError."""
    if kept.node:
        return kept.node
    kept_now = [task for task in manager.service_tasks(kept.service) if task.get("DesiredState") in _WANTED]
    choice = _choice(kept_now)
    return choice.node if choice else ""
