"""podman in Docker's place: what Moorage makes of its answers where they are others, and what is lost there.

Asked of podman alone: ``make engines ARGS=podman``. ``differences.py`` has what Docker's own checks find otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.process import start_process
from app.hosts.images.listing import read_disk, read_images
from app.hosts.images.naming import remove
from app.hosts.images.pulling import pull
from app.hosts.images.pushing import push
from app.hosts.logs import read_logs
from app.hosts.networks import TASK_NETWORKS
from app.hosts.past_events import past_events
from app.hosts.reading import container_from_inspect
from app.hosts.task_objects import forget_task
from app.model.image_reference import parse_reference
from tests.engine.contract.asking import DEAF, LIVE, MIB, create, ended, run_inside, settled, state
from tests.engine.images import make_image
from tests.engine.launching import HOST, NOTHING, Bench, left
from tests.engine_bed import Daemon, Registry, wait_until
from tests.engine_bed.registry import HOST as REGISTRY

APP = f"{REGISTRY}/team/app:7"


@pytest.fixture
def subject(engine: Daemon) -> Daemon:
    return engine


def refused(call: Any, *words: Any) -> HostError:
    with pytest.raises(HostError) as caught:
        call(*words)
    return caught.value


def test_what_is_taken_or_in_use_is_a_conflict(subject: Daemon, port: Engine) -> None:
    made = create(subject, LIVE, "one", binds=["data:/data"])
    taken = refused(port.create_container, "one", {"Image": "busybox", "Cmd": LIVE})
    assert taken.kind == "conflict" and f"already in use by {made}" in taken.message
    assert refused(start_process, port, made, ["true"]).kind == "conflict"
    assert refused(port.remove_volume, "data").kind == "conflict"
    assert refused(remove, port, "busybox").message == "busybox is used by container one; stop and remove them first"
    subject.api.tag("busybox", "other", "1")
    several = refused(remove, port, str(subject.api.inspect_image("other:1")["Id"]))
    assert several.kind == "conflict" and several.message.endswith("has several names; take each of them away")


def test_ends_and_their_codes(subject: Daemon, port: Engine) -> None:
    once, polite, deaf = create(subject, ["sh", "-c", "exit 3"]), create(subject, LIVE), create(subject, DEAF)
    port.start(once)
    ended(subject, once)
    for made, seconds in ((polite, 30), (deaf, 1)):
        port.start(made)
        settled(subject, made)
        port.stop(made, seconds)
        port.stop(made, seconds)  # ended already: no error
    found = [container_from_inspect(subject.api.inspect_container(made)) for made in (once, polite, deaf)]
    assert [(seen.state, seen.exit_code) for seen in found] == [("exited", 3), ("exited", 7), ("exited", 137)]
    assert all(seen.finished_at is not None for seen in found)
    again = create(subject, ["sh", "-c", "exit 3"], restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    port.start(again)
    wait_until(lambda: subject.api.inspect_container(again)["RestartCount"] == 2)


def test_a_port_that_is_taken_names_who_has_it(subject: Daemon) -> None:
    holder = create(subject, LIVE, "holder", ports=[80], port_bindings={80: 8080})
    subject.api.start(holder)
    ports = {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}
    task = Bench(subject).launch({"name": "web", **ports}, networkMode="bridge")
    assert "port 8080 is taken by container holder (unmanaged)" in task.stopped_reason


def test_every_network_mode_is_launched_and_undone_to_nothing(subject: Daemon, port: Engine) -> None:
    bench = Bench(subject)
    for mode, links in (("awsvpc", []), ("bridge", ["db"]), ("none", []), ("host", [])):
        task = bench.launch({"name": "web", "links": links}, {"name": "db"}, networkMode=mode)
        assert task.last_status == "RUNNING", task.stopped_reason
        assert bench.stop(task).last_status == "STOPPED"
        forget_task(port, task.id)
        assert left(subject) == NOTHING


def test_a_subnet_is_given_once_and_a_network_goes_though_it_is_in_use(subject: Daemon, port: Engine) -> None:
    """The latter is podman's: a container of another's in a task's network holds nothing there."""
    subnet = str(next(TASK_NETWORKS.subnets(new_prefix=28)))
    made = port.create_network("tasks", subnet, {"a": "1"})
    assert "is already used on the host" in refused(port.create_network, "others", subnet, {}).message
    port.start(create(subject, LIVE, network_mode="tasks"))
    port.remove_network(made)
    assert port.networks("a=1") == []


def test_health_checks_are_called_by_nobody_but_systemd(subject: Daemon, port: Engine) -> None:
    check = {"test": ["CMD-SHELL", "true"], "interval": 300_000_000, "timeout": 10**10}
    made, plain = create(subject, LIVE, healthcheck=check), create(subject, LIVE)
    for container in (made, plain):
        port.start(container)
        settled(subject, container)
    run_inside(subject, made, "sleep 1")
    assert state(subject, made)["Health"]["Status"] == "starting"
    assert container_from_inspect(subject.api.inspect_container(plain)).health == ""


def test_what_has_happened_is_not_told_afterwards(subject: Daemon, port: Engine) -> None:
    began = port.now() - timedelta(seconds=1)
    made = create(subject, ["true"])
    port.start(made)
    ended(subject, made)
    assert past_events(port, began) == []


def test_times_of_a_log_are_whole_seconds(subject: Daemon, port: Engine) -> None:
    made = create(subject, ["sh", "-c", "echo one; sleep 0.1; echo two >&2"])
    port.start(made)
    ended(subject, made)
    parts = read_logs(port, made, follow=False, tail=None, since=None, timestamps=True)
    entries = [entry for part in parts for entry in part]
    assert [(entry.stream, str(entry.text)) for entry in entries] == [("stdout", "one"), ("stderr", "two")]
    assert all(entry.time is not None and entry.time.microsecond == 0 for entry in entries)


def test_limits_that_docker_refuses_are_taken(subject: Daemon) -> None:
    made = create(subject, LIVE, mem_limit=MIB)
    assert subject.api.inspect_container(made)["HostConfig"]["Memory"] == MIB


def test_images_have_the_names_that_people_give_them(subject: Daemon, port: Engine) -> None:
    made = make_image(subject, "shop/app:1")
    names = {image.id: image.names for image in read_images(port, HOST, {})}
    assert names[made] == ("shop/app:1",) and ("busybox:latest",) in names.values()
    disk = read_disk(port)
    assert disk is not None and disk.count == 2 and disk.used > MIB
    assert remove(port, "shop/app:1") == (made,)


def test_pushes_and_pulls(subject: Daemon, port: Engine, registry: Registry) -> None:
    made = make_image(subject, APP)
    assert push(port, parse_reference(APP)).startswith("sha256:")
    assert remove(port, APP) == (made,)
    assert pull(port, APP).id == made
    assert refused(pull, port, f"{REGISTRY}/team/nope:1").kind in ("failed", "not-found")
    registry.require("ops", "harbor 4711")
    assert "127.0.0.1:5000 wants to know who asks" in refused(push, port, parse_reference(APP)).message
