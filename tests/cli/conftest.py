"""The command line, called in this process on a home of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Cli


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv("MOORAGE_HOME", raising=False)
    monkeypatch.delenv("MOORAGE_DEBUG", raising=False)
    return Cli(tmp_path / "home", capsys)


@pytest.fixture
def clustered(cli: Cli) -> Callable[..., Cli]:
    """Makes the cluster ``default`` with these engines, named edge-1, edge-2 …"""

    def make(*endpoints: str) -> Cli:
        cli("create-cluster")
        for number, endpoint in enumerate(endpoints, 1):
            cli("register-container-instance", "--name", f"edge-{number}", "--endpoint", endpoint)
        return cli

    return make
