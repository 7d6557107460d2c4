"""Events, logs, stats and exec: the simulated engine and a real one are asked the same."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import docker
import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.event_reading import EventReader
from app.hosts.exec.attaching import attach
from app.hosts.exec.frames import Demux
from app.hosts.exec.process import NotStartedError, inspect_exec, start_process
from app.hosts.logs import read_logs
from app.hosts.past_events import past_events
from app.hosts.stats import read_counters, stats_between
from tests.engine.contract.asking import (
    LIVE,
    MIB,
    Heard,
    Subject,
    create,
    ended,
    refusal,
    run_inside,
    settled,
)
from tests.engine_bed import wait_until


def test_events_of_a_life_and_their_shape(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    stream = port.events()
    made = create(subject, LIVE, "one", labels={"a": "1", "moorage.task": "x"}, binds=["data:/data"])
    port.start(made)
    settled(subject, made)
    port.stop(made, 5)
    port.remove_container(made)
    live = []
    for event in stream:
        live.append(event)
        if event["Action"] in ("destroy", "remove") and event["Type"] == "container":
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


def test_an_end_and_a_removal_are_told_at_once(subject: Subject, port: Engine) -> None:
    """All that the watcher needs to hear of a container that ends, on whatever engine."""
    stream, reader = port.events(), EventReader()
    made = create(subject, ["sh", "-c", "sleep 0.2; exit 3"], "one", binds=["data:/data"])
    port.start(made)
    ended(subject, made)
    port.remove_container(made)
    port.remove_volume("data")
    told, volumes = [], []
    for event in stream:
        if (read := reader.read(event)) is not None and read.container_id == made:
            told.append((read.what, read.exit_code))
        if event["Type"] == "volume":
            volumes.append(event["Action"])
        if volumes and volumes[-1] in ("destroy", "remove"):
            break
    stream.close()
    assert told == [("created", None), ("started", None), ("died", 3), ("removed", None)]


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
            run_inside(subject, made, "touch /tmp/go")
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


def test_attached_before_the_start(subject: Subject, port: Engine) -> None:
    made = create(subject, ["sh", "-c", "echo hello; cat; echo oops >&2"], stdin_open=True)
    process = attach(port, made)
    port.start(made)
    process.duplex.write(b"typed\n")
    process.duplex.half_close()
    pieces = Demux().feed(process.duplex.read_all(20))
    told = {name: b"".join(piece.data for piece in pieces if piece.stream == name) for name in ("stdout", "stderr")}
    assert told == {"stdout": b"hello\ntyped\n", "stderr": b"oops\n"}


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
