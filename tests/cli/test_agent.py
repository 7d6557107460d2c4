"""``moorage agent``: does what is due without a screen, and ends when it is told to."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.calling import Cli
from tests.cli.process import running
from tests.engine_bed import Daemon, wait_until


def container(engine: Daemon, name: str) -> str:
    (found,) = engine.api.containers(filters={"label": f"moorage.container={name}"})
    return str(found["Id"])


def with_helper(cli: Cli) -> str:
    cli.register(
        {"name": "main", "command": ["sleep", "60"]},
        {"name": "helper", "command": ["sleep", "60"], "essential": False},
    )
    return cli.run("web")


def test_an_essential_container_that_is_killed_stops_its_task(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path
) -> None:
    cli = clustered(engine.endpoint)
    task = with_helper(cli)
    with running(tmp_path / "out", cli.home, "agent", "--cluster", "default") as agent:
        wait_until(lambda: " default/edge-1 live\n" in agent.out)
        engine.api.kill(container(engine, "main"))
        done = f" default/edge-1 stopped web:1 {task[:8]}: Essential container in task exited\n"
        wait_until(lambda: done in agent.out, within=15)
        began = time.monotonic()
        assert agent.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 1
        assert agent.err == ""
    shape = cli.describe(task)
    assert (shape["lastStatus"], shape["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert engine.api.containers() == []


def test_ctrl_c_is_130(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> None:
    cli = clustered(engine.endpoint)
    with running(tmp_path / "out", cli.home, "agent") as agent:
        wait_until(lambda: " live\n" in agent.out)
        assert agent.end(signal.SIGINT) == 130
        assert agent.err == "moorage: interrupted\n"


def test_an_engine_that_goes_and_comes_is_told(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    engine = fresh_engine(name="edge")
    cli = clustered(engine.endpoint)
    with running(tmp_path / "out", cli.home, "agent") as agent:
        wait_until(lambda: " default/edge-1 live\n" in agent.out)
        engine.kill()
        wait_until(lambda: " default/edge-1 stale: " in agent.out)
        engine.start()
        wait_until(lambda: agent.out.count(" default/edge-1 live\n") == 2, within=20)
        assert agent.process.poll() is None


def test_a_cluster_that_is_made_later_is_watched_too(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path
) -> None:
    cli = clustered()
    with running(tmp_path / "out", cli.home, "agent") as agent:
        cli("create-cluster", "late")
        cli("register-container-instance", "--cluster", "late", "--name", "here", "--endpoint", engine.endpoint)
        wait_until(lambda: " late/here live\n" in agent.out)
        cli("deregister-container-instance", "--cluster", "late", "here")
        wait_until(lambda: " late/here no longer registered\n" in agent.out)


def test_once_does_what_is_due_and_exits(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    task = with_helper(cli)
    assert cli("agent", "--once").out == ""
    engine.api.kill(container(engine, "main"))

    told = cli("agent", "--once", "--cluster", "default")

    assert f"default/edge-1 stopped web:1 {task[:8]}: " in told.out
    assert engine.api.containers() == []


def test_once_says_which_engine_did_not_answer(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon]
) -> None:
    engine = fresh_engine(name="edge")
    cli = clustered(engine.endpoint)
    engine.kill()
    assert cli("agent", "--once", code=1).err.startswith("moorage: default/edge-1 does not answer: ")


def test_the_signals_are_given_back(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    before = signal.getsignal(signal.SIGTERM)
    # The alarm comes when the agent has its handlers in place, or it ends the test run: hence long after that.
    previous = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        cli("agent")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_stopped_agent_holds_no_event_stream(clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path) -> None:
    """An engine waits for those who listen: one that is stopped would slow everything on it."""

    def listeners() -> int:
        return int(engine.api.info()["NEventsListener"])

    cli = clustered(engine.endpoint)
    with running(tmp_path / "out", cli.home, "agent", "--cluster", "default") as agent:
        wait_until(lambda: " default/edge-1 live\n" in agent.out)
        wait_until(lambda: listeners() == 1)
        agent.process.send_signal(signal.SIGTSTP)
        wait_until(lambda: listeners() == 0)
        agent.process.send_signal(signal.SIGCONT)
        wait_until(lambda: listeners() == 1)
        assert agent.end(signal.SIGTERM) == 0
