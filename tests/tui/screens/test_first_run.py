"""The very first screen: the engine that the docker command would use is looked for, and becomes the first instance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from tests.engine_bed.certificates import Authority, needs_openssl
from tests.tui.screens.driving import SIZE, home_at, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


@pytest.fixture(autouse=True)
def _no_docker_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")


async def test_nobody_there(tmp_path: Path) -> None:
    async with Dashboard(Session(home_at(tmp_path / "home"))).run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"✕ No Docker Engine at")
        await until_shown(pilot, r"the socket does not exist")
        await until_shown(pilot, r"a  adds a host: a unix socket, ssh://you@edge, or TCP with TLS")


async def test_plain_tcp_to_another_machine_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://0.0.0.0:9")
    async with Dashboard(Session(home_at(tmp_path / "home"))).run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"✕ No Docker Engine at tcp://0\.0\.0\.0:9")
        await until_shown(pilot, r"is plain TCP to another machine")


async def test_an_engine_with_tls_is_the_first_instance(
    fresh_engine: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_openssl()
    authority = Authority(tmp_path / "tls")
    daemon = fresh_engine(name="far", tcp=True, flags=authority.daemon_flags(*authority.signed("s", "IP:127.0.0.1")))
    cert, key = authority.signed("client")
    certificates = tmp_path / "docker"
    certificates.mkdir()
    for source, name in ((authority.ca, "ca.pem"), (cert, "cert.pem"), (key, "key.pem")):
        (certificates / name).write_bytes(source.read_bytes())
        (certificates / name).chmod(0o600)
    monkeypatch.setenv("DOCKER_HOST", daemon.tcp_endpoint)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    session = Session(home_at(tmp_path / "home"))
    async with Dashboard(session).run_test(size=SIZE) as pilot:
        await until_shown(pilot, rf"● A Docker Engine answers at {daemon.tcp_endpoint}")
        await pilot.press("enter")
        await until_shown(pilot, r"default .*● 1")
        await pilot.press("3")
        await until_shown(pilot, r"far .*● live")
    (entry,) = session.cluster("default").instances
    assert (entry.ca, entry.key) == (str(certificates / "ca.pem"), str(certificates / "key.pem"))
