"""A cluster whose engines are reached in four ways: the main job on each, and each cut off in a way of its own."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.hosts.endpoint import TlsFiles
from app.model.requests import RegisterContainerInstanceRequest
from app.operations.contexts import import_contexts
from app.operations.instances import register_container_instance
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.run.screen import RunScreen
from tests.engine_bed import Daemon
from tests.engine_bed.certificates import Authority, needs_openssl
from tests.engine_bed.sshd import Sshd
from tests.tui.screens.driving import register, screen_text, session_with, until, until_shown

WIDE = (200, 36)
"""Reasons are told whole."""
WAYS = ("unix", "tls", "ssh", "ctx")
ONE = {
    "family": "one",
    "containerDefinitions": [
        {
            "name": "main",
            "image": "busybox",
            "memory": 16,
            "command": ["sh", "-c", "echo hello from $(hostname); exec sleep 1000"],
            "stopTimeout": 2,
        }
    ],
}


@dataclass
class Fleet:
    """``by``: the engine behind each way. ``keys``: the folder of the context's TLS files."""

    session: Session
    by: dict[str, Daemon]
    sshd: Sshd
    keys: Path


@pytest.fixture
def fleet(
    fresh_engine: Callable[..., Daemon], sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    needs_openssl()
    authority = Authority(tmp_path / "ca")
    flags = authority.daemon_flags(*authority.signed("server", "IP:127.0.0.1"))
    over_tls = {"tcp": True, "flags": flags}
    by = {
        way: fresh_engine(name=f"on-{way}", live_restore=True, **(over_tls if way in ("tls", "ctx") else {}))
        for way in WAYS
    }
    keys = _docker_context(tmp_path / "docker", by["ctx"].tcp_endpoint, authority.client("for-context"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)

    session = session_with(tmp_path)
    client = authority.client()
    for request in (
        RegisterContainerInstanceRequest(cluster="prod", endpoint=by["unix"].endpoint),
        RegisterContainerInstanceRequest(
            cluster="prod", endpoint=by["tls"].tcp_endpoint, ca=client.ca, cert=client.cert, key=client.key
        ),
        RegisterContainerInstanceRequest(cluster="prod", endpoint=f"ssh://edge{by['ssh'].socket}"),
    ):
        register_container_instance(session, request)
    imported = import_contexts(session, "prod", ["on-ctx"])
    assert imported["failures"] == []
    register(session, json.dumps(ONE).encode())
    yield Fleet(session, by, sshd, keys)
    for engine in session.engines().values():
        engine.end()


def _docker_context(folder: Path, host: str, files: TlsFiles) -> Path:
    """What ``docker context create on-ctx`` writes; the folder of its TLS files."""
    digest = hashlib.sha256(b"on-ctx").hexdigest()
    meta, keys = folder / "contexts/meta" / digest, folder / "contexts/tls" / digest / "docker"
    meta.mkdir(parents=True)
    keys.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "on-ctx", "Metadata": {}, "Endpoints": endpoints}))
    for name, file in (("ca", files.ca), ("cert", files.cert), ("key", files.key)):
        shutil.copy(file, keys / f"{name}.pem")
    return keys


async def _tells(pilot: Pilot[None], way: str, reason: str) -> None:
    """That one instance is stale for this reason and that the others are live, on the screen of instances."""
    await until_shown(pilot, rf"on-{way} .*◐ stale.*{reason}", within=60)
    assert isinstance(pilot.app, Dashboard)
    text = screen_text(pilot.app)
    others = [other for other in WAYS if other != way]
    assert all(re.search(rf"on-{other} .*● live", text) for other in others), text


async def _heals(pilot: Pilot[None]) -> None:
    await until_shown(pilot, r"● 4 live", within=60)


async def test_the_main_job_by_each_way_and_each_is_cut_off_alone(fleet: Fleet) -> None:
    app = Dashboard(fleet.session)
    async with app.run_test(size=WIDE) as pilot:
        await until_shown(pilot, r"● 4 live")
        # Launched from the keyboard: one on each.
        await pilot.press("4")
        await until_shown(pilot, r"▌one ")
        await pilot.press("r")
        await until_shown(pilot, r"moorage › run")
        await until_shown(pilot, r"▌Count")
        await pilot.press("4", "enter")
        await until_shown(pilot, r"one:1 × 4 on prod")
        form = app.screen
        assert isinstance(form, RunScreen)
        form._lines.focus_lines("constraint:+")
        await pilot.pause()
        await pilot.press("a", *"distinctInstance", "enter")
        await until_shown(pilot, r"on-ctx.* \+1 (.|\n)*on-ssh.* \+1 (.|\n)*on-tls.* \+1 (.|\n)*on-unix.* \+1 ")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run one:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"4 of 4 running", within=60)

        # Logs of each, through its own way.
        await pilot.press("2")
        for way in WAYS:
            await _open_task_on(pilot, way)
            await until_shown(pilot, r"hello from ")
            await pilot.press("2")

        await pilot.press("3")
        fleet.by["unix"].kill()
        await _tells(pilot, "unix", "no Docker Engine is listening there")
        fleet.by["unix"].start()
        await _heals(pilot)

        fleet.by["tls"].pause()
        await _tells(pilot, "tls", "no answer to .* in time|gave no sign")
        fleet.by["tls"].resume()
        await _heals(pilot)

        fleet.sshd.kill()
        await _tells(pilot, "ssh", "edge refuses connections to its SSH port")
        fleet.sshd.start()
        await _heals(pilot)

        # What the context trusts is somebody else now.
        stranger = Authority(fleet.keys.parent / "stranger")
        kept = (fleet.keys / "ca.pem").read_bytes()
        shutil.copy(stranger.ca, fleet.keys / "ca.pem")
        await _tells(pilot, "ctx", "CA|certificate|signed")
        (fleet.keys / "ca.pem").write_bytes(kept)
        await _heals(pilot)
        await until_shown(pilot, r"● 4 live +4 running", within=60)


async def _open_task_on(pilot: Pilot[None], way: str) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until_shown(pilot, rf"one:1 .*on-{way}")
    await pilot.press("g")
    lines = [line for line in screen_text(app).splitlines() if "one:1" in line]
    row = next(number for number, line in enumerate(lines) if f"on-{way}" in line)
    await pilot.press(*("j" * row), "enter")
    await until(pilot, lambda: f"on on-{way}" in screen_text(app), f"the task on {way}")
