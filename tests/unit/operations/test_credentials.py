"""What a session shows to registries: from Docker's configuration, and a word about one that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.operations.session import Session
from app.store.home import SIMULATED_MARK, Home, resolve_home
from tests.docker_folder import CANARY, DockerFolder, auth

REGISTRY = "registry.lan"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return resolve_home(str(tmp_path / "home"), {})


def test_engines_show_what_the_configuration_has(docker_here: DockerFolder, home: Home) -> None:
    session = Session(home)
    assert session.credential_for(REGISTRY) is None
    docker_here.write(auths={REGISTRY: auth("me", CANARY)})
    found = session.credential_for(REGISTRY)
    assert found is not None
    assert (found.username, found.password) == ("me", CANARY)


def test_one_that_cannot_be_read_is_none_and_is_told_once(docker_here: DockerFolder, home: Home) -> None:
    session = Session(home)
    told: list[str] = []
    session.complain = told.append
    docker_here.write(auths={REGISTRY: {"auth": CANARY}})
    for _ in range(10):
        assert session.credential_for(REGISTRY) is None
    assert [line.startswith(f'{docker_here.path}: auths."{REGISTRY}".auth: ') for line in told] == [True]
    docker_here.write(credsStore="nowhere")
    assert session.credential_for(REGISTRY) is None
    assert len(told) == 2
    assert "docker-credential-nowhere is not on PATH" in told[1]
    assert CANARY not in "".join(told)


def test_a_demo_shows_nothing_of_its_users(docker_here: DockerFolder, home: Home) -> None:
    docker_here.write(auths={REGISTRY: auth("me", CANARY)})
    home.state.mkdir(parents=True)
    (home.state / SIMULATED_MARK).touch()
    session = Session(home)
    assert session.credential_for(REGISTRY) is None
    assert session.docker_environ["DOCKER_CONFIG"] == str(home.state / "docker")
