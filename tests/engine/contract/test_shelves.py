"""Volumes, networks, and everything at once: the simulated engine and a real one are asked the same."""

from __future__ import annotations

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.inspecting import Inspector
from app.hosts.listing import read_host
from app.hosts.pause import pause_archive
from tests.engine.contract.asking import (
    LIVE,
    Heard,
    Subject,
    create,
    refusal,
)
from tests.engine_bed import wait_until


def test_of_two_who_make_a_volume_the_first_is_believed(subject: Subject, port: Engine) -> None:
    heard = Heard(subject)
    first = port.create_volume("lock", {"owner": "1"})
    second = port.create_volume("lock", {"owner": "2"})
    assert first["Labels"] == second["Labels"] == {"owner": "1"}
    assert [volume["Name"] for volume in port.volumes("owner=1")] == ["lock"]
    assert port.volumes("owner=2") == [] and [v["Name"] for v in port.volumes(name="loc")] == ["lock"]
    assert set(port.volume("lock")) == {"CreatedAt", "Driver", "Labels", "Mountpoint", "Name", "Options", "Scope"}
    user = create(subject, ["true"], binds=["lock:/data"])
    with pytest.raises(HostError, match=f"remove lock: volume is in use - \\[{user}\\]") as refused:
        port.remove_volume("lock")
    assert refused.value.kind == "conflict"
    port.remove_container(user)
    port.remove_volume("lock")
    port.remove_volume("lock")  # gone already: no error
    assert heard.events("destroy", kind="volume")[-1]["Actor"]["ID"] == "lock"
    with pytest.raises(HostError, match="error looking up volume plugin no-such"):
        port.create_volume("other", {}, "no-such")


def test_networks(subject: Subject, port: Engine) -> None:
    made = port.create_network("tasks", "10.202.0.0/28", {"a": "1"})
    with pytest.raises(HostError, match="Pool overlaps with other one on this address space") as refused:
        port.create_network("others", "10.202.0.0/28", {})
    assert refused.value.kind == "refused"
    assert [network["Name"] for network in port.networks("a=1")] == ["tasks"]
    assert {network["Name"] for network in subject.api.networks()} == {"bridge", "host", "none", "tasks"}
    inside = subject.api.create_container(
        "busybox", LIVE, name="one",
        host_config=subject.api.create_host_config(network_mode="tasks"),
        networking_config={"EndpointsConfig": {"tasks": {"Aliases": ["web"]}}},
    )["Id"]  # fmt: skip
    port.start(inside)
    settings = subject.api.inspect_container(inside)["NetworkSettings"]["Networks"]
    assert list(settings) == ["tasks"] and settings["tasks"]["NetworkID"] == made
    assert settings["tasks"]["IPAddress"] == "10.202.0.2" and set(settings["tasks"]["Aliases"]) >= {"web", inside[:12]}
    with pytest.raises(HostError, match="has active endpoints") as refused:
        port.remove_network(made)
    assert refused.value.kind == "refused"
    port.remove_container(inside)
    port.remove_network(made)
    port.remove_network(made)  # gone already: no error


def test_a_shared_network_needs_its_owner(subject: Subject, port: Engine) -> None:
    owner = create(subject, LIVE, "owner")
    guest = create(subject, LIVE, "guest", network_mode="container:owner")
    assert subject.api.inspect_container(guest)["HostConfig"]["NetworkMode"] == f"container:{owner}"
    assert refusal(lambda: subject.api.start(guest)) == (
        409, f"cannot join network of a non running container: {owner}"
    )  # fmt: skip
    port.start(owner)
    port.start(guest)
    assert subject.api.inspect_container(guest)["NetworkSettings"]["Networks"] == {}


# --- the watcher's view -----------------------------------------------------------------------------------------------


def test_everything_is_read_at_once(subject: Subject, port: Engine) -> None:
    create(subject, LIVE, "one")
    subject.api.start(create(subject, ["true"], "two"))
    subject.api.start(create(subject, LIVE, "three"))
    inspector = Inspector(port)

    def states() -> dict[str, str]:
        return {str(found.name): found.state for found in read_host(port, inspector).containers}

    wait_until(lambda: states() == {"one": "created", "two": "exited", "three": "running"})
    inspector.close()


@pytest.mark.parametrize(
    ("repository", "tag", "named"),
    [("shop/app", "1", "shop/app:1"), ("shop/app:2", "", "shop/app:2"), ("shop/app:2", "3", "shop/app:3")],
)
def test_the_name_of_an_import(subject: Subject, repository: str, tag: str, named: str) -> None:
    """``tag`` is stronger than one that ``repo`` has; podman knows the latter alone."""
    subject.api.import_image_from_data(pause_archive("x86_64"), repository=repository, tag=tag)
    assert subject.api.inspect_image(named)["RepoTags"] == [named]
