"""Calls in any order, made of both engines: what is refused, what is left and what was told must be the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import docker
import pytest

from tests.engine.contract.asking import DEAF, LIVE, Heard, Subject, settled, state
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.simulated import Simulated

_NAMES = ("one", "two", "three")
_SCRIPTS = (LIVE, DEAF, ["sh", "-c", "exit 3"], ["true"], ["no-such-program"])
_LENGTH = 40
Deed = Callable[[Subject], object]


def _deed(rng: random.Random) -> tuple[str, Deed]:
    """Something to be done, with what it is called."""
    name, other = rng.choice(_NAMES), rng.choice(_NAMES)
    argv, port = rng.choice(_SCRIPTS), rng.choice((None, 8080))
    force = rng.random() < 0.5
    deeds: list[tuple[str, Deed]] = [
        (f"create {name} {argv[-1]} {port}", lambda subject: _create(subject, name, argv, port)),
        (f"create {other} {argv[-1]} {port}", lambda subject: _create(subject, other, argv, port)),
        (f"start {name}", lambda subject: _start(subject, name)),
        (f"start {other}", lambda subject: _start(subject, other)),
        (f"stop {name}", lambda subject: subject.api.stop(name, timeout=1)),
        (f"kill {name}", lambda subject: _kill(subject, name)),
        (f"restart {name}", lambda subject: _restart(subject, name)),
        (f"pause {name}", lambda subject: subject.api.pause(name)),
        (f"unpause {name}", lambda subject: subject.api.unpause(name)),
        (f"rename {name} {other}", lambda subject: subject.api.rename(name, other)),
        (f"remove {name} {force}", lambda subject: subject.api.remove_container(name, force=force)),
        (f"exec {name}", lambda subject: subject.api.exec_create(name, ["true"])),
        (f"volume {name}", lambda subject: subject.api.create_volume(name, labels={"by": other})),
        (f"no volume {name}", lambda subject: subject.api.remove_volume(name)),
    ]
    return rng.choice(deeds)


def _create(subject: Subject, name: str, argv: list[str], port: int | None) -> None:
    host = subject.api.create_host_config(
        port_bindings={80: port} if port else {}, binds=[f"{name}:/data"], network_mode="bridge"
    )
    subject.api.create_container("busybox", argv, name=name, host_config=host, ports=[80], labels={"name": name})


def _start(subject: Subject, name: str) -> None:
    subject.api.start(name)
    _settle(subject, name)


def _restart(subject: Subject, name: str) -> None:
    subject.api.restart(name, timeout=1)
    _settle(subject, name)


def _kill(subject: Subject, name: str) -> None:
    subject.api.kill(name)
    wait_until(lambda: not state(subject, name)["Running"])


def _settle(subject: Subject, name: str) -> None:
    """What ends by itself has ended, and what does not has set its trap. One that is paused does nothing."""
    argv = subject.api.inspect_container(name)["Config"]["Cmd"]
    if argv not in (LIVE, DEAF):
        wait_until(lambda: not state(subject, name)["Running"])
    elif not state(subject, name)["Paused"]:
        settled(subject, name)


def _outcome(subject: Subject, deed: Deed) -> int:
    """0, or the status with which it was refused."""
    try:
        deed(subject)
    except docker.errors.APIError as refused:
        assert refused.response is not None
        return int(refused.response.status_code)
    return 0


def _left(subject: Subject) -> dict[str, Any]:
    """What is there now, without what differs from engine to engine."""
    found: dict[str, Any] = {}
    for entry in subject.api.containers(all=True):
        name, detail = entry["Names"][0], subject.api.inspect_container(entry["Id"])
        told = detail["State"]
        found |= {f"{name} {member}": told[member] for member in ("Status", "Running", "Paused", "ExitCode")}
        found |= {f"{name} has {member}": bool(told[member]) for member in ("Error", "Pid")}
        found |= {f"{name} has {member}": told[member] > "0002" for member in ("StartedAt", "FinishedAt")}
        found[f"{name} listed"] = (entry["State"], entry["Status"].partition(" ")[0], entry["Labels"])
        if told["Running"]:  # after a start that failed Docker goes on telling of ports that are free again
            found[f"{name} ports"] = {port["PublicPort"] for port in entry["Ports"] if port.get("PublicPort")}
        found[f"{name} mounts"] = [mount["Name"] for mount in detail["Mounts"]]
    for volume in subject.api.volumes()["Volumes"] or []:
        found[f"volume {volume['Name']}"] = volume["Labels"]
    return found


def _differences(simulated: dict[str, Any], real: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {simulated.get(name)!r}, and really {real.get(name)!r}"
        for name in sorted({*simulated, *real})
        if simulated.get(name) != real.get(name)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_same_calls_have_the_same_outcome(engine: Daemon, simulated_engine: Simulated, seed: int) -> None:
    rng = random.Random(seed)
    heard = [Heard(engine), Heard(simulated_engine)]
    done: list[str] = []
    try:
        for _ in range(_LENGTH):
            words, deed = _deed(rng)
            done.append(words)
            real, simulated = _outcome(engine, deed), _outcome(simulated_engine, deed)
            assert simulated == real, done[::-1]
            differences = _differences(_left(simulated_engine), _left(engine))
            assert not differences, (differences, done[::-1])
        told = [[(event["Action"], event["Actor"]["Attributes"]["name"]) for event in one.events()] for one in heard]
        assert told[1] == told[0], done[::-1]
    finally:
        simulated_engine.clean()
