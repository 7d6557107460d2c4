"""The specification's golden cases of placement, 18 to 25, on real engines (design: ECS semantics 10).

Memory is trimmed to what a case says by ``reserved_memory`` in the cluster's file; a case's CPU is a machine's own.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.hosts.launcher import Launcher, LaunchOrder, ReservationLost
from app.model.cluster import ClusterFile
from app.model.errors import DocumentError, MoorageError
from app.model.requests import (
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    PutAttributesRequest,
    RunTaskRequest,
    StartTaskRequest,
    UpdateContainerInstancesStateRequest,
    parse_request,
)
from app.model.task import Task
from app.operations import launch
from app.operations.definitions import register_task_definition
from app.operations.instances import (
    describe_container_instances,
    list_container_instances,
    put_attributes,
    update_container_instances_state,
)
from app.operations.launch import Launched, run_task, start_task
from app.operations.session import Session
from app.store.home import resolve_home
from tests.engine.clusters import register
from tests.engine.launching import LIVE, left
from tests.engine_bed import Daemon, wait_until

SPREAD = {"type": "spread", "field": "instanceId"}
BINPACK = [{"type": "binpack", "field": "memory"}]


class Pool:
    """Engines in the cluster ``default``, and ECS's requests for them by ECS's members."""

    def __init__(self, home: Path, *daemons: Daemon) -> None:
        self.session = Session(resolve_home(str(home), {}))
        self.session.ask = lambda _: True  # some of its definitions reach beyond their containers
        self.daemons = {daemon.name: daemon for daemon in daemons}
        register(self.session, *daemons)

    @property
    def cluster(self) -> ClusterFile:
        return self.session.cluster("default")

    def define(self, family: str, *containers: dict[str, Any], **members: Any) -> None:
        """Register; containers are busybox with 8 MiB and without a network, and run until they are stopped."""
        filled = [
            {"name": f"c{number}", "image": "busybox", "memory": 8, "command": LIVE, "stopTimeout": 2, **given}
            for number, given in enumerate(containers or ({},))
        ]
        document = {"family": family, "networkMode": "none", "containerDefinitions": filled, **members}
        register_task_definition(self.session, json.dumps(document).encode(), f"{family}.json")

    def run(self, family: str, count: int = 1, **members: Any) -> Launched:
        request = parse_request(RunTaskRequest, {"taskDefinition": family, "count": count, **members})
        return run_task(self.session, request, lambda _: None)

    def start(self, family: str, *instances: str) -> Launched:
        request = StartTaskRequest(task_definition=family, container_instances=list(instances))
        return start_task(self.session, request, lambda _: None)

    def trim(self, memory: dict[str, int]) -> None:
        """Make each of these instances offer exactly so many MiB."""
        offered = {name: self.resource(name, "MEMORY", "registeredResources") for name in memory}

        def change(current: ClusterFile) -> ClusterFile:
            for entry in current.instances:
                if entry.name in memory:
                    reserved = offered[entry.name] - memory[entry.name]
                    current = current.with_instance(entry.model_copy(update={"reserved_memory": reserved}))
            return current

        self.session.clusters.update("default", change)

    def put(self, instance: str, **attributes: str) -> None:
        given = [{"name": name, "value": value, "targetId": instance} for name, value in attributes.items()]
        put_attributes(self.session, parse_request(PutAttributesRequest, {"attributes": given}))

    def describe(self, instance: str) -> Any:
        request = DescribeContainerInstancesRequest(container_instances=[instance])
        (shape,) = describe_container_instances(self.session, request)["containerInstances"]
        return shape

    def resource(self, instance: str, name: str, which: str = "remainingResources") -> int:
        return int(next(found["integerValue"] for found in self.describe(instance)[which] if found["name"] == name))

    def arn(self, name: str) -> str:
        return str(self.describe(name)["containerInstanceArn"])

    def failures(self, launched: Launched) -> dict[str, str]:
        """Name of the instance → reason."""
        names = {entry.id: entry.name for entry in self.cluster.instances}
        return {names[failure["arn"].rsplit("/", 1)[-1]]: failure["reason"] for failure in launched.failures}


@pytest.fixture
def pool(engines: list[Daemon], tmp_path: Path) -> Pool:
    return Pool(tmp_path, *engines)


def where(*launches: Launched) -> Counter[str]:
    """How many tasks on each instance; every one of them runs."""
    tasks = [task for launched in launches for task in launched.tasks]
    assert {task.last_status for task in tasks} <= {"RUNNING"}
    return Counter(task.instance.name for task in tasks)


def test_golden_18_what_a_task_reserves(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    """A host of 2 cores, if this machine has them, trimmed to 2000 MiB."""
    pool = Pool(tmp_path, fresh_engine(name="edge", ncpu=2))
    cpu = pool.resource("edge", "CPU", "registeredResources")
    pool.trim({"edge": 2000})
    pool.define("app", {"cpu": 100, "memory": 300, "memoryReservation": 128}, {"cpu": 0, "memory": 64})
    where(pool.run("app"))
    assert (pool.resource("edge", "CPU"), pool.resource("edge", "MEMORY")) == (cpu - 100, 1808)
    api = pool.daemons["edge"].api
    shares = [api.inspect_container(entry)["HostConfig"]["CpuShares"] for entry in api.containers()]
    assert sorted(shares) == [2, 100]


def test_golden_19_a_port_of_the_host_is_there_once(engines: list[Daemon], tmp_path: Path) -> None:
    pool = Pool(tmp_path, *engines[:2])
    pool.define("web", {"portMappings": [{"containerPort": 80, "hostPort": 80}]}, networkMode="bridge")
    launched = pool.run("web", 3, placementStrategy=[SPREAD])
    names = [daemon.name for daemon in engines[:2]]
    assert where(launched) == Counter(names)
    assert pool.failures(launched) == dict.fromkeys(names, "RESOURCE:PORTS")
    assert {failure["arn"] for failure in launched.shape()["failures"]} == {pool.arn(name) for name in names}
    again = pool.run("web")
    assert all("tcp 80 taken by task" in failure["detail"] for failure in again.failures)
    assert len(again.failures) == 2


def test_golden_20_binpack_fills_the_fullest_first(pool: Pool) -> None:
    a, b, c = pool.daemons
    pool.trim({a: 1000, b: 600, c: 300})
    pool.define("app", {"memory": 256})
    launched = pool.run("app", 7, placementStrategy=BINPACK)
    assert where(launched) == Counter({a: 3, b: 2, c: 1})
    assert [pool.resource(name, "MEMORY") for name in (a, b, c)] == [232, 88, 44]
    assert pool.failures(launched) == dict.fromkeys((a, b, c), "RESOURCE:MEMORY")


def test_golden_20_one_at_a_time_in_the_order_of_the_case(pool: Pool) -> None:
    a, b, c = pool.daemons
    pool.trim({a: 1000, b: 600, c: 300})
    pool.define("app", {"memory": 256})
    order = [name for _ in range(4) for name in where(pool.run("app", placementStrategy=BINPACK))]
    assert order == [c, b, b, a]


def test_golden_21_spread_over_zones_and_pack_within(pool: Pool) -> None:
    """By memory, as all these machines have the same CPU."""
    i1, i2, i3 = pool.daemons
    pool.trim({i1: 1024, i2: 512, i3: 2048})
    for name, zone in ((i1, "az1"), (i2, "az1"), (i3, "az2")):
        put = {"name": "ecs.availability-zone", "value": zone, "targetId": name}
        put_attributes(pool.session, parse_request(PutAttributesRequest, {"attributes": [put]}))
    pool.define("app", {"memory": 256})
    chain = [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}]
    order = [name for _ in range(4) for name in where(pool.run("app", placementStrategy=chain))]
    assert order == [i2, i3, i2, i3]
    assert [pool.resource(name, "MEMORY") for name in (i1, i2, i3)] == [1024, 0, 1536]


def test_golden_22_spread_counts_its_own_group_alone(pool: Pool) -> None:
    i1, i2, i3 = pool.daemons
    pool.define("app")
    ready = [pool.start("app", i1), pool.start("app", i1, i3), pool.run("app", 3, group="h", **only(i2))]
    assert where(*ready) == Counter({i1: 2, i2: 3, i3: 1})
    launched = pool.run("app", 3, placementStrategy=[SPREAD])
    assert where(launched) == Counter({i2: 2, i3: 1})


def only(name: str) -> dict[str, Any]:
    return {"placementConstraints": [{"type": "memberOf", "expression": f"ec2InstanceId == {name}"}]}


def test_golden_23_distinct_instances(pool: Pool) -> None:
    pool.define("app")
    launched = pool.run("app", 4, placementConstraints=[{"type": "distinctInstance"}])
    assert where(launched) == Counter(list(pool.daemons))
    reason = "DistinctInstance placement constraint unsatisfied."
    assert pool.failures(launched) == dict.fromkeys(pool.daemons, reason)
    with pytest.raises(DocumentError) as caught:
        pool.define("other", placementConstraints=[{"type": "distinctInstance"}])
    assert "constraint.type 'distinctInstance' is not supported." in caught.value.message
    assert caught.value.code == "ClientException"


def test_golden_24_expressions_select_instances(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    """One engine's attributes are labels of its daemon, the others' are the cluster's own."""
    p, d, n = fresh_engine(name="p"), fresh_engine(name="d", labels={"stack": "dev"}), fresh_engine(name="n")
    pool = Pool(tmp_path, p, d, n)
    pool.put("p", stack="prod", **{"ecs.instance-type": "t2.small"})
    pool.put("d", **{"ecs.instance-type": "g2.2xlarge"})
    pool.put("n", **{"ecs.instance-type": "t2.micro"})
    pool.define("app")
    where(pool.run("app", group="databases", **only("p")))
    cases = {
        "attribute:stack != prod": "d",
        "not(attribute:stack == prod)": "dn",
        "attribute:ecs.instance-type =~ t2.*": "pn",
        "task:group == databases": "p",
        "not(task:group == databases) and runningTasksCount == 0": "dn",
        "attribute:stack !exists or attribute:stack in [dev, 'prod']": "pdn",
    }
    names = {pool.arn(name): name for name in "pdn"}
    for text, selected in cases.items():
        listed = list_container_instances(pool.session, ListContainerInstancesRequest(filter=text))
        assert "".join(names[arn] for arn in listed["containerInstanceArns"]) == selected
    pool.define("picky", placementConstraints=[{"type": "memberOf", "expression": "attribute:stack != prod"}])
    launched = pool.run("picky", 2, placementConstraints=[{"type": "distinctInstance"}])
    assert where(launched) == Counter("d")
    assert pool.failures(launched) == {
        "p": "MemberOf placement constraint unsatisfied.",
        "n": "MemberOf placement constraint unsatisfied.",
        "d": "DistinctInstance placement constraint unsatisfied.",
    }
    started = pool.start("picky", "p")
    assert where(started) == Counter("p")
    assert "attribute:stack != prod does not hold on p" in str(started.warnings[-1])


def drain(pool: Pool, name: str) -> None:
    request = UpdateContainerInstancesStateRequest(container_instances=[name], status="DRAINING")
    update_container_instances_state(pool.session, request)


def test_golden_25_a_draining_instance_keeps_what_it_has(pool: Pool) -> None:
    """With standalone tasks alone."""
    p, *others = pool.daemons
    pool.define("app")
    (task,) = pool.start("app", p).tasks
    drain(pool, p)
    assert where(pool.run("app", 4, placementStrategy=[SPREAD])) == Counter(dict.fromkeys(others, 2))
    refused = pool.start("app", p)
    assert (refused.tasks, pool.failures(refused)) == ([], {p: "DRAINING"})
    unmet = dict.fromkeys(others, "MemberOf placement constraint unsatisfied.")
    assert pool.failures(pool.run("app", **only(p))) == {p: "DRAINING", **unmet}
    assert [entry["Labels"]["moorage.task"] for entry in pool.daemons[p].api.containers()] == [task.id]


def test_golden_25_start_task_on_an_unknown_instance(pool: Pool) -> None:
    pool.define("app")
    known = next(iter(pool.daemons))
    launched = pool.start("app", "f" * 32, known)
    assert where(launched) == Counter([known])
    assert [(failure["arn"].rsplit("/", 1)[-1], failure["reason"]) for failure in launched.failures] == [
        ("f" * 32, "MISSING")
    ]


def test_golden_25_a_client_token_gives_the_same_tasks_again(pool: Pool) -> None:
    pool.define("app")
    first, second = (pool.run("app", 2, clientToken="T", placementStrategy=[SPREAD]) for _ in range(2))
    ids = [task.id for task in first.tasks]
    assert len(ids) == 2
    assert sorted(task.id for task in second.tasks) == sorted(ids)
    for count, strategy in ((3, [SPREAD]), (2, [])):
        with pytest.raises(MoorageError) as caught:
            pool.run("app", count, clientToken="T", placementStrategy=strategy)
        assert caught.value.code == "ConflictException"
        assert all(f":task/default/{task_id}" in caught.value.message for task_id in ids)
    assert sum(len(left(daemon).containers) for daemon in pool.daemons.values()) == 2


def test_golden_25_a_client_token_that_two_use_at_once(pool: Pool) -> None:
    """By chance: the token decides where chance leads to, so that both come to the same instance, and one is first."""
    pool.define("app")
    others, rounds = Session(pool.session.home), 6
    for number in range(rounds):
        request = parse_request(RunTaskRequest, {"taskDefinition": "app", "count": 2, "clientToken": f"T{number}"})
        both = [
            threading.Thread(target=run_task, args=(session, request, lambda _: None))
            for session in (pool.session, others)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
    assert sum(len(left(daemon).containers) for daemon in pool.daemons.values()) == 2 * rounds


def test_golden_25_a_client_token_whose_first_call_finds_no_place(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks again meanwhile is not told of a task that comes to nothing, and makes it then."""
    pool.define("app")
    (name, *_), hold, look = pool.daemons, Launcher._hold, launch.surveyed
    holds, gives_way, looks = threading.Event(), threading.Event(), []

    def hold_late(launcher: Launcher, *arguments: Any) -> None:
        if not holds.is_set():
            holds.set()
            assert gives_way.wait(30)
            raise ReservationLost("another launch was first: MEMORY 8 MiB short", "RESOURCE:MEMORY")
        hold(launcher, *arguments)

    def looked(*arguments: Any) -> Any:
        if holds.is_set():
            looks.append(1)
        return look(*arguments)

    monkeypatch.setattr(Launcher, "_hold", hold_late)
    monkeypatch.setattr(launch, "surveyed", looked)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pool.run, "app", clientToken="T", **only(name))
        assert holds.wait(30)
        again = threads.submit(pool.run, "app", clientToken="T", **only(name))
        wait_until(lambda: len(looks) > 2 or again.done())
        gives_way.set()
        assert (first.result(60).tasks, len(first.result().failures)) == ([], 1)
        (task,) = again.result(60).tasks
    assert task.last_status == "RUNNING"
    assert [entry["Labels"]["moorage.task"] for entry in pool.daemons[name].api.containers()] == [task.id]


def test_golden_25_an_override_for_a_container_that_is_not_there(pool: Pool) -> None:
    pool.define("app")
    with pytest.raises(MoorageError) as caught:
        pool.run("app", overrides={"containerOverrides": [{"name": "zz"}]})
    assert caught.value.message == "Override for container named zz is not a container in the TaskDefinition."
    assert caught.value.code == "InvalidParameterException"
    assert not any(left(daemon).containers for daemon in pool.daemons.values())


# --- beside the golden cases ------------------------------------------------------------------------------------------


def test_an_instance_that_lacks_an_attribute_is_told_by_its_name(pool: Pool) -> None:
    pool.define("app", {"dockerSecurityOptions": ["label:type:x"]})
    launched = pool.run("app")
    assert (launched.tasks, pool.failures(launched)) == ([], dict.fromkeys(pool.daemons, "ATTRIBUTE"))
    words = "attribute com.amazonaws.ecs.capability.selinux is missing"
    assert all(words in failure["detail"] for failure in launched.failures)
    assert set(pool.failures(pool.start("app", next(iter(pool.daemons)))).values()) == {"ATTRIBUTE"}


def test_another_architecture_is_a_constraint_that_is_not_met(pool: Pool) -> None:
    attributes = pool.describe(next(iter(pool.daemons)))["attributes"]
    here = next(one["value"] for one in attributes if one["name"] == "ecs.cpu-architecture")
    other = "ARM64" if here == "x86_64" else "X86_64"
    pool.define("app", runtimePlatform={"cpuArchitecture": other})
    reason = "MemberOf placement constraint unsatisfied."
    assert pool.failures(pool.run("app")) == dict.fromkeys(pool.daemons, reason)


def test_gpus_that_nobody_has(pool: Pool) -> None:
    pool.define("app", {"resourceRequirements": [{"type": "GPU", "value": "1"}]})
    assert pool.failures(pool.run("app")) == dict.fromkeys(pool.daemons, "RESOURCE:GPU")
    assert "GPU" not in {found["name"] for found in pool.describe(next(iter(pool.daemons)))["registeredResources"]}


def test_an_instance_has_ten_custom_attributes_at_most(pool: Pool) -> None:
    name = next(iter(pool.daemons))
    pool.put(name, **{f"a{number}": "x" for number in range(10)})
    pool.put(name, a0="y", **{"ecs.availability-zone": "az1"})
    with pytest.raises(MoorageError, match="at most 10 custom attributes") as caught:
        pool.put(name, one="more")
    assert caught.value.code == "AttributeLimitExceededException"
    assert pool.cluster.instances[0].attributes.keys() == {f"a{number}" for number in range(10)} | {
        "ecs.availability-zone"
    }


def test_a_launch_that_lost_its_room_goes_on_by_the_same_strategy_and_constraints(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = pool.daemons
    pool.trim({first: 64, second: 128, third: 256})
    pool.define("app")
    launch_one = Launcher.launch

    def lost_on_the_first(launcher: Launcher, order: LaunchOrder) -> Task:
        if launcher._instance.name == first:
            raise ReservationLost("another launch was first: MEMORY 8 MiB short", "RESOURCE:MEMORY")
        return launch_one(launcher, order)

    monkeypatch.setattr(Launcher, "launch", lost_on_the_first)
    assert where(pool.run("app", placementStrategy=BINPACK)) == Counter([second])
    bound = [{"type": "memberOf", "expression": f"ec2InstanceId in [{first}, {third}]"}, {"type": "distinctInstance"}]
    assert where(pool.run("app", placementStrategy=BINPACK, placementConstraints=bound)) == Counter([third])
    again = pool.run("app", placementStrategy=BINPACK, placementConstraints=bound)
    assert (again.tasks, pool.failures(again)) == ([], {first: "RESOURCE:MEMORY"})


def test_a_filter_that_is_none_says_where(pool: Pool) -> None:
    with pytest.raises(MoorageError) as caught:
        list_container_instances(pool.session, ListContainerInstancesRequest(filter="stack == prod"))
    assert caught.value.message.startswith("filter: character 1: found 'stack', expected")
    assert caught.value.code == "InvalidParameterException"
