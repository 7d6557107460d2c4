"""What is known of each instance's tasks without looking at all of them is what looking at all of them would tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.demo.deploying import Ground
from app.demo.plan import make_plan
from app.fleet.fleet import Fleet, belongs
from app.hosts.supervisor import due
from app.model.instance import InstanceKey
from app.model.resources import total
from tests.unit.demo.test_fleet import World, fleet_of

RETENTION = timedelta(hours=3)
LATER = (timedelta(0), timedelta(minutes=2), timedelta(hours=1), timedelta(days=400))


def check(fleet: Fleet) -> None:
    for key, state in fleet.instances.items():
        for task in state.tasks.values():
            if task.id not in state.restless:
                assert all(due(task, fleet.host_now(key) + later, RETENTION) is None for later in LATER)
        assert state.restless == {task.id for task in state.tasks.values() if not task.settled}
        own = [task for task in state.tasks.values() if belongs(task, state)]
        assert state.running == sum(task.last_status == "RUNNING" for task in own)
        held = [task.reservation for task in state.tasks.values() if task.last_status != "STOPPED"]
        assert state.reserved == total(held)
    everywhere = {task.id for task in fleet.tasks()}
    assert all(fleet.find_task(task_id) is not None for task_id in everywhere)
    assert [fleet.own_task(task.id) for task in fleet.tasks()] == fleet.tasks()
    stopped = [task for task in fleet.tasks() if task.last_status == "STOPPED"]
    assert {task.id for task in stopped} <= {task.id for task in fleet.restless_tasks()}


def test_it_holds_while_things_go_on_and_after_instances_have_gone() -> None:
    world = World(make_plan(6, 40))
    fleet = fleet_of(world.grounds)
    check(fleet)
    for _ in range(4):
        world.live(60)
        check(fleet_of(world.grounds, fleet))
    gone = next(iter(fleet.instances))
    lost = set(fleet.instances[gone].tasks)
    fleet.register(fleet.clusters, [state.instance for key, state in fleet.instances.items() if key != gone])
    assert all(fleet.find_task(task_id) is None for task_id in lost)
    check(fleet)


def test_of_a_host_that_two_clusters_share_each_finds_its_own() -> None:
    world = World(make_plan(2, 6))
    first = world.grounds[0]
    shared = [first, Ground(replace(first.host, cluster="other"), first.engine, {})]
    fleet = fleet_of(shared)
    check(fleet)
    task = next(iter(fleet.tasks()))
    keys = list(fleet.instances)
    assert fleet.find_task(task.id) == fleet.instances[keys[0]].tasks[task.id]
    found = fleet.find_task(task.id, "other")
    assert found is not None and found.instance == InstanceKey("other", first.host.name)
    assert task.cluster == first.host.cluster
    assert fleet.own_task(task.id) == fleet.own_task(task.id, task.cluster) == task
    assert fleet.own_task(task.id, "other") is None
    fleet.register(["other"], [fleet.instances[keys[1]].instance])
    assert fleet.own_task(task.id) is None
    assert fleet.find_task(task.id) == found
    assert fleet.find_task(task.id, first.host.cluster) is None
