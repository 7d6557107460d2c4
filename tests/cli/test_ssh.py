"""Hosts that are reached by SSH, as a person works with them: the key, the main job, a way that breaks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.calling import Cli
from tests.cli.process import ROOT, command, run, running
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.sshd import Sshd
from tests.terminal import TerminalProgram


@pytest.fixture
def endpoint(sshd: Sshd, engine: Daemon) -> str:
    return f"ssh://edge{engine.socket}"


@pytest.fixture(autouse=True)
def _no_tunnel_stays(sshd: Sshd) -> Iterator[None]:
    """Of the command line in this process the tunnels would stay as long as the tests run."""
    yield
    for pid in sshd.sessions():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_main_job(cli: Cli, endpoint: str, engine: Daemon) -> None:
    cli("create-cluster")
    shape = cli("register-container-instance", "--endpoint", endpoint, "--name", "edge").json["containerInstance"]
    assert (shape["endpoint"], shape["agentConnected"]) == (endpoint, True)
    cli.register({"name": "main", "command": ["sh", "-c", "echo hello; exec sleep 60"]})
    task = cli.run("web")
    assert cli.describe(task)["lastStatus"] == "RUNNING"
    assert len(engine.api.containers()) == 1
    assert "hello" in cli("logs", task).out
    assert run(cli.home, "execute-command", "--task", task, "--command", "echo inside").stdout == "inside\n"
    assert "edge" in cli("stats", "--no-stream").out
    cli("stop-task", "--task", task)
    assert cli.describe(task)["lastStatus"] == "STOPPED"


def test_a_build_goes_through_the_tunnel_and_is_stopped_through_it(
    cli: Cli, endpoint: str, engine: Daemon, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox\nCOPY big /big\nRUN wc -c /big\n")
    with open(context / "big", "wb") as file:
        file.truncate(20 << 20)
    cli("create-cluster")
    cli("register-container-instance", "--endpoint", endpoint, "--name", "edge")
    assert f"{20 << 20} /big" in run(cli.home, "build", str(context), "-t", "web").stderr
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 600\n")
    with running(tmp_path / "run", cli.home, "build", str(context), "-t", "web") as build:
        wait_until(lambda: "  begun\n" in build.err, within=30)
        assert build.end(signal.SIGINT, within=30) == 130
    assert engine.api.containers(all=True) == []


def test_a_login_may_take_its_time(cli: Cli, endpoint: str, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("create-cluster")
    cli("register-container-instance", "--endpoint", endpoint, "--name", "edge")
    wrapper = sshd.bin / "ssh"
    wrapper.write_text(wrapper.read_text().replace("exec", "sleep 1\nexec"))
    monkeypatch.setattr("app.operations.session.SURVEY_DEADLINE", 0.5)
    (shape,) = cli("describe-container-instances", "edge").json["containerInstances"]
    assert shape["agentConnected"] is True


def test_a_context_of_ssh_becomes_an_instance(
    cli: Cli, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    folder = docker / "contexts/meta" / sha256(b"far").hexdigest()
    folder.mkdir(parents=True)
    stored = {"Name": "far", "Metadata": {}, "Endpoints": {"docker": {"Host": endpoint, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(stored))
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    cli("create-cluster")
    (shape,) = cli("import-contexts", "far").json["containerInstances"]
    assert (shape["name"], shape["endpoint"]) == ("far", endpoint)


def test_a_verb_goes_on_after_its_ssh_was_killed(
    cli: Cli, endpoint: str, sshd: Sshd, engine: Daemon, tmp_path: Path
) -> None:
    cli("create-cluster")
    cli("register-container-instance", "--endpoint", endpoint, "--name", "edge")
    script = "sleep 2; echo up; while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 7"
    cli.register({"name": "main", "command": ["sh", "-c", script]})
    for pid in sshd.sessions():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with running(tmp_path / "run", cli.home, "run-task", "web", "--wait") as ran:
        (container,) = wait_until(engine.api.containers)
        # Not in the middle of the launch: that would be left to others.
        wait_until(lambda: engine.api.logs(container["Id"]), what="a task that runs for a while")
        login = wait_until(sshd.sessions)
        for pid in login:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: sshd.sessions() - login, what="another login")
        started = engine.api.exec_create(container["Id"], ["touch", "/tmp/go"])
        engine.api.exec_start(started["Id"])
        assert ran.process.wait(timeout=60) == 7
    wait_until(lambda: not sshd.sessions(), what="no login is left")


@pytest.mark.parametrize("name", ["ssh://-oProxyCommand=x", "ssh://a;b", "ssh://$(x)", "ssh://a\nb", "ssh://a b/x"])
def test_hostile_names_start_nothing(cli: Cli, sshd: Sshd, name: str) -> None:
    called = sshd.folder / "called"
    for program in ("ssh", "ssh-keygen", "sh"):
        (sshd.bin / program).write_text(f"#!/bin/bash\ntouch {called}\n")
        (sshd.bin / program).chmod(0o755)
    cli("create-cluster")
    for verb in ("register-container-instance", "trust-host-key"):
        assert "is not ssh://USER@HOST:PORT/PATH" in cli(verb, f"--endpoint={name}", code=1).err
    assert not called.exists()


class TestTrustHostKey:
    def test_what_a_person_has_agreed_to_is_added(self, cli: Cli, endpoint: str, sshd: Sshd) -> None:
        sshd.known_hosts.write_text("# mine, and no line end")
        refused = cli("register-container-instance", "--endpoint", endpoint, "--cluster", "none", code=1)
        assert "none" in refused.err
        with TerminalProgram(command(cli.home, "trust-host-key", "ssh://edge"), columns=120) as program:
            program.until(b"Type yes: ")
            assert sshd.fingerprint().encode() in program.seen
            assert sshd.fingerprint("host_rsa").encode() in program.seen
            program.press(b"yes\r")
            assert program.end() == 0
        lines = sshd.known_hosts.read_text().splitlines()
        assert lines[0] == "# mine, and no line end"
        assert {line.split()[1] for line in lines[1:]} == {"ssh-ed25519", "ssh-rsa"}
        assert cli("trust-host-key", "--endpoint", "ssh://edge").json["hostKey"]["status"] == "KNOWN"
        assert sshd.known_hosts.read_text().splitlines() == lines
        cli("create-cluster")
        cli("register-container-instance", "--endpoint", endpoint)

    def test_any_other_answer_adds_nothing(self, cli: Cli, sshd: Sshd) -> None:
        sshd.known_hosts.write_text("")
        with TerminalProgram(command(cli.home, "trust-host-key", "ssh://edge"), columns=120) as program:
            program.until(b"Type yes: ")
            program.press(b"y\r")
            assert program.end() == 1
        assert sshd.known_hosts.read_text() == ""

    @pytest.mark.parametrize(("name", "kind"), [("host_ed25519", "ED25519"), ("host_rsa", "RSA")])
    def test_a_fingerprint_that_is_given_is_enough(self, cli: Cli, sshd: Sshd, name: str, kind: str) -> None:
        sshd.known_hosts.unlink()
        shape = cli("trust-host-key", "ssh://edge", "--fingerprint", sshd.fingerprint(name)).json["hostKey"]
        assert shape == {
            "endpoint": "ssh://edge",
            "status": "ADDED",
            "file": str(sshd.known_hosts),
            "fingerprints": [{"type": kind, "fingerprint": sshd.fingerprint(name)}],
        }
        assert oct(sshd.known_hosts.stat().st_mode & 0o777) == "0o600"
        assert len(sshd.known_hosts.read_text().splitlines()) == 1
        (event,) = cli("events", "--since", "1m").json["events"]
        assert event["detail"] == f"trust-host-key: ssh://edge: {sshd.fingerprint(name)}"

    def test_another_fingerprint_is_refused(self, cli: Cli, sshd: Sshd) -> None:
        sshd.known_hosts.write_text("")
        sshd.make_key("another")
        ran = cli("trust-host-key", "ssh://edge", "--fingerprint", sshd.fingerprint("another"), code=1)
        assert "no key of the host has the fingerprint" in ran.err
        assert sshd.fingerprint() in ran.err
        assert sshd.known_hosts.read_text() == ""

    def test_without_a_terminal_nobody_agrees(self, cli: Cli, sshd: Sshd) -> None:
        sshd.known_hosts.write_text("")
        assert "This needs a terminal, or --fingerprint" in cli("trust-host-key", "ssh://edge", code=1).err
        assert sshd.known_hosts.read_text() == ""

    def test_a_changed_key_is_never_replaced(self, cli: Cli, sshd: Sshd) -> None:
        sshd.make_key("another")
        sshd.know("another")
        before = sshd.known_hosts.read_bytes()
        ran = cli("trust-host-key", "ssh://edge", "--fingerprint", sshd.fingerprint(), code=1)
        assert "has CHANGED: somebody may stand in between" in ran.err
        assert f"ssh-keygen -f {sshd.known_hosts} -R '[127.0.0.1]:{sshd.port}'" in ran.err
        assert sshd.known_hosts.read_bytes() == before

    def test_only_hosts_of_ssh_have_one(self, cli: Cli) -> None:
        assert "is not reached by SSH" in cli("trust-host-key", "unix:///run/x.sock", code=1).err

    def test_a_host_that_does_not_answer(self, cli: Cli, sshd: Sshd) -> None:
        sshd.kill()
        assert "edge refuses connections to its SSH port" in cli("trust-host-key", "ssh://edge", code=1).err


def test_the_dashboard_says_why(cli: Cli, endpoint: str, sshd: Sshd) -> None:
    cli("create-cluster")
    cli("register-container-instance", "--endpoint", endpoint, "--name", "edge")
    sshd.known_hosts.write_text("")
    for pid in sshd.sessions():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    argv = [sys.executable, str(ROOT / "moorage.py"), "--home", str(cli.home), "--screen", "instances"]
    with TerminalProgram(argv, rows=30, columns=160) as program:
        program.until_shown("unreachable .*the host key of .* is not kn")
        sshd.know()
        program.until_shown("edge .*live")
        program.press(b"qq")
        program.end()
    wait_until(lambda: not sshd.sessions(), what="no login is left")
