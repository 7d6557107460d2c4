"""A deploy over pretended engines: what each step asks for, in which order, and what is left when one fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.fleet.fleet import Fleet
from app.hosts.errors import HostError
from app.hosts.launcher import LaunchOrder
from app.model.build_progress import BuildProgress
from app.model.cluster import ClusterFile, InstanceEntry
from app.model.container import Container
from app.model.deployment import DeployProgress
from app.model.errors import MoorageError
from app.model.image_progress import TransferProgress
from app.model.image_requests import BuildImageRequest, CopyImageRequest, DeployRequest
from app.model.instance import EngineInfo, Freshness, InstanceKey
from app.model.record import Record
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations import compose_up, launch
from app.operations.deploying import execution, proving
from app.operations.deploying.execution import deploy
from app.operations.deploying.outcome import Deployed
from app.operations.deploying.planning import DeployPlan, plan_deploy
from app.operations.images.building import BuildError, BuildStoppedError, Built
from app.operations.images.transfers import Transferred
from app.operations.session import Session, instances_of
from tests.unit.builders import NOW, container
from tests.unit.operations.test_schedulers import session_in

IMAGE = "registry.lan/web:7"
_INFO = EngineInfo("1", SafeText("edge"), SafeText("28"), "1.41", "linux", "x86_64", Resources(4096, 1000))


class Yard:
    """Engines that have images and tasks, and nothing else. ``done``: what was asked of them, in order."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, str]] = {}
        self.tasks: dict[str, tuple[str, Record, Container]] = {}
        self.done: list[str] = []
        self.builds: list[BuildImageRequest] = []
        self.content = "a"
        self.fails: dict[str, str] = {}
        self.silent: set[str] = set()
        self.ends: int | None = None
        """The exit code of what is started, right after it was RUNNING."""
        self.on_start: Callable[[], object] = lambda: None
        """Called in each start; a text is why it fails."""
        self.lock = threading.Lock()

    def build(self, _session: Session, request: BuildImageRequest, tell: Any, _stop: threading.Event | None) -> Built:
        self.builds.append(request)
        key = InstanceKey("default", request.container_instance)
        self.done.append(f"build on {key.name}")
        tell(BuildProgress(key, safe_line(request.tag[0]), "building", lines=(SafeText("Step 1/1"),)))
        if "build" in self.fails:
            raise BuildError(self.fails["build"], None, (SafeText("cc: no such file"),))
        if "build stop" in self.fails:
            raise BuildStoppedError
        image_id = f"sha256:{self.content * 64}"
        self.images.setdefault(key.name, {})[request.tag[0]] = image_id
        return Built(image_id, tuple(request.tag), key, 1.0, ())

    def copy(self, _session: Session, request: CopyImageRequest, tell: Any, _stop: object) -> Transferred:
        self.done.append(f"copy from {request.from_} to {' '.join(request.to)}")
        results = []
        for name in request.to:
            progress = TransferProgress("copy", safe_line(request.image), InstanceKey("default", name), "working")
            tell(progress)
            if "copy" in self.fails:
                results.append(progress.ended("failed", safe_line(self.fails["copy"])))
                continue
            self.images.setdefault(name, {})[request.image] = self.images[request.from_][request.image]
            results.append(progress.ended("done"))
        return Transferred(tuple(results))

    def engine(self, name: str) -> Any:
        def image(reference: str) -> dict[str, Any]:
            held = self.images.get(name, {})
            found = held.get(reference) or (reference if reference in held.values() else "")
            if not found:
                raise HostError(f"no such image: {reference}", "not-found")
            return {"Id": found, "Created": "2026-01-01T00:00:00Z", "Os": "linux", "Architecture": "amd64"}

        return SimpleNamespace(name=name, now=lambda: NOW, image=image, timeout=1.0)

    def start(self, name: str, order: LaunchOrder) -> Task:
        task = order.record.task_id
        with self.lock:
            self.done.append(f"start on {name}")
            why = self.on_start() or self.fails.get("start")
        if isinstance(why, str):
            return SimpleNamespace(  # type: ignore[return-value]
                id=task, last_status="STOPPED", stop_code="TaskFailedToStart", stopped_reason=why,
                instance=InstanceKey("default", name), family="web", revision=1, created_at=NOW,
            )  # fmt: skip
        image = order.definition.container_definitions[0].image
        runs = self.images.get(name, {}).get(image, "sha256:pulled")
        made = container(replace(order.tag, container="web"), id=task * 2, image_id=runs)
        self.tasks[task] = (name, order.record, made)
        running = self.fleet_task(task)
        if self.ends is not None:
            ended = container(replace(order.tag, container="web"), "exited", id=task * 2, image_id=runs)
            self.tasks[task] = (name, order.record, replace(ended, exit_code=self.ends))
        return running

    def fleet_task(self, task: str) -> Task:
        return next(one for one in self.fleet().tasks() if one.id == task)

    def stop(self, task: Task) -> Task:
        self.done.append(f"stop on {task.instance.name}")
        del self.tasks[task.id]
        return replace(task, last_status="STOPPED")

    def fleet(self) -> Fleet:
        fleet, cluster = Fleet(), self.cluster
        instances = list(instances_of(cluster, cluster.name))
        fleet.register([cluster.name], instances)
        for one in instances:
            own = [held for held in self.tasks.values() if held[0] == one.key.name]
            read = HostRead(one.key, tuple(made for _, _, made in own), tuple(noted for _, noted, _ in own))
            reach = "unreachable" if one.key.name in self.silent else "live"
            told = FreshnessTold(one.key, Freshness(reach, NOW, SafeText("gone" if reach != "live" else "")))  # type: ignore[arg-type]
            fleet.apply([InfoRead(one.key, _INFO, timedelta(0)), read, told])
        return fleet

    cluster: ClusterFile


@pytest.fixture
def yard(monkeypatch: pytest.MonkeyPatch) -> Yard:
    made = Yard()

    class Pretender:
        def __init__(self, engine: Any, key: InstanceKey, *rest: object) -> None:
            self.key = key

        def launch(self, order: LaunchOrder) -> Task:
            return made.start(self.key.name, order)

    monkeypatch.setattr(launch, "Launcher", Pretender)
    monkeypatch.setattr(Session, "survey", lambda *_: made.fleet())
    monkeypatch.setattr(Session, "engine", lambda _, endpoint: made.engine(endpoint.url.removeprefix("unix:///")))
    monkeypatch.setattr(proving, "STEADY_SECONDS", 0.0)
    monkeypatch.setattr(execution, "build_image", made.build)
    monkeypatch.setattr(execution, "copy_image", made.copy)
    monkeypatch.setattr(compose_up, "stop_found_task", lambda _s, _e, task, *_: made.stop(task))
    return made


@pytest.fixture
def session(tmp_path: Path, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Two instances; in the current folder a Dockerfile, a definition, and a moorage.toml of these."""
    made = session_in(tmp_path / "home")
    made.clusters.create("default")
    entries = [
        InstanceEntry(name=name, id=name[-1] * 32, endpoint=f"unix:///{name}", registered_at=NOW)
        for name in ("edge-1", "edge-2")
    ]
    yard.cluster = made.clusters.update("default", lambda found: found.model_copy(update={"instances": entries}))
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    return made


def write(folder: Path, toml: str = "", build: str = "", **part: Any) -> None:
    members = {"name": "web", "image": IMAGE, "memory": 100, **part}
    (folder / "taskdef.json").write_text(json.dumps({"family": "web", "containerDefinitions": [members]}))
    (folder / "Dockerfile").write_text("FROM scratch\n")
    text = f'task_definition = "taskdef.json"\n{toml}\n[[build]]\nimage = "{IMAGE}"\non = "edge-1"\n{build}\n'
    (folder / "moorage.toml").write_text(text)


class Ran:
    def __init__(self, session: Session, **members: Any) -> None:
        self.told: list[DeployProgress] = []
        request = DeployRequest(**members)
        self.plan: DeployPlan = plan_deploy(session, request)
        self.stop = threading.Event()
        self.deployed: Deployed = deploy(session, request, self.plan, self.told.append, self.stop)

    def ends(self) -> list[tuple[str, str]]:
        """Of each step, how it ended."""
        return [(one.step.work, one.state) for one in self.told if one.state not in ("waiting", "working")]


def port(number: int) -> dict[str, Any]:
    return {"portMappings": [{"containerPort": 80, "hostPort": number}]}


def test_from_nothing_to_running_and_once_more_to_nothing(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, "count = 2", **port(8080))
    first = Ran(session)
    assert first.deployed.succeeded
    assert yard.done[:2] == ["build on edge-1", "copy from edge-1 to edge-2"]
    assert sorted(yard.done[2:]) == ["start on edge-1", "start on edge-2"]
    assert first.ends() == [("build", "done"), ("copy", "done"), ("register", "done"), ("run", "done")]
    assert {task.group for task in first.deployed.tasks} == {"deploy:web"}

    yard.done.clear()
    again = Ran(session)
    assert again.deployed.succeeded
    assert yard.done == ["build on edge-1"]
    assert {state for work, state in again.ends() if work != "build"} == {"nothing"}
    assert sorted(task.id for task in again.deployed.tasks) == sorted(task.id for task in first.deployed.tasks)


def test_an_image_that_was_built_anew_replaces_the_tasks_of_the_same_revision(session: Session, yard: Yard) -> None:
    (old,) = Ran(session).deployed.tasks
    yard.content = "b"
    yard.done.clear()
    changed = Ran(session)
    (new,) = changed.deployed.tasks
    assert new.id != old.id
    assert changed.deployed.stored is not None
    assert changed.deployed.stored.revision == 1
    assert list(yard.tasks) == [new.id]
    starts = [index for index, what in enumerate(yard.done) if what.startswith("start")]
    stops = [index for index, what in enumerate(yard.done) if what.startswith("stop")]
    assert max(starts) < min(stops)  # there is room for both, so nothing is down meanwhile


def test_without_room_for_both_the_old_goes_first(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, "count = 2", **port(8080))
    Ran(session)
    yard.content = "b"
    yard.done.clear()
    ran = Ran(session)
    assert ran.deployed.succeeded
    order = [what.split()[0] for what in yard.done]
    assert order == ["build", "copy", "stop", "stop", "start", "start"]
    assert any("there is no room for them and what comes after" in step.words for step in ran.plan.steps)


def test_an_older_image_on_another_host_is_never_run(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, "count = 2", **port(8080))
    yard.images["edge-2"] = {IMAGE: "sha256:" + "0" * 64}
    ran = Ran(session)
    assert ran.deployed.succeeded
    assert {made.image_id for _, _, made in yard.tasks.values()} == {"sha256:" + "a" * 64}


def test_a_name_that_is_moved_between_the_copy_and_the_start_is_found_out(session: Session, yard: Yard) -> None:
    (old,) = Ran(session).deployed.tasks
    yard.content = "b"

    def move() -> None:
        for images in yard.images.values():
            images[IMAGE] = "sha256:" + "0" * 64

    yard.on_start = move
    ran = Ran(session)
    assert ran.deployed.failure is not None
    assert "ran another image than was built" in ran.deployed.failure.why
    assert list(yard.tasks) == [old.id]


def test_a_build_that_fails_changes_nothing_and_tells_its_last_lines(session: Session, yard: Yard) -> None:
    Ran(session)
    before = dict(yard.tasks)
    yard.fails["build"] = "step 2/3 (RUN make) failed: exit code 2"
    ran = Ran(session)
    failure = ran.deployed.failure
    assert failure is not None
    assert (failure.step.work, str(failure.why)) == ("build", yard.fails["build"])
    assert failure.lines == ("cc: no such file",)
    assert yard.tasks == before
    assert ran.deployed.left() == [
        "1 task of deploy:web goes on as before",
        "to go on, deploy again: what is done already is not done twice",
    ]
    assert ran.ends()[-1] == ("build", "failed")


def test_a_copy_that_fails_registers_and_starts_nothing(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, "count = 2", **port(8080))
    yard.fails["copy"] = "no space left on device"
    ran = Ran(session)
    failure = ran.deployed.failure
    assert failure is not None
    assert (failure.step.work, str(failure.why)) == ("copy", "edge-2: no space left on device")
    assert (ran.deployed.stored, yard.tasks) == (None, {})
    assert session.definitions.families() == []
    assert ran.deployed.left()[0] == f"{IMAGE} ({'a' * 12}) is on edge-1"
    shape = ran.deployed.shape()
    assert shape["taskDefinition"] is None
    assert [one["reason"] for one in shape["failures"]] == ["FAILED", "FAILED"]


def test_a_task_that_does_not_come_up_leaves_the_old_ones(session: Session, yard: Yard) -> None:
    (old,) = Ran(session).deployed.tasks
    yard.content, yard.fails["start"] = "b", "CannotStartContainerError: exec format error"
    ran = Ran(session)
    failure = ran.deployed.failure
    assert failure is not None
    assert failure.step.work == "run"
    assert "exec format error" in failure.why
    assert list(yard.tasks) == [old.id]


def test_of_new_tasks_that_do_not_all_come_up_none_stays_beside_the_old(
    session: Session, yard: Yard, tmp_path: Path
) -> None:
    write(tmp_path, "count = 2", memory=300)
    old = {task.id for task in Ran(session).deployed.tasks}
    yard.content = "b"
    reasons = iter([None, "CannotStartContainerError: no"])
    yard.on_start = lambda: next(reasons)
    ran = Ran(session)
    assert not ran.deployed.succeeded
    assert set(yard.tasks) == old
    assert "2 tasks of deploy:web go on as before" in ran.deployed.left()
    assert not any("runs" in line for line in ran.deployed.left())


def test_a_program_that_ends_at_once_takes_nothing_down(session: Session, yard: Yard) -> None:
    (old,) = Ran(session).deployed.tasks
    yard.content, yard.ends = "b", 3
    ran = Ran(session)
    assert ran.deployed.failure is not None
    assert "ended at once: exit 3 of web; moorage logs" in ran.deployed.failure.why
    assert list(yard.tasks) == [old.id]


def test_a_job_that_ends_well_at_once_is_no_failure(session: Session, yard: Yard) -> None:
    yard.ends = 0
    assert Ran(session).deployed.succeeded


def test_what_is_broken_off_while_tasks_start_is_seen_through(session: Session, yard: Yard) -> None:
    (old,) = Ran(session).deployed.tasks
    yard.content = "b"
    request, stop = DeployRequest(), threading.Event()
    plan = plan_deploy(session, request)
    yard.on_start = stop.set
    deployed = deploy(session, request, plan, lambda _: None, stop)
    assert deployed.succeeded
    assert [task.id for task in deployed.stopped] == [old.id]
    assert list(yard.tasks) == [task.id for task in deployed.tasks]


def test_what_was_broken_off_says_so(session: Session, yard: Yard) -> None:
    yard.fails["build stop"] = "yes"
    failure = Ran(session).deployed.failure
    assert failure is not None
    assert failure.stopped


def test_no_build_takes_what_is_there_or_says_that_nothing_is(session: Session, yard: Yard) -> None:
    refused = Ran(session, no_build=True).deployed.failure
    assert refused is not None
    assert f"edge-1 does not have {IMAGE}: build it, without --no-build" in refused.why
    yard.images["edge-1"] = {IMAGE: "sha256:" + "c" * 64}
    ran = Ran(session, no_build=True)
    assert ran.deployed.succeeded
    assert not yard.builds
    assert {made.image_id for _, _, made in yard.tasks.values()} == {"sha256:" + "c" * 64}


def test_an_image_that_stays_runs_where_it_was_built(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, 'count = 3\ndeliver = "none"')
    ran = Ran(session)
    assert {key.name for key in ran.plan.standing.places} == {"edge-1"}
    assert ran.deployed.succeeded
    assert yard.done == ["build on edge-1", *["start on edge-1"] * 3]


def test_what_an_image_is_built_from_is_built_before_it_and_brought_nowhere(
    session: Session, yard: Yard, tmp_path: Path
) -> None:
    write(tmp_path, "count = 2", **port(8080))
    path = tmp_path / "moorage.toml"
    base = '[[build]]\nimage = "registry.lan/base:1"\non = "edge-2"\n'
    path.write_text(path.read_text().replace("[[build]]", f"{base}[[build]]"))
    ran = Ran(session)
    assert ran.deployed.succeeded
    assert yard.done[:3] == ["build on edge-2", "build on edge-1", "copy from edge-1 to edge-2"]
    assert [step.work for step in ran.plan.steps] == ["build", "build", "copy", "register", "run"]
    assert any("registry.lan/base:1 is built, and no container runs it" in line for line in ran.plan.warnings)


def test_it_is_kept_with_the_cluster_of_the_file_and_a_command_that_works_anywhere(
    session: Session, yard: Yard, tmp_path: Path
) -> None:
    write(tmp_path, 'cluster = "default"')
    Ran(session)
    lines = (session.home.state / "audit.jsonl").read_text().splitlines()
    (kept,) = [entry for line in lines if (entry := json.loads(line))["verb"] == "deploy"]
    assert (kept["cluster"], kept["outcome"]) == ("default", "done")
    assert kept["command"] == f"moorage deploy --file {tmp_path}/moorage.toml --cluster default"
    assert kept["detail"].startswith("web:1: 1 RUNNING, built registry.lan/web:7")


def test_the_paths_of_a_file_elsewhere_begin_there(
    session: Session, yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir("/")
    assert Ran(session, file="~/moorage.toml").deployed.succeeded
    assert yard.builds[0].path == str(tmp_path)


def wrong(session: Session, **members: Any) -> str:
    with pytest.raises(MoorageError) as caught:
        plan_deploy(session, DeployRequest(**members))
    return caught.value.message


def test_all_that_can_be_known_is_known_before_the_build(
    session: Session, yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_dockerfile() -> None:
        write(tmp_path)
        (tmp_path / "Dockerfile").unlink()

    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: write(tmp_path, memory=2000), "there is no room for 1 task: edge-1: MEMORY"),
        (
            lambda: write(tmp_path, image="registry.lan/wep:7"),
            "no container of the definition runs: did you mean",
        ),
        (lambda: write(tmp_path, 'cluster = "prod"'), "cluster 'prod' not found"),
        (lambda: write(tmp_path, secrets=[{"name": "S", "valueFrom": "nowhere"}]), "has no source on this machine"),
        (lambda: write(tmp_path, memory="x"), "containerDefinitions[0].memory"),
        (without_dockerfile, "Dockerfile: no such file"),
        (lambda: write(tmp_path, 'deliver = "scp"'), "line 2, column 1, deliver"),
        (lambda: write(tmp_path, build='platform = "arm"'), "platform: "),
    ]
    for prepare, words in cases:
        prepare()
        assert words in wrong(session)
    write(tmp_path)
    yard.silent.add("edge-1")
    assert "edge-1, which is to build" in wrong(session)
    yard.silent.clear()
    monkeypatch.chdir(tmp_path / "home")
    assert "there is no moorage.toml here" in wrong(session)
    assert "no such file" in wrong(session, file="nothing.json")
    assert yard.done == []


def test_what_names_no_registry_is_not_pushed(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, 'deliver = "push"', image="web:7")
    path = tmp_path / "moorage.toml"
    path.write_text(path.read_text().replace(IMAGE, "web:7"))
    assert 'deliver = "push": web:7 names no registry; write one, as in registry.lan/web:7' in wrong(session)
    assert yard.done == []


def test_a_plan_says_what_will_be_done(session: Session, yard: Yard, tmp_path: Path) -> None:
    write(tmp_path, "count = 2", **port(8080))
    words = [str(step.words) for step in plan_deploy(session, DeployRequest()).steps]
    assert words == [
        f"build {IMAGE} on edge-1",
        f"copy {IMAGE} to where tasks go: edge-2",
        "register web:1",
        words[-1],
    ]
    assert words[-1] in (
        "run 2 of web:1 in group deploy:web on edge-1, edge-2",
        "run 2 of web:1 in group deploy:web on edge-2, edge-1",
    )
    assert yard.done == []


def test_arguments_of_a_build_reach_it_and_no_log(session: Session, yard: Yard, tmp_path: Path) -> None:
    path = tmp_path / "moorage.toml"
    path.write_text(path.read_text() + 'args = { TOKEN = "hunter2-canary" }\n')
    ran = Ran(session)
    assert yard.builds[0].build_arg == ["TOKEN=hunter2-canary"]
    assert "hunter2-canary" not in repr(ran.plan)
    for kept in (tmp_path / "home").rglob("*"):
        if kept.is_file():
            assert b"hunter2-canary" not in kept.read_bytes(), kept


def test_a_compose_file_builds_and_its_tasks_are_those_of_up(session: Session, yard: Yard, tmp_path: Path) -> None:
    text = "name: shop\nservices:\n  web:\n    build: .\n    mem_limit: 100m\n"
    (tmp_path / "compose.yaml").write_text(text)
    ran = Ran(session, file="compose.yaml")
    assert ran.deployed.succeeded
    assert yard.builds[0].tag == ["shop-web"]
    assert {task.group for task in ran.deployed.tasks} == {"compose:shop"}
    assert not any("not built here" in line for line in ran.plan.warnings)
