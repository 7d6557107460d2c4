"""Secrets and environment files from config.toml to the container, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

SECRET, IN_FILE = "canary-7f3a9c", "canary-b81e02"
PARAMETER = "arn:aws:ssm:eu-west-1:1:parameter/key"
BUCKET = "arn:aws:s3:::bucket/web.env"


def test_values_reach_the_container_and_no_label_record_or_message(
    clustered: Callable[..., Cli], engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = clustered(engine.endpoint)
    monkeypatch.setenv("WEB_KEY", SECRET)
    (cli.home / "web.env").write_text(f"FROM_FILE={IN_FILE}\nKEY=never\nGREETING=never\n")
    (cli.home / "config.toml").write_text(
        f'[secrets]\n"{PARAMETER}" = "env:WEB_KEY"\n[environment_files]\n"{BUCKET}" = "web.env"\n'
    )
    cli.register(
        {
            "name": "main",
            "command": ["sh", "-c", "env; exec sleep 60"],
            "environment": [{"name": "GREETING", "value": "hello"}],
            "environmentFiles": [{"type": "s3", "value": BUCKET}],
            "secrets": [{"name": "KEY", "valueFrom": PARAMETER}],
        }
    )

    ran = cli("run-task", "web")
    described = cli("describe-tasks", "--tasks", ran.json["tasks"][0]["taskArn"])

    (listed,) = engine.api.containers()
    seen = wait_until(lambda: bytes(engine.api.logs(listed["Id"])).decode())
    assert {f"KEY={SECRET}", f"FROM_FILE={IN_FILE}", "GREETING=hello"} <= set(seen.splitlines())
    records = json.dumps(engine.api.volumes())
    assert PARAMETER in records, "the record holds the definition, which holds the reference"
    told = [ran.out, ran.err, described.out, described.err, records, json.dumps(listed)]
    kept = [path.read_bytes().decode("utf-8", "replace") for path in cli.home.rglob("*") if path.is_file()]
    for value in (SECRET, IN_FILE):
        assert not any(value in text for text in told)
        assert sum(value in text for text in kept) == (value == IN_FILE), "in its own file alone"


@pytest.mark.parametrize("refused", [{"workingDirectory": "not-absolute"}, {"command": ["/no/such"]}])
def test_a_launch_that_fails_tells_no_value(
    clustered: Callable[..., Cli], engine: Daemon, monkeypatch: pytest.MonkeyPatch, refused: dict[str, object]
) -> None:
    cli = clustered(engine.endpoint)
    monkeypatch.setenv("WEB_KEY", SECRET)
    (cli.home / "config.toml").write_text(f'[secrets]\n"{PARAMETER}" = "env:WEB_KEY"\n')
    cli.register({"name": "main", "secrets": [{"name": "KEY", "valueFrom": PARAMETER}], **refused})

    failed = cli("run-task", "web", code=1)

    assert "Container" in failed.err
    assert SECRET not in failed.out + failed.err + json.dumps(engine.api.volumes())
