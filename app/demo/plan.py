"""What the demo fleet looks like at its beginning: hosts, what runs on them and since when. Pure, all from a seed."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from app.demo.company import BY_NAME, CLUSTERS, FAMILIES, Document, Family
from app.model.definition_document import definition_from
from app.model.reservation import reservation
from app.model.resources import Resources
from app.model.task_definition import TaskDefinition

DEFAULT_HOSTS, DEFAULT_TASKS, DEFAULT_SEED = 13, 120, 7
MOST_HOSTS, MOST_TASKS = 500, 50_000
_SHARES = (8, 3, 2)
"""Of hosts, by cluster."""
_TASK_SHARES = (86, 22, 12)
_ZONES = {"prod": ("fra-a", "fra-b", "fra-c"), "staging": ("fra-a",), "edge": ("shop-mitte", "shop-hafen")}
REPORT = "nightly-report"
"""The one family whose tasks come to an end: well in prod, not so in staging. They are kept for three hours."""
_PREFIXES = {"prod": "prod", "staging": "stage", "edge": "edge"}
_SIZES = ((4, 8), (8, 16), (8, 32), (16, 64), (32, 128), (64, 256), (128, 512), (256, 2048))
"""Cores and GiB that machines come with."""
_ROOM = 1.25
"""How much more a host has than what its tasks reserve at the beginning."""
_PEOPLE = ("ci", "ci", "ci", "mara", "jonas", "ops")
_OTHERS = (
    ("node-exporter", "quay.io/prometheus/node-exporter:v1.8.2", 0.01, 0.2),
    ("portainer-agent", "portainer/agent:2.21.5", 0.01, 0.3),
    ("watchtower", "containrrr/watchtower:1.7.1", 0.005, 0.2),
    ("debug-shell", "alpine:3.21", 0.0, 0.1),
    ("backup-cron", "restic/restic:0.17.3", 0.05, 0.4),
)
_LEGACY = "registry.halyard.example/legacy-sync:2019"
OTHER_IMAGES = (*(image for _, image, _, _ in _OTHERS), _LEGACY)
"""Of containers that were started without Moorage."""


@dataclass(frozen=True, slots=True)
class Host:
    """``memory`` in bytes."""

    cluster: str
    name: str
    zone: str
    disk: str
    cpus: int
    memory: int


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """``host``: its place in the plan's hosts. ``age``: since when it runs."""

    id: str
    host: int
    family: str
    revision: int
    age: timedelta
    started_by: str

    @property
    def document(self) -> Document:
        return BY_NAME[self.family].documents[self.revision - 1]


@dataclass(frozen=True, slots=True)
class Other:
    """A container that somebody started without Moorage. ``load``: part of a core; ``memory``: part of 256 MiB."""

    host: int
    name: str
    image: str
    age: timedelta
    load: float
    memory: float
    looping: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    hosts: tuple[Host, ...]
    tasks: tuple[PlannedTask, ...]
    others: tuple[Other, ...]
    seed: int = DEFAULT_SEED


@cache
def definition_of(family: str, revision: int) -> TaskDefinition:
    return definition_from(BY_NAME[family].documents[revision - 1], f"{family}:{revision}").definition


@cache
def reserved_by(family: str, revision: int) -> Resources:
    return reservation(definition_of(family, revision))


def make_plan(hosts: int = DEFAULT_HOSTS, tasks: int = DEFAULT_TASKS, seed: int = DEFAULT_SEED) -> Plan:
    """A fleet of about so many tasks on exactly so many hosts; the same for the same arguments."""
    rng = random.Random(f"{seed}/{hosts}/{tasks}")
    host_counts = _divided(hosts, _SHARES)
    task_counts = _divided(
        tasks, [share if count else 0 for share, count in zip(_TASK_SHARES, host_counts, strict=True)]
    )
    all_hosts: list[Host] = []
    all_tasks: list[PlannedTask] = []
    for cluster, host_count, task_count in zip(CLUSTERS, host_counts, task_counts, strict=True):
        first = len(all_hosts)
        placed = list(_cluster_tasks(cluster, range(first, first + host_count), task_count, rng))
        all_tasks += placed
        cpu: Counter[int] = Counter()
        memory: Counter[int] = Counter()
        for task in placed:
            cpu[task.host] += reserved_by(task.family, task.revision).cpu
            memory[task.host] += reserved_by(task.family, task.revision).memory
        all_hosts += [
            _host(cluster, number, cpu[first + number], memory[first + number], rng) for number in range(host_count)
        ]
    return Plan(tuple(all_hosts), tuple(all_tasks), tuple(_others(all_hosts, rng)), seed)


def _divided(total: int, shares: tuple[int, ...] | list[int]) -> list[int]:
    """Whole numbers that sum up to ``total``, as near to the shares as can be."""
    whole = sum(shares) or 1
    parts = [total * share // whole for share in shares]
    remainders = sorted(range(len(shares)), key=lambda place: -(total * shares[place] % whole))
    for place in remainders[: total - sum(parts)]:
        parts[place] += 1
    return parts


@dataclass(slots=True)
class _Room:
    """What is on the hosts of a cluster while tasks are being placed: the emptiest host comes first."""

    heap: list[tuple[int, int]]
    nvme: frozenset[int]
    ports: dict[int, set[int]] = field(default_factory=dict)

    def take(self, needed: Resources, *, only_nvme: bool = False) -> int | None:
        """The emptiest host on which the ports are free; None: there is none."""
        passed: list[tuple[int, int]] = []
        found = None
        while self.heap:
            load, host = heapq.heappop(self.heap)
            taken = self.ports.setdefault(host, set())
            if taken.isdisjoint(needed.ports) and (not only_nvme or host in self.nvme):
                taken |= needed.ports
                passed.append((load + needed.memory, host))
                found = host
                break
            passed.append((load, host))
        for entry in passed:
            heapq.heappush(self.heap, entry)
        return found


def _cluster_tasks(cluster: str, hosts: range, count: int, rng: random.Random) -> Iterator[PlannedTask]:
    if not hosts:
        return
    room = _Room([(0, host) for host in hosts], frozenset(host for host in hosts if _disk(host - hosts[0]) == "nvme"))
    families = [family for family in FAMILIES if family.share.get(cluster)]
    counts = _divided(count, [family.share[cluster] for family in families])
    left = 0
    for family, wanted in zip(families, counts, strict=True):
        for task in _family_tasks(family, wanted, room, rng):
            if task is None:
                left += 1
            else:
                yield task
    # Ports of a host are taken once: what found no room becomes more of what can be anywhere.
    filler = BY_NAME["sensor-ingest" if cluster == "edge" else "orders-worker"]
    yield from (task for task in _family_tasks(filler, left, room, rng) if task is not None)


def _family_tasks(family: Family, count: int, room: _Room, rng: random.Random) -> Iterator[PlannedTask | None]:
    """Most are of the newest revision, deployed one after the other; some are left of the one before."""
    newest = len(family.documents)
    deployed = timedelta(hours=rng.choice((2, 5, 20, 50, 90, 200, 400)), minutes=rng.randrange(60))
    before = deployed * rng.uniform(2, 6)
    old = 0 if newest == 1 else round(count * rng.choice((0, 0, 0.1, 0.25)))
    by, by_before = rng.choice(_PEOPLE), rng.choice(_PEOPLE)
    for number in range(count):
        revision = newest - 1 if number < old else newest
        host = room.take(
            reserved_by(family.name, revision), only_nvme="placementConstraints" in family.documents[revision - 1]
        )
        if host is None:
            yield None
            continue
        age = (before if number < old else deployed) - timedelta(seconds=9 * number + rng.uniform(0, 6))
        if family.name == REPORT:
            age = timedelta(minutes=rng.uniform(12, 55))
        task_id = f"{rng.getrandbits(128):032x}"
        youngest = timedelta(minutes=3, seconds=rng.uniform(0, 600))
        yield PlannedTask(task_id, host, family.name, revision, max(age, youngest), by_before if number < old else by)


def _host(cluster: str, number: int, cpu: int, memory: int, rng: random.Random) -> Host:
    """With room for ``cpu`` units and ``memory`` MiB, and for some more."""
    zones = _ZONES[cluster]
    fitting = (size for size in _SIZES if size[0] >= cpu * _ROOM / 1024 and size[1] >= memory * _ROOM / 1024)
    cpus, gib = next(fitting, _SIZES[-1])
    # An engine tells a little less than what the machine was sold with.
    bytes_ = (gib << 30) - rng.randrange(200, 400) * (1 << 20)
    name = f"{_PREFIXES[cluster]}-{number + 1:02}"
    return Host(cluster, name, zones[number % len(zones)], _disk(number), cpus, bytes_)


def _disk(number: int) -> str:
    return "hdd" if number % 3 == 2 else "nvme"


def _others(hosts: list[Host], rng: random.Random) -> Iterator[Other]:
    """The exporter on every host, an agent on every second, and a few that somebody left behind."""
    name, image, load, memory = _OTHERS[0]
    booted = [timedelta(days=rng.uniform(20, 90)) for _ in hosts]
    for place in range(len(hosts)):
        yield Other(place, name, image, booted[place], load, memory)
        if place % 2 == 0:
            name_2, image_2, load_2, memory_2 = _OTHERS[1]
            yield Other(place, name_2, image_2, booted[place], load_2, memory_2)
    for number, (name_n, image_n, load_n, memory_n) in enumerate(_OTHERS[2:]):
        place = (number * 5 + 1) % len(hosts)
        yield Other(place, name_n, image_n, timedelta(days=rng.uniform(0.1, 9)), load_n, memory_n)
    yield Other(
        min(3, len(hosts) - 1),
        "legacy-sync",
        _LEGACY,
        timedelta(days=3),
        0.2,
        0.1,
        looping=True,
    )
