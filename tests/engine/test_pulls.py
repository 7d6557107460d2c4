"""Pulls from a real registry: each behaviour, with the registry up, down, frozen, and with broken images in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from app.hosts import engine as engine_module
from app.hosts.launcher import Launcher
from app.hosts.settings import HostSettings
from app.model.names import ImagePullBehavior
from app.model.progress import Progress
from app.model.task import Task
from tests.engine.launching import HOST, LIVE, Bench, definition, left, only_records
from tests.engine_bed import Daemon, Registry, wait_until
from tests.engine_bed.image import busybox_tar

SILENCE = "no answer to pull in time"
SAY = ["sh", "-c", f"echo $VERSION; {LIVE[2]}"]


@pytest.fixture
def bench(engine: Daemon) -> Bench:
    return Bench(engine)


def push(registry: Registry, version: str, *changes: str) -> str:
    return registry.push("app:1", [f"ENV VERSION={version} PATH=/bin", *changes])


def launch(bench: Bench, *containers: dict[str, Any], pull: ImagePullBehavior = "default", **members: Any) -> Task:
    made = definition(*({"name": "web", "command": SAY, **given} for given in containers), **members)
    return bench.launcher(HostSettings(pull=pull)).launch(bench.order(made))


def version(bench: Bench, task: Task) -> str:
    assert task.last_status == "RUNNING", task.stopped_reason
    return wait_until(lambda: bench.output(task, "web")).strip()


def warnings(bench: Bench) -> list[str]:
    return [progress.detail for progress in bench.told if progress.step == "warning"]


def test_by_default_the_registrys_image_is_taken_and_the_hosts_copy_when_there_is_none(
    bench: Bench, registry: Registry
) -> None:
    image = push(registry, "one")
    assert version(bench, launch(bench, {"image": image})) == "one"
    push(registry, "two")
    assert version(bench, launch(bench, {"image": image})) == "two"
    assert warnings(bench) == []

    registry.kill()
    assert version(bench, launch(bench, {"image": image})) == "two"
    (warning,) = warnings(bench)
    assert warning.startswith(f"the copy of {image} on the host is used: ")
    assert "connection refused" in warning


def test_by_default_an_image_that_is_nowhere_stops_the_task(bench: Bench, registry: Registry) -> None:
    registry.kill()
    task = launch(bench, {"image": "127.0.0.1:5000/app:1"})
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason.startswith("CannotPullContainerError: ")
    assert task.containers[0].reason == task.stopped_reason
    assert "connection refused" in task.stopped_reason


def test_always_means_that_a_copy_will_not_do_even_for_what_is_not_essential(bench: Bench, registry: Registry) -> None:
    image = push(registry, "one")
    helper = {"name": "helper", "image": image, "essential": False}
    assert launch(bench, {}, helper).last_status == "RUNNING"
    registry.kill()
    task = launch(bench, {"image": image}, helper, pull="always")
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason.startswith("CannotPullContainerError: ")


def test_once_an_engine(bench: Bench, registry: Registry) -> None:
    image = push(registry, "one")
    assert version(bench, launch(bench, {"image": image}, pull="once")) == "one"
    push(registry, "two")
    registry.kill()
    assert "connection refused" in launch(bench, {"image": image}, pull="once").stopped_reason
    registry.start()
    assert version(bench, launch(bench, {"image": image}, pull="once")) == "two"
    registry.kill()
    assert version(Bench(bench.daemon), launch(bench, {"image": image}, pull="once")) == "two"


def test_what_a_digest_names_is_pulled_once(bench: Bench, registry: Registry) -> None:
    tag = push(registry, "one")
    assert version(bench, launch(bench, {"image": tag})) == "one"
    (digest,) = bench.engine.image(tag)["RepoDigests"]
    registry.kill()
    assert version(bench, launch(bench, {"image": digest})) == "one"
    assert warnings(bench) == []


def test_prefer_cached_asks_nobody_when_there_is_a_copy(bench: Bench, registry: Registry) -> None:
    image = push(registry, "one")
    assert version(bench, launch(bench, {"image": image}, pull="prefer-cached")) == "one"
    registry.kill()
    assert version(bench, launch(bench, {"image": image}, pull="prefer-cached")) == "one"
    assert warnings(bench) == []
    bench.told.clear()
    helper = {"name": "helper", "image": "127.0.0.1:5000/nowhere:1", "essential": False}
    assert version(bench, launch(bench, {"image": image}, helper, pull="prefer-cached")) == "one"
    assert "CannotPullContainerError" in warnings(bench)[0]


@pytest.fixture
def tried_once(fresh_engine: Any, tmp_path: Path) -> Iterator[tuple[Bench, Registry]]:
    """Docker tries a layer again five times, for minutes; here once."""
    daemon = fresh_engine(flags=["--max-download-attempts", "1"])
    registry = Registry(daemon, tmp_path)
    registry.start()
    try:
        yield Bench(daemon), registry
    finally:
        registry.close()


def test_a_layer_that_breaks_off(tried_once: tuple[Bench, Registry]) -> None:
    bench, registry = tried_once
    image = push(registry, "one")
    registry.spoil()
    task = launch(bench, {"image": image})
    assert task.stopped_reason.startswith("CannotPullContainerError: ")
    assert only_records(left(bench.daemon))


def test_an_older_copy_is_not_run_where_the_registry_has_another_image(tried_once: tuple[Bench, Registry]) -> None:
    bench, registry = tried_once
    image = push(registry, "one")
    assert launch(bench, {"image": image}).last_status == "RUNNING"
    old = bench.engine.image(image)["Id"]
    push(registry, "two")
    bench.daemon.api.tag(old, *image.rsplit(":", 1))
    registry.spoil()
    task = launch(bench, {"image": image})
    assert task.stopped_reason.startswith("CannotPullContainerError: ")
    assert task.stopped_reason.endswith('image_pull_behavior = "prefer-cached" would run it')
    assert launch(bench, {"image": image}, pull="prefer-cached").last_status == "RUNNING"


def test_a_registry_that_falls_silent(bench: Bench, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is there and well: it is the pull that failed, not the launch."""
    image = push(registry, "one")
    monkeypatch.setattr(engine_module, "PULL_SILENCE", 1.0)
    registry.pause()
    bench.daemon.api.tag("busybox", "127.0.0.1:5000/copy", "1")
    helper = {"name": "helper", "image": "127.0.0.1:5000/copy:1", "command": LIVE}
    task = launch(bench, helper, {"image": image, "essential": False})
    assert task.last_status == "RUNNING"
    assert [part.reason for part in task.containers] == ["", f"CannotPullContainerError: {SILENCE}"]
    assert f"the copy of 127.0.0.1:5000/copy:1 on the host is used: {SILENCE}" in warnings(bench)
    task = launch(bench, {"image": image})
    assert task.stopped_reason.startswith("CannotPullContainerError: ")


@pytest.mark.parametrize("pull", get_args(ImagePullBehavior))
def test_an_image_for_another_processor(bench: Bench, registry: Registry, pull: ImagePullBehavior) -> None:
    """20.10 pulls it with no more than a warning in its log, and runs it; the copy on the host is no better."""
    image = push(registry, "one")
    arm = {"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}
    reason = f"CannotPullContainerError: image {image} is for linux/amd64, and runtimePlatform asks for linux/arm64"
    for _ in range(2):
        assert launch(bench, {"image": image}, pull=pull, **arm).stopped_reason == reason


def test_a_tag_that_is_moved_between_pull_and_create(bench: Bench, registry: Registry) -> None:
    """With labels of ours the container would be nobody's: no launch would see it, and nobody take it away."""
    image = push(registry, "one")
    order = bench.order(definition({"name": "web", "image": image}))
    bench.daemon.api.import_image_from_data(busybox_tar(), repository="forged", changes=["LABEL moorage.x=1"])

    def tell(progress: Progress) -> None:
        if progress.step == "create":
            bench.daemon.api.tag("forged", "127.0.0.1:5000/app", "1", force=True)

    task = Launcher(bench.engine, HOST, tell).launch(order)
    assert task.stopped_reason == "CannotCreateContainerError: its image carries labels that only Moorage may set"
    assert only_records(left(bench.daemon))
