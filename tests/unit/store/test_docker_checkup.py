from __future__ import annotations

import pytest

from app.store.docker_checkup import check_logins
from tests.docker_folder import CANARY, DockerFolder, auth


def told(docker: DockerFolder) -> list[tuple[str, str, str]]:
    found = list(check_logins(docker.environ))
    assert {check.name for check in found} <= {"logins"}
    assert CANARY not in repr(found)
    return [(check.status, check.detail, check.remedy) for check in found]


def test_nothing_is_told_of_nothing(docker: DockerFolder) -> None:
    assert told(docker) == []
    docker.write(auths={"registry.lan": {}}, credHelpers={}, credsStore="", currentContext="default")
    assert told(docker) == []


def test_logins_and_helpers_that_are_fit(docker: DockerFolder) -> None:
    docker.helper("one", f"touch {docker.root}/ran")
    docker.helper("all", f"touch {docker.root}/ran")
    docker.write(auths={"a.lan": auth("me", CANARY), "b.lan": {}}, credHelpers={"c.lan": "one"}, credsStore="all")
    assert told(docker) == [("ok", f"1 in {docker.path}, docker-credential-one, docker-credential-all", "")]
    assert not (docker.root / "ran").exists()


def test_passwords_that_others_may_read(docker: DockerFolder) -> None:
    docker.write(auths={"a.lan": auth("me", CANARY)})
    docker.path.chmod(0o644)
    assert told(docker) == [
        ("warning", f"{docker.path} has passwords and mode 0644: others may read them", f"chmod 600 {docker.path}")
    ]
    docker.write(auths={"a.lan": {}})
    docker.path.chmod(0o644)
    assert told(docker) == [], "there is nothing to read"


def test_helpers_that_are_not_there_or_no_names(docker: DockerFolder) -> None:
    docker.write(credHelpers={"a.lan": "nowhere", "b.lan": "../x", "c.lan": 7}, credsStore="nowhere")
    details = [detail for status, detail, _ in told(docker) if status == "warning"]
    assert len(details) == 3
    assert "docker-credential-nowhere is not on PATH" in details[0]
    assert "'../x' is no name of a credential helper" in details[1]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_file(docker: DockerFolder, text: str) -> None:
    docker.path.write_text(text)
    ((status, detail, _),) = told(docker)
    assert status == "warning"
    assert detail.startswith(f"{docker.path}: ")
