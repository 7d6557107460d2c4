"""The dashboard and ``moorage agent`` watch the same host: what is due is done once, and told right."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from app.model.resources import Resources
from app.screens.dashboard import Dashboard
from tests.cli.process import running
from tests.engine.launching import LIVE, Bench, definition
from tests.tui.screens.driving import SIZE, session_with, until, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

TASKS = 30
PAIR = definition({"name": "main", "command": ["sleep", "1000"]}, {"name": "helper", "command": LIVE})


async def test_essential_containers_that_die_on_thirty_tasks(engine: Daemon, tmp_path: Path) -> None:
    bench = Bench(engine)
    orders = [bench.order(PAIR, room=Resources(65536, 65536)) for _ in range(TASKS)]
    with ThreadPoolExecutor(4) as hands:
        tasks = list(hands.map(lambda order: bench.launcher().launch(order), orders))
    assert {task.last_status for task in tasks} == {"RUNNING"}
    session = session_with(tmp_path / "home", engine.endpoint, cluster="default")
    app = Dashboard(session)
    with running(tmp_path / "out", tmp_path / "home", "agent") as agent:
        async with app.run_test(size=SIZE) as pilot:
            await until_shown(pilot, rf"● {TASKS}\b")
            await until(pilot, lambda: " live\n" in agent.out, "the agent watches")
            for task in tasks:
                main = next(part.runtime for part in task.containers if part.name == "main")
                assert main is not None
                engine.api.kill(main.id)
            await until(
                pilot,
                lambda: all(bench.read(task.id).last_status == "STOPPED" for task in tasks),
                "all tasks are STOPPED",
                within=60,
            )
    ended = [bench.read(task.id) for task in tasks]
    assert Counter((task.stop_code, task.stopped_reason) for task in ended) == {
        ("EssentialContainerExited", "Essential container in task exited"): TASKS
    }
    assert {tuple(part.exit_code for part in task.containers) for task in ended} == {(137, 7)}
    # The engine's own log: one SIGTERM for each helper, whoever sent it, and one end of each container.
    assert Counter(bench.events("kill")) == {("kill", "main"): TASKS, ("kill", "helper"): TASKS}
    assert Counter(bench.events("die")) == {("die", "main"): TASKS, ("die", "helper"): TASKS}
    assert {task.stopped_by.rpartition("-")[0] for task in ended} == {session.operator}
