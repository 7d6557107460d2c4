"""Logins are kept as the docker command keeps them; all else in its file stays."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from app.model.registry import Credential
from app.store.docker_auth import DockerAuth
from app.store.docker_login import Kept, drop_login, keep_login
from tests.docker_folder import CANARY, DockerFolder, auth

SERVER = "registry.lan:5000"
LOGIN = Credential(SERVER, "me", CANARY)
TOKEN = Credential(SERVER, "me", identity_token=CANARY)


def shown(docker: DockerFolder) -> str | None:
    found = DockerAuth(docker.environ).credential(SERVER)
    return None if found is None else found.identity_token or f"{found.username}:{found.password}"


def test_a_file_is_made_that_nobody_else_can_read(docker: DockerFolder, any_umask: int) -> None:
    docker.root.rmdir()
    assert keep_login(LOGIN, docker.environ) == Kept(str(docker.path), plain=True)
    assert docker.read() == {"auths": {SERVER: auth("me", CANARY)}}
    assert stat.S_IMODE(docker.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(docker.root.stat().st_mode) == 0o700
    assert [path.name for path in docker.root.iterdir()] == ["config.json"]
    assert shown(docker) == f"me:{CANARY}"


def test_a_token_is_kept_instead_of_the_password(docker: DockerFolder) -> None:
    keep_login(TOKEN, docker.environ)
    assert docker.read() == {"auths": {SERVER: {**auth("me", ""), "identitytoken": CANARY}}}
    assert shown(docker) == CANARY


def test_all_else_stays_in_its_order(docker: DockerFolder) -> None:
    before = {"z": [1, "é", None], "auths": {"b.lan": auth("b", "b"), SERVER: auth("old", "old"), "a.lan": {}}, "a": {}}
    docker.write(**before)
    docker.path.chmod(0o644)
    keep_login(LOGIN, docker.environ)
    after = docker.read()
    assert list(after) == ["z", "auths", "a"]
    assert after["z"] == before["z"]
    assert list(after["auths"]) == ["b.lan", SERVER, "a.lan"]
    assert after["auths"][SERVER] == auth("me", CANARY)
    assert stat.S_IMODE(docker.path.stat().st_mode) == 0o600
    assert docker.path.read_text().startswith('{\n\t"z"'), "as the docker command indents it"


def test_a_file_without_a_login_yet(docker: DockerFolder) -> None:
    for before in ({"auths": None, "a": 1}, {"a": 1}):
        docker.write(**before)
        keep_login(LOGIN, docker.environ)
        assert docker.read() == {**before, "auths": {SERVER: auth("me", CANARY)}}


def test_another_spelling_of_the_registry_gives_way(docker: DockerFolder) -> None:
    docker.write(auths={f"https://{SERVER}/v1/": auth("old", "old"), f"{SERVER}/team": auth("team", "p")})
    keep_login(LOGIN, docker.environ)
    assert list(docker.read()["auths"]) == [f"{SERVER}/team", SERVER]


def test_a_link_is_followed(docker: DockerFolder, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    docker.path.symlink_to(real)
    keep_login(LOGIN, docker.environ)
    assert docker.path.is_symlink()
    assert SERVER in real.read_text()
    assert shown(docker) == f"me:{CANARY}"


@pytest.mark.parametrize("members", [{"credsStore": "keychain"}, {"credHelpers": {SERVER: "keychain"}}])
def test_a_helper_keeps_it_and_the_file_has_a_mark(docker: DockerFolder, members: dict[str, object]) -> None:
    docker.helper("keychain")
    docker.write(auths={SERVER: auth("old", "old")}, **members)
    assert keep_login(LOGIN, docker.environ) == Kept("docker-credential-keychain", plain=False)
    assert docker.read() == {"auths": {SERVER: {}}, **members}
    assert shown(docker) == f"me:{CANARY}"
    keep_login(TOKEN, docker.environ)
    assert shown(docker) == CANARY
    assert drop_login(SERVER, docker.environ) == ["docker-credential-keychain"]
    assert docker.read() == {"auths": {}, **members}
    assert shown(docker) is None
    assert drop_login(SERVER, docker.environ) == []


def test_a_helper_that_fails_changes_nothing(docker: DockerFolder) -> None:
    docker.helper("x", "exit 3")
    docker.write(credsStore="x")
    before = docker.path.read_text()
    with pytest.raises(MoorageError, match="store failed"):
        keep_login(LOGIN, docker.environ)
    assert docker.path.read_text() == before


@pytest.mark.parametrize("text", ["[]", '{"auths": []}', "{", '{"auths": {}, "auths": {}}'])
def test_a_broken_file_is_left_as_it_is(docker: DockerFolder, text: str) -> None:
    docker.path.write_text(text)
    with pytest.raises(MoorageError):
        keep_login(LOGIN, docker.environ)
    assert docker.path.read_text() == text


def test_logging_out_of_every_spelling(docker: DockerFolder) -> None:
    docker.write(auths={f"http://{SERVER}": auth("a", "a"), SERVER: auth("b", "b"), "other.lan": auth("c", "c")})
    assert drop_login(SERVER, docker.environ) == [str(docker.path)]
    assert docker.read() == {"auths": {"other.lan": auth("c", "c")}}
    assert drop_login(SERVER, docker.environ) == []


def test_logging_out_makes_no_file(docker: DockerFolder) -> None:
    docker.root.rmdir()
    assert drop_login(SERVER, docker.environ) == []
    assert not docker.root.exists()


def test_many_at_once_lose_nothing(docker: DockerFolder) -> None:
    servers = [f"r{number}.lan" for number in range(12)]
    threads = [threading.Thread(target=keep_login, args=(Credential(s, "me", "p"), docker.environ)) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(docker.read()["auths"]) == sorted(servers)
    assert os.listdir(docker.root) == ["config.json"]
