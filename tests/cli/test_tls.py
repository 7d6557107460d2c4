"""The main job on an engine over TLS, and what is said of one that is reached without."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.model.endpoint import TlsFiles
from tests.cli.calling import Cli
from tests.cli.process import run, running
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.certificates import Authority, needs_openssl

LIVE = ["sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    needs_openssl()
    return Authority(tmp_path / "tls")


@pytest.fixture
def daemon(authority: Authority, fresh_engine: Callable[..., Daemon]) -> Daemon:
    flags = authority.daemon_flags(*authority.signed("server", "IP:127.0.0.1"))
    return fresh_engine(name="tls", tcp=True, flags=flags)


def test_the_main_job(cli: Cli, authority: Authority, daemon: Daemon) -> None:
    files = authority.client()
    cli("create-cluster")
    flags = ("--endpoint", daemon.tcp_endpoint, "--ca", files.ca, "--cert", files.cert, "--key", files.key)
    shape = cli("register-container-instance", *flags).json["containerInstance"]
    assert (shape["name"], shape["agentConnected"]) == ("tls", True)
    assert shape["tls"] == {"ca": files.ca, "cert": files.cert, "key": files.key}
    assert "insecure" not in shape
    checks = cli("doctor", *flags).json["checks"]
    assert [check["status"] for check in checks if check["check"] == "reach"] == ["ok"]

    cli.register({"name": "main", "command": LIVE})
    task = cli.run("--task-definition", "web")
    assert "up" in cli("logs", "--task", task, "--container", "main").out
    ran = run(cli.home, "execute-command", "--task", task, "--command", "sh -c 'echo inside; exit 3'")
    assert (ran.returncode, ran.stdout) == (3, "inside\n")
    assert "tls" in cli("stats", "--no-stream").out
    assert cli("describe-tasks", "--tasks", task).json["tasks"][0]["lastStatus"] == "RUNNING"
    cli("stop-task", "--task", task)
    stopped = cli.describe(task)
    assert (stopped["lastStatus"], stopped["containers"][0]["exitCode"]) == ("STOPPED", 7)


def test_a_build_over_tls_and_one_that_is_stopped(
    cli: Cli, authority: Authority, daemon: Daemon, tmp_path: Path
) -> None:
    files = authority.client()
    cli("create-cluster")
    flags = ("--endpoint", daemon.tcp_endpoint, "--ca", files.ca, "--cert", files.cert, "--key", files.key)
    cli("register-container-instance", *flags)
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox\nCOPY big /big\nRUN wc -c /big\n")
    with open(context / "big", "wb") as file:
        file.truncate(20 << 20)
    assert f"{20 << 20} /big" in run(cli.home, "build", str(context), "-t", "web").stderr
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 600\n")
    with running(tmp_path / "run", cli.home, "build", str(context), "-t", "web") as build:
        wait_until(lambda: "  begun\n" in build.err, within=30)
        assert build.end(signal.SIGINT, within=30) == 130
    assert daemon.api.containers(all=True) == []


def test_other_files_are_taken_once_the_engine_answers_to_them(
    cli: Cli, authority: Authority, daemon: Daemon, tmp_path: Path
) -> None:
    old, new = authority.client("old"), authority.client("new")
    foreign = Authority(tmp_path / "foreign").client()
    cli("create-cluster")
    cli("register-container-instance", "--endpoint", daemon.tcp_endpoint, *_flags(old))

    def shown() -> object:
        return cli("describe-container-instances", "tls").json["containerInstances"][0]["tls"]

    told = cli("update-container-instance", "tls", "--ca", foreign.ca, code=1).err
    assert told.startswith("moorage: cannot update tls: ")
    assert told.endswith("; its files stay as they were\n")
    told = cli("update-container-instance", "tls", "--cert", new.cert, code=1).err
    assert "cannot update tls" in told, "a certificate without its key"
    assert shown() == {"ca": old.ca, "cert": old.cert, "key": old.key}

    shape = cli("update-container-instance", "tls", "--cert", new.cert, "--key", new.key).json["containerInstance"]
    assert shape["agentConnected"]
    assert shape["tls"] == shown() == {"ca": old.ca, "cert": new.cert, "key": new.key}


def _flags(files: TlsFiles) -> tuple[str, ...]:
    return ("--ca", files.ca, "--cert", files.cert, "--key", files.key)


def test_each_refusal_is_one_line(cli: Cli, authority: Authority, daemon: Daemon) -> None:
    cli("create-cluster")
    files = authority.client()

    def told(*flags: str, endpoint: str = daemon.tcp_endpoint) -> str:
        err = cli("register-container-instance", "--endpoint", endpoint, *flags, code=1).err
        assert err.count("\n") == 1
        return err

    assert "give --ca, --cert and --key" in told()
    assert "has no CA certificate to check the engine's by; give --ca FILE" in told("--cert", files.cert)
    assert "give --key FILE" in told("--ca", files.ca, "--cert", files.cert)
    both = ("--ca", files.ca, "--cert", files.cert, "--key", files.key)
    assert "insecure at once" in told(*both, "--insecure")
    assert "takes no TLS files" in told(*both, endpoint=daemon.endpoint)
    Path(files.key).chmod(0o644)
    assert f"chmod 600 {files.key}" in told(*both)


def test_files_may_be_named_from_where_one_stands(
    cli: Cli, authority: Authority, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = authority.client()
    monkeypatch.chdir(authority.folder)
    cli("create-cluster")
    flags = ("--ca", "ca.pem", "--cert", Path(files.cert).name, "--key", Path(files.key).name)
    shape = cli("register-container-instance", "--endpoint", daemon.tcp_endpoint, *flags).json["containerInstance"]
    assert shape["tls"] == {"ca": files.ca, "cert": files.cert, "key": files.key}
    document = (cli.home / "clusters" / "default.toml").read_text()
    assert f'ca = "{files.ca}"' in document


def test_one_that_is_reached_without_is_a_decision_that_shows(cli: Cli, fresh_engine: Callable[..., Daemon]) -> None:
    # For this machine alone, though nobody would know by the address.
    endpoint = fresh_engine(name="open", tcp=True).tcp_endpoint.replace("127.0.0.1", "0.0.0.0")
    cli("create-cluster")
    refused = cli("register-container-instance", "--endpoint", endpoint, code=1).err
    assert "is plain TCP to another machine, which anyone on the way could drive; give --ca" in refused
    assert "--insecure takes the risk" in refused
    shape = cli("register-container-instance", "--endpoint", endpoint, "--insecure").json["containerInstance"]
    assert shape["insecure"] is True
    table = cli("describe-container-instances", "--container-instances", "open", "--output", "table").out
    assert f"INSECURE {endpoint}" in table


def test_contexts_bring_their_files(
    cli: Cli, authority: Authority, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    files = authority.client()
    digest = hashlib.sha256(b"far").hexdigest()
    meta, keys = folder / "contexts" / "meta" / digest, folder / "contexts" / "tls" / digest / "docker"
    for made in (meta, keys):
        made.mkdir(parents=True)
    endpoint = {"Host": daemon.tcp_endpoint, "SkipTLSVerify": False}
    (meta / "meta.json").write_text(json.dumps({"Name": "far", "Endpoints": {"docker": endpoint}}))
    for source, name in ((files.ca, "ca.pem"), (files.cert, "cert.pem"), (files.key, "key.pem")):
        (keys / name).write_bytes(Path(source).read_bytes())
        (keys / name).chmod(0o600)
    cli("create-cluster")
    (shape,) = cli("import-contexts", "far").json["containerInstances"]
    assert (shape["name"], shape["agentConnected"]) == ("far", True)
    assert shape["tls"]["key"] == str(keys / "key.pem")


def test_docker_s_own_variables_are_followed(
    cli: Cli, authority: Authority, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = authority.client()
    folder = tmp_path / "certs"
    folder.mkdir()
    for source, name in ((files.ca, "ca.pem"), (files.cert, "cert.pem"), (files.key, "key.pem")):
        (folder / name).write_bytes(Path(source).read_bytes())
        (folder / name).chmod(0o600)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
    monkeypatch.setenv("DOCKER_HOST", daemon.tcp_endpoint)
    monkeypatch.setenv("DOCKER_CERT_PATH", str(folder))
    cli("create-cluster")
    assert "it speaks TLS on this port" in cli("import-contexts", "default", code=1).err
    # Docker would verify nothing with this one.
    monkeypatch.setenv("DOCKER_TLS", "1")
    stranger = Authority(tmp_path / "stranger")
    (folder / "ca.pem").write_bytes(stranger.ca.read_bytes())
    assert "is not signed by the CA in" in cli("import-contexts", "default", code=1).err
    (folder / "ca.pem").write_bytes(authority.ca.read_bytes())
    (shape,) = cli("import-contexts", "default").json["containerInstances"]
    assert (shape["agentConnected"], shape["tls"]["ca"]) == (True, str(folder / "ca.pem"))
