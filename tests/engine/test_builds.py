"""Builds on real engines: what comes of them, and what is left when they fail, are stopped or lose their engine."""

from __future__ import annotations

import base64
import gc
import json
import re
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.hosts.images import building as hosts_building
from app.model.build_progress import BuildProgress
from app.model.errors import MoorageError
from app.model.image_requests import BuildImageRequest
from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
from app.operations.clusters import create_cluster
from app.operations.images.building import BuildError, BuildStoppedError, Built, build_image
from app.operations.instances import register_container_instance
from app.operations.session import Session
from app.store.audit import AuditLog
from app.store.home import resolve_home
from tests.engine.clusters import register
from tests.engine_bed import Daemon, Registry, wait_until

Fresh = Callable[..., Daemon]
SLOW = "FROM busybox\nRUN echo begun; sleep 600\n"


class Workshop:
    """A session, a folder to build from, and all that builds told."""

    def __init__(self, folder: Path) -> None:
        self.session = Session(resolve_home(str(folder / "home"), {}))
        self.folder = folder / "context"
        self.folder.mkdir()
        self.told: list[BuildProgress] = []
        self.complaints: list[str] = []
        self.session.complain = self.complaints.append

    def write(self, dockerfile: str, **files: str) -> None:
        for name, text in {"Dockerfile": dockerfile, **files}.items():
            (self.folder / name).write_text(text)

    def build(self, stop: threading.Event | None = None, **members: Any) -> Built:
        request = BuildImageRequest(path=str(self.folder), tag=members.pop("tag", ["web:1"]), **members)
        return build_image(self.session, request, self.told.append, stop)

    def refusal(self, **members: Any) -> str:
        with pytest.raises(MoorageError) as caught:
            self.build(**members)
        assert "\n" not in caught.value.message
        return caught.value.message

    @property
    def lines(self) -> list[str]:
        return [line for progress in self.told for line in progress.lines]

    def audit(self) -> list[dict[str, Any]]:
        return [entry for entry in AuditLog(self.session.home).read()[0] if entry["verb"] == "build"]


@pytest.fixture
def shop(tmp_path: Path, engine: Daemon) -> Workshop:
    made = Workshop(tmp_path)
    register(made.session, engine)
    return made


def ran(daemon: Daemon, image: str, *command: str) -> str:
    """What a container of the image writes."""
    made = daemon.api.create_container(image, list(command) or None)["Id"]
    daemon.api.start(made)
    daemon.api.wait(made)
    output: bytes = daemon.api.logs(made)
    daemon.api.remove_container(made)
    return output.decode()


def names(daemon: Daemon) -> list[str]:
    return sorted(name for image in daemon.api.images() for name in image["RepoTags"] or ())


def test_a_build_sends_the_folder_runs_its_steps_and_names_the_image(shop: Workshop, engine: Daemon) -> None:
    shop.write(
        "FROM busybox\nARG GREETING=none\nCOPY --chown=65534:65534 . /app\nRUN echo $GREETING > /said; echo written\n"
        'CMD ["sh", "-c", "cat /said /app/a; ls -l /app/run | cut -c1-10; readlink /app/link"]\n',
        a="from the folder\n",
        run="#!/bin/sh\n",
    )
    (shop.folder / "run").chmod(0o755)
    (shop.folder / "link").symlink_to("../../etc/passwd")
    built = shop.build(tag=["web:1", "registry.lan:5000/team/web"], build_arg=["GREETING=hello"])
    assert ran(engine, "web:1") == "hello\nfrom the folder\n-rwxr-xr-x\n../../etc/passwd\n"
    assert names(engine) == ["busybox:latest", "registry.lan:5000/team/web:latest", "web:1"]
    assert built.image_id == engine.api.inspect_image("web:1")["Id"]
    assert built.tags == ("web:1", "registry.lan:5000/team/web:latest")
    assert built.instance.name == engine.name
    assert [step.state for step in built.steps] == ["done"] * 5
    assert built.steps[3].words == "RUN echo $GREETING > /said; echo written"
    assert built.steps[3].seconds > 0
    assert shop.lines == ["written"]
    assert [progress.state for progress in shop.told][:1] == ["sending"]
    assert shop.told[-1].state == "done"
    assert shop.told[-1].sent == shop.told[-1].total > 0
    assert shop.told[-1].detail == built.image_id
    assert engine.api.containers(all=True) == []


def test_the_second_time_it_comes_from_the_cache_unless_that_is_not_wanted(shop: Workshop) -> None:
    shop.write("FROM busybox\nCOPY a /a\nRUN cat /a\n", a="1\n")
    first = shop.build()
    (shop.folder / "a").touch()  # another time of change is no other content
    second = shop.build()
    assert [step.state for step in second.steps] == ["done", "cached", "cached"]
    assert second.image_id == first.image_id
    assert [step.state for step in shop.build(no_cache=True).steps] == ["done"] * 3
    shop.write("FROM busybox\nCOPY a /a\nRUN cat /a\n", a="2\n")
    assert [step.state for step in shop.build().steps] == ["done"] * 3
    assert shop.build().shape()["steps"][1] | {"seconds": 0} == {
        "step": 2,
        "instruction": "COPY a /a",
        "cached": True,
        "seconds": 0,
    }


def test_stages_a_target_and_a_dockerfile_elsewhere(shop: Workshop, engine: Daemon, tmp_path: Path) -> None:
    elsewhere = tmp_path / "Dockerfile.ci"
    elsewhere.write_text(
        "ARG BASE=busybox\nFROM ${BASE} AS made\nCOPY . /made\n"
        "FROM scratch AS last\nCOPY --from=made /made/a /a\n"
        "FROM busybox\nRUN false\n"
    )
    (shop.folder / "a").write_text("1")
    (shop.folder / ".dockerignore").write_text("ignored")
    (shop.folder / "ignored").write_text("x")
    shop.build(file=str(elsewhere), target="made", tag=["made:1"])
    assert ran(engine, "made:1", "ls", "-A", "/made") == "a\n"
    shop.build(file=str(elsewhere), target="last", tag=["last:1"])
    assert engine.api.inspect_image("last:1")["Size"] == 1
    assert re.search("target .*nowhere", shop.refusal(file=str(elsewhere), target="nowhere"))


def test_the_arguments_values_are_in_nothing_that_is_kept(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write("FROM busybox\nARG TOKEN\nARG BASE_URL\nRUN test $TOKEN = canary-1 && test $BASE_URL = canary-2\n")
    monkeypatch.setenv("BASE_URL", "canary-2")
    shop.build(build_arg=["TOKEN=canary-1", "BASE_URL", "NOT_THERE"])
    shop.write("FROM busybox\nARG TOKEN\nRUN false\n")
    shop.refusal(build_arg=["TOKEN=canary-1"])
    kept = json.dumps(shop.audit())
    assert [entry["outcome"] for entry in shop.audit()] == ["done", "failed"]
    assert "--build-arg TOKEN --build-arg BASE_URL" in kept
    assert "canary" not in kept
    state = shop.session.home.state
    assert not [path for path in state.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_a_step_that_fails_is_told_with_its_code_and_last_lines(shop: Workshop, engine: Daemon) -> None:
    shop.write("FROM busybox\nRUN for i in $(seq 100); do echo line $i; done; echo oops >&2; exit 3\nRUN true\n")
    with pytest.raises(BuildError) as caught:
        shop.build()
    error = caught.value
    assert error.message.startswith("step 2/3: RUN for i in ")
    assert error.message.endswith(" ended with exit code 3")
    assert error.exit_code == 3
    assert len(error.lines) == 20
    assert "line 100" in error.lines
    assert "oops" in shop.lines  # of two streams: which comes first, Docker does not promise
    assert error.step is not None
    assert error.step.state == "failed"
    assert shop.told[-1].state == "failed"
    assert shop.told[-1].detail == error.message
    assert engine.api.containers(all=True) == []
    assert names(engine) == ["busybox:latest"]


BAD = [
    ("FROM no.such.registry.invalid/x:1", "step 1/1: no.such.registry.invalid/x:1: the host cannot find"),
    ("FROM busybox\nFOO bar", "unknown instruction: FOO"),
    ("FROM busybox\nCOPY missing /", "file not found in build context or excluded by .dockerignore"),
    ("FROM busybox\nRUN --mount=type=cache,target=/x true", "line 2: RUN --mount needs BuildKit"),
    (f"FROM busybox\nADD --checksum=sha256:{'0' * 64} Dockerfile /", "line 2: ADD --checksum needs BuildKit"),
    ("FROM busybox\nCOPY --exclude=*.md . /", "line 2: COPY --exclude needs BuildKit"),
    ("FROM busybox\nRUN <<EOF\necho hi\nEOF", "a here-document (<<) needs BuildKit"),
    ("FROM busybox\nRUN no-such-program", "ended with exit code 127"),
    ('FROM busybox\nRUN ["/no/such/program"]', "no such file or directory"),
    ("RUN true", "no build stage in current context"),
]


@pytest.mark.parametrize(("dockerfile", "why"), BAD)
def test_what_is_wrong_with_a_dockerfile_is_told_in_one_line(
    shop: Workshop, engine: Daemon, dockerfile: str, why: str
) -> None:
    shop.write(dockerfile)
    assert why in shop.refusal()
    assert names(engine) == ["busybox:latest"]
    assert engine.api.containers(all=True) == []


def test_what_cannot_be_built_is_refused_before_anything_is_sent(shop: Workshop) -> None:
    shop.write("FROM busybox\n")
    assert "'Web' is no image" in shop.refusal(tag=["Web"])
    assert "its digest comes of what is in it" in shop.refusal(tag=["web@sha256:" + "0" * 64])
    assert "no name before =" in shop.refusal(build_arg=["=x"])
    assert "container instance of cluster 'default' 'nowhere' not found" in shop.refusal(container_instance="nowhere")
    assert shop.told == []


def test_a_huge_file_that_is_ignored_is_not_sent(shop: Workshop) -> None:
    shop.write("FROM busybox\nCOPY . /x\n", **{".dockerignore": "*.img\n"})
    with open(shop.folder / "disk.img", "wb") as file:
        file.truncate(2 << 30)
    shop.build()
    assert shop.told[-1].total < 1000


def test_a_large_context_is_never_in_memory(shop: Workshop) -> None:
    shop.write("FROM scratch\nCOPY Dockerfile /\n")
    with open(shop.folder / "big", "wb") as file:
        file.truncate(300 << 20)
    shop.build(tag=["warm:1"])
    gc.collect()
    tracemalloc.start()
    try:
        shop.build(no_cache=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert shop.told[-1].total > 300 << 20
    assert most < 8 << 20, most
    assert len({progress.sent for progress in shop.told if progress.state == "sending"}) > 5


def test_lines_are_told_as_they_are_written(shop: Workshop) -> None:
    shop.write("FROM busybox\nRUN echo first; sleep 1.5; echo second\n")
    at: dict[str, float] = {}
    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])
    running: list[float] = []

    def tell(progress: BuildProgress) -> None:
        at.update(dict.fromkeys(progress.lines, time.monotonic()))
        if progress.steps and "first" in at and "second" not in at:
            running.append(progress.steps[-1].seconds)

    build_image(shop.session, request, tell)
    assert at["second"] - at["first"] > 1
    assert running == sorted(running)
    assert running[-1] > 0.5, "the time of a step goes on while it is silent"


@pytest.mark.parametrize("how", ["event", "ctrl-c"])
def test_one_that_is_stopped_leaves_no_container_and_no_name(shop: Workshop, engine: Daemon, how: str) -> None:
    shop.write(SLOW)
    stop = threading.Event()

    def tell(progress: BuildProgress) -> None:
        shop.told.append(progress)
        if "begun" in progress.lines:
            if how == "ctrl-c":
                raise KeyboardInterrupt
            stop.set()

    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])
    with pytest.raises(BuildStoppedError if how == "event" else KeyboardInterrupt):
        build_image(shop.session, request, tell, stop)
    assert engine.api.containers(all=True) == []
    assert names(engine) == ["busybox:latest"]
    assert shop.told[-1].state == "stopped"
    assert shop.audit()[-1]["outcome"] in ("failed", "interrupted")
    shop.write("FROM busybox\n")
    assert shop.build().steps[0].state == "done"


def test_one_that_is_stopped_while_it_is_sent(shop: Workshop, engine: Daemon) -> None:
    shop.write("FROM busybox\nCOPY . /x\n")
    with open(shop.folder / "big", "wb") as file:
        file.truncate(1 << 30)
    stop = threading.Event()

    def tell(progress: BuildProgress) -> None:
        if progress.sent > 1 << 20:
            stop.set()

    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])
    with pytest.raises(BuildStoppedError):
        build_image(shop.session, request, tell, stop)
    assert names(engine) == ["busybox:latest"]
    assert engine.api.containers(all=True) == []


def test_a_file_that_shrinks_while_it_is_sent_ends_the_build(shop: Workshop, engine: Daemon) -> None:
    shop.write("FROM busybox\nCOPY . /x\n")
    with open(shop.folder / "log", "wb") as file:
        file.truncate(64 << 20)
    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])

    def tell(progress: BuildProgress) -> None:
        shop.told.append(progress)
        if 0 < progress.sent < 32 << 20:
            with open(shop.folder / "log", "r+b") as file:
                file.truncate(progress.sent)

    with pytest.raises(MoorageError, match=r"^log: changed while it was sent: it became shorter"):
        build_image(shop.session, request, tell)
    assert shop.told[-1].state == "failed"
    assert names(engine) == ["busybox:latest"]


def test_an_engine_that_is_killed_in_the_middle(tmp_path: Path, fresh_engine: Fresh) -> None:
    dying = fresh_engine(name="dying")
    shop = Workshop(tmp_path)
    register(shop.session, dying)
    shop.write(SLOW)

    def tell(progress: BuildProgress) -> None:
        shop.told.append(progress)
        if "begun" in progress.lines:
            dying.kill()

    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])
    with pytest.raises(MoorageError, match="the engine went away") as caught:
        build_image(shop.session, request, tell)
    assert "\n" not in caught.value.message
    assert shop.told[-1].state == "failed"


def test_an_engine_that_is_frozen_in_the_middle(
    tmp_path: Path, fresh_engine: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts_building, "PING_EVERY", 0.2)
    monkeypatch.setattr(hosts_building, "LOST_PINGS", 1)
    frozen = fresh_engine(name="frozen")
    shop = Workshop(tmp_path)
    register(shop.session, frozen)
    shop.write(SLOW)

    def tell(progress: BuildProgress) -> None:
        if "begun" in progress.lines:
            frozen.pause()

    request = BuildImageRequest(path=str(shop.folder), tag=["web:1"])
    try:
        with pytest.raises(MoorageError, match="the engine does not answer any more"):
            build_image(shop.session, request, tell)
    finally:
        frozen.resume()
    wait_until(lambda: frozen.api.containers(all=True) == [], what="the engine ends what nobody waits for")


def test_a_silent_step_is_waited_for_as_long_as_the_engine_answers(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts_building, "PING_EVERY", 0.1)
    shop.write("FROM busybox\nRUN sleep 3\n")
    assert shop.build().steps[1].seconds > 2.5


@pytest.mark.parametrize("where", ["context", "step"])
def test_a_disk_that_is_full(tmp_path: Path, fresh_engine: Fresh, where: str) -> None:
    full = fresh_engine(name="full")
    shop = Workshop(tmp_path)
    register(shop.session, full)
    size = 64 << 20
    if where == "context":
        shop.write("FROM busybox\nCOPY . /x\n")
        with open(shop.folder / "big", "wb") as file:
            file.write(b"x" * size)
    else:
        shop.write(f"FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count={size >> 20}\n")
    used = int(full.exec(["sh", "-c", f"df -k {full._data} | tail -1 | awk '{{print $3}}'"]).stdout)
    grown = full.exec(["mount", "-o", f"remount,size={used + 16 * 1024}k", str(full._data)])
    assert grown.returncode == 0, grown.stderr
    with pytest.raises(BuildError) as caught:
        shop.build()
    assert "\n" not in caught.value.message
    if where == "context":
        assert "no space left on device; make room on the host: moorage prune-images" in caught.value.message
    else:
        assert any("No space left on device" in line for line in caught.value.lines)
    assert names(full) == ["busybox:latest"]
    assert full.api.containers(all=True) == []


def test_a_private_base_image_is_pulled_by_the_password_in_dockers_configuration(
    shop: Workshop, engine: Daemon, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.require("builder", "canary-password")
    base = registry.push("base:1", ["ENV VERSION=private"])
    shop.write("ARG BASE\nFROM $BASE\nRUN echo $VERSION\n")
    docker = tmp_path / "docker"
    docker.mkdir(mode=0o700)
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    told = shop.refusal(build_arg=[f"BASE={base}"])
    assert told.startswith(f"step 2/3: {base}: ")
    assert "moorage login 127.0.0.1:5000" in told

    given = base64.b64encode(b"builder:canary-password").decode()
    (docker / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:5000": {"auth": given}}}))
    (docker / "config.json").chmod(0o600)
    again = Workshop.__new__(Workshop)
    again.__dict__ |= shop.__dict__ | {"session": Session(shop.session.home)}
    again.build(build_arg=[f"BASE={base}"])
    assert "private" in again.lines
    assert any("Pull complete" in line for line in again.lines)
    state = shop.session.home.state
    assert not [path for path in state.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_over_tcp(tmp_path: Path, fresh_engine: Fresh) -> None:
    far = fresh_engine(name="far", tcp=True)
    shop = Workshop(tmp_path)
    create_cluster(shop.session, CreateClusterRequest(cluster_name="default"))
    register_container_instance(
        shop.session, RegisterContainerInstanceRequest(name="far", endpoint=far.tcp_endpoint, insecure=True)
    )
    shop.write("FROM busybox\nCOPY . /x\nRUN ls -l /x/big | awk '{print $5}'\n")
    with open(shop.folder / "big", "wb") as file:
        file.truncate(20 << 20)
    shop.build()
    assert str(20 << 20) in shop.lines


def test_the_instance_with_the_most_free_memory_builds_unless_one_is_named(tmp_path: Path, fresh_engine: Fresh) -> None:
    small, large = fresh_engine(name="a-small", memory=1 << 30), fresh_engine(name="b-large", memory=2 << 30)
    shop = Workshop(tmp_path)
    register(shop.session, small, large)
    shop.write("FROM busybox\n")
    assert shop.build().instance.name == "b-large"
    assert shop.build(container_instance="a-small").instance.name == "a-small"
    large.kill()
    assert shop.build().instance.name == "a-small"
    small.kill()
    assert "no instance of cluster 'default' answers and takes tasks" in shop.refusal()
