"""What is masked, and what a masked document still tells."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given

from app.model.masking import MASK, Masker, looks_secret
from tests.unit.generated import definitions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "x"),
        ("dbPassword", "x"),
        ("PGPASSWORD", "x"),
        ("MYSQL_ROOT_PWD", "x"),
        ("API_KEY", "x"),
        ("SECRET_KEY_BASE", "x"),
        ("aws-secret-access-key", "x"),
        ("SENTRY_DSN", "x"),
        ("REDIS_AUTH", "x"),
        ("CONNECTION_STRING", "x"),
        ("A", "AKIAABCDEFGHIJKLMNOP"),
        ("A", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("DATABASE_URL", "postgres://user:hunter2@db/app"),
        ("A", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ("A", "ghp_" + "a" * 36),
        ("STRIPE_KEY", "x"),
        ("PASSWORD", "1234"),
    ],
)
def test_a_secret_is_known_by_its_name_or_its_form(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_TTL", "30"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/db"),
        ("PUBLIC_KEY", "ssh-ed25519 AAAA"),
        ("KEYBOARD", "us"),
        ("SORT_KEY", "name"),
        ("PWD", "/work"),
        ("COMPASS", "north"),
        ("author", "me"),
        ("PASSWORD", "true"),
        ("MAX_TOKENS", "4096"),
        ("TOKENS_PER_MINUTE", "5"),
        ("OBJECT_KEY", "a/b"),
        ("URL", "https://example.org:8080/a@b"),
        ("LOG_LEVEL", "info"),
        ("", ""),
    ],
)
def test_what_only_sounds_like_one_is_not_masked(name: str, value: str) -> None:
    assert not looks_secret(name, value)


def test_equal_secrets_are_equal_and_others_are_not() -> None:
    masker = Masker()
    one = masker.masked({"environment": [{"name": "TOKEN", "value": "a"}, {"name": "MY_TOKEN", "value": "b"}]})
    other = masker.masked({"environment": [{"name": "TOKEN", "value": "b"}, {"name": "MY_TOKEN", "value": "b"}]})
    values = [pair["value"] for pair in (*one["environment"], *other["environment"])]
    assert values == [MASK, f"{MASK}#2", f"{MASK}#2", f"{MASK}#2"]


def test_secrets_are_masked_wherever_they_stand() -> None:
    document = {
        "containerDefinitions": [
            {
                "name": "a",
                "command": ["psql", "--password", "hunter2", "--user=me", "--token=hunter3"],
                "healthCheck": {
                    "command": ["CMD-SHELL", "PGPASSWORD='hunter4 too' psql; curl -u x https://u:hunter5@h/"]
                },
                "dockerLabels": {"my.api-key": "hunter6", "shown": "yes"},
                "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "hunter7"}},
                "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:of:it"}],
            }
        ]
    }
    before = copy.deepcopy(document)
    masked = repr(Masker().masked(document))
    assert "hunter" not in masked
    assert "arn:of:it" in masked
    assert "--user=me" in masked
    assert document == before


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('curl -d \'{"password": "a b", "n": "c"}\'', 'curl -d \'{"password": "•", "n": "c"}\''),
        ('x "{\\"token\\":\\"a\\"}"', 'x "{\\"token\\":\\"•\\"}"'),
        ('all="PASSWORD=a"', 'all="PASSWORD=•"'),
        ("x --password a --user me --password-stdin b", "x --password • --user me --password-stdin b"),
        ("-H 'Authorization: Bearer abcdefgh' -H \"X-Api-Key: a\"", "-H 'Authorization: •' -H \"X-Api-Key: •#2\""),
        ("Server=db;Password=a;Database=b", "Server=db;Password=•;Database=b"),
        ("postgres://u:p@ss@db/app", "postgres://•@db/app"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nand so on", "•\nand so on"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE, cut off", "•"),
        ("--token=$TOKEN --password ${PW}", "--token=$TOKEN --password ${PW}"),
        ("registry/auth:1.2", "registry/auth:1.2"),
        ("secrets:/run/secrets:ro", "secrets:/run/secrets:ro"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:db", "arn:aws:secretsmanager:eu-west-1:1:secret:db"),
        ("x" * 65_536 + "PASSWORD=a", "x" * 65_536 + "•"),
    ],
)
def test_of_a_text_only_the_secrets_are_replaced(text: str, shown: str) -> None:
    assert Masker().text(text) == shown.replace("•", MASK)


def test_a_command_behind_a_flag_of_one_letter_is_shown() -> None:
    assert Masker().masked(["sh", "-c", "curl https://u:hunter2@h/"]) == ["sh", "-c", f"curl https://{MASK}@h/"]


def test_of_an_address_with_a_password_the_host_is_shown() -> None:
    pair = {"name": "DATABASE_URL", "value": "postgres://u:hunter2@db/app"}
    assert Masker().masked(pair)["value"] == f"postgres://{MASK}@db/app"


@given(definitions())
def test_any_document_is_masked_without_an_error_and_keeps_its_shape(document: dict[str, Any]) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return [shape(item) for item in value] if isinstance(value, list) else type(value)

    assert shape(Masker().masked(document)) == shape(document)


@pytest.mark.parametrize(
    "text",
    [
        "://" + ":" * 60_000,
        "eyJ" * 20_000,
        "A=" * 30_000,
        "-" * 60_000 + "BEGIN",
        "a-" * 30_000 + "=",
        "a='" + "b" * 60_000,
        "a=\"b='" * 9_000,
        "PASSWORD='" * 6_000,
        'A="\\' * 15_000,
        "://a:" + "b@" * 30_000,
        "-----BEGIN PRIVATE KEY-----" * 2_000,
        "--a " * 15_000,
        "a    =    " * 6_000,
        "TOKEN=" * 10_000,
        "TOKEN='" * 9_000,
        "TOKEN=$" * 9_000,
        "MAX_TOKENS=1" * 5_000,
    ],
    ids=range(17),
)
def test_a_text_that_is_made_to_be_slow_is_not(text: str) -> None:
    began = time.process_time()
    Masker().masked({"command": [text], "environment": [{"name": text, "value": text}]})
    spent = time.process_time() - began
    print(f"{text[:8]}… {spent:.2f} s")
    assert spent < 2  # far above what it takes: a guard against what grows with the square
