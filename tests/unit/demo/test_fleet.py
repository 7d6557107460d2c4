"""The demo fleet, without a socket: what it looks like and what happens in it, by a clock that the test moves."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from app.demo.company import BY_NAME, FAMILIES
from app.demo.deploying import Ground
from app.demo.engine.images import Image
from app.demo.engine.log_book import View
from app.demo.engine.refused import Refused
from app.demo.life import Life, troubles_of
from app.demo.plan import DEFAULT_HOSTS, DEFAULT_TASKS, REPORT, Plan, make_plan, reserved_by
from app.demo.settling import settle
from app.demo.shelves import VAULT, images
from app.fleet.fleet import Fleet
from app.hosts.reading import container_from_inspect, records_from
from app.model.definition_document import parse_definition
from app.model.instance import Instance, InstanceKey
from app.model.update import HostRead

SECOND = 10**9


class Clock:
    """Nanoseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_750_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


class Hanging:
    """A served engine that remembers what was done to it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def freeze(self) -> None:
        self.told.append("freeze")

    def thaw(self) -> None:
        self.told.append("thaw")


class World:
    """A demo fleet and its time."""

    def __init__(self, plan: Plan, events_a_second: float = 0) -> None:
        self.plan = plan
        self.clock = Clock()
        self._lives = False
        self.grounds = settle(plan, self.clock)
        self.served = [Hanging() for _ in self.grounds]
        self.actions: Counter[str] = Counter()
        for ground in self.grounds:
            ground.engine.observe(lambda action, _: self.actions.update([action]))
        self.life = Life(plan, self.grounds, self.clock, self.served, events_a_second)

    def live(self, seconds: int, looks: int = 4) -> None:
        """``looks``: how often a second the engines do what is due."""
        if not self._lives:
            self._lives = True
            self.life.begin()
        for _ in range(seconds * looks):
            self.clock.now += SECOND // looks
            for ground in self.grounds:
                ground.engine.advance()


def fleet_of(grounds: list[Ground], known: Fleet | None = None) -> Fleet:
    """As Moorage itself reads it; ``known``: what it has read before."""
    fleet, now = known or Fleet(), datetime.now(UTC)
    keys = [InstanceKey(ground.host.cluster, ground.host.name) for ground in grounds]
    instances = [Instance(key, "0" * 32, "unix:///x", "ACTIVE", now) for key in keys]
    fleet.register({key.cluster for key in keys}, instances)
    for key, ground in zip(keys, grounds, strict=True):
        machine = ground.engine.machine
        containers = tuple(container_from_inspect(found.detail()) for found in machine.containers.values())
        records = records_from(volume.told() for volume in machine.volumes.matching({}))
        fleet.apply([HostRead(key, containers, tuple(records))])
    return fleet


@pytest.fixture(scope="module")
def world() -> World:
    """The fleet as it comes, after five minutes of life."""
    made = World(make_plan())
    made.live(300)
    return made


def test_a_plan_has_as_many_hosts_and_tasks_as_it_is_asked_for() -> None:
    for hosts, tasks in ((DEFAULT_HOSTS, DEFAULT_TASKS), (1, 5), (2, 0), (100, 2000)):
        plan = make_plan(hosts, tasks)
        assert (len(plan.hosts), len(plan.tasks)) == (hosts, tasks)
        assert len({host.name for host in plan.hosts}) == hosts
        assert len({task.id for task in plan.tasks}) == tasks


def test_the_same_seed_is_the_same_fleet_and_another_is_another() -> None:
    assert make_plan(seed=3) == make_plan(seed=3)
    assert make_plan(seed=3) != make_plan(seed=4)


def test_every_host_has_room_for_what_runs_on_it() -> None:
    plan = make_plan(40, 1500)
    for place, host in enumerate(plan.hosts):
        tasks = [task for task in plan.tasks if task.host == place]
        reserved = [reserved_by(task.family, task.revision) for task in tasks]
        assert sum(found.memory for found in reserved) < host.memory >> 20
        assert sum(found.cpu for found in reserved) < host.cpus * 1024
        ports = [port for found in reserved for port in found.ports]
        assert len(ports) == len(set(ports))


@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
def test_every_definition_can_be_registered_and_is_honoured_in_full(family: str) -> None:
    for document in BY_NAME[family].documents:
        understood = parse_definition(json.dumps(document).encode(), family)
        assert understood.definition.family == family
        assert understood.warnings == ()
        assert {container.image for container in understood.definition.container_definitions} <= set(
            images(1_750_000_000 * SECOND)
        )


def test_moorage_sees_every_task_running_for_as_long_as_the_plan_says() -> None:
    settled = World(make_plan())
    fleet = fleet_of(settled.grounds)
    assert len(fleet.tasks()) == DEFAULT_TASKS
    for planned in settled.plan.tasks:
        task = fleet.find_task(planned.id)
        assert task is not None and task.manifest and task.started_at is not None
        if planned.family == REPORT:
            code = 0 if task.cluster == "prod" else 1
            assert (task.last_status, [part.exit_code for part in task.containers]) == ("STOPPED", [code])
            assert task.failed == bool(code)
            continue
        assert (task.last_status, task.settled) == ("RUNNING", True)
        age = datetime.fromtimestamp(settled.clock.now / SECOND, UTC) - task.started_at
        assert abs((age - planned.age).total_seconds()) < 20
        assert task.health == ("HEALTHY" if any(part.health_checked for part in task.containers) else "UNKNOWN")


def test_what_happened_before_is_told_with_its_own_time() -> None:
    settled = World(make_plan())
    for ground in settled.grounds:
        told = [event.nano for event in ground.engine.machine.events.past(0, settled.clock.now, {})]
        assert told == sorted(told)
        assert max(told) < settled.clock.now


def test_there_are_releases_and_some_trouble(world: World) -> None:
    assert world.actions["create"] >= 4
    assert world.actions["health_status: unhealthy"] >= 1
    assert world.actions["health_status: healthy"] >= 1
    assert world.actions["oom"] >= 1
    assert world.actions["die"] > world.actions["oom"]
    assert [told for host in world.served for told in host.told] == ["freeze", "thaw"]


def test_what_a_release_starts_runs_as_if_a_launch_had_made_it(world: World) -> None:
    planned = {task.id for task in world.plan.tasks}
    released = [task for task in fleet_of(world.grounds).tasks() if task.id not in planned]
    assert released
    assert {task.last_status for task in released} <= {"RUNNING", "PENDING"}
    assert {task.started_by for task in released} == {"ci"}


def test_the_same_seed_is_the_same_life() -> None:
    first, second = (World(make_plan(6, 30)) for _ in range(2))
    for world in (first, second):
        world.live(60)
    assert first.actions == second.actions
    assert fleet_of(first.grounds).tasks() == fleet_of(second.grounds).tasks()


def test_containers_write_lines_and_use_something(world: World) -> None:
    ground = next(ground for ground in world.grounds if ground.host.cluster == "prod")
    containers = [ground.engine.find(found) for found in ground.engine.running()]
    loads = [container.usage.settle(world.clock.now) for container in containers if container.usage is not None]
    assert len(loads) > 5
    assert all(load.cpu > 0 and load.memory > 1 << 20 for load in loads)
    assert sum(len(list(container.log.read(View()))) > 10 for container in containers) > 5


def test_trouble_is_in_containers_that_are_there() -> None:
    plan = make_plan()
    names = {found.name for ground in settle(plan, Clock()) for found in ground.engine.machine.containers.values()}
    assert set(troubles_of(plan)) <= names
    assert set(troubles_of(plan).values()) == {"hungry", "failing", "looping"}


def test_more_events_are_about_as_many_as_are_asked_for() -> None:
    busy = World(make_plan(10, 60), events_a_second=200)
    busy.live(10, looks=100)
    assert 1200 < busy.actions.total() < 2800
    assert max(len(ground.engine.machine.containers) for ground in busy.grounds) < 60


def test_a_fleet_of_one_host_lives_too() -> None:
    lonely = World(make_plan(1, 3))
    lonely.live(120)
    assert len(fleet_of(lonely.grounds).tasks()) >= 3


# --- images -----------------------------------------------------------------------------------------------------------


def test_images_are_as_old_and_as_large_as_such_images_are(world: World) -> None:
    now = 1_750_000_000
    found = images(now * SECOND)
    assert all((now - image.created) / 86_400 >= 2 for image in found.values())
    assert all(image.size < 400 << 20 for image in found.values())
    assert sum(image.size > 20 << 20 for image in found.values()) > len(found) / 2
    ours = [image for name, image in found.items() if "/storefront:" in name]
    shared = set.intersection(*({layer.diff_id for layer in image.layers} for image in ours))
    assert len(ours) == 4 and len(shared) >= 3, "releases share what they are built on"


def test_hosts_have_what_they_run_and_what_was_left_there() -> None:
    world = World(make_plan())
    have = [
        {name for image in ground.engine.machine.images.all() for name in names(ground, image)}
        for ground in world.grounds
    ]
    everywhere, anywhere = set.intersection(*have), set.union(*have)
    assert everywhere == {"quay.io/prometheus/node-exporter:v1.8.2"} and len(anywhere) > 30
    for ground in world.grounds:
        for container in ground.engine.machine.containers.values():
            assert ground.engine.machine.images.find(container.image.id) is not None
    nameless = [
        image
        for ground in world.grounds
        for image in ground.engine.machine.images.all()
        if not ground.engine.machine.images.names(image)
    ]
    moved = [
        container
        for ground in world.grounds
        for container in ground.engine.machine.containers.values()
        if container.image_moved
    ]
    assert len(nameless) >= 3 and len(moved) >= 1
    assert {container.image_given for container in moved} == {"registry.halyard.example/payments:2.1.0"}
    assert sum(len(ground.engine.machine.build_caches) for ground in world.grounds) == 3


def names(ground: Ground, image: Image) -> list[str]:
    return ground.engine.machine.images.names(image)


def test_one_registry_wants_a_password_and_the_company_s_own_takes_pushes() -> None:
    (ground, *_) = World(make_plan(1, 5)).grounds
    registry = ground.engine.registry
    with pytest.raises(Refused, match="no basic auth credentials"):
        registry.pulled(f"{VAULT}/fraud-model:3", "")
    assert registry.push_refused("registry.halyard.example/toys:1", "") == ""
    assert registry.pulled("alpine:3.21", "") is not None
