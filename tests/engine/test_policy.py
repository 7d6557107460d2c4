"""The verdict where Docker's own answers are the body, and what a denial does to containers that are there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.launcher import Launcher
from app.hosts.policy.rule import PolicyError, Rule
from app.hosts.policy.verdict import judge
from app.hosts.reading import inspect_or_none
from app.hosts.replacing import body_from, check_again, replace_container
from app.hosts.restarting import _restart
from app.hosts.supervisor import Hand, act
from app.model.names import PAUSE
from app.model.record import LEASE_TERM
from tests.engine.launching import HOST, ROOM, SETTINGS, Bench, definition
from tests.engine_bed import Daemon, wait_until
from tests.unit.hosts.escape_forms import ESCAPES

DENY = Rule("", "deny", "prod")


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def guarded(bench: Bench, rule: Rule) -> Engine:
    return Engine(parse_endpoint(bench.daemon.endpoint), rule=lambda: rule)


def test_what_inspect_tells_of_an_ordinary_container_is_ordinary(engine: Daemon) -> None:
    made = engine.run(["sleep", "60"])
    body = body_from(engine.api.inspect_container(made))
    assert judge(body).risks == ()


def test_a_privileged_one_stays_one_by_what_inspect_tells(engine: Daemon) -> None:
    made = engine.api.create_container("busybox", ["true"], host_config=engine.api.create_host_config(privileged=True))
    body = body_from(engine.api.inspect_container(made["Id"]))
    assert [risk.member for risk in judge(body).risks][:1] == ["HostConfig.Privileged"]


@pytest.mark.parametrize("escape", ESCAPES, ids=[escape.name for escape in ESCAPES])
def test_no_way_out_passes_the_gate(bench: Bench, escape: Any) -> None:
    engine = guarded(bench, Rule("", "confirm", "prod"))
    with pytest.raises(PolicyError):
        engine.create_container("out", {"Image": "busybox:latest", **escape.body})
    assert inspect_or_none(engine, "out") is None


def test_docker_reads_members_whatever_their_case_is(engine: Daemon) -> None:
    """Why a member that is spelled otherwise is refused: it works."""
    port = Engine(parse_endpoint(engine.endpoint))
    made = port.create_container("out", {"Image": "busybox:latest", "hostconfig": {"PRIVILEGED": True}})
    assert engine.api.inspect_container(made)["HostConfig"]["Privileged"] is True


def test_the_host_s_network_by_its_id_is_not_the_host_s_network(engine: Daemon) -> None:
    """Why an id of a network is taken: that of the host's own leads nowhere."""
    (network,) = engine.api.networks(names=["host"])
    made = engine.api.create_container(
        "busybox", ["sleep", "60"], host_config=engine.api.create_host_config(network_mode=network["Id"])
    )
    try:
        engine.api.start(made["Id"])
    except Exception as error:  # noqa: BLE001 - whichever it is, it did not start
        assert "host" in str(error)
        return
    assert engine.api.inspect_container(made["Id"])["NetworkSettings"]["SandboxKey"] != "/var/run/docker/netns/default"


def test_a_launch_that_is_denied_leaves_nothing(bench: Bench) -> None:
    launcher = Launcher(guarded(bench, DENY), HOST, bench.told.append, SETTINGS)
    with pytest.raises(PolicyError, match="denies"):
        launcher.launch(bench.order(definition({"privileged": True})))
    assert bench.daemon.api.containers(all=True) == []
    assert bench.engine.volumes("moorage.record") == []


@pytest.mark.parametrize("shared", [{"pidMode": "task"}, {"networkMode": "awsvpc"}])
def test_a_task_that_shares_namespaces_is_made_again_where_all_is_denied(bench: Bench, shared: dict[str, str]) -> None:
    engine = guarded(bench, DENY)
    task = Launcher(engine, HOST, bench.told.append, SETTINGS).launch(bench.order(definition({}, **shared)))
    part = next(part for part in task.containers if part.name != PAUSE)
    assert part.runtime is not None
    detail = engine.inspect(part.runtime.id)
    check_again(engine, detail)

    new = replace_container(engine, detail)

    again = engine.inspect(new)["HostConfig"]
    assert [again[mode] for mode in ("NetworkMode", "PidMode", "IpcMode")] == [
        detail["HostConfig"][mode] for mode in ("NetworkMode", "PidMode", "IpcMode")
    ]


def test_a_container_is_neither_restarted_nor_made_again_once_it_is_denied(bench: Bench) -> None:
    made = definition(
        {
            "command": ["sh", "-c", "sleep 1; exit 3"],
            "essential": False,
            "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60},
            "mountPoints": [{"sourceVolume": "files", "containerPath": "/mnt"}],
        },
        {},
        volumes=[{"name": "files", "host": {"sourcePath": "/etc"}}],
    )
    task = bench.launcher().launch(replace(bench.order(made), accepted=True))
    runtime = task.containers[0].runtime
    assert runtime is not None
    detail = bench.engine.inspect(runtime.id)
    wait_until(lambda: not bench.engine.inspect(runtime.id)["State"]["Running"])
    denying = guarded(bench, DENY)

    with pytest.raises(PolicyError):
        replace_container(denying, detail)
    assert bench.engine.inspect(runtime.id)["Id"] == runtime.id
    with pytest.raises(PolicyError):
        check_again(denying, detail)
    check_again(guarded(bench, Rule()), detail)

    ended = bench.read(task.id)
    part = replace(ended.containers[0], restarting=True)
    assert part.runtime is not None
    _restart(denying, ended, part)

    assert not bench.engine.inspect(runtime.id)["State"]["Running"]
    assert "denies" in str(bench.read(task.id).containers[0].reason)


class _CutOff(BaseException):
    """As a launcher ends that is killed."""


@pytest.mark.parametrize("step", ["after-create", "between-starts"])
def test_a_launch_that_was_cut_off_is_not_finished_once_it_is_denied(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whoever launched it was asked. Whoever watches is not, and what the cluster says by now counts."""
    mounted = {"mountPoints": [{"sourceVolume": "files", "containerPath": "/mnt"}]}
    first = {"name": "db", "command": ["sleep", "1000"]}
    made = definition(
        first,
        {"name": "web", "dependsOn": [{"containerName": "db", "condition": "START"}], **mounted},
        volumes=[{"name": "files", "host": {"sourcePath": "/etc"}}],
    )

    def cut_off(reached: str) -> None:
        if reached == step:
            raise _CutOff

    for module in ("launcher", "starting"):
        monkeypatch.setattr(f"app.hosts.{module}.crashpoint", cut_off)
    order = replace(bench.order(made), accepted=True)
    with pytest.raises(_CutOff):
        bench.launcher().launch(order)
    monkeypatch.undo()
    task = bench.read(order.record.task_id)
    assert bench.due(task, LEASE_TERM * 2) == "finish"

    said = act(guarded(bench, DENY), task, "finish", Hand("agent", bench.told.append, ROOM, SETTINGS))

    assert said.startswith(f"could not finish the launch of web:1 {task.id[:8]}: cluster 'prod' denies"), said
    ended = bench.read(task.id)
    assert (ended.last_status, ended.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert [part.name for part in ended.containers if part.ran] == (["db"] if step == "between-starts" else [])
    assert bench.engine.containers("moorage.container=web") == []
