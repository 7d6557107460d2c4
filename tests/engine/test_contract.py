"""The simulated engine does what Docker does: each of these is asked of both, and must come out the same.

What Moorage reads of an engine, and what it relies on: whoever finds that Docker behaves otherwise adds a check here.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import CONTAINER_EVENTS, Engine
from app.hosts.errors import HostError
from app.hosts.exec.frames import Demux
from app.hosts.exec.process import NotStartedError, inspect_exec, start_process
from app.hosts.images import ensure_image
from app.hosts.inspecting import Inspector
from app.hosts.listing import read_host
from app.hosts.logs import read_logs
from app.hosts.past_events import past_events
from app.hosts.reading import container_from_inspect, container_from_list
from app.hosts.stats import read_counters, stats_between
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.simulated import Simulated

LIVE = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"]
DEAF = ["sh", "-c", "while :; do sleep 0.05; done"]
"""The first process of a container: a signal that it does not ask for does nothing."""
MIB = 1 << 20
Subject = Daemon | Simulated


@pytest.fixture(scope="module")
def simulated_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    made = Simulated(tmp_path_factory.mktemp("simulated"), offers=["nginx:1"])
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=["simulated", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A clean engine with busybox, simulated or real."""
    if request.param == "real":
        yield request.getfixturevalue("engine")
        return
    made: Simulated = request.getfixturevalue("simulated_engine")
    yield made
    made.clean()


@pytest.fixture
def port(subject: Subject) -> Engine:
    return Engine(parse_endpoint(subject.endpoint))


def create(subject: Subject, argv: list[str], name: str | None = None, **options: Any) -> str:
    host = {key: options.pop(key) for key in tuple(options) if key in _HOST}
    config = subject.api.create_host_config(**host) if host else None
    return str(subject.api.create_container("busybox", argv, name=name, host_config=config, **options)["Id"])


_HOST = frozenset(
    {
        "port_bindings",
        "network_mode",
        "mem_limit",
        "nano_cpus",
        "binds",
        "restart_policy",
        "auto_remove",
        "memswap_limit",
    }
)


def state(subject: Subject, container: str) -> dict[str, Any]:
    found: dict[str, Any] = subject.api.inspect_container(container)["State"]
    return found


def ended(subject: Subject, container: str) -> dict[str, Any]:
    """Its state once it has ended."""
    return wait_until(lambda: state(subject, container)["Status"] == "exited" and state(subject, container))


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(docker.errors.APIError) as refused:
        call()
    return refused.value.response.status_code, str(refused.value.explanation)


class Heard:
    """What an engine tells of its containers and volumes from now on."""

    def __init__(self, subject: Subject) -> None:
        self._api = subject.api
        self._since = self._now()

    def _now(self) -> float:
        told = datetime.fromisoformat(self._api.info()["SystemTime"][:26].rstrip("Z") + "+00:00")
        return told.timestamp()

    def events(self, *actions: str, kind: str = "container") -> list[dict[str, Any]]:
        filters = {"type": [kind], "event": list(actions or CONTAINER_EVENTS)}
        until = f"{self._now():.6f}"
        stream = self._api.events(since=f"{self._since:.6f}", until=until, decode=True, filters=filters)
        return list(stream)

    def actions(self, *actions: str) -> list[str]:
        return [event["Action"] for event in self.events(*actions)]


# --- what there is ----------------------------------------------------------------------------------------------------


def test_info_has_what_an_instance_is_registered_with(subject: Subject) -> None:
    info, version = subject.api.info(), subject.api.version()
    assert info["ID"] and info["Name"] == subject.name
    assert info["NCPU"] >= 1 and info["MemTotal"] > 1 << 30
    assert (info["OSType"], info["Architecture"]) == ("linux", "x86_64")
    assert {"json-file", "awslogs"} <= set(info["Plugins"]["Log"]) and info["Plugins"]["Volume"] == ["local"]
    assert info["Swarm"]["LocalNodeState"] == "inactive"
    assert abs(datetime.fromisoformat(info["SystemTime"][:26].rstrip("Z") + "+00:00") - datetime.now(UTC)) < timedelta(
        seconds=30
    )
    assert version["ApiVersion"] and version["Version"] == info["ServerVersion"]
    headers = subject.api._get(f"{subject.api.base_url}/_ping").headers
    assert (headers["Api-Version"], headers["Ostype"]) == (version["ApiVersion"], "linux")


def test_what_is_not_there_is_told_in_docker_s_words(subject: Subject) -> None:
    api = subject.api
    assert refusal(lambda: api.inspect_container("nope")) == (404, "No such container: nope")
    assert refusal(lambda: api.start("nope")) == (404, "No such container: nope")
    assert refusal(lambda: api.create_container("nope", "sh")) == (404, "No such image: nope:latest")
    assert refusal(lambda: api.inspect_volume("nope")) == (404, "get nope: no such volume")
    assert refusal(lambda: api.inspect_network("nope")) == (404, "network nope not found")
    status, words = refusal(lambda: api.inspect_image("nope:1"))
    assert status == 404 and words.endswith("No such image: nope:1")
    assert refusal(lambda: api._result(api._get(api._url("/nope")))) == (404, "page not found")
    assert refusal(api.nodes)[0] == 503
    too_new = api.get(f"{api.base_url}/v9.99/info")
    assert too_new.status_code == 400 and "client version 9.99 is too new" in too_new.json()["message"]


def test_a_container_that_was_created(subject: Subject) -> None:
    made = create(
        subject, LIVE, "one", ports=[80], labels={"a": "1"}, binds=["data:/data"], mem_limit=64 * MIB,
        environment={"X": "y"}, port_bindings={80: 8080}, stop_signal="INT",
    )  # fmt: skip
    detail = subject.api.inspect_container(made[:12])
    assert detail["Id"] == made and detail["Name"] == "/one" and detail["RestartCount"] == 0
    assert detail["State"] | {"Pid": 0} == {
        "Status": "created", "Running": False, "Paused": False, "Restarting": False, "OOMKilled": False, "Dead": False,
        "Pid": 0, "ExitCode": 0, "Error": "", "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z",
    }  # fmt: skip
    config, host = detail["Config"], detail["HostConfig"]
    assert (config["Image"], config["Labels"], config["Env"]) == ("busybox", {"a": "1"}, ["X=y", "PATH=/bin"])
    assert (config["Cmd"], config["Entrypoint"], config["Tty"]) == (LIVE, None, False)
    assert (config["Hostname"], config["StopSignal"]) == (made[:12], "INT")
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 * MIB, 128 * MIB, 0)
    assert (host["NetworkMode"], host["IpcMode"], host["Privileged"]) == ("default", "private", False)
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert host["LogConfig"] == {"Type": "json-file", "Config": {}}
    assert [(mount["Type"], mount["Name"], mount["Destination"]) for mount in detail["Mounts"]] == [
        ("volume", "data", "/data")
    ]
    assert (detail["NetworkSettings"]["Ports"], list(detail["NetworkSettings"]["Networks"])) == ({}, ["bridge"])
    (entry,) = subject.api.containers(all=True)
    assert (entry["Id"], entry["Names"], entry["State"], entry["Status"]) == (made, ["/one"], "created", "Created")
    assert (entry["Image"], entry["ImageID"], entry["Labels"], entry["Ports"]) == (
        "busybox", detail["Image"], {"a": "1"}, []
    )  # fmt: skip
    assert subject.api.containers() == []


def test_a_container_that_runs(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE, "one", ports=[80, 81], port_bindings={80: 8080})
    port.start(made)
    detail = subject.api.inspect_container(made)
    assert detail["State"]["Status"] == "running" and detail["State"]["Running"] and detail["State"]["Pid"] > 0
    assert detail["State"]["StartedAt"] > detail["Created"]
    assert detail["NetworkSettings"]["Ports"]["80/tcp"][0] == {"HostIp": "0.0.0.0", "HostPort": "8080"}
    assert detail["NetworkSettings"]["Ports"]["81/tcp"] is None
    network = detail["NetworkSettings"]["Networks"]["bridge"]
    assert network["IPAddress"].startswith("172.17.0.") and network["Gateway"] == "172.17.0.1"
    ours, listed = container_from_inspect(detail), container_from_list(port.containers()[0])
    assert (ours.state, ours.ports, ours.exit_code, ours.damage) == ("running", listed.ports, None, "")
    assert {binding.host_port for binding in listed.ports} == {8080}
    (entry,) = subject.api.containers()
    assert entry["Status"].startswith(("Up Less than a second", "Up 1 second", "Up 2 seconds", "Up 3 seconds"))
    port.start(made)  # already: no error
    assert state(subject, made)["StartedAt"] == detail["State"]["StartedAt"]


def test_an_image_gives_what_a_container_does_not_say(subject: Subject) -> None:
    changes = ['CMD ["sleep", "9"]', "ENV A=1 B=2", "LABEL of=image a=image", "EXPOSE 80", "WORKDIR /tmp"]
    subject.api.import_image_from_data(b"" if isinstance(subject, Simulated) else _tar(), "given", "1", changes=changes)
    plain = subject.api.inspect_container(subject.api.create_container("given:1", labels={"a": "own"}))
    assert (plain["Config"]["Cmd"], plain["Config"]["WorkingDir"]) == (["sleep", "9"], "/tmp")
    assert (plain["Config"]["Labels"], plain["Config"]["Env"]) == ({"of": "image", "a": "own"}, ["A=1", "B=2"])
    assert plain["Config"]["ExposedPorts"] == {"80/tcp": {}}
    told = subject.api.create_container("given:1", entrypoint=["echo"], environment={"A": "own"})
    other = subject.api.inspect_container(told)
    assert (other["Config"]["Entrypoint"], other["Config"]["Cmd"]) == (["echo"], None)
    assert (other["Path"], other["Args"], sorted(other["Config"]["Env"])) == ("echo", [], ["A=own", "B=2"])
    image = subject.api.inspect_image("given:1")
    assert image["Config"]["Labels"] == {"of": "image", "a": "image"} and image["RepoTags"] == ["given:1"]
    assert (image["Os"], image["Architecture"]) == ("linux", "amd64")


def _tar() -> bytes:
    from tests.engine_bed.image import busybox_tar

    return busybox_tar()


# --- create and names -------------------------------------------------------------------------------------------------


def test_a_name_is_taken_once(subject: Subject) -> None:
    first = create(subject, LIVE, "one")
    status, words = refusal(lambda: create(subject, LIVE, "one"))
    assert status == 409
    assert words == (
        f'Conflict. The container name "/one" is already in use by container "{first}". You have to remove (or rename) '
        "that container to be able to reuse that name."
    )
    other = create(subject, LIVE, "two")
    status, words = refusal(lambda: subject.api.rename(other, "one"))
    assert status == 409 and 'The container name "/one" is already in use' in words
    subject.api.rename(first, "uno")
    subject.api.rename(other, "one")
    assert subject.api.inspect_container("one")["Id"] == other
    assert subject.api.inspect_container("uno")["Id"] == first


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"mem_limit": 1 << 20}, 400, "Minimum memory limit allowed is 6MB"),
        ({"nano_cpus": 900 * 10**9}, 400, "Range of CPUs is from 0.01 to "),
        ({"name": "a/b"}, 400, "Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ({"working_dir": "there"}, 400, "the working directory 'there' is invalid, it needs to be an absolute path"),
    ],
)
def test_what_no_container_can_be_made_of(subject: Subject, options: dict[str, Any], status: int, words: str) -> None:
    found, told = refusal(lambda: create(subject, LIVE, **options))
    assert found == status and told.startswith(words)
    assert subject.api.containers(all=True) == []


def test_filters_of_the_list(subject: Subject) -> None:
    one = create(subject, LIVE, "one", labels={"a": "1", "b": "x"})
    two = create(subject, ["sh", "-c", "exit 3"], "two", labels={"a": "2"})
    subject.api.start(one)
    subject.api.start(two)
    ended(subject, two)

    def found(**filters: Any) -> set[str]:
        return {entry["Id"] for entry in subject.api.containers(all=True, filters=filters)}

    assert found(label="a") == {one, two}
    assert found(label=["a=1", "b"]) == {one} and found(label=["a=1", "c"]) == set()
    assert found(id=one) == {one} and found(id="f" * 64) == set()
    assert found(name="^/?tw") == {two} and found(name="o") == {one, two}
    assert found(status="exited") == {two} and found(exited="3") == {two}
    (entry,) = subject.api.containers(all=True, filters={"exited": "3"})
    assert entry["Status"].startswith("Exited (3) ") and entry["Status"].endswith(" ago")
    assert refusal(lambda: found(nope="1")) == (400, "Invalid filter 'nope'")


# --- start and end ----------------------------------------------------------------------------------------------------


def test_a_port_is_taken_once_and_the_other_stays_created(subject: Subject) -> None:
    first = create(subject, LIVE, "one", ports=[80], port_bindings={80: 8080})
    second = create(subject, LIVE, "two", ports=[80], port_bindings={80: 8080})
    subject.api.start(first)
    status, words = refusal(lambda: subject.api.start(second))
    assert status == 500
    assert words.startswith("driver failed programming external connectivity on endpoint two (")
    assert words.endswith("): Bind for 0.0.0.0:8080 failed: port is already allocated")
    failed = state(subject, second)
    assert (failed["Status"], failed["ExitCode"], failed["Error"]) == ("created", 128, words)
    subject.api.kill(first)
    ended(subject, first)
    subject.api.start(second)
    assert state(subject, second)["Error"] == ""


def test_a_program_that_is_not_there(subject: Subject) -> None:
    made = create(subject, ["no-such-program"])
    status, words = refusal(lambda: subject.api.start(made))
    assert status == 400 and 'exec: "no-such-program": executable file not found in $PATH' in words
    failed = state(subject, made)
    assert (failed["Status"], failed["ExitCode"], failed["Error"]) == ("created", 127, words)


def test_exits_and_their_codes(subject: Subject) -> None:
    heard = Heard(subject)
    made = create(subject, ["sh", "-c", "exit 3"], "one")
    subject.api.start(made)
    assert subject.api.wait(made)["StatusCode"] == 3
    after = ended(subject, made)
    assert (after["ExitCode"], after["Running"], after["Pid"], after["OOMKilled"]) == (3, False, 0, False)
    assert after["FinishedAt"] > after["StartedAt"]
    ours = container_from_inspect(subject.api.inspect_container(made))
    assert (ours.state, ours.exit_code) == ("exited", 3) and ours.finished_at is not None
    assert heard.actions() == ["create", "start", "die"]
    died = heard.events("die")[0]["Actor"]
    assert died["ID"] == made and died["Attributes"]["exitCode"] == "3" and died["Attributes"]["name"] == "one"


def test_stop_asks_and_then_makes(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    polite, deaf = create(subject, LIVE, "polite"), create(subject, DEAF, "deaf")
    for made in (polite, deaf):
        port.start(made)
        port.stop(made, 1)
        port.stop(made, 1)  # ended already: no error
    assert (state(subject, polite)["ExitCode"], state(subject, deaf)["ExitCode"]) == (7, 137)
    told = [(event["Action"], event["Actor"]["Attributes"].get("signal", "")) for event in heard.events()]
    assert [event for event in told if event[0] not in ("create", "start")] == [
        ("kill", "15"), ("die", ""), ("stop", ""), ("kill", "15"), ("kill", "9"), ("die", ""), ("stop", "")
    ]  # fmt: skip


def test_a_stop_signal_of_its_own(subject: Subject, port: Engine) -> None:
    made = create(subject, ["sh", "-c", "trap 'exit 5' INT; while :; do sleep 0.05; done"], stop_signal="SIGINT")
    port.start(made)
    _settled()
    port.stop(made, 20)
    assert state(subject, made)["ExitCode"] == 5


def _settled() -> None:
    """A real shell takes a moment until its trap is set."""
    time.sleep(0.3)


def test_kill_and_its_signals(subject: Subject) -> None:
    heard = Heard(subject)
    made = create(subject, LIVE, "one")
    assert refusal(lambda: subject.api.kill(made)) == (
        409, f"Cannot kill container: {made}: Container {made} is not running"
    )  # fmt: skip
    subject.api.start(made)
    subject.api.kill(made)
    assert ended(subject, made)["ExitCode"] == 137
    subject.api.start(made)
    _settled()
    subject.api.kill(made, "TERM")
    assert ended(subject, made)["ExitCode"] == 7
    assert heard.actions() == ["create", "start", "kill", "die", "start", "kill", "die"]
    assert refusal(lambda: subject.api.kill(made, "NOPE"))[0] in (400, 409, 500)


def test_pause(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE, "one")
    assert refusal(lambda: subject.api.pause(made)) == (409, f"Container {made} is not running")
    subject.api.start(made)
    subject.api.pause(made)
    assert refusal(lambda: subject.api.pause(made)) == (409, f"Container {made} is already paused")
    paused = state(subject, made)
    assert (paused["Status"], paused["Running"], paused["Paused"]) == ("paused", True, True)
    assert container_from_list(port.containers()[0]).state == "paused"
    with pytest.raises(HostError, match="is paused, unpause the container before exec"):
        start_process(port, made, ["true"])
    subject.api.unpause(made)
    assert state(subject, made)["Status"] == "running"
    subject.api.pause(made)
    port.stop(made, 5)
    assert state(subject, made)["Status"] == "exited"


def test_removal(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    made = create(subject, LIVE, "one", binds=["kept:/kept"], volumes=["/own"])
    assert len(subject.api.inspect_container(made)["Mounts"]) == 2
    subject.api.start(made)
    status, words = refusal(lambda: subject.api.remove_container(made))
    assert status == 409
    assert words.startswith(
        f"You cannot remove a running container {made}. Stop the container before attempting removal"
    )
    port.remove_container(made)
    port.remove_container(made)  # gone already: no error
    assert [volume["Name"] for volume in subject.api.volumes()["Volumes"]] == ["kept"]
    assert heard.actions() == ["create", "start", "kill", "die", "destroy"]
    assert subject.api.containers(all=True) == []


def test_restart_and_rename_are_told(subject: Subject) -> None:
    heard = Heard(subject)
    made = create(subject, LIVE, "one", labels={"a": "1"})
    subject.api.start(made)
    started = state(subject, made)["StartedAt"]
    subject.api.restart(made, timeout=5)
    assert state(subject, made)["StartedAt"] > started and state(subject, made)["Running"]
    subject.api.rename(made, "two")
    assert heard.actions() == ["create", "start", "kill", "die", "stop", "start", "restart", "rename"]
    renamed = heard.events("rename")[0]["Actor"]["Attributes"]
    assert renamed == {"a": "1", "image": "busybox", "name": "two", "oldName": "/one"}


def test_restart_policies(subject: Subject) -> None:
    script = ["sh", "-c", "exit 3"]
    made = create(subject, script, restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    subject.api.start(made)
    wait_until(lambda: subject.api.inspect_container(made)["RestartCount"] == 2 and ended(subject, made))
    assert state(subject, made)["ExitCode"] == 3
    well = create(subject, ["true"], restart_policy={"Name": "on-failure"})
    subject.api.start(well)
    assert ended(subject, well)["ExitCode"] == 0
    always = create(subject, LIVE, restart_policy={"Name": "always"})
    subject.api.start(always)
    subject.api.stop(always, timeout=5)
    assert state(subject, always)["Status"] == "exited", "stopped by hand, it stays"


def test_gone_with_its_end(subject: Subject) -> None:
    made = create(subject, ["true"], auto_remove=True)
    heard = Heard(subject)
    subject.api.start(made)
    wait_until(lambda: subject.api.containers(all=True) == [])
    assert heard.actions() == ["start", "die", "destroy"]


def test_out_of_memory(subject: Subject) -> None:
    heard = Heard(subject)
    script = ["sh", "-c", "x=1; while :; do x=$x$x; done"]
    made = create(subject, script, mem_limit=16 * MIB, memswap_limit=16 * MIB)
    subject.api.start(made)
    after = ended(subject, made)
    assert (after["OOMKilled"], after["ExitCode"]) == (True, 137)
    assert [action for action in heard.actions() if action != "update"] == ["create", "start", "oom", "die"]


def test_health(subject: Subject) -> None:
    heard = Heard(subject)
    check = {"test": ["CMD-SHELL", "test -e /tmp/well"], "interval": 300_000_000, "retries": 2, "timeout": 10**10}
    made = create(subject, ["sh", "-c", "while :; do sleep 0.05; done"], healthcheck=check)
    assert "Health" not in state(subject, made)
    subject.api.start(made)
    assert state(subject, made)["Health"]["Status"] == "starting"
    (entry,) = subject.api.containers()
    assert entry["Status"].endswith(" (health: starting)")
    wait_until(lambda: state(subject, made)["Health"]["Status"] == "unhealthy")
    assert state(subject, made)["Health"]["FailingStreak"] >= 2
    _run_inside(subject, made, "touch /tmp/well")
    wait_until(lambda: state(subject, made)["Health"]["Status"] == "healthy")
    (entry,) = subject.api.containers()
    assert entry["Status"].endswith(" (healthy)")
    last = state(subject, made)["Health"]["Log"][-1]
    assert last["ExitCode"] == 0 and last["Start"] <= last["End"]
    assert heard.actions("health_status") == ["health_status: unhealthy", "health_status: healthy"]
    subject.api.kill(made)
    ended(subject, made)
    assert container_from_inspect(subject.api.inspect_container(made)).health == "healthy"


def _run_inside(subject: Subject, container: str, script: str) -> None:
    made = subject.api.exec_create(container, ["sh", "-c", script])
    subject.api.exec_start(made["Id"])


# --- events -----------------------------------------------------------------------------------------------------------


def test_events_of_a_life_and_their_shape(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    stream = port.events()
    made = create(subject, LIVE, "one", labels={"a": "1", "moorage.task": "x"}, binds=["data:/data"])
    port.start(made)
    _settled()
    port.stop(made, 5)
    port.remove_container(made)
    live = []
    for event in stream:
        live.append(event)
        if event["Action"] == "destroy" and event["Type"] == "container":
            break
    stream.close()
    assert [(event["Type"], event["Action"]) for event in live] == [
        ("volume", "create"),
        *(("container", action) for action in ("create", "start", "kill", "die", "stop", "destroy")),
    ]  # fmt: skip
    for event in live[1:]:
        assert event["Actor"]["ID"] == event["id"] == made
        assert event["Actor"]["Attributes"].items() >= {"a": "1", "image": "busybox", "name": "one"}.items()
        assert event["time"] == event["timeNano"] // 10**9 and event["scope"] == "local"
    assert live[0]["Actor"] == {"ID": "data", "Attributes": {"driver": "local"}}
    moments = [event["timeNano"] for event in live]
    assert moments == sorted(moments)
    assert heard.events() == live[1:], "what is remembered is what was told"


def test_events_are_filtered_and_bounded_by_time(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    one, two = create(subject, ["true"], "one", labels={"a": "1"}), create(subject, ["true"], "two")
    for made in (one, two):
        subject.api.start(made)
        ended(subject, made)
    told = heard.events()
    since, until = told[0]["timeNano"], told[-1]["timeNano"]

    def found(filters: dict[str, Any], first: int = since, last: int = until) -> list[tuple[str, str]]:
        moments = [f"{moment // 10**9}.{moment % 10**9:09d}" for moment in (first, last)]
        stream = subject.api.events(since=moments[0], until=moments[1], decode=True, filters=filters)
        return [(event["Actor"]["Attributes"]["name"], event["Action"]) for event in stream]

    assert found({"type": "container", "label": "a=1", "event": ["start", "die"]}) == [("one", "start"), ("one", "die")]
    assert found({"container": two[:12], "event": ["die"]}) == [("two", "die")]
    assert found({"container": "two", "event": ["create"]}) == [("two", "create")]
    assert found({"type": "container", "event": ["create"]}, until, until) == []
    assert found({"type": "container"}, until, until) == [("two", "die")], "both ends are included"
    past = past_events(port, datetime.fromtimestamp(since / 1e9 - 1, UTC))
    assert [event["timeNano"] for event in past][-6:] == [event["timeNano"] for event in told]


def test_only_so_many_events_are_remembered(subject: Subject) -> None:
    heard = Heard(subject)
    for number in range(300):
        subject.api.create_volume(f"v{number}")
    kept = heard.events("create", kind="volume")
    assert len(kept) <= 256 and kept[-1]["Actor"]["ID"] == "v299"


# --- logs, stats, exec ------------------------------------------------------------------------------------------------


def _lines(port: Engine, container: str, **options: Any) -> list[tuple[str, str]]:
    asked: dict[str, Any] = {"follow": False, "tail": None, "since": None, "timestamps": False, **options}
    return [(entry.stream, str(entry.text)) for part in read_logs(port, container, **asked) for entry in part]


def test_logs(subject: Subject, port: Engine) -> None:
    script = "for i in 1 2 3 4; do echo line $i; sleep 0.1; done; echo oops >&2; sleep 0.1; echo -n half"
    made = create(subject, ["sh", "-c", script])
    assert _lines(port, made) == []
    port.start(made)
    ended(subject, made)
    told = [*(("stdout", f"line {number}") for number in range(1, 5)), ("stderr", "oops"), ("stdout", "half")]
    assert _lines(port, made) == told
    assert _lines(port, made, tail=2) == told[-2:] and _lines(port, made, tail=0) == []
    assert _lines(port, made, stream="stderr") == [("stderr", "oops")]
    assert _lines(port, made, follow=True) == told, "what has ended has no more to tell"
    timed = [
        entry for part in read_logs(port, made, follow=False, tail=None, since=None, timestamps=True) for entry in part
    ]
    times = [entry.time for entry in timed if entry.time is not None]
    assert len(times) == 6 and times == sorted(times)
    assert _lines(port, made, since=times[3] - timedelta(milliseconds=20)) == told[3:]
    assert _lines(port, made, until=times[2] + timedelta(milliseconds=20)) == told[:3]
    status, words = refusal(
        lambda: subject.api._result(subject.api._get(subject.api._url("/containers/{0}/logs", made)))
    )
    assert (status, words) == (400, "Bad parameters: you must choose at least one stream")


def test_logs_are_followed_until_the_end(subject: Subject, port: Engine) -> None:
    script = "echo before; while ! test -e /tmp/go; do sleep 0.05; done; echo after"
    made = create(subject, ["sh", "-c", script])
    port.start(made)
    wait_until(lambda: _lines(port, made) == [("stdout", "before")])
    followed: list[str] = []
    for part in read_logs(port, made, follow=True, tail=None, since=None, timestamps=False):
        followed += [str(entry.text) for entry in part]
        if followed == ["before"]:
            _run_inside(subject, made, "touch /tmp/go")
    assert followed == ["before", "after"]


def test_a_log_with_a_terminal_has_no_frames(subject: Subject, port: Engine) -> None:
    made = create(subject, ["sh", "-c", "echo one; echo two >&2"], tty=True)
    port.start(made)
    ended(subject, made)
    assert _lines(port, made) == [("stdout", "one"), ("stdout", "two")]


def test_a_log_that_cannot_be_read(subject: Subject, port: Engine) -> None:
    config = subject.api.create_host_config(log_config=docker.types.LogConfig(type="none"))
    made = subject.api.create_container("busybox", ["true"], host_config=config)["Id"]
    port.start(made)
    with pytest.raises(HostError, match="configured logging driver does not support reading"):
        _lines(port, made)


def test_stats(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE, mem_limit=128 * MIB)
    port.start(made)

    def sample(container: str) -> dict[str, Any]:
        with_parameters = {"stream": 0, "one-shot": 1}
        answer = subject.api._get(subject.api._url("/containers/{0}/stats", container), params=with_parameters)
        found: dict[str, Any] = subject.api._result(answer, True)
        return found

    first = sample(made)
    before = read_counters(first, time.monotonic())
    assert first["name"].startswith("/") and first["id"] == made
    assert first["precpu_stats"]["cpu_usage"]["total_usage"] == 0

    assert before.cpu is not None and before.system is not None

    def later() -> bool:
        now = read_counters(sample(made), time.monotonic())
        return (now.cpu or 0) >= (before.cpu or 0) and (now.system or 0) > (before.system or 0)

    wait_until(later)
    after = read_counters(sample(made), time.monotonic())
    told = stats_between(before, after)
    assert told.limit == 128 * MIB and told.memory is not None and 0 < told.memory < 128 * MIB
    assert told.pids is not None and told.pids >= 1 and after.cores >= 1
    assert told.cpu is not None and 0 <= told.cpu < 100 * after.cores
    assert told.received is not None and told.sent is not None
    alone = create(subject, LIVE, network_mode="none")
    port.start(alone)
    assert read_counters(sample(alone), 0).received is None, "it has no network"
    subject.api.kill(made)
    ended(subject, made)
    nothing = read_counters(sample(made), 0)
    assert (nothing.memory, nothing.pids, nothing.limit) == (None, None, None)


def test_stats_as_a_stream(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE)
    port.start(made)
    frames = []
    for frame in subject.api.stats(made, stream=True, decode=True):
        frames.append(frame)
        if len(frames) == 3:
            break
    assert frames[2]["precpu_stats"]["cpu_usage"] == frames[1]["cpu_stats"]["cpu_usage"]
    assert frames[2]["preread"] == frames[1]["read"] < frames[2]["read"]


def test_exec(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE, environment={"A": "container"})
    with pytest.raises(HostError, match=f"Container {made} is not running") as refused:
        start_process(port, made, ["true"])
    assert refused.value.kind == "conflict"
    port.start(made)
    process = start_process(port, made, ["sh", "-c", "echo $A $B; echo oops >&2; exit 3"], environment={"B": "exec"})
    pieces = Demux().feed(process.duplex.read_all(20))
    output = {name: b"".join(piece.data for piece in pieces if piece.stream == name) for name in ("stdout", "stderr")}
    assert output == {"stdout": b"container exec\n", "stderr": b"oops\n"}
    wait_until(lambda: not process.state().running)
    assert process.state().exit_code == 3
    assert inspect_exec(port, process.id)["ProcessConfig"]["entrypoint"] == "sh"
    with pytest.raises(NotStartedError) as missing:
        start_process(port, made, ["no-such-program"])
    assert missing.value.exit_code == 127


def test_exec_reads_and_ends_with_its_container(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE)
    port.start(made)
    process = start_process(port, made, ["cat"], stdin=True)
    process.duplex.write(b"hello\n")
    process.duplex.half_close()
    assert b"hello\n" in process.duplex.read_all(20)
    wait_until(lambda: not process.state().running)
    assert process.state().exit_code == 0
    waiting = start_process(port, made, ["sleep", "1000"])
    assert subject.api.inspect_container(made)["ExecIDs"] == [waiting.id]
    subject.api.kill(made)
    assert waiting.duplex.read_all(20) == b""


def test_exec_in_a_terminal(subject: Subject, port: Engine) -> None:
    made = create(subject, LIVE)
    port.start(made)
    process = start_process(port, made, ["sh"], tty=True, stdin=True, environment={"TERM": "xterm"})
    process.resize(100, 30)
    process.duplex.write(b"echo a$((1+1))b\r")
    seen = bytearray()

    def answered() -> bool:
        seen.extend(process.duplex.read() or b"")
        return b"a2b\r\n" in seen

    wait_until(answered, what="the shell answers")
    process.duplex.write(b"exit 4\r")
    wait_until(lambda: not process.state().running)
    assert process.state().exit_code == 4
    assert b"echo a$((1+1))b" in seen, "what is typed is shown"


# --- volumes and networks ---------------------------------------------------------------------------------------------


def test_of_two_who_make_a_volume_the_first_is_believed(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    first = port.create_volume("lock", {"owner": "1"})
    second = port.create_volume("lock", {"owner": "2"})
    assert first["Labels"] == second["Labels"] == {"owner": "1"}
    assert [volume["Name"] for volume in port.volumes("owner=1")] == ["lock"]
    assert port.volumes("owner=2") == [] and [v["Name"] for v in port.volumes(name="loc")] == ["lock"]
    assert set(port.volume("lock")) == {"CreatedAt", "Driver", "Labels", "Mountpoint", "Name", "Options", "Scope"}
    user = create(subject, ["true"], binds=["lock:/data"])
    with pytest.raises(HostError, match=f"remove lock: volume is in use - \\[{user}\\]") as refused:
        port.remove_volume("lock")
    assert refused.value.kind == "conflict"
    port.remove_container(user)
    port.remove_volume("lock")
    port.remove_volume("lock")  # gone already: no error
    assert heard.events("destroy", kind="volume")[-1]["Actor"]["ID"] == "lock"
    with pytest.raises(HostError, match="error looking up volume plugin no-such"):
        port.create_volume("other", {}, "no-such")


def test_networks(subject: Subject, port: Engine) -> None:
    made = port.create_network("tasks", "10.202.0.0/28", {"a": "1"})
    with pytest.raises(HostError, match="Pool overlaps with other one on this address space") as refused:
        port.create_network("others", "10.202.0.0/28", {})
    assert refused.value.kind == "refused"
    assert [network["Name"] for network in port.networks("a=1")] == ["tasks"]
    assert {network["Name"] for network in subject.api.networks()} == {"bridge", "host", "none", "tasks"}
    inside = subject.api.create_container(
        "busybox", LIVE, name="one",
        host_config=subject.api.create_host_config(network_mode="tasks"),
        networking_config={"EndpointsConfig": {"tasks": {"Aliases": ["web"]}}},
    )["Id"]  # fmt: skip
    port.start(inside)
    settings = subject.api.inspect_container(inside)["NetworkSettings"]["Networks"]
    assert list(settings) == ["tasks"] and settings["tasks"]["NetworkID"] == made
    assert settings["tasks"]["IPAddress"] == "10.202.0.2" and set(settings["tasks"]["Aliases"]) >= {"web", inside[:12]}
    with pytest.raises(HostError, match="has active endpoints") as refused:
        port.remove_network(made)
    assert refused.value.kind == "refused"
    port.remove_container(inside)
    port.remove_network(made)
    port.remove_network(made)  # gone already: no error


def test_a_shared_network_needs_its_owner(subject: Subject, port: Engine) -> None:
    owner = create(subject, LIVE, "owner")
    guest = create(subject, LIVE, "guest", network_mode="container:owner")
    assert subject.api.inspect_container(guest)["HostConfig"]["NetworkMode"] == f"container:{owner}"
    assert refusal(lambda: subject.api.start(guest)) == (
        409, f"cannot join network of a non running container: {owner}"
    )  # fmt: skip
    port.start(owner)
    port.start(guest)
    assert subject.api.inspect_container(guest)["NetworkSettings"]["Networks"] == {}


# --- the watcher's view -----------------------------------------------------------------------------------------------


def test_everything_is_read_at_once(subject: Subject, port: Engine) -> None:
    create(subject, LIVE, "one")
    subject.api.start(create(subject, ["true"], "two"))
    subject.api.start(create(subject, LIVE, "three"))
    inspector = Inspector(port)

    def states() -> dict[str, str]:
        return {str(found.name): found.state for found in read_host(port, inspector).containers}

    wait_until(lambda: states() == {"one": "created", "two": "exited", "three": "running"})
    inspector.close()


# --- of the simulated one alone ---------------------------------------------------------------------------------------


def test_a_pull_tells_of_its_layers(simulated_engine: Simulated) -> None:
    engine = Engine(parse_endpoint(simulated_engine.endpoint))
    told: list[tuple[str, int, int]] = []
    assert ensure_image(engine, "nginx:1", lambda *step: told.append((str(step[0]), step[1], step[2]))) == ""
    assert {"Pulling fs layer", "Downloading", "Pull complete"} <= {status for status, _, _ in told}
    assert told[-1][1] == told[-1][2] > 0
    again: list[str] = []
    ensure_image(engine, "nginx:1", lambda *step: again.append(str(step[0])))
    assert again[-1] == "Status: Image is up to date for nginx:1"
    with pytest.raises(HostError, match="pull access denied"):
        ensure_image(engine, "no-such:1", lambda *_: None)
    simulated_engine.clean()


def test_its_socket_is_its_owner_s_and_goes_with_its_parent(tmp_path: Path) -> None:
    made = Simulated(tmp_path)
    assert stat.S_IMODE(os.stat(made.socket).st_mode) == 0o600
    made.close()
    assert made.process.returncode == 0 and not made.socket.exists()


def test_lists_are_json_that_others_can_read_too(simulated_engine: Simulated) -> None:
    hostile = 'a"b\\c\u202e\x1b[31m\n'
    create(simulated_engine, LIVE, "one", labels={hostile: hostile, "Status": '"\\u0000"'})
    raw = simulated_engine.api._get(simulated_engine.api._url("/containers/json"), params={"all": 1}).text
    (entry,) = json.loads(raw)
    assert (entry["Labels"][hostile], entry["Status"]) == (hostile, "Created")
    simulated_engine.clean()
