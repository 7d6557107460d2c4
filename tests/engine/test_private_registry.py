"""Private images at a launch: a real registry with a password, and every way in which Moorage may know it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.logging_in import try_login
from app.hosts.images.pulling import pull
from app.model.environment import ContainerEnvironment
from app.model.registry import Credential
from app.model.task import Task
from app.store.docker_auth import DockerAuth
from tests.docker_folder import CANARY, DockerFolder, auth
from tests.engine.launching import Bench, definition, left, only_records
from tests.engine_bed import Daemon, Registry, wait_until
from tests.engine_bed.certificates import Authority, needs_openssl

USER = "me"


@pytest.fixture
def bench(engine: Daemon, docker: DockerFolder) -> Bench:
    return with_logins(Bench(engine), docker)


@pytest.fixture
def image(registry: Registry) -> str:
    """A private one, which no engine has."""
    registry.require(USER, CANARY)
    return registry.push("app:1")


def with_logins(bench: Bench, docker: DockerFolder) -> Bench:
    bench.engine = Engine(parse_endpoint(bench.daemon.endpoint), credentials=DockerAuth(docker.environ).credential)
    return bench


def launch(bench: Bench, *containers: dict[str, Any], **environments: ContainerEnvironment) -> Task:
    made = definition(*({"name": "web", **given} for given in containers))
    return bench.launcher().launch(replace(bench.order(made), environments=environments))


def refused(bench: Bench, image: str, **environments: ContainerEnvironment) -> str:
    """Why the task was stopped, in one line without the secret."""
    task = launch(bench, {"image": image}, **environments)
    assert task.last_status == "STOPPED"
    assert only_records(left(bench.daemon))
    assert CANARY not in repr(task) + repr(bench.told)
    assert "\n" not in task.stopped_reason
    return task.stopped_reason


def test_without_a_login_the_reason_says_how_to_log_in(bench: Bench, registry: Registry, image: str) -> None:
    reason = refused(bench, image)
    assert reason.startswith(f"CannotPullContainerError: {image}: {registry.host} wants to know who asks")
    assert reason.endswith(f"moorage login {registry.host}, or check the name")


def test_a_login_in_the_file(bench: Bench, docker: DockerFolder, registry: Registry, image: str) -> None:
    docker.write(auths={f"http://{registry.host}/v2/": auth(USER, CANARY)})
    assert launch(bench, {"image": image}).last_status == "RUNNING"


def test_a_login_that_a_helper_keeps(bench: Bench, docker: DockerFolder, registry: Registry, image: str) -> None:
    told = json.dumps({"ServerURL": registry.host, "Username": USER, "Secret": CANARY})
    docker.helper("x", f"read -r s; [ \"$s\" = {registry.host} ] && echo '{told}'")
    docker.write(credHelpers={registry.host: "x"})
    assert launch(bench, {"image": image}).last_status == "RUNNING"


def test_repository_credentials_go_before_the_file(
    bench: Bench, docker: DockerFolder, registry: Registry, image: str
) -> None:
    docker.write(auths={registry.host: auth(USER, "wrong")})
    own = ContainerEnvironment(credential=Credential(registry.host, USER, CANARY))
    assert launch(bench, {"image": image}, web=own).last_status == "RUNNING"


def test_each_container_shows_its_own(bench: Bench, registry: Registry, image: str) -> None:
    """The same image: what one may have the other may not."""
    own = ContainerEnvironment(credential=Credential(registry.host, USER, CANARY))
    other = ContainerEnvironment(credential=Credential(registry.host, "other", CANARY))
    task = launch(bench, {"name": "other", "image": image, "essential": False}, {"image": image}, web=own, other=other)
    assert task.last_status == "RUNNING"
    assert registry.requests(401)
    assert f"{registry.host} does not let other pull this" in repr(bench.told)


def test_a_wrong_password_names_who_was_refused(
    bench: Bench, docker: DockerFolder, registry: Registry, image: str
) -> None:
    docker.write(auths={registry.host: auth(USER, f"{CANARY}-wrong")})
    reason = refused(bench, image)
    assert reason.startswith(f"CannotPullContainerError: {image}: {registry.host} does not let {USER} pull this")
    assert f"moorage login {registry.host}" in reason


def test_a_tag_that_is_not_there(bench: Bench, docker: DockerFolder, registry: Registry, image: str) -> None:
    docker.write(auths={registry.host: auth(USER, CANARY)})
    missing = image.replace("app:1", "app:2")
    assert f"{missing}: {registry.host} has no such image or tag" in refused(bench, missing)


def test_one_who_was_refused_does_not_ask_again_in_a_rush(
    bench: Bench, docker: DockerFolder, registry: Registry, image: str
) -> None:
    refused(bench, image)
    once = len(registry.requests(401))
    assert once
    for _ in range(5):
        assert "wants to know who asks" in refused(bench, image)
    assert len(registry.requests(401)) == once
    docker.write(auths={registry.host: auth(USER, CANARY)})
    assert launch(bench, {"image": image}).last_status == "RUNNING", "a login counts at once"


def test_one_registry_and_every_host_with_nothing_installed(
    engines: list[Daemon], shared_registry: Registry, docker: DockerFolder
) -> None:
    shared_registry.require(USER, CANARY)
    image = shared_registry.push("app:1")
    docker.write(auths={shared_registry.host: auth(USER, CANARY)})
    for daemon in engines:
        assert launch(with_logins(Bench(daemon), docker), {"image": image}).last_status == "RUNNING"


def test_docker_py_reads_no_configuration(
    engine: Daemon, docker: DockerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for ever on a pipe, and have every password in its memory."""
    os.mkfifo(docker.path)
    monkeypatch.setenv("DOCKER_CONFIG", str(docker.root))
    opened = Engine(parse_endpoint(engine.endpoint))
    opened.ping()
    with pytest.raises(HostError, match="does not answer"):
        pull(opened, "127.0.0.1:5000/app:1")


class TestTryingALogin:
    def tried(self, bench: Bench, registry: str, password: str = CANARY) -> str:
        """ "" when the registry takes it, else why not."""
        try:
            assert try_login(bench.engine, registry, Credential(registry, USER, password)) == ""
        except HostError as error:
            assert CANARY not in error.message
            assert "\n" not in error.message
            return error.message
        return ""

    def test_the_right_and_the_wrong_password(self, bench: Bench, registry: Registry) -> None:
        registry.require(USER, CANARY)
        assert self.tried(bench, registry.host) == ""
        told = self.tried(bench, registry.host, f"{CANARY}-wrong")
        assert told.startswith(f"{registry.host} does not take this username and password")

    def test_a_registry_that_is_down(self, bench: Bench, registry: Registry) -> None:
        registry.kill()
        assert self.tried(bench, registry.host).startswith(f"{registry.host} does not answer (")

    def test_a_host_that_nobody_knows(self, bench: Bench) -> None:
        assert self.tried(bench, "registry.invalid").startswith("the host cannot find registry.invalid (")

    def test_something_that_is_no_registry(self, bench: Bench) -> None:
        with serving(bench.daemon, "127.0.0.1", 5002):
            assert "does not answer as a registry" in self.tried(bench, "127.0.0.1:5002")

    def test_one_without_tls_where_docker_wants_it(self, bench: Bench) -> None:
        with serving(bench.daemon, "172.17.0.1", 5002):
            told = self.tried(bench, "172.17.0.1:5002")
        assert told.startswith("172.17.0.1:5002 speaks no TLS")
        assert '"insecure-registries": ["172.17.0.1:5002"]' in told

    def test_a_certificate_that_the_host_does_not_trust(self, bench: Bench, tmp_path: Path) -> None:
        needs_openssl()
        cert, key = Authority(tmp_path / "ca").signed("server", "IP:172.17.0.1")
        with serving(bench.daemon, "172.17.0.1", 5002, cert, key):
            told = self.tried(bench, "172.17.0.1:5002")
        assert told.startswith("the host does not trust the certificate of 172.17.0.1:5002")
        assert "put its CA at /etc/docker/certs.d/172.17.0.1:5002/ca.crt" in told


def test_a_token_that_a_registry_gives_stands_for_the_password(bench: Bench, tmp_path: Path) -> None:
    host, asked = "127.0.0.1:5002", tmp_path / "asked"
    with serving(bench.daemon, "127.0.0.1", 5002, asked, script=TOKENS):
        token = try_login(bench.engine, host, Credential(host, USER, CANARY))
        assert token == "token-for-me"
        asked.write_text("")
        own = ContainerEnvironment(credential=Credential(host, USER, identity_token=token))
        assert "has no such image or tag" in refused(bench, f"{host}/app:1", web=own)
    assert "refresh_token=token-for-me" in asked.read_text()
    assert CANARY not in asked.read_text()


def test_the_registry_is_down_in_a_pull(bench: Bench, registry: Registry) -> None:
    registry.kill()
    with pytest.raises(HostError, match=r"127\.0\.0\.1:5000 does not answer .*connection refused"):
        pull(bench.engine, f"{registry.host}/app:1")


SERVER = """
import http.server, ssl, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)
    do_HEAD = do_POST = do_GET

server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[3:])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


TOKENS = """
import base64, http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers.get("Authorization", "")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(sys.argv[3], "a") as asked:
            asked.write(f"{self.path} {known} {body}\\n")
        if self.path.startswith("/token"):
            return self.say(200, {"token": "A", "access_token": "A", "refresh_token": "token-for-me", "expires_in": 60})
        if known != "Bearer A":
            realm = f'Bearer realm="http://{sys.argv[1]}:{sys.argv[2]}/token",service="here"'
            return self.say(401, {}, ("WWW-Authenticate", realm))
        if self.path == "/v2/":
            return self.say(200, {})
        self.say(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]})

    do_HEAD = do_POST = do_GET

    def say(self, status, body, *headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


@contextmanager
def serving(daemon: Daemon, host: str, port: int, *more: Path, script: str = SERVER) -> Iterator[None]:
    """An HTTP server on an engine's machine. ``more``: of SERVER, which is no registry, a certificate and its key."""
    argv = [sys.executable, "-c", script, host, str(port), *map(str, more)]
    process = subprocess.Popen(daemon.machine.on_its_network(argv), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: daemon.connect(port, host=host), ignoring=(OSError,)).close()
        yield
    finally:
        process.kill()
        process.wait(10)
