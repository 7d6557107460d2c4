"""The engine bed itself: separate engines, their deaths and returns, and nothing left behind."""

from __future__ import annotations

import functools
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
import requests

from tests.engine_bed import Bed, Daemon, DaemonError, cgroups, processes, wait_until
from tests.engine_bed.bed import sweep

ROOT = Path(__file__).parents[2]
SLEEP = ["sleep", "1000"]


def state(daemon: Daemon, container: str) -> str:
    return str(daemon.api.inspect_container(container)["State"]["Status"])


def test_engines_are_separate_machines(engines: list[Daemon]) -> None:
    infos = [engine.api.info() for engine in engines]
    assert len({info["ID"] for info in infos}) == 3
    assert [info["Name"] for info in infos] == [engine.name for engine in engines]
    assert len({engine.endpoint for engine in engines}) == 3
    images = {engine.api.inspect_image("busybox:latest")["Id"] for engine in engines}
    assert len(images) == 1


def test_socket_is_short_and_private(engine: Daemon) -> None:
    assert engine.endpoint == f"unix://{engine.socket}"
    assert len(os.fsencode(engine.socket)) < 100
    for folder in (engine.socket.parent, engine.socket.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_same_port_is_free_on_every_engine(engines: list[Daemon]) -> None:
    for engine in engines:
        page = f"echo {engine.name} >/www/index.html; exec httpd -f -p 80 -h /www"
        engine.run(["sh", "-c", page], ports=[80], port_bindings={80: 8080})
    for engine in engines:
        reply = wait_until(functools.partial(engine.http_get, 8080), ignoring=(OSError,))
        assert (reply.status, reply.text) == (200, f"{engine.name}\n")


def test_command_runs_inside_or_on_the_network_only(engine: Daemon) -> None:
    assert engine.exec(["hostname"]).stdout.strip() == engine.name
    assert engine.run_in_netns(["hostname"]).stdout != engine.exec(["hostname"]).stdout
    for run in (engine.exec, engine.run_in_netns):
        assert "docker0" in run(["ip", "-o", "link"]).stdout


def test_clean_removes_everything_but_busybox(engine_bed: Bed) -> None:
    daemon = engine_bed.daemon(0)
    daemon.run(SLEEP, name="left-over")
    daemon.api.create_network("left-over")
    daemon.api.create_volume("left-over")
    daemon.api.tag("busybox:latest", "left-over")
    engine_bed.clean(daemon)
    assert daemon.api.containers(all=True) == []
    assert not daemon.api.volumes()["Volumes"]
    assert len(daemon.api.networks()) == 3
    assert [image["RepoTags"] for image in daemon.api.images()] == [["busybox:latest"]]
    assert engine_bed.daemon(0) is daemon


def test_killed_engine_comes_back_with_its_data(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine()
    before = daemon.api.info()["ID"]
    # A restarted dockerd stops what its dead self left running, and would wait 10 s for a sleep that ignores TERM.
    container = daemon.run(SLEEP, stop_signal="KILL")
    daemon.kill()
    assert not daemon.alive
    with pytest.raises(requests.RequestException):
        daemon.api.ping()
    daemon.start()
    assert daemon.api.info()["ID"] == before
    assert state(daemon, container) == "exited"


def test_live_restore_keeps_containers_running(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine(live_restore=True)
    container = daemon.run(SLEEP)
    running = daemon.api.inspect_container(container)["State"]["Pid"]
    daemon.kill()
    daemon.start()
    assert state(daemon, container) == "running"
    assert daemon.api.inspect_container(container)["State"]["Pid"] == running


def test_terminated_engine_stops_its_containers(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine()
    container = daemon.run(SLEEP, stop_signal="KILL")
    daemon.terminate()
    assert not daemon.socket.exists()
    daemon.start()
    assert state(daemon, container) == "exited"


def test_frozen_engine_answers_nothing_until_it_is_resumed(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine()
    impatient = docker.APIClient(base_url=daemon.endpoint, version="1.41", timeout=1)
    assert impatient.ping()
    daemon.pause()
    with pytest.raises(requests.exceptions.ReadTimeout):
        impatient.ping()
    daemon.resume()
    assert impatient.ping()
    daemon.pause()
    daemon.kill()
    assert not daemon.alive
    impatient.close()


def test_tcp_endpoint_serves_refuses_and_keeps_its_port(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine(tcp=True)
    endpoint = daemon.tcp_endpoint
    client = docker.APIClient(base_url=endpoint, version="1.41", timeout=5)
    assert client.info()["ID"] == daemon.api.info()["ID"]
    daemon.kill()
    with pytest.raises(requests.ConnectionError):
        client.ping()
    daemon.start()
    assert daemon.tcp_endpoint == endpoint
    assert client.ping()
    client.close()


def test_engines_may_differ(fresh_engine: Callable[..., Daemon]) -> None:
    daemon = fresh_engine(name="edge-9", ncpu=1, memory=8 << 30, labels={"zone": "a"})
    info = daemon.api.info()
    assert (info["Name"], info["NCPU"], info["MemTotal"]) == ("edge-9", 1, 8 << 30)
    assert info["Labels"] == ["zone=a"]
    with pytest.raises(DaemonError, match="without tcp"):
        _ = daemon.tcp_endpoint


def test_engine_that_cannot_start_says_why(fresh_engine: Callable[..., Daemon]) -> None:
    with pytest.raises(DaemonError, match="no-such-flag"):
        fresh_engine(flags=["--no-such-flag"])


_CRASHING = """
import json, sys
from tests.engine_bed import Bed
bed = Bed()
daemon = bed.daemon(0)
daemon.run(["sleep", "1000"])
pids = sorted(daemon.pids())
if sys.argv[1] == "frozen":
    daemon.pause()
print(json.dumps([bed.folder.name, str(bed.folder), pids]), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("engine_state", ["running", "frozen"])
def test_nothing_survives_kill_9_of_the_test_process(engine_bed: Bed, engine_state: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CRASHING, engine_state],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    line = child.stdout.readline()
    name, folder, pids = json.loads(line)
    commands = {Path("/proc", str(pid), "comm").read_text().strip() for pid in pids}
    assert {"unshare", "tini", "nsenter", "dockerd", "containerd", "sleep"} <= commands
    os.kill(child.pid, signal.SIGKILL)
    child.communicate(timeout=10)
    wait_until(lambda: not processes.living(set(pids)), what=f"all of {len(pids)} processes gone")
    assert Path(folder) in sweep()
    assert not Path(folder).exists()
    assert cgroups.existing(name) == []
    assert engine_bed.folder.exists()
