"""The Stowage tab: what it shows, what its keys do, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.assertion import SnapshotAssertion

from app.model.container import Container
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead
from app.operations.usage import HostUse, UsageFeed
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import screen_text, session_with, still_text, until_gone, until_shown
from tests.tui.screens.still import still_dashboard
from tests.unit.builders import NOW, at, container, tag

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

FAMILIES = ("web", "web", "web", "db", "search-indexer", "queue", "queue", "mail")
MEMORY = (512, 512, 256, 2048, 1024, 96, 96, 768)


def stowed_dashboard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """Five instances: one with some of everything, one full, one DRAINING, one empty, one stale."""
    app = still_dashboard(folder, monkeypatch)
    keys = [InstanceKey("prod", f"ship-{number}") for number in range(1, 6)]
    app.desk.fleet.register(["edge", "prod"], [_instance(number, key) for number, key in enumerate(keys)])
    crowd = [_task(number, "batch", 40, cpu=64) for number in range(60)]
    stowed = {
        keys[0]: [*_tasks(0, 8), _task(99, "zeta", 512, cluster="other"), _by_hand()],
        keys[1]: [_task(number, family, 1700) for number, family in enumerate(("db", "db", "web", "mail"))],
        keys[2]: [*_tasks(2, 3), _task(98, "zero", 256, cpu=0)],
        keys[3]: [],
        keys[4]: crowd,
    }
    for number, (key, containers) in enumerate(stowed.items()):
        app.desk.fleet.apply(_seen(key, [replace(one, id=f"{number}{one.id[1:]}") for one in containers]))
    app.desk.fleet.apply([FreshnessTold(keys[4], Freshness("stale", at(162), SafeText("timed out"), at(208)))])
    app.desk.usage.uses = {keys[0]: HostUse(900, 300, 2, 2, "")}
    monkeypatch.setattr(UsageFeed, "look", lambda *_: None)
    return app


def _instance(number: int, key: InstanceKey) -> Instance:
    status = "DRAINING" if number == 2 else "ACTIVE"
    return Instance(key, f"{number:032x}", f"unix:///run/{key.name}.sock", status, NOW)  # type: ignore[arg-type]


def _seen(key: InstanceKey, containers: Sequence[Container]) -> list[HostUpdate]:
    info = EngineInfo("ID", SafeText(key.name), SafeText("28.5.2"), "1.51", "linux", "x86_64", Resources(4096, 8000))
    return [
        InfoRead(key, info, timedelta(0)),
        HostRead(key, tuple(containers), ()),
        FreshnessTold(key, Freshness("live", at(-500))),
    ]


def _tasks(host: int, count: int) -> list[Container]:
    named = list(zip(FAMILIES, MEMORY, strict=True))[:count]
    return [_task(host * 10 + number, family, memory) for number, (family, memory) in enumerate(named)]


def _task(number: int, family: str, memory: int, cpu: int = 256, cluster: str = "prod") -> Container:
    marked = tag(
        "main",
        task_id=f"{number + 16:02x}" * 16,
        cluster=cluster,
        family=family,
        revision=7,
        group=f"family:{family}",
        started_by="ops",
        created_at=at(number),
        reservation=Resources(cpu, memory),
    )
    return container(marked, id=f"-{number:03}".ljust(64, "0"), started_at=at(number))


def _by_hand() -> Container:
    return replace(container(), id="-".ljust(64, "f"), name=SafeText("by-hand"), image=SafeText("redis:7"), tag=None)


async def open_tab(pilot: Any) -> None:
    await until_shown(pilot, r"moorage › fleet")
    await pilot.press("G", "enter", "tab", "tab")
    await until_shown(pilot, r"prod › stowage(.|\n)*ship-5")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=["80", "120", "200"])
async def test_stowage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=size) as pilot:
        await open_tab(pilot)
        await pilot.press("right", "right")
        assert await still_text(pilot) == snapshot


@pytest.mark.parametrize("theme", ["moorage-dark", "moorage-light"])
def test_stowage_in_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Any, theme: str) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)

    async def choose(pilot: Any) -> None:
        app.theme = theme
        await open_tab(pilot)
        await pilot.press("right", "right")

    assert snap_compare(app, terminal_size=(120, 24), run_before=choose)


async def test_m_switches_between_memory_and_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_tab(pilot)
        await until_shown(pilot, r"Memory +█ tasks.*ship-1: 9 tasks")
        await pilot.press("j", "j", "m")
        await until_shown(pilot, r"CPU +█ tasks.*ship-3: 4 tasks, 1 without CPU")
        await until_shown(pilot, r"⊘ ship-3.* 3.2 cores DRAINING")
        await pilot.press("m")
        await until_shown(pilot, r"Memory +█ tasks")
        await pilot.press("tab", "tab", "tab")
        await until_shown(pilot, r"prod › tasks")
        await until_gone(pilot, r"m memory/CPU")


async def test_tasks_of_other_clusters_that_have_stopped_are_not_in_the_legend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    fleet = app.desk.fleet
    for state in fleet.of_cluster("prod"):
        for task in state.tasks.values():
            if task.cluster == "other":
                state.tasks[task.id] = replace(task, last_status="STOPPED")
    async with app.run_test(size=(120, 36)) as pilot:
        await open_tab(pilot)
        await until_shown(pilot, r"Memory +█ tasks  ░ unmanaged.*ship-1: 8 tasks")


async def test_keys_work_on_the_task_of_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await open_tab(pilot)
        await until_shown(pilot, r"13131313  db:7  ● RUNNING  2G  256u  family:db  by ops")
        for key, there in (
            ("enter", r"prod › db:7 › 13131313"),
            ("l", r"prod › db:7 › 13131313 › logs"),
            ("y", r"prod › db:7 › 13131313 › JSON"),
        ):
            await pilot.press(key)
            await until_shown(pilot, there)
            await pilot.press("escape")
            await until_shown(pilot, r"prod › stowage")
        await pilot.press("right", "x")
        await until_shown(pilot, r"Stop task 17171717\?")
        await pilot.press("escape")
        await until_gone(pilot, r"Stop task")
        await pilot.press("c")
        await until_shown(pilot, r"Copied ARN")


async def test_keys_work_on_the_instance_of_the_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_tab(pilot)
        await pilot.press("j", "j", "j")
        await until_shown(pilot, r"Nothing runs on ship-4 yet: r runs a task")
        await pilot.press("D")
        await until_shown(pilot, r"Drain ship-4\?")
        await pilot.press("escape")
        await until_gone(pilot, r"Drain ship-4")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › prod › ship-4 .*● live")
        await until_shown(pilot, r"Nothing is on this instance yet")
        await pilot.press("r")
        await until_shown(pilot, r"moorage › run")
        await until_shown(pilot, r"one on ship-4")


async def test_enter_on_the_unmanaged_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_tab(pilot)
        await pilot.press(*["w"] * 20)
        await until_shown(pilot, r"░ 2 unmanaged containers use 900M and 0.3 cores: by-hand")
        await pilot.press("enter")
        await until_shown(pilot, r"of \d+ /unmanaged host:ship-1")
        await until_shown(pilot, r"· +by-hand")


async def test_a_filter_leaves_instances_and_tasks_that_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_tab(pilot)
        await pilot.press("slash", *"mail", "enter")
        await until_gone(pilot, r"ship-3")
        assert "ship-1" in screen_text(app)
        assert "ship-2" in screen_text(app)
        await until_shown(pilot, r"  mail:7  ● RUNNING")
        await pilot.press("slash", *"xyz", "enter")
        await until_shown(pilot, r"No instance and no task matches the filter")
        await pilot.press("escape")
        await until_shown(pilot, r"ship-3")


async def test_a_cluster_without_instances_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stowed_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("enter", "tab", "tab")
        await until_shown(pilot, r"Press a to add one")
        await pilot.press("m", "enter", "x", "l", "y", "D", "j", "right")
        await until_shown(pilot, r"edge › stowage")


async def test_what_unmanaged_containers_use_is_seen(engine: Daemon, tmp_path: Path) -> None:
    filled = ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=40; sleep 1000"]
    engine.run(filled, name="by-hand", stop_signal="KILL")
    app = Dashboard(session_with(tmp_path, engine.endpoint))
    async with app.run_test(size=(120, 36)) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("enter", "tab", "tab")
        await until_shown(pilot, r"░ 1 unmanaged container uses [45]\dM and .*: by-hand")
