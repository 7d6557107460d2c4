"""A glance at cluster files tells what reading them in earnest tells, as far as it tells anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.model.cluster import InstanceEntry
from app.model.endpoint import TlsFiles
from app.model.requests import CreateClusterRequest
from app.operations.clusters import create_cluster
from app.operations.session import Session
from app.store.cluster_glance import glance_at_clusters
from app.store.home import Home, resolve_home
from tests.unit.builders import NOW

INSTANCE = """
[[instance]]
name = "edge-1"
id = "00000000000000000000000000000001"
endpoint = "unix:///var/run/docker.sock"
registered_at = 2026-03-01T12:00:00Z
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = resolve_home(str(tmp_path), {})
    made.clusters.mkdir(mode=0o700)
    return made


def write(home: Home, name: str, text: str) -> None:
    (home.clusters / f"{name}.toml").write_text(f'name = "{name}"\n{text}')


def test_it_tells_what_the_session_tells(home: Home) -> None:
    session = Session(home)
    for name in ("prod", "empty"):
        create_cluster(session, CreateClusterRequest(cluster_name=name))
    entry = InstanceEntry(name="edge-2", id="2" * 32, endpoint="unix:///s", registered_at=NOW, attributes={"a": "b"})
    session.clusters.update("prod", lambda cluster: cluster.with_instance(entry))
    write(home, "hand", INSTANCE + 'reserved_memory = 512\nstatus = "DRAINING"\ndrain_reason = "new kernel"\n')
    write(home, "far", INSTANCE + 'ca = "/ca.pem"\ncert = "~/c.pem"\nkey = "~/k.pem"\ntls_name = "edge"\n')
    write(home, "open", INSTANCE + "insecure = true\n")
    names, instances, broken = session.registered()
    assert not broken
    assert {one.tls for one in instances} == {None, TlsFiles("/ca.pem", "~/c.pem", "~/k.pem", "edge")}
    # What neither the first frame shows nor anybody asks for before the files are read in earnest.
    bare = [
        replace(one, attributes=(), reserved_ports=frozenset(), reserved_ports_udp=frozenset()) for one in instances
    ]
    assert glance_at_clusters(home) == (names, bare)


@pytest.mark.parametrize(
    "text",
    [
        INSTANCE.replace("2026-03-01T12:00:00Z", '"yesterday"'),
        INSTANCE.replace('name = "edge-1"', ""),
        INSTANCE + 'status = "ODD"\n',
        'instance = "none"\n',
        "instance = 3\n",
        "[[[",
        "\x00",
    ],
)
def test_what_is_not_as_it_should_be_is_a_name_alone(home: Home, text: str) -> None:
    write(home, "odd", text)
    write(home, "prod", INSTANCE)
    names, instances = glance_at_clusters(home)
    assert names == ["odd", "prod"]
    assert [one.key.cluster for one in instances] == ["prod"]


def test_an_inactive_cluster_is_none(home: Home) -> None:
    write(home, "old", 'status = "INACTIVE"\n' + INSTANCE)
    assert glance_at_clusters(home) == ([], [])


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    assert glance_at_clusters(resolve_home(str(tmp_path / "none"), {})) == ([], [])
