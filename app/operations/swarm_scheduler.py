"""Docker Swarm as a scheduler: it chooses the node, and Moorage starts the whole task there (docs/schedulers.md).

Moorage's own limits hold all the same: nodes that do not take the task by them are not offered to Swarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from app.hosts.crashpoint import crashpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.placeholder_image import ensure_placeholder_image
from app.hosts.swarm import Wanted, give_place_back, keep_place, swarm_nodes
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.instance import InstanceKey
from app.model.names import SWARM
from app.model.safe_text import safe_line
from app.operations.placeholders import Member, members
from app.operations.session import Session, instances_of
from app.placement.candidate import Candidate
from app.placement.planner import Plan
from app.placement.refusals import Refusal, refusal
from app.placement.scheduling import NOT_CHOSEN, PlacementRequest

_AT_ONCE = 16
_ATTEMPTS = 3
_REMEDY = "run docker swarm init on one, or choose another scheduler"


@dataclass(frozen=True, slots=True)
class _Manager:
    """Whom to ask. ``nodes``: the swarm's, by id, with what keeps each from being chosen."""

    key: InstanceKey
    engine: Engine
    nodes: Mapping[str, str]


class SwarmScheduler:
    """Swarm chooses among the cluster's instances that are its nodes. A placeholder keeps each place from then on."""

    name = SWARM
    reserves = True

    def __init__(self, session: Session, cluster: ClusterFile) -> None:
        self._session = session
        self._cluster = cluster
        self._asked: Engine | None = None

    def place(self, request: PlacementRequest) -> Plan:
        """One task after the other, so that each finds those before it in Swarm's books.

        Raises MoorageError when no manager answers, or when it stops doing so: then no place is kept.
        """
        silent = {one.key for one in request.candidates if one.barred == "AGENT"}
        found = self._members(silent)
        manager = self._manager(found, silent)
        self._asked = manager.engine
        placing = _Placing(manager, request)
        placing.take_in(found)
        begun: list[str] = []
        try:
            for task_id in request.task_ids:
                begun.append(task_id)
                if not placing.place(task_id):
                    break
        except MoorageError as error:
            _give_back(manager.engine, begun)
            raise MoorageError(
                f"Docker Swarm's manager {manager.key.name} failed: {error.message}",
                code="ServerException",
            ) from error
        crashpoint("placed-by-swarm")
        return placing.result()

    def release(self, task_ids: Sequence[str]) -> None:
        """What cannot be given back now is so by whoever watches."""
        if self._asked is not None and _give_back(self._asked, task_ids):
            return
        for member in self._members() if task_ids else ():
            if member.place.manager and _give_back(member.engine, task_ids):
                return

    def _members(self, silent: Iterable[InstanceKey] = ()) -> list[Member]:
        asked = [one for one in instances_of(self._cluster, self._cluster.name) if one.key not in silent]
        return members(self._session, asked)

    def _manager(self, found: Iterable[Member], silent: Iterable[InstanceKey]) -> _Manager:
        troubles = []
        for member in found:
            if member.place.manager:
                try:
                    return _Manager(member.key, member.engine, swarm_nodes(member.engine))
                except HostError as error:
                    troubles.append(f"{member.key.name}: {error.message}")
        where = f"cluster {self._cluster.name}"
        if troubles:
            raise MoorageError(
                f"no Swarm manager of {where} can be asked: {'; '.join(troubles)}", code="ServerException"
            )
        unheard = sorted({key.name for key in silent})
        if unheard:
            where += f" that answers ({', '.join(unheard)} {'does' if len(unheard) == 1 else 'do'} not)"
        raise MoorageError(f"no instance of {where} is a Swarm manager: {_REMEDY}", code="InvalidParameterException")


def _give_back(manager: Engine, task_ids: Iterable[str]) -> bool:
    """Whether all could be given back."""
    done = True
    for task_id in task_ids:
        try:
            give_place_back(manager, task_id)
        except HostError as error:
            done = False
            if error.unanswered:
                break
    return done


@dataclass(slots=True)
class _Placing:
    """One request at work. ``room``: instances as they are with what was placed; ``nodes``: theirs, by id."""

    manager: _Manager
    request: PlacementRequest
    room: dict[InstanceKey, Candidate] = field(default_factory=dict)
    nodes: dict[str, InstanceKey] = field(default_factory=dict)
    images: dict[InstanceKey, str] = field(default_factory=dict)
    unfit: dict[InstanceKey, str] = field(default_factory=dict)
    placed: list[InstanceKey] = field(default_factory=list)
    words: str = ""

    def take_in(self, found: Iterable[Member]) -> None:
        """Which instances are nodes that Swarm may choose, and have the placeholder's image there."""
        self.room = {one.key: one for one in sorted(self.request.candidates, key=lambda one: one.key)}
        of = {member.key: member for member in found if member.place.node in self.manager.nodes}
        able: list[Member] = []
        for key in self.room:
            member = of.get(key)
            if member is None:
                self.unfit[key] = "not a node of the swarm"
            elif hindrance := self.manager.nodes[member.place.node]:
                self.unfit[key] = hindrance
            else:
                self.nodes[member.place.node] = key
                if refusal(self.room[key], self.request.demand) is None:
                    able.append(member)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="swarm") as hands:
            list(hands.map(self._load, able))

    def _load(self, member: Member) -> None:
        try:
            self.images[member.key] = ensure_placeholder_image(member.engine, member.place.processor)
        except HostError as error:
            self.unfit[member.key] = error.message

    def place(self, task_id: str) -> bool:
        """Let Swarm choose for one more task; False when there is no node for it. Raises HostError."""
        demand = self.request.demand
        for image in self._images():
            fit = {
                node
                for node, key in self.nodes.items()
                if self.images.get(key) == image and refusal(self.room[key], demand) is None
            }
            for _ in range(_ATTEMPTS if fit else 0):
                barred = frozenset(self.manager.nodes) - fit
                wanted = Wanted(task_id, self.request.cluster, demand.resources, image, barred)
                choice = keep_place(self.manager.engine, wanted)
                if not choice.node:
                    self.words = f"Swarm: {safe_line(choice.why_none)}"
                    break
                if choice.node in fit:
                    key = self.nodes[choice.node]
                    self.placed.append(key)
                    self.room[key] = self.room[key].with_tasks(1, demand.resources, demand.group)
                    return True
                # A node that has joined since, of which nothing is known here.
                self.words = "Swarm: it chose a node that has only just joined"
                give_place_back(self.manager.engine, task_id)
                self.manager = _Manager(self.manager.key, self.manager.engine, swarm_nodes(self.manager.engine))
        return False

    def _images(self) -> list[str]:
        """The image is another one for each kind of processor: the kind with the most nodes is asked first."""
        ids = list(self.images.values())
        return sorted(set(ids), key=lambda image: (-ids.count(image), image))

    def result(self) -> Plan:
        if len(self.placed) == len(self.request.task_ids):
            return Plan(tuple(self.placed), ())
        refusals = []
        for key, candidate in self.room.items():
            why = refusal(candidate, self.request.demand)
            words = self.unfit.get(key) or self.words
            if why is None and words:
                why = Refusal(key, NOT_CHOSEN, safe_line(words))
            if why is not None:
                refusals.append(why)
        return Plan(tuple(self.placed), tuple(refusals))
