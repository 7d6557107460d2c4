"""Fixtures for every test. Engines are real dockerds (``tests/engine_bed``); where none can run, a skip says why."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.docker_folder import DockerFolder

if TYPE_CHECKING:
    from tests.engine_bed import Bed, Daemon, Registry
    from tests.engine_bed.sshd import Sshd

ENGINES = 3

# Correct on a busy machine too: how long an example takes is no test's business.
settings.register_profile("moorage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("moorage")

# What a shell runs in the background ignores ctrl-c, and what nohup runs a hangup; so would every program that a test
# starts. Whatever a process handles it does not hand on.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session")
def engine_bed() -> Iterator[Bed]:
    """All engines of this run; ``engine_bed.daemon(i)`` starts one when it is first asked for."""
    # Imported here: a run without any engine test must not need docker, nor pay for it.
    from tests.engine_bed import Bed, why_not

    reason = why_not()
    if reason is not None:
        if os.environ.get("MOORAGE_REQUIRE_DOCKER") == "1":
            pytest.fail(f"MOORAGE_REQUIRE_DOCKER=1, but no engine can run: {reason}", pytrace=False)
        pytest.skip(f"no engine can run: {reason}")
    bed = Bed()
    try:
        yield bed
    finally:
        bed.close()


@pytest.fixture
def engine(engine_bed: Bed) -> Iterator[Daemon]:
    """One clean engine with busybox; what the test made on it is removed afterwards."""
    daemon = engine_bed.daemon(0)
    yield daemon
    engine_bed.clean(daemon)


@pytest.fixture
def engines(engine_bed: Bed) -> Iterator[list[Daemon]]:
    """Three clean engines with busybox; what the test made on them is removed afterwards."""
    daemons = [engine_bed.daemon(index) for index in range(ENGINES)]
    yield daemons
    for daemon in daemons:
        engine_bed.clean(daemon)


@pytest.fixture
def fresh_engine(engine_bed: Bed) -> Iterator[Callable[..., Daemon]]:
    """Makes engines of the test's own, to be killed, frozen or made different at will.

    ``fresh_engine(name="edge-1", live_restore=True, ncpu=1, memory=8 << 30, labels={"zone": "a"}, tcp=True)``;
    see ``DaemonOptions``. Ended after the test.
    """
    from tests.engine_bed import DaemonOptions

    made: list[Daemon] = []

    def make(*, name: str | None = None, **options: Any) -> Daemon:
        for mapping in ("labels", "environment"):
            options[mapping] = tuple(dict(options.get(mapping, {})).items())
        options["flags"] = tuple(options.get("flags", ()))
        made.append(engine_bed.fresh(name, DaemonOptions(**options)))
        return made[-1]

    yield make
    for daemon in made:
        engine_bed.discard(daemon)


@pytest.fixture
def registry(engine: Daemon, tmp_path: Path) -> Iterator[Registry]:
    """An empty registry beside ``engine``, at 127.0.0.1:5000 of its machine. ``require(user, password)`` closes it."""
    yield from _registry(tmp_path, engine)


@pytest.fixture
def shared_registry(engines: list[Daemon], tmp_path: Path) -> Iterator[Registry]:
    """One that all of ``engines`` reach, each at its own 127.0.0.1:5000."""
    yield from _registry(tmp_path, *engines)


def _registry(folder: Path, *daemons: Daemon) -> Iterator[Registry]:
    from tests.engine_bed import Registry

    if shutil.which("docker-registry") is None:
        pytest.skip("no registry can run: missing program docker-registry (apt-get install docker-registry)")
    made = Registry(daemons[0], folder)
    try:
        made.start()
        made.share(*daemons)
        yield made
    finally:
        made.close()


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """A running sshd that knows us, and the ``ssh`` on PATH that knows it: as ``edge``."""
    from tests.engine_bed.sshd import Sshd, why_no_sshd

    reason = why_no_sshd()
    if reason is not None:
        if os.environ.get("MOORAGE_REQUIRE_DOCKER") == "1":
            pytest.fail(f"MOORAGE_REQUIRE_DOCKER=1, but no sshd can run: {reason}", pytrace=False)
        pytest.skip(f"no sshd can run: {reason}")
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    made = Sshd(folder)
    monkeypatch.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def docker(tmp_path: Path) -> DockerFolder:
    """A user's docker configuration, empty; nobody finds it who is not told of it."""
    return DockerFolder(tmp_path / "user")


@pytest.fixture
def docker_here(docker: DockerFolder, monkeypatch: pytest.MonkeyPatch) -> DockerFolder:
    """As ``docker``, and everybody finds it."""
    for name, value in docker.environ.items():
        monkeypatch.setenv(name, value)
    return docker
