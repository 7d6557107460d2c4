"""``moorage doctor`` on real engines, and what is said when one is added."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.calling import Cli, Ran
from tests.docker_folder import CANARY, DockerFolder, auth
from tests.engine_bed import Daemon
from tests.engine_bed.sshd import Sshd


@pytest.fixture(autouse=True)
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerFolder:
    """An empty configuration of docker: that of whoever runs the tests is none of theirs."""
    found = DockerFolder(tmp_path / "user")
    monkeypatch.setenv("DOCKER_CONFIG", str(found.root))
    return found


def statuses(ran: Ran, subject: str) -> dict[str, str]:
    return {check["check"]: check["status"] for check in ran.json["checks"] if check["subject"] == subject}


def told(ran: Ran, name: str) -> str:
    (words,) = {f"{check['detail']}; {check['remedy']}" for check in ran.json["checks"] if check["check"] == name}
    return words


def test_a_cluster_is_looked_at(clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]) -> None:
    good, plain = fresh_engine(live_restore=True), fresh_engine()
    cli = clustered(good.endpoint, plain.endpoint)
    ran = cli("doctor")
    assert {"folder of state", "folder of clusters", "folder of task definitions", "modes"} <= set(
        statuses(ran, "this machine")
    )
    assert set(statuses(ran, "this machine").values()) == {"ok"}
    assert set(statuses(ran, "default/edge-1").values()) == {"ok"}
    assert statuses(ran, "default/edge-2") == {**statuses(ran, "default/edge-1"), "live-restore": "warning"}
    one = cli("doctor", "--cluster", "default", "--container-instance", "edge-2", "--output", "table")
    assert "default/edge-1" not in one.out
    assert "live-restore" in one.out
    plain.pause()
    try:
        hung = cli("doctor", "--cluster", "default", code=1)
    finally:
        plain.resume()
    assert statuses(hung, "default/edge-2") == {"reach": "failed"}
    assert set(statuses(hung, "default/edge-1").values()) == {"ok"}


def test_logins_into_registries(cli: Cli, docker: DockerFolder) -> None:
    assert "logins" not in statuses(cli("doctor"), "this machine")
    docker.write(auths={"registry.lan": auth("me", CANARY)})
    assert told(cli("doctor"), "logins").startswith(f"1 in {docker.path}; ")
    docker.write(credsStore="nowhere")
    ran = cli("doctor")
    assert statuses(ran, "this machine")["logins"] == "warning"
    assert "docker-credential-nowhere is not on PATH" in told(ran, "logins")
    assert CANARY not in ran.out


def test_an_engine_in_no_cluster(cli: Cli, engine: Daemon) -> None:
    ran = cli("doctor", "--endpoint", engine.endpoint)
    assert statuses(ran, engine.endpoint)["reach"] == "ok"
    assert "failed" not in statuses(ran, "this machine").values()
    ran = cli("doctor", "--endpoint", "unix:///run/nowhere.sock", code=1)
    assert statuses(ran, "unix:///run/nowhere.sock") == {"reach": "failed"}
    assert "leave out the cluster" in cli("doctor", "--endpoint", "unix:///x", "--cluster", "a", code=1).err


def test_a_host_of_ssh(cli: Cli, engine: Daemon, sshd: Sshd) -> None:
    endpoint = f"ssh://edge{engine.socket}"
    ran = cli("doctor", "--endpoint", endpoint)
    found = statuses(ran, endpoint)
    assert (found["host key"], found["reach"], found["disk"]) == ("ok", "ok", "ok")
    assert statuses(ran, "this machine")["ssh"] == "ok"
    sshd.known_hosts.write_text("")
    ran = cli("doctor", "--endpoint", endpoint, code=1)
    assert statuses(ran, endpoint) == {"host key": "failed"}
    assert f"moorage trust-host-key --endpoint {endpoint} shows and adds it" in told(ran, "host key")
    sshd.make_key("another")
    sshd.know("another")
    assert "has CHANGED" in told(cli("doctor", "--endpoint", endpoint, code=1), "reach")
    sshd.know()
    sshd.make_key("user_key")
    assert "SSH does not let us in" in told(cli("doctor", "--endpoint", endpoint, code=1), "reach")


def test_broken_files_are_told(cli: Cli) -> None:
    cli("create-cluster")
    (cli.home / "clusters/odd.toml").write_text("name =")
    (cli.home / "config.toml").write_text('thme = "x"\n')
    ran = cli("doctor", code=1)
    assert statuses(ran, "this machine")["clusters"] == "failed"
    assert statuses(ran, "this machine")["config"] == "warning"
    assert str(cli.home / "clusters/odd.toml") in told(ran, "clusters")


def test_without_ssh_it_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = cli("doctor", "--endpoint", "ssh://edge", code=1)
    assert "install OpenSSH's client" in told(ran, "ssh")


class _OldEngine(http.server.BaseHTTPRequestHandler):
    """Docker 19.03, as far as it is asked here."""

    def do_GET(self) -> None:
        told = {"ApiVersion": "1.40", "MinAPIVersion": "1.12", "Version": "19.03.15", "OSType": "linux", "Name": "old"}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def old_engine() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OldEngine)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"tcp://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_who_adds_a_host_hears_what_is_unfit_on_it(cli: Cli, engine: Daemon) -> None:
    cli("create-cluster")
    ran = cli("register-container-instance", "--name", "edge", "--endpoint", engine.endpoint)
    assert ran.err == (
        "moorage: edge: a restart of dockerd stops all tasks there;"
        ' put "live-restore": true into its /etc/docker/daemon.json, and reload dockerd\n'
    )
    assert ran.json["containerInstance"]["name"] == "edge"


def test_an_engine_that_is_too_old_is_not_added(cli: Cli, old_engine: str) -> None:
    cli("create-cluster")
    ran = cli("register-container-instance", "--endpoint", old_engine, code=1)
    assert ran.err.startswith(f"moorage: cannot register {old_engine}: ")
    assert "Docker 20.10" in ran.err
    assert ran.err.count("\n") == 1
    assert cli("list-container-instances").json["containerInstanceArns"] == []
    assert "failed" in statuses(cli("doctor", "--endpoint", old_engine, code=1), old_engine).values()
