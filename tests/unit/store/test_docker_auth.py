"""What registries are shown: from Docker's own configuration, in all its forms, and never a secret in an error."""

from __future__ import annotations

import os
import threading
import traceback
from typing import Any

import pytest

from app.model.errors import MoorageError
from app.model.registry import Credential
from app.store import docker_auth
from app.store.docker_auth import DockerAuth
from app.store.docker_login import keep_login
from tests.docker_folder import CANARY, NOT_FOUND, DockerFolder, auth

HUB = "https://index.docker.io/v1/"


def shown(docker: DockerFolder, registry: str) -> tuple[str, str, str, str] | None:
    found = DockerAuth(docker.environ).credential(registry)
    return None if found is None else (found.server, found.username, found.password, found.identity_token)


def test_without_a_file_nothing_is_shown(docker: DockerFolder) -> None:
    assert shown(docker, "registry.lan") is None


@pytest.mark.parametrize(
    ("entry", "user", "password", "token"),
    [
        (auth("me", "pass:word"), "me", "pass:word", ""),
        (auth("me", "é\0\0"), "me", "é", ""),
        ({"username": "me", "password": "p"}, "me", "p", ""),
        ({**auth("me", "p"), "username": "other"}, "me", "p", ""),
        ({"identitytoken": "T"}, "", "", "T"),
        ({**auth("me", ""), "identitytoken": "T"}, "", "", "T"),
        ({**auth("me", "p"), "email": "me@lan"}, "me", "p", ""),
    ],
)
def test_the_forms_of_an_entry(docker: DockerFolder, entry: Any, user: str, password: str, token: str) -> None:
    docker.write(auths={"https://registry.lan/v1/": entry})
    assert shown(docker, "registry.lan") == ("registry.lan", user, password, token)
    assert shown(docker, "other.lan") is None


def test_docker_hub_by_its_key(docker: DockerFolder) -> None:
    docker.write(auths={HUB: auth("me", "p")})
    assert shown(docker, "docker.io") == (HUB, "me", "p", "")


def test_the_longest_key_for_an_image(docker: DockerFolder) -> None:
    docker.write(auths={"q.io": auth("all", "p"), "q.io/team": auth("team", "p")})
    for asked, user in (("q.io/team/web", "team"), ("q.io/teams/web", "all"), ("q.io", "all")):
        assert (shown(docker, asked) or ("", "nobody"))[1] == user


@pytest.mark.parametrize("entry", [{}, {"email": "me@lan"}, {"username": "", "password": "p"}])
def test_an_entry_that_names_nobody_is_a_mark_and_no_login(docker: DockerFolder, entry: Any) -> None:
    docker.write(auths={"registry.lan": entry})
    assert shown(docker, "registry.lan") is None


def test_helpers_by_registry_and_one_for_all_others(docker: DockerFolder) -> None:
    for name in ("one", "all"):
        docker.helper(name, f"""read -r s; echo '{{"Username": "{name} '"$s"'", "Secret": "s"}}'""")
    docker.write(credHelpers={"one.lan": "one", "https://none.lan": ""}, credsStore="all")
    assert shown(docker, "one.lan/team/web") == ("one.lan", "one one.lan", "s", "")
    assert shown(docker, "two.lan") == ("two.lan", "all two.lan", "s", "")
    assert shown(docker, "docker.io") == (HUB, f"all {HUB}", "s", "")
    assert shown(docker, "none.lan") is None, "its own helper is none"


def test_what_a_helper_does_not_keep_may_be_in_the_file(docker: DockerFolder) -> None:
    docker.helper("x", f"echo '{NOT_FOUND}'; exit 1")
    docker.write(credsStore="x", auths={"registry.lan": auth("me", "p")})
    assert shown(docker, "registry.lan") == ("registry.lan", "me", "p", "")
    assert shown(docker, "other.lan") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{{"auths": {{"registry.lan": {{"auth": "{CANARY}"}}}}}}', 'auths."registry.lan".auth: is not USER:PASSWORD'),
        (f'{{"auths": {{"registry.lan": "{CANARY}"}}}}', 'auths."registry.lan": is not a JSON object'),
        (f'{{"auths": {{"registry.lan": {{"auth": ["{CANARY}"]}}}}}}', "has a member that is no text"),
        (f'{{"auths": {{"registry.lan": {{"identitytoken": ["{CANARY}"]}}}}}}', "has a member that is no text"),
        ('{"auths": {"registry.lan": {"auth": "bm9jb2xvbg=="}}}', "is not USER:PASSWORD in base64"),
        (f'{{"auths": ["{CANARY}"]}}', "auths: is not a JSON object"),
        (f'["{CANARY}"]', "is not a JSON object"),
        (f'{{"auths": {{"registry.lan": {{"auth": "{CANARY}', "line 1, column"),
        (f'{{"auths": "{CANARY}", "auths": {{}}}}', "the key 'auths' is there twice"),
        ("[" * 100_000, "nested deeper"),
        ('{"credsStore": 7}', "names a credential helper that is no text"),
        ('{"credsStore": "../../evil"}', "is no name of a credential helper"),
        (f'{{"x": "{"x" * (1 << 20)}"}}', "the limit is"),
    ],
)
def test_what_is_broken_is_one_line_with_its_place(docker: DockerFolder, text: str, words: str) -> None:
    docker.path.write_text(text)
    docker.path.chmod(0o600)
    with pytest.raises(MoorageError) as caught:
        shown(docker, "registry.lan")
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert "config.json" in caught.value.message
    told = caught.value.message + "".join(traceback.format_exception(caught.value))
    assert CANARY not in told.replace(text, "")


def test_a_file_that_every_user_may_write_is_not_believed(docker: DockerFolder) -> None:
    docker.write(auths={"registry.lan": auth("me", CANARY)})
    docker.path.chmod(0o666)
    with pytest.raises(MoorageError, match="can be written by every user"):
        shown(docker, "registry.lan")


def test_a_pipe_is_not_waited_for(docker: DockerFolder) -> None:
    os.mkfifo(docker.path)
    with pytest.raises(MoorageError, match="is not a regular file"):
        shown(docker, "registry.lan")


def test_the_file_is_read_again_when_it_changes(docker: DockerFolder) -> None:
    known = DockerAuth(docker.environ)
    assert known.credential("registry.lan") is None
    docker.write(auths={"registry.lan": auth("me", "one")})
    first = known.credential("registry.lan")
    docker.write(auths={"registry.lan": auth("me", "other")})
    second = known.credential("registry.lan")
    docker.path.unlink()
    assert [found and found.password for found in (first, second, known.credential("registry.lan"))] == [
        "one",
        "other",
        None,
    ]


def test_a_helper_is_asked_once_for_a_while_whoever_asks(docker: DockerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.helper("keychain")
    docker.write(credsStore="keychain")
    known = DockerAuth(docker.environ)
    threads = [threading.Thread(target=known.credential, args=("registry.lan",)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert docker.asked() == ["get"]
    known.credential("other.lan")
    assert docker.asked() == ["get"] * 2
    docker.write(credsStore="keychain", other=1)
    known.credential("registry.lan")
    assert docker.asked() == ["get"] * 3, "somebody may have logged in"
    monkeypatch.setattr(docker_auth, "HELPER_HOLDS", -1.0)
    for _ in range(2):
        DockerAuth(docker.environ).credential("registry.lan")
    assert docker.asked() == ["get"] * 5


def test_a_new_login_counts_at_once(docker: DockerFolder) -> None:
    docker.helper("keychain")
    docker.write(credsStore="keychain")
    known = DockerAuth(docker.environ)
    for password in ("one", "other"):
        keep_login(Credential("registry.lan", "me", password), docker.environ)
        found = known.credential("registry.lan")
        assert found is not None
        assert found.password == password


def test_one_that_fails_is_left_in_peace_for_a_while(docker: DockerFolder) -> None:
    docker.helper("x", f"echo get >> {docker.root}/asked; exit 3")
    docker.write(credsStore="x")
    known = DockerAuth(docker.environ)
    for _ in range(3):
        with pytest.raises(MoorageError, match="exit code 3"):
            known.credential("registry.lan")
    assert (docker.root / "asked").read_text().split() == ["get"]


def test_no_repr_has_a_secret(docker: DockerFolder) -> None:
    docker.write(auths={"registry.lan": auth("me", CANARY)})
    known = DockerAuth(docker.environ)
    found = known.credential("registry.lan")
    assert isinstance(found, Credential)
    assert CANARY not in repr(found) + repr(known) + str(found)
    assert found.source == str(docker.path)
