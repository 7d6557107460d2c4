"""copy-image between real engines: all at once, what is there already, and each thing that goes wrong on the way."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.images import archive, copying
from app.hosts.images.copying import Place, copied
from app.hosts.labels import PREFIX
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_requests import CopyImageRequest
from app.model.instance import InstanceKey
from app.model.requests import RegisterContainerInstanceRequest
from app.operations.images.copying import copy_image
from app.operations.images.presence import image_presence
from app.operations.instances import register_container_instance
from app.operations.session import Session, instances_of
from app.store.home import resolve_home
from tests.engine.clusters import register
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.certificates import Authority, needs_openssl
from tests.engine_bed.image import busybox_tar
from tests.engine_bed.sshd import Sshd

NAME = "registry.lan/shop:7"
MEGABYTE = 1 << 20
Told = list[TransferProgress]
Fresh = Callable[..., Daemon]


def make_image(daemon: Daemon, name: str = NAME, megabytes: int = 0, changes: Sequence[str] = ()) -> str:
    """An image of busybox and so much noise; its id."""
    if megabytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo("noise")
            entry.size = megabytes * MEGABYTE
            tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
        data = buffer.getvalue()
    else:
        data = busybox_tar()
    repository, _, tag = name.rpartition(":")
    engine = Engine(parse_endpoint(daemon.endpoint))
    engine.import_image(data, repository, tag, ["ENV PATH=/bin", *changes])
    engine.close()
    return image_id(daemon, name)


def image_id(daemon: Daemon, name: str = NAME) -> str:
    """Its id there, or nothing."""
    found = [image for image in daemon.api.images() if name in (image["RepoTags"] or ())]
    return str(found[0]["Id"]) if found else ""


def half_loaded(daemon: Daemon) -> set[str]:
    """What lies where an engine keeps half a tar; of builds that others broke off something may stay there."""
    return set(daemon.exec(["ls", str(daemon._data / "tmp")]).stdout.split())


def leave_room(daemon: Daemon, megabytes: int) -> None:
    """From now on no more than this fits on its disk."""
    data = str(daemon._data)
    used = int(daemon.exec(["sh", "-c", f"df -k {data} | tail -1 | awk '{{print $3}}'"]).stdout)
    left = daemon.exec(["mount", "-o", f"remount,size={used + megabytes * 1024}k", data])
    assert left.returncode == 0, left.stderr


def place(daemon: Daemon) -> Place:
    return Place(InstanceKey("prod", daemon.name), Engine(parse_endpoint(daemon.endpoint)))


def copy(
    source: Daemon, *targets: Daemon, tell: TellTransfer = lambda _: None, **options: Any
) -> tuple[TransferProgress, ...]:
    return copied(NAME, place(source), [place(target) for target in targets], tell, **options)


def once(
    condition: Callable[[TransferProgress], bool], act: Callable[[], object]
) -> Callable[[TransferProgress], None]:
    """Act when the first event comes for which the condition holds."""
    lock = threading.Lock()
    done: list[bool] = []

    def tell(progress: TransferProgress) -> None:
        with lock:
            if done or not condition(progress):
                return
            done.append(True)
        act()

    return tell


def moving(daemon: Daemon) -> Callable[[TransferProgress], bool]:
    return lambda told: told.instance.name == daemon.name and told.done > MEGABYTE


def unpacking(told: TransferProgress) -> bool:
    return told.detail.startswith("unpacking")


@pytest.fixture(autouse=True)
def all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Harm is done while something moves, so each piece is told of."""
    monkeypatch.setattr(copying, "_TOLD_EVERY", 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SILENCE", 1.5)


# --- all goes well ----------------------------------------------------------------------------------------------------


def test_to_three_at_once(engines: list[Daemon], fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    wanted = make_image(source, megabytes=12)
    told: Told = []
    results = copy(source, *engines, tell=told.append)
    assert [(result.instance.name, result.state) for result in results] == [(one.name, "done") for one in engines]
    assert [image_id(one) for one in engines] == [wanted] * 3
    for result in results:
        assert result.done == result.total >= 12 * MEGABYTE
        assert result.detail == wanted.removeprefix("sha256:")[:12]
        own = [one for one in told if one.instance == result.instance]
        assert [one.state for one in own][:2] == ["waiting", "working"]
        assert [one.done for one in own] == sorted(one.done for one in own)
        assert max(one.rate for one in own) > 0
        assert own[-1] == result
    again = copy(source, *engines)
    assert {result.state for result in again} == {"present"}


def test_a_copy_runs_with_no_registry_at_all(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source, changes=['CMD ["echo","it runs"]'])
    (result,) = copy(source, engine)
    assert result.state == "done"
    made = engine.api.create_container(NAME)
    engine.api.start(made["Id"])
    assert engine.api.wait(made["Id"], timeout=20)["StatusCode"] == 0
    assert engine.api.logs(made["Id"]) == b"it runs\n"


def test_a_name_that_meant_another_image_means_this_one(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    old, wanted = make_image(engine, changes=["ENV A=old"]), make_image(source, changes=["ENV A=new"])
    assert old != wanted
    (result,) = copy(source, engine)
    assert result.state == "done"
    assert image_id(engine) == wanted


def test_what_is_there_under_another_name_is_only_named(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    wanted = make_image(source)
    copy(source, engine)
    engine.api.tag(NAME, "other", "1")
    engine.api.remove_image(NAME)
    (result,) = copy(source, engine)
    assert (result.state, result.done) == ("done", 0)
    assert "was there under another name" in result.detail
    assert image_id(engine) == wanted


def test_one_engine_under_two_names_gets_it_once(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source)
    targets = [
        Place(InstanceKey("prod", name), Engine(parse_endpoint(one.endpoint)))
        for name, one in (("itself", source), ("one", engine), ("again", engine))
    ]
    results = copied(NAME, place(source), targets, lambda _: None)
    assert [result.state for result in results] == ["present", "done", "present"]
    assert results[2].done == 0


def test_cloned_hosts_with_one_id_are_not_taken_for_one_engine(
    engines: list[Daemon], fresh_engine: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fresh_engine(name="source")
    wanted = make_image(source)
    monkeypatch.setattr(Engine, "info", lambda _: {"ID": "of all"})
    assert [result.state for result in copy(source, *engines)] == ["done"] * 3
    assert [image_id(one) for one in engines] == [wanted] * 3


def test_over_tls_both_ways(engine: Daemon, fresh_engine: Fresh, tmp_path: Path) -> None:
    needs_openssl()
    authority = Authority(tmp_path)
    flags = authority.daemon_flags(*authority.signed("server", "DNS:edge", "IP:127.0.0.1"))
    far = fresh_engine(name="far", tcp=True, flags=flags)
    opened = Engine(parse_endpoint(far.tcp_endpoint, authority.client()))
    there = Place(InstanceKey("prod", "far"), opened)
    wanted = make_image(engine, megabytes=12)
    (result,) = copied(NAME, place(engine), [there], lambda _: None)
    assert (result.state, image_id(far)) == ("done", wanted)
    engine.api.remove_image(NAME)
    (result,) = copied(NAME, there, [place(engine)], lambda _: None)
    assert (result.state, image_id(engine)) == ("done", wanted)
    opened.close()


def test_over_ssh(sshd: Sshd, engine: Daemon, fresh_engine: Fresh, tmp_path: Path) -> None:
    source = fresh_engine(name="source")
    wanted = make_image(source, megabytes=12)
    opened = Engine(parse_endpoint(f"ssh://edge{engine.socket}"), sockets=tmp_path / "s")
    (result,) = copied(NAME, place(source), [Place(InstanceKey("prod", "far"), opened)], lambda _: None)
    opened.end()
    assert (result.state, image_id(engine)) == ("done", wanted)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_is_not_fit_to_be_copied_is_refused_before_anything_is_sent(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    image = make_image(source, changes=[f"LABEL {PREFIX}task=x"])
    with pytest.raises(MoorageError, match="only Moorage may set"):
        copy(source, engine)
    for name in (image, image.removeprefix("sha256:")[:12]):
        with pytest.raises(MoorageError, match="give it one first"):
            copied(name, place(source), [place(engine)], lambda _: None)
    with pytest.raises(MoorageError, match=r"[Nn]o such image"):
        copied("nowhere:1", place(source), [place(engine)], lambda _: None)
    assert not image_id(engine)


def test_an_image_for_another_processor(engine: Daemon, fresh_engine: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    source = fresh_engine(name="source")
    make_image(source)
    monkeypatch.setattr(Engine, "version", lambda _: {"Os": "linux", "Arch": "riscv64"})
    (result,) = copy(source, engine)
    assert result.state == "failed"
    assert "this host is linux/riscv64" in result.detail
    assert not image_id(engine)


def test_an_engine_that_is_read_only(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source)
    target = Place(InstanceKey("prod", "ro"), Engine(parse_endpoint(engine.endpoint), read_only=True))
    (result,) = copied(NAME, place(source), [target], lambda _: None)
    assert result.state == "failed"
    assert "read-only" in result.detail
    assert not image_id(engine)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_target_that_is_killed_stops_no_other(engine: Daemon, fresh_engine: Fresh) -> None:
    source, dying = fresh_engine(name="source"), fresh_engine(name="dying")
    wanted = make_image(source, megabytes=40)
    dead, well = copy(source, dying, engine, tell=once(moving(dying), dying.kill))
    assert (dead.state, well.state) == ("failed", "done")
    assert "went away during loading" in dead.detail
    assert image_id(engine) == wanted
    dying.start()
    assert not image_id(dying)
    (result,) = copy(source, dying)
    assert result.state == "done"


@pytest.mark.usefixtures("impatient")
def test_a_target_that_is_frozen_holds_the_others_up_only_until_it_is_dropped(
    engine: Daemon, fresh_engine: Fresh
) -> None:
    source, frozen = fresh_engine(name="source"), fresh_engine(name="frozen")
    wanted = make_image(source, megabytes=40)
    try:
        cold, well = copy(source, frozen, engine, tell=once(moving(frozen), frozen.pause))
    finally:
        frozen.resume()
    assert (cold.state, well.state) == ("failed", "done")
    assert "in time" in cold.detail
    assert image_id(engine) == wanted
    wait_until(lambda: not image_id(frozen))
    (result,) = copy(source, frozen)
    assert result.state == "done"


def test_a_source_that_is_killed_leaves_nothing_half_loaded(engines: list[Daemon], fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source, megabytes=40)
    old = make_image(engines[0])
    before = [half_loaded(one) for one in engines]
    results = copy(source, *engines, tell=once(moving(engines[1]), source.kill))
    assert [result.state for result in results] == ["failed"] * 3
    for result in results:
        assert result.detail.startswith("source: the engine went away during sending")
        assert result.detail.endswith("nothing of it was loaded")
    assert [image_id(one) for one in engines] == [old, "", ""]
    assert [image for one in engines for image in one.api.images(all=True) if not image["RepoTags"]] == []
    # Half a tar on the disk goes, too.
    wait_until(lambda: all(half_loaded(one) <= known for one, known in zip(engines, before, strict=True)))


@pytest.mark.usefixtures("impatient")
def test_a_source_that_is_frozen(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source, megabytes=40)
    try:
        (result,) = copy(source, engine, tell=once(moving(engine), source.pause))
    finally:
        source.resume()
    assert result.state == "failed"
    assert result.detail == f"source: no answer to sending {NAME} in time; nothing of it was loaded"
    assert not image_id(engine)


def test_a_disk_that_is_full_on_one_target(engine: Daemon, fresh_engine: Fresh) -> None:
    source, full = fresh_engine(name="source"), fresh_engine(name="full")
    wanted = make_image(source, megabytes=40)
    leave_room(full, 16)
    bad, well = copy(source, full, engine)
    assert (bad.state, well.state) == ("failed", "done")
    assert "no space left on device" in bad.detail
    assert "\n" not in bad.detail
    assert image_id(engine) == wanted
    assert not image_id(full)


def test_a_source_without_room_to_pack_the_image(engine: Daemon, fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source, megabytes=40)
    leave_room(source, 16)
    (result,) = copy(source, engine)
    assert result.state == "failed"
    assert result.detail.startswith("source: ")
    assert "no space left on device" in result.detail
    assert not image_id(engine)


def test_broken_off_by_a_person(engines: list[Daemon], fresh_engine: Fresh) -> None:
    source = fresh_engine(name="source")
    make_image(source, megabytes=40)
    stop = threading.Event()
    results = copy(source, *engines, tell=once(moving(engines[0]), stop.set), broken=stop.is_set)
    assert [result.state for result in results] == ["stopped"] * 3
    assert {result.detail for result in results} == {"broken off; nothing of it was loaded"}
    assert [image_id(one) for one in engines] == ["", "", ""]


def test_what_is_unpacked_cannot_be_called_back_and_that_is_said(fresh_engine: Fresh) -> None:
    source, target = fresh_engine(name="source"), fresh_engine(name="target")
    wanted = make_image(source, megabytes=40)
    stop = threading.Event()
    (result,) = copy(source, target, tell=once(unpacking, stop.set), broken=stop.is_set)
    if result.state != "done":  # else it was there at the first look
        assert (result.state, result.detail) == ("stopped", "broken off; it has all of it, and may still load it")
    wait_until(lambda: not half_loaded(target))
    assert image_id(target) in (wanted, "")


# --- by the operation -------------------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path, engines: list[Daemon]) -> Session:
    made = Session(resolve_home(str(tmp_path / "home"), {}))
    register(made, *engines, cluster="prod")
    return made


def test_to_all_from_the_first_that_has_it(session: Session, engines: list[Daemon]) -> None:
    names = [one.name for one in engines]
    make_image(engines[1])
    instances = list(instances_of(session.cluster("prod"), "prod"))
    found = image_presence(session, [NAME, "busybox", "nowhere:1"], instances)
    lacking = {image: [key.name for key in found.lacking(image)] for image in found.images}
    assert lacking == {NAME: [names[0], names[2]], "busybox": [], "nowhere:1": names}
    done = copy_image(session, CopyImageRequest(image=NAME, cluster="prod", to_all=True), lambda _: None)
    assert done.succeeded
    assert [result.instance.name for result in done.results] == [names[0], names[2]]
    found = image_presence(session, [NAME], instances)
    assert (found.lacking(NAME), found.unlike) == ((), frozenset())


def test_what_the_operation_refuses(session: Session, engines: list[Daemon], fresh_engine: Fresh) -> None:
    other = fresh_engine(name="other")
    register(session, other, cluster="lab")

    def refused(**members: Any) -> str:
        with pytest.raises(MoorageError) as told:
            copy_image(session, CopyImageRequest(image=NAME, cluster="prod", **members), lambda _: None)
        assert "\n" not in told.value.message
        return told.value.message

    names = [one.name for one in engines]
    assert "--to-all" in refused()
    assert "--to-all" in refused(to=[names[0]], to_all=True)
    assert "pull it (moorage pull)" in refused(to_all=True)
    assert "not found" in refused(to=["nobody"])
    assert "o such image" in refused(to_all=True, **{"from": names[0]})
    for number, one in enumerate(engines):
        make_image(one, changes=[f"ENV A={number}"])
    assert f"{NAME} is not the same image on" in refused(to_all=True)
    assert f"no instance beside {names[0]}" in refused(to=[names[0]], **{"from": names[0]})

    wanted = make_image(other, changes=["ENV A=9"])
    request = CopyImageRequest(image=NAME, cluster="prod", to_all=True, **{"from": "lab/other"})
    assert copy_image(session, request, lambda _: None).succeeded
    assert [image_id(one) for one in engines] == [wanted] * 3


def test_a_dead_instance_is_told_by_name(session: Session, engines: list[Daemon], fresh_engine: Fresh) -> None:
    dead = fresh_engine(name="dead")
    session_names = [one.name for one in engines]
    make_image(engines[0])
    request = RegisterContainerInstanceRequest(cluster="prod", name="dead", endpoint=dead.endpoint)
    register_container_instance(session, request)
    dead.kill()
    done = copy_image(session, CopyImageRequest(image=NAME, cluster="prod", to_all=True), lambda _: None)
    assert {result.instance.name: result.state for result in done.results} == {
        session_names[1]: "done",
        session_names[2]: "done",
        "dead": "failed",
    }
    assert not done.succeeded
    assert done.partly
    (failure,) = done.shape()["failures"]
    assert failure["containerInstance"] == "dead"
