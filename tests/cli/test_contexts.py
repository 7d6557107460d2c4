"""import-contexts: instances from the contexts of Docker's own command line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.model.endpoint import TlsFiles
from app.operations.contexts import Context, known_contexts
from app.store.docker_contexts import MAX_CONTEXTS
from tests.cli.calling import Cli
from tests.engine_bed import Daemon

Add = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration of Docker; nothing listens at the usual socket of this test."""
    found = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(found))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.fixture
def add(folder: Path) -> Add:
    """Writes a context as ``docker context create`` does."""

    def write(
        name: str, host: str, *, data: bytes | None = None, tls: Sequence[str] = (), skip: object = False
    ) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()
        path = folder / "contexts" / "meta" / digest / "meta.json"
        path.parent.mkdir(parents=True)
        document = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}}
        path.write_bytes(json.dumps(document).encode() if data is None else data)
        if tls:
            keys = folder / "contexts" / "tls" / digest / "docker"
            keys.mkdir(parents=True)
            for file in tls:
                (keys / f"{file}.pem").write_text("")
        return path

    return write


def by_name() -> dict[str, Context]:
    return {context.name: context for context in known_contexts()}


def test_without_any_there_is_the_default_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_contexts() == [Context("default", "unix:///var/run/docker.sock", True, "", True)]
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    (found,) = known_contexts()
    assert (found.endpoint, found.usable, found.current) == ("tcp://10.0.0.1:2375", False, True)
    assert "give --ca, --cert and --key for TLS, or reach it by ssh://10.0.0.1" in found.why


def test_each_is_told_with_what_keeps_it_from_being_used(folder: Path, add: Add) -> None:
    add("edge", "unix:///run/edge.sock")
    add("local", "tcp://127.0.0.1:2375")
    add("keys", "tcp://10.0.0.1:2376", tls=("ca", "cert", "key"))
    add("blind", "tcp://10.0.0.1:2376", tls=("ca", "cert", "key"), skip=True)
    add("odd", "tcp://10.0.0.1:2376", tls=("ca", "cert", "key"), skip="no")
    add("caless", "tcp://10.0.0.1:2376", tls=("cert", "key"))
    add("keyless", "tcp://10.0.0.1:2376", tls=("ca", "cert"))
    add("remote", "ssh://me@box")
    add("sly", "ssh://-oProxyCommand=x")
    add("bare", "")
    (folder / "config.json").write_text('{"currentContext": "edge"}')
    found = known_contexts()
    assert [context.name for context in found] == [
        "default", "bare", "blind", "caless", "edge", "keyless", "keys", "local", "odd", "remote", "sly",
    ]  # fmt: skip
    assert [context.name for context in found if context.usable] == ["default", "edge", "keys", "local", "remote"]
    assert [context.name for context in found if context.current] == ["edge"]
    told = by_name()
    stored = folder / "contexts" / "tls" / hashlib.sha256(b"keys").hexdigest() / "docker"
    assert told["keys"].tls == TlsFiles(f"{stored}/ca.pem", f"{stored}/cert.pem", f"{stored}/key.pem")
    assert told["blind"].why.startswith("it does not verify who answers (SkipTLSVerify), so that anyone on the way")
    assert "docker context update blind --docker host=tcp://10.0.0.1:2376,ca=FILE" in told["blind"].why
    assert told["odd"].why.startswith("it does not verify who answers")
    assert told["caless"].why.startswith("it has no CA certificate to check the engine's by; docker context update")
    assert "has a cert and no key" in told["keyless"].why
    assert "begin with no -" in told["sly"].why
    assert told["bare"].why == "it has no Docker endpoint; set one with docker context update"


def test_docker_s_own_variables_choose_the_current_one(folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    add("edge", "unix:///run/edge.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "edge")
    assert [context.name for context in known_contexts() if context.current] == ["edge"]
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")
    assert [context.name for context in known_contexts() if context.current] == ["default"]


def test_what_is_broken_is_told_and_hides_nothing(folder: Path, add: Add) -> None:
    add("edge", "unix:///run/edge.sock")
    broken = add("broken", "", data=b"{")
    liar = add("liar", "", data=json.dumps({"Name": "edge", "Endpoints": {}}).encode())
    large = add("large", "", data=b" " * 100_000)
    pipe = add("pipe", "")
    pipe.unlink()
    os.mkfifo(pipe)
    (folder / "contexts/meta/README").write_text("not one of ours")
    (folder / "contexts/meta" / ("a" * 64)).mkdir()
    (folder / "config.json").write_text('{"auths": {"r": {"auth": "c2VjcmV0"}}')
    began = time.monotonic()
    told = by_name()
    assert time.monotonic() - began < 1
    assert told["edge"].usable
    assert not any(told[str(path)].usable for path in (broken, liar, large, pipe, folder / "config.json"))
    assert told[str(liar)].why == "Name: is not the context of this folder; remove the folder"
    assert told[str(pipe)].why.startswith("is not a regular file")
    assert told[str(large)].why.startswith("has ")
    assert told[str(folder / "contexts/meta" / ("a" * 64) / "meta.json")].why.startswith("there is no such file")
    assert not any("c2VjcmV0" in context.why for context in told.values())


def test_of_a_flood_the_first_are_read(folder: Path, add: Add) -> None:
    for number in range(MAX_CONTEXTS + 5):
        add(f"c{number}", f"unix:///run/{number}.sock")
    found = known_contexts()
    assert sum(context.usable for context in found) == MAX_CONTEXTS + 1
    assert "has 205 contexts; the first 200 are read" in found[-1].why


def test_a_name_does_not_drive_the_terminal(cli: Cli, add: Add) -> None:
    add("\x1b[31mred", "tcp://10.0.0.1:2375")
    cli("create-cluster")
    ran = cli("import-contexts", "\x1b[31mred", code=1)
    assert "UNSUPPORTED" in ran.err
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker command here")
def test_contexts_of_the_docker_command_are_read(folder: Path) -> None:
    environment = {**os.environ, "DOCKER_CONFIG": str(folder)}
    for name, host in (("one", "unix:///run/one.sock"), ("two+x", "ssh://me@box")):
        argv = ["docker", "context", "create", name, "--description", "d", "--docker", f"host={host}"]
        subprocess.run(argv, env=environment, check=True, capture_output=True)
    subprocess.run(["docker", "context", "use", "one"], env=environment, check=True, capture_output=True)
    told = by_name()
    assert (told["one"].endpoint, told["one"].current) == ("unix:///run/one.sock", True)
    assert (told["two+x"].endpoint, told["two+x"].instance_name) == ("ssh://me@box", "two-x")


def test_contexts_become_instances_on_real_engines(
    cli: Cli, folder: Path, add: Add, engines: list[Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engines[0].endpoint)
    add("edge", engines[1].endpoint)
    add("again", engines[1].endpoint)
    add("remote", "tcp://10.0.0.1:2375")
    cli("create-cluster")

    dry = cli("import-contexts", "--dry-run").json
    assert dry["containerInstances"] == [
        {"name": "default", "endpoint": engines[0].endpoint},
        {"name": "again", "endpoint": engines[1].endpoint},
    ]
    assert cli("list-container-instances").json["containerInstanceArns"] == []

    def reasons(shape: Any) -> dict[str, str]:
        return {failure["arn"]: failure["reason"] for failure in shape["failures"]}

    ran = cli("import-contexts", "default", "edge")
    assert [instance["name"] for instance in ran.json["containerInstances"]] == ["default", "edge"]
    assert all(instance["agentConnected"] for instance in ran.json["containerInstances"])
    assert ran.json["failures"] == []

    again = cli("import-contexts")
    assert again.json["containerInstances"] == []
    assert reasons(again.json) == {
        "default": "REGISTERED", "again": "REGISTERED", "edge": "REGISTERED", "remote": "UNSUPPORTED",
    }  # fmt: skip
    assert "moorage: UNSUPPORTED: context remote: endpoint 'tcp://10.0.0.1:2375' is plain TCP" in again.err

    named = cli("import-contexts", "remote", "edgy", code=1)
    assert reasons(named.json) == {"remote": "UNSUPPORTED", "edgy": "MISSING"}
    assert "docker context 'edgy' not found; did you mean 'edge'?" in named.err


def test_a_name_that_is_taken_and_an_engine_that_does_not_answer(
    cli: Cli, add: Add, engine: Daemon, tmp_path: Path
) -> None:
    add("edge", f"unix://{tmp_path}/nobody.sock")
    cli("create-cluster")
    refused = cli("import-contexts", "edge", code=1).json["failures"]
    assert [failure["reason"] for failure in refused] == ["AGENT"]
    cli("register-container-instance", "--name", "edge", "--endpoint", engine.endpoint)
    (taken,) = cli("import-contexts", "edge").json["failures"]
    assert taken["reason"] == "REGISTERED"
    assert "has another instance 'edge' already" in taken["detail"]
    cli("import-contexts", "--cluster", "nowhere", code=1)
