"""What is loaded ahead, and what the first keys wait for."""

from __future__ import annotations

import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from app.model.cluster import ClusterFile, InstanceEntry
from app.model.ids import new_id
from app.screens import dashboard
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, session_with, until, until_shown

ROOT = Path(__file__).resolve().parents[3]

OPENED = """
import asyncio, sys
from app.fleet.fleet import Fleet
from app.operations.session import Session
from app.screens import dashboard
from app.screens.first_frame.opening import Opening
from app.store.cluster_glance import glance_at_clusters
from app.store.home import resolve_home

async def main():
    dashboard.WATCH_AFTER = dashboard.TICK_EVERY = dashboard.WARM_AFTER = dashboard.FORMS_AFTER = 600
    home, fleet = resolve_home(sys.argv[1], {}), Fleet()
    fleet.register(*glance_at_clusters(home))
    app = dashboard.Dashboard(Session(home), None, Opening("fleet", fleet))
    async with app.run_test(size=(120, 36)) as pilot:
        shown = [row.key for row in app.screen.query_one("#clusters").rows]
        await pilot.press("2")
        while type(app.screen).__name__ != "TasksScreen" or not app.screen.is_mounted:
            await pilot.pause()
    print(shown, {"docker", "pydantic"} & set(sys.modules))

asyncio.run(main())
"""


def test_neither_docker_nor_pydantic_is_waited_for_by_the_first_keys(tmp_path: Path) -> None:
    """Each takes about a tenth of a second."""
    session = session_with(tmp_path)
    nobody = InstanceEntry(name="gone", id=new_id(), endpoint=f"unix://{tmp_path}/s", registered_at=session.now())
    session.clusters.update("prod", lambda cluster: cluster.with_instance(nobody))
    argv = [sys.executable, "-c", OPENED, str(tmp_path)]
    found = subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "['prod'] set()", found.stderr


FIRST_KEY = """
import asyncio, sys, threading
from app.fleet.fleet import Fleet
from app.operations.session import Session
from app.screens import dashboard
from app.screens.first_frame.opening import Opening
from app.store.cluster_glance import glance_at_clusters
from app.store.home import resolve_home

threads = {}

class Watched:
    def find_spec(name, path=None, target=None):
        threads.setdefault(name, threading.current_thread())

async def main():
    dashboard.FORMS_AFTER = 600
    home, fleet = resolve_home(sys.argv[1], {}), Fleet()
    fleet.register(*glance_at_clusters(home))
    app = dashboard.Dashboard(Session(home), None, Opening("fleet", fleet))
    async with app.run_test(size=(120, 36)) as pilot:
        sys.meta_path.insert(0, Watched)
        await pilot.press(sys.argv[2])
        while type(app.screen).__name__ != sys.argv[3] or not app.screen.is_mounted:
            await pilot.pause()
    print(threads["app.model.requests"] is threading.main_thread())

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("key", "screen"), [("r", "RunScreen"), ("4", "DefinitionsScreen"), ("W", "FormDialog"), ("A", "ContextsDialog")]
)
def test_the_models_behind_forms_are_loaded_beside_the_screen(tmp_path: Path, key: str, screen: str) -> None:
    """Beside hosts that are read they take a quarter of a second, in which nothing else would be painted."""
    session_with(tmp_path)
    argv = [sys.executable, "-c", FIRST_KEY, str(tmp_path), key, screen]
    found = subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "False", found.stderr


def test_what_only_looks_needs_no_models() -> None:
    """The first enter on a task, and the first l, took a tenth of a second more with them."""
    looks = "import sys, app.screens.task, app.screens.logs, app.screens.container, app.screens.instance.screen"
    told = "print({'app.model.requests', 'app.model.task_definition'} & set(sys.modules))"
    argv = [sys.executable, "-c", f"{looks}; {told}"]
    found = subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "set()", found.stderr


async def test_what_forms_need_is_loaded_once_when_somebody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(dashboard, "warm_forms", lambda: loaded.append("forms"))
    monkeypatch.setattr(dashboard, "FORMS_AFTER", 0.01)
    app = Dashboard(session_with(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        assert loaded == []
        await pilot.press("j", "k")
        await until(pilot, lambda: loaded, "the forms are loaded")
        await pilot.press("4")
        await until_shown(pilot, r"moorage › definitions")
    assert loaded == ["forms"]


async def test_what_forms_need_waits_while_a_whole_fleet_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    looks: list[int] = []
    load_forms = Dashboard._load_forms

    def look(app: Dashboard) -> None:
        looks.append(len(loaded))
        load_forms(app)

    monkeypatch.setattr(dashboard, "warm_forms", lambda: loaded.append("forms"))
    monkeypatch.setattr(dashboard, "FORMS_AFTER", 0.01)
    monkeypatch.setattr(dashboard, "MOST_COMING", 2)
    monkeypatch.setattr(Dashboard, "_load_forms", look)
    session = session_with(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        endpoint, now = f"unix://{tmp_path}/silent.sock", session.now()
        for name in "a", "b", "c":
            one = InstanceEntry(name=name, id=new_id(), endpoint=endpoint, registered_at=now)
            session.clusters.update("prod", partial(ClusterFile.with_instance, entry=one))
        app = Dashboard(session)
        async with app.run_test(size=SIZE) as pilot:
            await until_shown(pilot, r"◌ 3 connecting")
            await pilot.press("j")
            await until(pilot, lambda: len(looks) > 3, "it is looked whether they have come in")
            assert loaded == []
            monkeypatch.setattr(dashboard, "MOST_COMING", 3)
            await until(pilot, lambda: loaded, "the forms are loaded")
