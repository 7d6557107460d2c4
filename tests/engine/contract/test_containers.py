"""Containers: the simulated engine and a real one are asked the same, and answer the same.

What Moorage reads of an engine, and what it relies on: whoever finds that Docker behaves otherwise adds a check.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.process import start_process
from app.hosts.reading import container_from_inspect, container_from_list
from tests.engine.contract.asking import (
    DEAF,
    LIVE,
    MIB,
    Heard,
    Subject,
    create,
    ended,
    refusal,
    run_inside,
    settled,
    state,
)
from tests.engine_bed import wait_until
from tests.engine_bed.simulated import Simulated


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
    subject.api.import_image_from_data(
        b"" if isinstance(subject, Simulated) else _tar(), "given:1", "1", changes=changes
    )
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
    # Of one that ends at once the end may be noted before the start.
    made = create(subject, ["sh", "-c", "sleep 0.2; exit 3"], "one")
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
    for made, seconds in ((polite, 30), (deaf, 1)):
        port.start(made)
        settled(subject, made)
        port.stop(made, seconds)
        port.stop(made, seconds)  # ended already: no error
    assert (state(subject, polite)["ExitCode"], state(subject, deaf)["ExitCode"]) == (7, 137)
    told = [(event["Action"], event["Actor"]["Attributes"].get("signal", "")) for event in heard.events()]
    assert [event for event in told if event[0] not in ("create", "start")] == [
        ("kill", "15"), ("die", ""), ("stop", ""), ("kill", "15"), ("kill", "9"), ("die", ""), ("stop", "")
    ]  # fmt: skip


def test_a_stop_signal_of_its_own(subject: Subject, port: Engine) -> None:
    made = create(
        subject, ["sh", "-c", "trap 'exit 5' INT; echo ready; while :; do sleep 0.05; done"], stop_signal="SIGINT"
    )
    port.start(made)
    settled(subject, made)
    port.stop(made, 20)
    assert state(subject, made)["ExitCode"] == 5


def test_kill_and_its_signals(subject: Subject) -> None:
    heard = Heard(subject)
    made = create(subject, LIVE, "one")
    assert refusal(lambda: subject.api.kill(made)) == (
        409, f"Cannot kill container: {made}: Container {made} is not running"
    )  # fmt: skip
    subject.api.start(made)
    settled(subject, made)
    subject.api.kill(made)
    assert ended(subject, made)["ExitCode"] == 137
    subject.api.start(made)
    settled(subject, made)
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
    settled(subject, made)
    started = state(subject, made)["StartedAt"]
    subject.api.restart(made, timeout=30)
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
    subject.api.update_container(made, restart_policy={"Name": "no"})
    subject.api.start(made)
    assert subject.api.inspect_container(made)["RestartCount"] == 0, "counted since the start by hand"
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
    run_inside(subject, made, "touch /tmp/well")
    wait_until(lambda: state(subject, made)["Health"]["Status"] == "healthy")
    (entry,) = subject.api.containers()
    assert entry["Status"].endswith(" (healthy)")
    last = state(subject, made)["Health"]["Log"][-1]
    assert last["ExitCode"] == 0 and last["Start"] <= last["End"]
    assert heard.actions("health_status") == ["health_status: unhealthy", "health_status: healthy"]
    subject.api.kill(made)
    ended(subject, made)
    assert container_from_inspect(subject.api.inspect_container(made)).health == "healthy"
