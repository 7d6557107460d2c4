"""login and logout: tried at a real registry by an engine, kept as docker keeps it, and the password told nowhere."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.store.home import SIMULATED_MARK
from tests.cli.calling import Cli, Ran
from tests.cli.process import command
from tests.docker_folder import DockerFolder, auth
from tests.engine_bed import Daemon, Registry
from tests.engine_bed.simulated import Simulated
from tests.faults.canary import CANARY, arguments_that_tell, files_that_tell, told_in
from tests.terminal import TerminalProgram

USER = "me"


@pytest.fixture
def cluster(clustered: Callable[..., Cli], engine: Daemon, docker_here: DockerFolder) -> Cli:
    return clustered(engine.endpoint)


@pytest.fixture
def private(registry: Registry) -> Registry:
    registry.require(USER, CANARY)
    return registry


@pytest.fixture
def login(cluster: Cli, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """``login("password", code=1)``: with the password on stdin."""

    def call(password: str | bytes, registry: str = registry.host, code: int = 0) -> Ran:
        given = password if isinstance(password, bytes) else f"{password}\n".encode()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given)))
        return cluster("login", registry, "--username", USER, "--password-stdin", code=code)

    return call


@contextmanager
def under(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=["000", "077"])
def test_a_login_opens_private_images_and_a_logout_closes_them(
    cluster: Cli, private: Registry, docker_here: DockerFolder, login: Callable[..., Ran], umask: int
) -> None:
    cluster.register({"name": "main", "image": private.push("app:1"), "command": ["sleep", "60"]})
    refused = cluster("run-task", "web", code=1)
    assert f"{private.host} wants to know who asks" in refused.err
    assert f"moorage login {private.host}" in refused.err

    with under(umask):
        ran = login(CANARY)
    told = {"registry": private.host, "username": USER, "containerInstance": "edge-1", "keptIn": str(docker_here.path)}
    assert ran.json == {"login": {**told, "encrypted": False}}
    assert f"the password is in {docker_here.path}, where it is not encrypted" in ran.err
    assert docker_here.read() == {"auths": {private.host: auth(USER, CANARY)}}
    assert stat.S_IMODE(docker_here.path.stat().st_mode) == 0o600
    cluster.run("web")

    assert cluster("logout", private.host).json == {
        "logout": {"registry": private.host, "removedFrom": [str(docker_here.path)]}
    }
    assert docker_here.read() == {"auths": {}}
    again = cluster("logout", private.host)
    assert again.json["logout"]["removedFrom"] == []
    assert f"there is no login into {private.host}" in again.err


def test_a_private_image_goes_from_one_host_to_all(
    clustered: Callable[..., Cli],
    engines: list[Daemon],
    shared_registry: Registry,
    docker_here: DockerFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared_registry.require(USER, CANARY)
    host, image = shared_registry.host, f"{shared_registry.host}/team/web:7"
    cli = clustered(*(engine.endpoint for engine in engines))
    cli("tag", "busybox:latest", "--tag", image, "--container-instances", "edge-1")
    refused = cli("push", image, code=1)
    assert f"{host} wants to know who asks" in refused.err
    assert f"moorage login {host}" in refused.err

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(f"{CANARY}\r\n".encode())))
    cli("login", host, "--username", USER, "--password-stdin", "--container-instance", "edge-2")
    cli("push", image)
    cli.register({"name": "main", "image": image, "command": ["sleep", "60"]})
    for instance in ("edge-2", "edge-3"):
        (task,) = cli("start-task", "web", "--container-instances", instance).json["tasks"]
        assert task["lastStatus"] == "RUNNING"
    cli("pull", image)
    assert len({engine.api.inspect_image(image)["Id"] for engine in engines}) == 1


def test_a_helper_keeps_it_without_a_warning(
    cluster: Cli, private: Registry, docker_here: DockerFolder, login: Callable[..., Ran]
) -> None:
    docker_here.helper("keychain")
    docker_here.write(credsStore="keychain")
    ran = login(CANARY)
    assert ran.json["login"]["keptIn"] == "docker-credential-keychain"
    assert ran.err == ""
    assert docker_here.read() == {"credsStore": "keychain", "auths": {private.host: {}}}
    cluster.register({"name": "main", "image": private.push("app:1"), "command": ["sleep", "60"]})
    cluster.run("web")
    assert cluster("logout", private.host).json["logout"]["removedFrom"] == ["docker-credential-keychain"]


def test_a_wrong_password_leaves_the_login_that_is_there(
    private: Registry, docker_here: DockerFolder, login: Callable[..., Ran]
) -> None:
    docker_here.write(auths={private.host: auth(USER, "old")})
    before = docker_here.path.read_bytes()
    ran = login(f"{CANARY}-wrong", code=1)
    (line,) = ran.err.splitlines()
    assert line.startswith(f"moorage: {private.host} does not take this username and password")
    assert docker_here.path.read_bytes() == before


def test_a_registry_that_is_down(registry: Registry, docker_here: DockerFolder, login: Callable[..., Ran]) -> None:
    registry.kill()
    (line,) = login(CANARY, code=1).err.splitlines()
    assert line.startswith(f"moorage: {registry.host} does not answer (")
    assert not docker_here.path.exists()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "the password is empty"),
        ("a\0b", "NUL"),
        (b"\xff\n", "is not UTF-8"),
        ("x" * 40_000, "more than 32,768 characters"),
    ],
)
def test_what_is_no_password(login: Callable[..., Ran], password: str | bytes, words: str) -> None:
    ran = login(password, code=2 if password == b"\xff\n" else 1)
    assert words in ran.err


@pytest.mark.parametrize("name", ["registry", "-x.lan", "a b.lan", "http://", "r.lan:x"])
def test_what_is_no_registry(cluster: Cli, name: str) -> None:
    ran = cluster("logout", f"--registry={name}", code=1)
    assert len(ran.err.splitlines()) == 1
    assert "is no registry" in ran.err


def test_without_a_terminal_the_password_has_to_come_from_stdin(cluster: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "give --password-stdin" in cluster("login", "r.lan", "--username", USER, code=2).err
    assert "Give --username" in cluster("login", "r.lan", "--password-stdin", code=2).err


def test_the_terminal_asks_and_shows_nothing_of_it(cluster: Cli, private: Registry, docker_here: DockerFolder) -> None:
    with TerminalProgram(command(cluster.home, "login", private.host)) as program:
        program.until(b"Username at 127.0.0.1:5000: ")
        program.press(f"{USER}\r".encode())
        program.until(b"Password of me: ")
        program.press(f"{CANARY}\r".encode())
        assert program.end() == 0
        assert not told_in(program.seen)
        assert program.modes() == program.modes_before
    assert docker_here.read() == {"auths": {private.host: auth(USER, CANARY)}}


def test_a_broken_configuration_is_told_and_what_is_for_everybody_is_pulled(
    cluster: Cli, registry: Registry, docker_here: DockerFolder
) -> None:
    docker_here.path.write_text(f'{{"auths": {{"{registry.host}": {{"auth": "{CANARY}"}}}}}}')
    docker_here.path.chmod(0o600)
    cluster.register({"name": "main", "image": registry.push("app:1"), "command": ["sleep", "60"]})
    ran = cluster("run-task", "web")
    (line,) = [line for line in ran.err.splitlines() if "warning" in line]
    assert line.startswith(f'moorage: warning: {docker_here.path}: auths."{registry.host}".auth: is not USER:PASSWORD')
    assert f"run moorage login {registry.host}" in ran.err
    assert CANARY not in ran.out + ran.err


def test_ten_tasks_are_refused_by_one_question(cluster: Cli, private: Registry, docker_here: DockerFolder) -> None:
    image = private.push("app:1")
    cluster.register({"name": "main", "image": image})
    before = len(private.requests(401))
    cluster("run-task", "web", code=1)
    one = len(private.requests(401)) - before
    cluster("run-task", "web", "--count", "10", code=1)
    assert len(private.requests(401)) - before == 2 * one


def test_repository_credentials_by_a_secret_of_this_machine(
    cluster: Cli, private: Registry, docker_here: DockerFolder, tmp_path: Path, engine: Daemon
) -> None:
    image = private.push("app:1")
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/registry-AbCdEf"
    own = {"repositoryCredentials": {"credentialsParameter": arn}}
    cluster.register({"name": "main", "image": image, "command": ["sleep", "60"], **own})
    refused = cluster("run-task", "web", code=1)
    assert f"secret {arn} has no source on this machine" in refused.err
    assert (engine.api.volumes()["Volumes"] or []) == [], "nothing was made"
    secret = tmp_path / "registry.json"
    secret.write_text(json.dumps({"username": USER, "password": CANARY}))
    secret.chmod(0o600)
    config = cluster.home / "config.toml"
    config.write_text(f'[secrets]\n"{arn}" = "file:{secret}"\n')
    config.chmod(0o600)
    cluster.run("web")


def test_the_password_is_told_nowhere(
    cluster: Cli, private: Registry, docker_here: DockerFolder, tmp_path: Path, engine: Daemon
) -> None:
    """In no output, no argument of any process, no file of Moorage and nothing on the host."""
    docker_here.helper("keychain")
    docker_here.write(credHelpers={private.host: "keychain"})
    image = private.push("app:1")
    cluster.register({"name": "main", "image": image, "command": ["sleep", "60"]})
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.update(arguments_that_tell())

    watching = threading.Thread(target=look)
    watching.start()
    told: list[bytes] = []
    try:
        told += [_login(cluster, private.host, password) for password in (f"{CANARY}-wrong", CANARY)]
        task = cluster.run("web")
        for verb in (("describe-tasks", "--tasks", task), ("events",), ("audit",), ("list-images",)):
            ran = cluster(*verb)
            told.append((ran.out + ran.err).encode())
    finally:
        over.set()
        watching.join(30)
    assert b"does not take this username" in told[0]
    assert b"docker-credential-keychain" in told[1]
    assert [output for output in told if told_in(output)] == []
    assert seen == set()
    assert files_that_tell(cluster.home) == []
    assert files_that_tell(docker_here.root) == []
    on_host: list[Any] = [engine.api.containers(all=True), engine.api.volumes(), engine.api.inspect_image(image)]
    assert not told_in(json.dumps(on_host).encode())


def test_an_instance_that_answers_tries_the_password(
    clustered: Callable[..., Cli],
    fresh_engine: Callable[..., Daemon],
    engine: Daemon,
    private: Registry,
    docker_here: DockerFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = fresh_engine()
    cli = clustered(dead.endpoint, engine.endpoint)
    dead.kill()

    def login(*more: str, code: int = 0) -> Ran:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(CANARY.encode())))
        return cli("login", private.host, "--username", USER, "--password-stdin", *more, code=code)

    assert "moorage: edge-1: no Docker Engine is listening there" in login("--container-instance", "edge-1", code=1).err
    assert not docker_here.path.exists()
    assert login().json["login"]["containerInstance"] == "edge-2"


def test_a_demo_has_logins_of_its_own(
    clustered: Callable[..., Cli], docker_here: DockerFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of its user's is shown to anybody, nor changed."""
    host = "vault.example"
    docker_here.write(auths={host: auth("shop", CANARY)})
    before = docker_here.path.read_bytes()
    made = Simulated(tmp_path, options=["--private", f"{host}=shop:harbor-4711"])
    try:
        cli = clustered(made.endpoint)
        (cli.home / "state" / SIMULATED_MARK).touch()
        assert f"{host} wants to know who asks" in cli("pull", f"{host}/model:3", code=1).err
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"harbor-4711\n")))
        told = cli("login", host, "--username", "shop", "--password-stdin").json["login"]
        assert told["keptIn"] == str(cli.home / "state" / "docker" / "config.json")
        assert f"{host} has no such image" in cli("pull", f"{host}/model:3", code=1).err
        assert cli("logout", host).json["logout"]["removedFrom"] == [told["keptIn"]]
    finally:
        made.close()
    assert docker_here.path.read_bytes() == before


def _login(cluster: Cli, registry: str, password: str) -> bytes:
    argv = command(cluster.home, "login", registry, "--username", USER, "--password-stdin")
    ran = subprocess.run(argv, input=f"{password}\n".encode(), capture_output=True, timeout=60, check=False)
    return ran.stdout + ran.stderr
