from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.environment import ContainerEnvironment
from app.model.errors import MoorageError
from app.model.task_definition import TaskDefinition
from app.operations.environment import resolve_environments
from app.store.config import Config
from app.store.local_sources import LocalSources

CANARY = "canary-51c8"
FIRST, SECOND = "arn:aws:s3:::bucket/first.env", "arn:aws:s3:::bucket/second.env"


def pairs(**variables: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def references(**variables: str) -> list[dict[str, str]]:
    return [{"name": name, "valueFrom": value} for name, value in variables.items()]


def files(*arns: str) -> list[dict[str, str]]:
    return [{"value": arn, "type": "s3"} for arn in arns]


def definition(**containers: dict[str, Any]) -> TaskDefinition:
    made = [{"name": name, "image": "busybox", "memory": 32, **members} for name, members in containers.items()]
    return TaskDefinition.model_validate({"family": "web", "containerDefinitions": made})


def sources(folder: Path, **environ: str) -> LocalSources:
    """Each variable is a secret of its name; first.env and second.env are where they are."""
    secrets = {name: f"env:{name}" for name in environ}
    return LocalSources(Config(secrets=secrets, environment_files={FIRST: "1.env", SECOND: "2.env"}), folder, environ)


def test_a_container_without_any_has_none(tmp_path: Path) -> None:
    assert resolve_environments(definition(web={}), sources(tmp_path)) == {"web": ContainerEnvironment((), {})}


def test_secrets_win_over_the_environment_and_that_over_files_of_which_the_first_wins(tmp_path: Path) -> None:
    (tmp_path / "1.env").write_text("A=first\nB=first\nC=first\nD=first\nD=later\n")
    (tmp_path / "2.env").write_text("D=second\nE=second\n")
    web = {
        "environmentFiles": files(FIRST, SECOND),
        "environment": pairs(B="environment", A="environment"),
        "secrets": references(C="S", A="S"),
    }
    found = resolve_environments(definition(web=web), sources(tmp_path, S="secret"))
    assert found["web"].variables == (
        ("B", "environment"), ("A", "secret"), ("C", "secret"), ("D", "later"), ("E", "second"),
    )  # fmt: skip


@given(*[st.dictionaries(st.sampled_from("ABCDEF"), st.text("xyz", min_size=1, max_size=3))] * 4)
def test_each_name_is_there_once_with_the_value_of_the_highest(
    tmp_path_factory: pytest.TempPathFactory,
    secret: dict[str, str], environment: dict[str, str], first: dict[str, str], second: dict[str, str],
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("config")
    for name, variables in (("1.env", first), ("2.env", second)):
        (folder / name).write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
    web = {
        "environmentFiles": files(FIRST, SECOND),
        "environment": pairs(**environment),
        "secrets": references(**{name: name for name in secret}),
    }
    found = resolve_environments(definition(web=web), sources(folder, **secret))["web"].variables
    assert dict(found) == second | first | environment | secret
    assert len(dict(found)) == len(found)


def test_options_of_the_log_driver_get_their_secrets(tmp_path: Path) -> None:
    log = {"logDriver": "splunk", "options": {"splunk-url": "u", "splunk-token": "x"}}
    web = {"logConfiguration": log | {"secretOptions": references(**{"splunk-token": "S"})}}
    found = resolve_environments(definition(web=web, plain={"logConfiguration": log}), sources(tmp_path, S="secret"))
    assert found["web"].log_options == {"splunk-url": "u", "splunk-token": "secret"}
    assert found["plain"].log_options == log["options"]
    assert found["web"].variables == ()


def test_each_container_has_its_own(tmp_path: Path) -> None:
    made = definition(web={"secrets": references(A="S")}, db={"environment": pairs(A="1")})
    found = resolve_environments(made, sources(tmp_path, S="secret"))
    assert {name: environment.variables for name, environment in found.items()} == {
        "web": (("A", "secret"),),
        "db": (("A", "1"),),
    }


def test_no_region_is_injected(tmp_path: Path) -> None:
    found = resolve_environments(definition(web={"environment": pairs(A="1")}), sources(tmp_path, AWS_REGION="x"))
    assert found["web"].variables == (("A", "1"),)


def test_all_that_is_missing_is_told_at_once_a_line_each(tmp_path: Path) -> None:
    web = {
        "secrets": references(A="missing-1", B="there"),
        "environmentFiles": files(FIRST, "arn:aws:s3:::bucket/unknown.env"),
        "logConfiguration": {"logDriver": "splunk", "secretOptions": references(token="missing-2")},
    }
    made = definition(web=web, db={"secrets": references(A="missing-1", B="missing-3")})
    with pytest.raises(MoorageError) as caught:
        resolve_environments(made, sources(tmp_path, there=CANARY))
    lines = caught.value.message.split("\n")
    told = ["missing-1", FIRST, "arn:aws:s3:::bucket/unknown.env", "missing-2", "missing-3"]
    assert [reference in line for reference, line in zip(told, lines, strict=True)] == [True] * 5
    assert caught.value.code == "ResourceInitializationError"
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_no_repr_and_no_log_shows_a_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    (tmp_path / "1.env").write_text(f"FILE={CANARY}")
    web = {
        "secrets": references(KEY="S"),
        "environmentFiles": files(FIRST),
        "logConfiguration": {"logDriver": "splunk", "secretOptions": references(token="S")},
    }
    local = sources(tmp_path, S=CANARY)
    found = resolve_environments(definition(web=web), local)
    assert CANARY in str(found["web"].variables)
    assert CANARY in str(found["web"].log_options)
    assert CANARY not in f"{found!r} {found['web']} {local!r} {caplog.text}"


LOGIN = {"repositoryCredentials": {"credentialsParameter": "LOGIN"}}


def test_repository_credentials_are_for_the_registry_of_the_containers_own_image(tmp_path: Path) -> None:
    told = f'{{"username": "me", "password": "{CANARY}"}}'
    private = {"image": "registry.lan:5000/team/web:7", **LOGIN}
    found = resolve_environments(definition(web=private, db={}, hub=LOGIN), sources(tmp_path, LOGIN=told))
    web, hub = found["web"].credential, found["hub"].credential
    assert web is not None
    assert hub is not None
    assert (web.server, web.username, web.password) == ("registry.lan:5000", "me", CANARY)
    assert hub.server == "https://index.docker.io/v1/"
    assert found["db"].credential is None
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "has no source on this machine"),
        (f"me:{CANARY}", "it is not a sound JSON document"),
        (f'["{CANARY}"]', "it is not a JSON object"),
        (f'{{"user": "{CANARY}"}}', "its JSON object has no member 'username'"),
        (f'{{"username": "{CANARY}"}}', "its JSON object has no member 'password'"),
        (f'{{"username": "{CANARY}", "password": ""}}', "its username or its password is empty"),
        (
            f'{{"username": "{CANARY}", "password": ["{CANARY}"]}}',
            "the member 'password' of its JSON object is no text",
        ),
    ],
)
def test_repository_credentials_that_cannot_be_had_refuse_the_launch(
    tmp_path: Path, told: str | None, words: str
) -> None:
    environ = {} if told is None else {"LOGIN": told}
    with pytest.raises(MoorageError) as refused:
        resolve_environments(definition(web=LOGIN), sources(tmp_path, **environ))
    assert refused.value.code == "ResourceInitializationError"
    assert words in refused.value.message
    assert "LOGIN" in refused.value.message
    assert str(tmp_path / "config.toml") in refused.value.message
    assert CANARY not in "".join(traceback.format_exception(refused.value))
