"""The simulated engine under a clock of the test's own: lives, events, loads, and what always holds."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.images import Image
from app.demo.engine.load import Load, Usage
from app.demo.engine.log_book import View
from app.demo.engine.refused import Refused
from app.demo.engine.times import SECOND, ago, read, written

_START = 1_780_000_000 * SECOND
WEB = Image("nginx:1", command=("nginx",), ports=("80/tcp",), stop_seconds=0.5)


class Clock:
    def __init__(self) -> None:
        self.now = _START

    def __call__(self) -> int:
        return self.now


class World:
    """An engine whose time passes when a test says so."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = Clock()
        self.engine = SimulatedEngine("edge-1", cpus=2, memory=4 << 30, clock=self.clock, seed=seed)
        self.engine.add_image(WEB)
        self.told: list[str] = []
        self.engine.observe(lambda action, _: self.told.append(action))

    def pass_by(self, seconds: float) -> None:
        end = self.clock.now + int(seconds * SECOND)
        while (due := self.engine.due()) is not None and due <= end:
            self.clock.now = max(due, self.clock.now)
            self.engine.advance()
        self.clock.now = end

    def run(self, name: str = "web", **host: Any) -> str:
        made = self.engine.create({"Image": "nginx:1", "HostConfig": host}, name)
        self.engine.start(made)
        return made

    def state(self, container: str) -> Any:
        return self.engine.inspect(container)["State"]


def test_a_service_lives_until_it_is_stopped() -> None:
    world = World()
    made = world.run()
    world.pass_by(1000)
    world.engine.stop(made, 10)
    assert world.state(made)["Status"] == "running"
    world.pass_by(1)
    assert (world.state(made)["Status"], world.state(made)["ExitCode"]) == ("exited", 0)
    assert world.told == ["create", "start", "kill", "die", "stop"]
    assert world.engine.running() == []


def test_one_that_is_killed_for_its_memory_comes_back_later_and_later() -> None:
    world = World()
    made = world.run(RestartPolicy={"Name": "always"})
    for number, wait in enumerate((0.1, 0.2, 0.4, 0.8)):
        world.engine.exit(made, 137, oom=True)
        assert world.state(made)["OOMKilled"] and world.state(made)["Restarting"]
        world.pass_by(wait - 0.01)
        assert world.engine.inspect(made)["RestartCount"] == number
        world.pass_by(0.02)
        assert world.state(made)["Status"] == "running"
    assert world.told[2:5] == ["oom", "die", "start"]
    world.pass_by(11)
    world.engine.exit(made, 1)
    world.pass_by(0.11)
    assert world.state(made)["Status"] == "running", "it had run long enough to be forgiven"


def test_health_follows_the_scenario() -> None:
    world = World()
    check = {"Test": ["CMD", "curl", "localhost"], "Interval": 5 * SECOND}
    made = world.engine.create({"Image": "nginx:1", "Healthcheck": check}, "web")
    world.engine.start(made)
    assert world.state(made)["Health"]["Status"] == "starting"
    world.pass_by(6)
    assert world.state(made)["Health"]["Status"] == "healthy"
    world.engine.set_health(made, False, "503")
    assert world.state(made)["Health"] | {"Log": None} == {"Status": "unhealthy", "FailingStreak": 3, "Log": None}
    assert world.state(made)["Health"]["Log"][-1]["Output"] == "503"
    world.pass_by(20)
    assert world.state(made)["Health"]["Status"] == "unhealthy"
    world.engine.set_health(made, None)
    assert [action for action in world.told if "health" in action] == [
        "health_status: healthy", "health_status: unhealthy", "health_status: healthy"
    ]  # fmt: skip


def test_a_life_of_before_is_told_as_such() -> None:
    world = World()
    then = _START - 3 * 86400 * SECOND
    made = world.engine.create({"Image": "nginx:1"}, "old", at=then)
    world.engine.start(made, at=then)
    (entry,) = [json.loads(found.listed(world.clock())) for found in world.engine.machine.matching({}, all_=True)]
    assert (entry["Status"], entry["Created"]) == ("Up 3 days", then // SECOND)
    world.engine.write_log(made, "hello", at=then + SECOND)
    assert [line.nano for line in world.engine.find(made).log.read(View())] == [then + SECOND]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 64), st.booleans()), min_size=1, max_size=20))
def test_counters_only_grow_and_by_no_more_than_the_cores(steps: list[tuple[float, float, bool]]) -> None:
    now = 0
    usage = Usage(now, Load(cpu=0.5), cores=2)
    for seconds, cpu, changed in steps:
        before, now = usage.counts.cpu, now + int(seconds * SECOND)
        usage.settle(now)
        assert 0 <= usage.counts.cpu - before <= 2 * int(seconds * SECOND) + 1
        if changed:
            usage.change(now, lambda at, cpu=cpu: Load(cpu=cpu))  # type: ignore[misc]
            assert usage.current.cpu <= 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "Less than a second"), (1.5, "1 second"), (59, "59 seconds"), (61, "About a minute"), (600, "10 minutes"),
        (3600, "About an hour"), (47 * 3600, "47 hours"), (3 * 86400, "3 days"), (20 * 86400, "2 weeks"),
        (90 * 86400, "3 months"), (800 * 86400, "2 years"),
    ],
)  # fmt: skip
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(int(seconds * SECOND)) == words


@given(st.integers(SECOND, 9_000_000_000 * SECOND))
def test_moments_come_back(moment: int) -> None:
    seconds, nanos = divmod(moment, SECOND)
    assert read(f"{seconds}.{nanos:09d}") == moment
    assert read(written(moment)) == moment


def _deed(world: World, rng: random.Random, ids: list[str]) -> None:
    engine = world.engine
    some = rng.choice(ids) if ids else "none"
    match rng.randrange(12):
        case 0 | 1 | 2:
            port = str(rng.choice((0, 8080, 8081)))
            binding = {"80/tcp": [{"HostPort": port}]}
            policy = {"Name": rng.choice(("no", "always", "on-failure"))}
            body = {"Image": "nginx:1", "HostConfig": {"PortBindings": binding, "RestartPolicy": policy}}
            ids.append(engine.create(body, f"c{rng.randrange(8)}"))
        case 3 | 4:
            engine.start(some)
        case 5:
            engine.stop(some, rng.randrange(3))
        case 6:
            engine.kill(some)
        case 7:
            engine.exit(some, rng.randrange(3))
        case 8:
            engine.remove(some, force=rng.random() < 0.7)
            ids.remove(some)
        case 9:
            engine.lifecycle.pause(engine.find(some))
        case 10:
            engine.lifecycle.unpause(engine.find(some))
        case _:
            world.pass_by(rng.random() * 3)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_done_what_always_holds_does(seed: int) -> None:
    world, rng, ids = World(), random.Random(seed), list[str]()
    machine = world.engine.machine
    for _ in range(300):
        try:
            _deed(world, rng, ids)
        except Refused as refused:
            assert refused.status in (304, 400, 404, 409, 500) and (refused.message or refused.status == 304)
        held = {
            (key.partition("/")[2], number): container.id
            for container in machine.containers.values()
            for key, bindings in container.ports.items()
            for _, number in bindings
        }
        assert machine.ports == held, "a port is held by what is up, and by nobody else"
        addresses = [e.address for c in machine.containers.values() for e in c.endpoints.values() if e.address]
        assert len(addresses) == len(set(addresses)) == sum(c.up for c in machine.containers.values())
        for container in machine.containers.values():
            listed, detail = json.loads(container.listed(world.clock())), json.loads(container.inspected())
            assert listed["State"] == detail["State"]["Status"] == container.state
            assert detail == json.loads(json.dumps(container.detail())), "what is kept of it is as it is"
            assert (container.process is not None) == container.up
    assert ids == list(machine.containers)


def test_the_same_seed_gives_the_same_engine() -> None:
    def ids(seed: int) -> list[str]:
        world = World(seed)
        return [world.engine.machine.id, world.run("one"), world.run("two")]

    assert ids(1) == ids(1) != ids(2)
