from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.model.cluster import ClusterFile, InstanceEntry
from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.store.clusters import LONGEST_NAME, ClusterStore
from app.store.home import Home, resolve_home
from tests.unit.store import worker_processes

NOW = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
ID = "0123456789abcdef0123456789abcdef"
FILE = f"""# my hosts
name = "prod"
colour = "red" # of a newer program

[[instance]]
name = "edge-1"
id = "{ID}"
endpoint = "unix:///run/docker.sock"
registered_at = 2025-01-31T09:30:00Z
rack = {{ row = 7 }}

[instance.attributes]
gpu = "a100"
"""


def entry(number: int = 1, **others: Any) -> InstanceEntry:
    return InstanceEntry(name=f"edge-{number}", id=f"{number:032x}", endpoint="unix:///s", registered_at=NOW, **others)


def put(home: Home, name: str, content: str | bytes) -> Path:
    home.clusters.mkdir(parents=True, exist_ok=True)
    path = home.clusters / f"{name}.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def test_an_empty_home(home: Home) -> None:
    store = ClusterStore(home)
    assert store.names() == []
    assert store.read_all() == ({}, {})
    assert store.fingerprint() == ()
    with pytest.raises(NotFoundError, match="there are none yet") as caught:
        store.read("prod")
    assert caught.value.code == "ClusterNotFoundException"
    assert not home.clusters.exists()


def test_create_is_idempotent_and_private(home: Home, any_umask: int) -> None:
    store = ClusterStore(home)
    first = store.create("prod")
    assert first == ClusterFile(name="prod") == store.create("prod") == store.read("prod")
    assert store.names() == ["prod"]
    assert os.listdir(home.clusters) == ["prod.toml"]
    assert stat.S_IMODE(home.clusters.stat().st_mode) == stat.S_IMODE(home.clusters.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.clusters / "prod.toml").stat().st_mode) == 0o600


def test_create_returns_the_existing_cluster_with_its_instances(home: Home) -> None:
    put(home, "prod", FILE)
    assert [i.name for i in ClusterStore(home).create("prod").instances] == ["edge-1"]
    assert (home.clusters / "prod.toml").read_text() == FILE


def test_create_makes_an_inactive_cluster_active(home: Home) -> None:
    put(home, "prod", 'name = "prod"\nstatus = "INACTIVE"\n')
    assert ClusterStore(home).create("prod").status == "ACTIVE"
    assert ClusterStore(home).read("prod").status == "ACTIVE"


@pytest.mark.parametrize(
    "name",
    ["..", "a/b", "a\0b", "", "x" * 300, "x" * 256, "x" * 255, "CON", "nul", "Lpt1", "-a", ".a", "a.b", "é", "a\n"],
)
def test_names_that_are_no_file_names_are_refused_without_touching_a_path(home: Home, name: str) -> None:
    store = ClusterStore(home)
    with pytest.raises(MoorageError, match="cluster name") as caught:
        store.create(name)
    assert caught.value.code == "InvalidParameterException"
    for call in (store.read, store.delete, lambda n: store.update(n, lambda c: c)):
        with pytest.raises(NotFoundError):
            call(name)
    assert not home.clusters.exists()


def test_the_longest_name(home: Home) -> None:
    store = ClusterStore(home)
    store.create("x" * LONGEST_NAME)
    store.update("x" * LONGEST_NAME, lambda cluster: cluster.with_instance(entry()))
    assert store.names() == ["x" * LONGEST_NAME]


def test_names_that_differ_by_case_alone_are_refused(home: Home) -> None:
    store = ClusterStore(home)
    store.create("Web")
    with pytest.raises(MoorageError, match="'Web' by case alone"):
        store.create("web")
    put(home, "web", 'name = "web"')
    assert store.create("web").name == "web"


def test_an_unknown_name_offers_the_nearest(home: Home) -> None:
    store = ClusterStore(home)
    store.create("production")
    with pytest.raises(NotFoundError, match="did you mean 'production'"):
        store.read("prodution")


def test_update_keeps_unknown_keys_and_backs_comments_up_once(home: Home) -> None:
    path = put(home, "prod", FILE)
    store = ClusterStore(home)
    saved = store.update("prod", lambda cluster: cluster.with_instance(entry(2)))
    assert saved == store.read("prod")
    text = path.read_text()
    assert 'colour = "red"' in text
    assert "row = 7" in text
    assert 'gpu = "a100"' in text
    assert "[[instance]]" in text
    assert (home.clusters / "prod.toml.bak").read_text() == FILE
    store.update("prod", lambda cluster: cluster.without_instance(ID))
    assert (home.clusters / "prod.toml.bak").read_text() == FILE
    assert store.names() == ["prod"]


def test_a_change_that_changes_nothing_writes_nothing(home: Home) -> None:
    path = put(home, "prod", FILE)
    before = ClusterStore(home).fingerprint()
    ClusterStore(home).update("prod", lambda cluster: cluster.model_copy())
    assert path.read_text() == FILE
    assert ClusterStore(home).fingerprint() == before


def test_a_change_that_fails_or_is_wrong_leaves_the_file_alone(home: Home) -> None:
    path = put(home, "prod", FILE)
    store = ClusterStore(home)

    def fail(_: ClusterFile) -> ClusterFile:
        raise MoorageError("no")

    with pytest.raises(MoorageError, match="no"):
        store.update("prod", fail)
    with pytest.raises(DocumentError, match="status"):
        store.update("prod", lambda cluster: cluster.model_copy(update={"status": "GONE"}))
    twin = entry(2, reserved_memory=1).model_copy(update={"name": "edge-1"})
    with pytest.raises(DocumentError, match="same as that of"):
        store.update("prod", lambda cluster: cluster.with_instance(twin))
    with pytest.raises(MoorageError, match="cannot be renamed"):
        store.update("prod", lambda cluster: cluster.model_copy(update={"name": "other"}))
    many = [entry(number) for number in range(3000)]
    with pytest.raises(MoorageError, match="limit is 262,144"):
        store.update("prod", lambda cluster: cluster.model_copy(update={"instances": many}))
    assert path.read_text() == FILE
    assert os.listdir(home.clusters) == ["prod.toml"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('name = "prod"\nstatus = \n', "line 2, column 10"),
        (FILE.replace("2025-01-31T09:30:00Z", '"x"'), "instance[0].registered_at: line 9, column 1"),
        (FILE + '\n[[instance]]\nname = "edge-2"\n', "instance[1].id: line 15, column 1: is missing"),
        (FILE + FILE[FILE.index("[[") :].replace(ID, "0" * 32), "instance[1].name: line 15, column 1: is the same"),
        (FILE.replace("instance]", "instances]"), "instances: line 5, column 1: unknown key"),
        ('name = "other"', "name: line 1, column 1: it says 'other'"),
        ("", "name: line 1, column 1: is missing"),
        (b"\x00\x01", "line 1, column 1"),
        (b'name = "\xff"', "line 1, column 9"),
        ("a = " + "[" * 5000, "deeper"),
        ("a" + ".a" * 50_000 + " = 1", "more than 8 dots"),
        (b"#" * 300_000, "262,144"),
    ],
    ids=range(12),
)
def test_a_broken_file_is_told_left_alone_and_hides_no_other(home: Home, content: str | bytes, words: str) -> None:
    path = put(home, "prod", content)
    raw = path.read_bytes()
    store = ClusterStore(home)
    store.create("good")
    for call in (store.read, store.create, store.delete, lambda n: store.update(n, lambda c: c.with_instance(entry()))):
        with pytest.raises(DocumentError) as caught:
            call("prod")
        assert words in str(caught.value)
        assert str(path) in str(caught.value)
    clusters, errors = store.read_all()
    assert list(clusters) == ["good"]
    assert list(errors) == ["prod"]
    assert words in str(errors["prod"])
    assert store.names() == ["good", "prod"]
    assert path.read_bytes() == raw


def test_stray_files(home: Home) -> None:
    put(home, "good", 'name = "good"')
    for name in ("a b.toml", "..toml", "notes.txt", ".hidden.toml", "con.toml"):
        (home.clusters / name).write_text("x")
    (home.clusters / "folder.toml").mkdir()
    os.mkfifo(home.clusters / "pipe.toml")
    (home.clusters / "dangling.toml").symlink_to("nowhere")
    (home.clusters / "loop.toml").symlink_to("loop.toml")
    clusters, errors = ClusterStore(home).read_all()
    assert list(clusters) == ["good"]
    assert sorted(errors) == ["a b", "con", "dangling", "folder", "loop", "pipe"]
    assert "not a regular file" in str(errors["pipe"])
    assert "does not exist" in str(errors["dangling"])
    assert "rename the file" in str(errors["a b"])


def test_a_file_that_everyone_may_write_is_not_trusted(home: Home) -> None:
    path = put(home, "prod", FILE)
    path.chmod(0o666)
    with pytest.raises(DocumentError, match="chmod o-w"):
        ClusterStore(home).read("prod")


def test_a_linked_file_is_changed_where_it_is(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "git" / "prod.toml"
    target.parent.mkdir(mode=0o700)
    target.write_text('name = "prod"\n')
    target.chmod(0o644)
    home.clusters.mkdir(parents=True)
    (home.clusters / "prod.toml").symlink_to(target)
    store = ClusterStore(home)
    before = store.fingerprint()
    store.update("prod", lambda cluster: cluster.with_instance(entry()))
    assert "edge-1" in target.read_text()
    assert (home.clusters / "prod.toml").is_symlink()
    assert store.fingerprint() != before
    assert os.listdir(target.parent) == ["prod.toml"]
    store.update("prod", lambda cluster: cluster.without_instance(entry().id))
    store.delete("prod")
    assert target.exists()
    assert store.names() == []


def test_byte_order_mark_and_crlf(home: Home) -> None:
    put(home, "prod", b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    store = ClusterStore(home)
    assert store.read("prod").instances[0].attributes == {"gpu": "a100"}
    store.update("prod", lambda cluster: cluster.with_instance(entry(2)))
    assert [i.name for i in store.read("prod").instances] == ["edge-1", "edge-2"]


def test_delete(home: Home) -> None:
    store = ClusterStore(home)
    store.create("prod")
    store.update("prod", lambda cluster: cluster.with_instance(entry()))
    with pytest.raises(MoorageError, match="deregister") as caught:
        store.delete("prod")
    assert caught.value.code == "ClusterContainsContainerInstancesException"
    store.update("prod", lambda cluster: cluster.without_instance(entry().id))
    assert store.delete("prod").status == "INACTIVE"
    assert os.listdir(home.clusters) == []
    with pytest.raises(NotFoundError):
        store.delete("prod")


def test_the_fingerprint_changes_with_every_edit(home: Home) -> None:
    store = ClusterStore(home)
    seen = [store.fingerprint()]
    store.create("prod")
    seen.append(store.fingerprint())
    store.update("prod", lambda cluster: cluster.with_instance(entry()))
    seen.append(store.fingerprint())
    put(home, "prod", FILE)
    seen.append(store.fingerprint())
    (home.clusters / "dangling.toml").symlink_to("nowhere")
    seen.append(store.fingerprint())
    assert len(set(seen)) == len(seen)
    assert store.fingerprint() == store.fingerprint()


def test_terminal_escapes_in_a_file_reach_no_message(home: Home) -> None:
    put(home, "prod", 'name = "prod"\n"\\u001b[31m" = 1\n[[instance]]\n"\\u001b]0;x" = 2')
    with pytest.raises(DocumentError) as caught:
        ClusterStore(home).read("prod")
    assert "\x1b" not in str(caught.value)


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    home = resolve_home(str(small_disk), {})
    store = ClusterStore(home)
    store.create("prod")
    before = (home.clusters / "prod.toml").read_bytes()
    many = [entry(number) for number in range(800)]
    with pytest.raises(MoorageError, match="ENOSPC"):
        store.update("prod", lambda cluster: cluster.model_copy(update={"instances": many}))
    assert (home.clusters / "prod.toml").read_bytes() == before
    assert os.listdir(home.clusters) == ["prod.toml"]


def test_a_read_only_home(small_disk: Path, make_read_only: Callable[[Path], None]) -> None:
    store = ClusterStore(resolve_home(str(small_disk), {}))
    store.create("prod")
    make_read_only(small_disk)
    assert store.create("prod") == store.read("prod")
    calls: list[Callable[[], object]] = [
        lambda: store.create("other"),
        lambda: store.update("prod", lambda cluster: cluster.with_instance(entry())),
        lambda: store.delete("prod"),
    ]
    for call in calls:
        with pytest.raises(MoorageError, match=r"read-only: choose another folder with --home"):
            call()
    assert store.read("prod").instances == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(FILE) - 1), st.integers(0, 40), st.binary(max_size=8))
def test_any_damage_is_told_and_never_written_over(home: Home, at: int, cut: int, put_in: bytes) -> None:
    raw = FILE.encode()
    path = put(home, "prod", raw[:at] + put_in + raw[at + cut :])
    before = path.read_bytes()
    clusters, errors = ClusterStore(home).read_all()
    assert set(clusters) | set(errors) == {"prod"}
    assert path.read_bytes() == before


def test_no_change_of_another_process_is_lost(home: Home) -> None:
    ClusterStore(home).create("prod")
    workers = [worker_processes.start("add", home.config_file.parent, who, 10) for who in range(8)]
    names = [name for worker in workers for name in worker_processes.acknowledged(worker)]
    assert len(names) == 80
    assert sorted(i.name for i in ClusterStore(home).read("prod").instances) == sorted(names)
    assert os.listdir(home.clusters) == ["prod.toml"]
