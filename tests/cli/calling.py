"""Calling the command line in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.main import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """``cli("list-tasks", "--family", "web")`` runs a verb; an exit code other than ``code`` fails the test."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *argv: str, code: int = 0) -> Ran:
        self._capsys.readouterr()
        got = main(["--home", str(self.home), *argv])
        out, err = self._capsys.readouterr()
        assert got == code, f"{' '.join(argv)}: exit {got}\n{out[-2000:]}\n{err[-2000:]}"
        return Ran(got, out, err)

    def register(self, *containers: dict[str, Any], family: str = "web", **members: Any) -> None:
        """Register a definition; a container without an image is busybox, with 16 MiB."""
        full = [{"image": "busybox:latest", "memory": 16, "stopTimeout": 2, **container} for container in containers]
        document = {"family": family, "containerDefinitions": full, **members}
        self("register-task-definition", "--cli-input-json", json.dumps(document))

    def run(self, *argv: str) -> str:
        """run-task of one task that reaches RUNNING; its id."""
        (task,) = self("run-task", *argv).json["tasks"]
        assert task["lastStatus"] == "RUNNING"
        return str(task["taskArn"].rsplit("/", 1)[-1])

    def describe(self, task: str) -> Any:
        (shape,) = self("describe-tasks", "--tasks", task).json["tasks"]
        return shape
