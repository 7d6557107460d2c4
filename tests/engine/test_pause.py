"""The pause image on a real engine: imported once, and a process 1 that reaps, ends when told and costs nothing."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.pause import PAUSE_IMAGE, ensure_pause_image, pause_archive
from app.hosts.pause_program import pause_program
from app.hosts.policy.rule import ReadOnlyError
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.image import busybox_tar

DOUBLE_FORK = ["sh", "-c", "while :; do (sleep 0.02 &); sleep 0.01; done"]
"""Makes an orphan every few milliseconds; each ends soon after."""


class Paused:
    """A pause container on an engine, and others that share its namespaces."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.engine = Engine(parse_endpoint(daemon.endpoint))
        self.image = ensure_pause_image(self.engine)

    def start(self, **host: Any) -> str:
        """The id of a pause container that is ready: process 1 is deaf to signals until its handlers are installed."""
        made = self._run("pause", {"Image": self.image, "HostConfig": host})
        status = f"/proc/{self.state(made)['Pid']}/status"
        handlers = f"SigCgt:\t{1 << 14 | 1 << 1:016x}"
        wait_until(lambda: handlers in self.daemon.exec(["cat", status]).stdout, what="SIGTERM and SIGINT are handled")
        return made

    def beside(self, name: str, argv: list[str], **host: Any) -> str:
        return self._run(name, {"Image": "busybox:latest", "Cmd": argv, "HostConfig": host})

    def state(self, container: str) -> dict[str, Any]:
        return dict(self.engine.inspect(container)["State"])

    def exec(self, container: str, *argv: str) -> str:
        api = self.daemon.api
        made = api.exec_create(container, list(argv))["Id"]
        output = bytes(api.exec_start(made)).decode()
        assert api.exec_inspect(made)["ExitCode"] == 0, output
        return output

    def processes(self, container: str) -> dict[str, list[str]]:
        """Of every process that the container sees: name, state and parent, by number."""
        # A busy engine may give the output of a quick command to nobody.
        command = ("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null || true")
        listed = wait_until(lambda: self.exec(container, *command).splitlines(), what="what /proc says")
        return {pid: [name.strip("()"), *rest[:2]] for pid, name, *rest in (line.split() for line in listed)}

    def wait_for_orphans(self, container: str, count: int) -> None:
        """Until so many more processes were made: numbers of processes only go up."""
        goal = max(map(int, self.processes(container))) + count
        wait_until(lambda: max(map(int, self.processes(container))) > goal, what=f"{count} orphans came and went")

    def _run(self, name: str, body: dict[str, Any]) -> str:
        made = self.engine.create_container(name, body)
        self.engine.start(made)
        return made


@pytest.fixture
def paused(engine: Daemon) -> Paused:
    return Paused(engine)


def test_the_image_is_imported_once_and_found_the_second_time(engine: Daemon) -> None:
    ours = Engine(parse_endpoint(engine.endpoint))
    assert ensure_pause_image(ours) == PAUSE_IMAGE == "moorage/pause:1"
    first = ours.image(PAUSE_IMAGE)
    assert first["Config"]["Entrypoint"] == ["/pause"]
    assert (first["Os"], first["Architecture"]) == ("linux", {"x86_64": "amd64", "aarch64": "arm64"}[machine(engine)])
    assert len(pause_program(machine(engine))) <= first["Size"] < 16 * 1024  # containerd's store counts whole blocks
    ensure_pause_image(Engine(parse_endpoint(engine.endpoint), read_only=True))
    assert ours.image(PAUSE_IMAGE)["Id"] == first["Id"]


def machine(daemon: Daemon) -> str:
    return str(daemon.api.info()["Architecture"])


def test_a_read_only_cluster_imports_nothing(engine: Daemon) -> None:
    with pytest.raises(ReadOnlyError):
        ensure_pause_image(Engine(parse_endpoint(engine.endpoint), read_only=True))
    assert [image["RepoTags"] for image in engine.api.images()] == [["busybox:latest"]]


def test_launches_that_import_at_once_all_get_an_image_that_runs(engine: Daemon) -> None:
    got: list[str] = []
    gate = threading.Barrier(8)

    def ensure() -> None:
        ours = Engine(parse_endpoint(engine.endpoint))
        ours.ping()
        gate.wait(10)
        got.append(ensure_pause_image(ours))

    threads = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert got == [PAUSE_IMAGE] * 8
    paused = Paused(engine)
    assert paused.state(paused.start())["Running"]


@pytest.mark.parametrize("changes", [['CMD ["sh"]'], ['ENTRYPOINT ["/pause"]', "LABEL moorage.task=abc"]])
def test_an_image_of_anothers_under_the_name_is_refused(engine: Daemon, changes: list[str]) -> None:
    engine.api.import_image_from_data(busybox_tar(), repository="moorage/pause", tag="1", changes=changes)
    with pytest.raises(HostError) as caught:
        ensure_pause_image(Engine(parse_endpoint(engine.endpoint)))
    assert caught.value.kind == "refused"
    assert "docker image rm moorage/pause:1" in caught.value.message


@pytest.mark.parametrize(
    ("archive", "changes", "kind"),
    [(b"no tar at all" * 100, [], "failed"), (pause_archive("x86_64"), ["BOGUS x"], "refused")],
)
def test_an_import_that_fails_is_told(engine: Daemon, archive: bytes, changes: list[str], kind: str) -> None:
    with pytest.raises(HostError) as caught:
        Engine(parse_endpoint(engine.endpoint)).import_image(archive, "moorage/pause", "1", changes)
    assert caught.value.kind == kind
    assert ("tar" if kind == "failed" else "not a valid change command") in caught.value.message


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_it_ends_with_0_within_a_second_of_its_signal(paused: Paused, signal: str) -> None:
    pause = paused.start()
    began = time.monotonic()
    if signal == "SIGTERM":
        paused.engine.stop(pause, 10)
    else:
        paused.daemon.api.kill(pause, signal)
        wait_until(lambda: not paused.state(pause)["Running"], within=1, what="the pause container ended")
    took = time.monotonic() - began
    assert (paused.state(pause)["Status"], paused.state(pause)["ExitCode"]) == ("exited", 0)
    assert took < 1


def test_orphans_of_another_container_are_reaped(paused: Paused) -> None:
    pause = paused.start()
    other = paused.beside("other", DOUBLE_FORK, PidMode=f"container:{pause}")
    paused.wait_for_orphans(other, 50)
    seen = paused.processes(other)
    assert seen["1"] == ["pause", "S", "0"]

    def zombies() -> set[str]:
        return {pid for pid, (_, state, parent) in paused.processes(other).items() if (state, parent) == ("Z", "1")}

    # Twice: one that dies at this very moment may be seen on its way out.
    assert zombies() & zombies() == set()


def test_two_containers_share_localhost_and_memory(paused: Paused) -> None:
    pause = paused.start(IpcMode="shareable")
    shared = {"NetworkMode": f"container:{pause}", "IpcMode": f"container:{pause}"}
    paused.beside("web", ["httpd", "-f", "-p", "127.0.0.1:80", "-h", "/www"], **shared)
    client = paused.beside("client", ["sh", "-c", "while :; do sleep 0.05; done"], **shared)
    get = "timeout 2 wget -qO- http://127.0.0.1:80/ || true"
    wait_until(lambda: paused.exec(client, "sh", "-c", get) == "moorage\n", what="the other one's server answers")
    paused.exec(client, "sh", "-c", "echo here >/dev/shm/file")
    assert paused.exec("web", "cat", "/dev/shm/file") == "here\n"


def test_it_uses_no_cpu(paused: Paused) -> None:
    pause = paused.start()
    other = paused.beside("other", DOUBLE_FORK, PidMode=f"container:{pause}")

    def ticks() -> list[str]:
        """User and system time of process 1, in hundredths of a second."""
        return paused.exec(other, "cat", "/proc/1/stat").split()[13:15]

    before = ticks()
    paused.wait_for_orphans(other, 100)
    assert ticks() == before
    assert paused.processes(other)["1"][1] == "S"
