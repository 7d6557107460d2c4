"""Pulls and pushes of real engines and a real registry: layers and bytes, what goes wrong, and what is left of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.hosts import engine as engine_module
from app.hosts.errors import HostError
from app.hosts.images import pushing as pushing_module
from app.hosts.images.breaking import Break, BrokenOffError
from app.hosts.images.layers import Layers
from app.hosts.images.pulling import pull
from app.hosts.images.pushing import push
from app.model.image_reference import parse_reference
from app.model.registry import Credential
from tests.engine.images import disk_used, engine_of, image_id, leave_room, make_image
from tests.engine_bed import Daemon, Registry, wait_until

NAME = "127.0.0.1:5000/team/app:1"
REFERENCE = parse_reference(NAME)
SIZE = 24 << 20
NOTHING_BUT = 600
"""KiB that an engine's own books may grow by."""


def pushed(daemon: Daemon, size: int = SIZE) -> tuple[str, str]:
    """The image's id and its digest in the registry; the engine has it no more."""
    made = make_image(daemon, NAME, size)
    digest = push(engine_of(daemon), REFERENCE)
    daemon.api.remove_image(NAME)
    return made, digest


def test_a_push_and_a_pull_tell_every_byte(engines: list[Daemon], shared_registry: Registry) -> None:
    first, second, _ = engines
    made = make_image(first, NAME, SIZE)
    told: list[tuple[str, int, int]] = []

    def going(layers: Layers, changed: bool) -> None:
        if changed:
            (layer,) = layers.each()
            told.append((layer.state, layers.done, layers.total))

    digest = push(engine_of(first), REFERENCE, going)
    assert digest.startswith("sha256:")
    assert [state for state, *_ in told] == ["waiting", "working", "done"]
    assert told[-1][1] == told[-1][2] >= SIZE
    told.clear()
    assert push(engine_of(first), REFERENCE, going) == digest
    assert [state for state, *_ in told][-1] == "exists"

    told.clear()
    pulled = pull(engine_of(second), NAME, going=going)
    assert (pulled.id, pulled.digest, pulled.fresh) == (made, digest, True)
    assert [state for state, *_ in told] == ["waiting", "working", "extracting", "done"]
    assert told[-1][1] == told[-1][2] >= SIZE
    assert not pull(engine_of(second), NAME).fresh


def test_a_name_that_no_image_has_is_not_pushed(engine: Daemon) -> None:
    with pytest.raises(HostError, match="does not exist locally"):
        push(engine_of(engine), parse_reference("127.0.0.1:5000/nothing:1"))


@pytest.mark.parametrize("verb", ["pull", "push"])
def test_a_registry_that_wants_a_password(engine: Daemon, registry: Registry, verb: str) -> None:
    made, digest = pushed(engine, 1 << 20)
    registry.require("me", "right-password")

    def go(**options: Any) -> str:
        if verb == "pull":
            return pull(engine_of(engine, **options), NAME).digest
        return push(engine_of(engine, **options), REFERENCE)

    def shown(password: str) -> Callable[[str], Credential]:
        return lambda place: Credential("127.0.0.1:5000", "me", password)

    if verb == "push":
        go_first = pull(engine_of(engine, credentials=shown("right-password")), NAME)
        assert go_first.id == made
    for options in ({}, {"credentials": shown("wrong-password")}):
        with pytest.raises(HostError, match=re.escape("moorage login 127.0.0.1:5000")) as refused:
            go(**options)
        assert "wrong-password" not in refused.value.message
        assert "\n" not in refused.value.message
    assert go(credentials=shown("right-password")) == digest


# --- broken off -------------------------------------------------------------------------------------------------------


def test_a_pull_that_is_broken_off_leaves_nothing(engines: list[Daemon], shared_registry: Registry) -> None:
    first, second, _ = engines
    made, _ = pushed(first)
    before, breaking = disk_used(second), Break()

    def going(layers: Layers, changed: bool) -> None:
        if 0 < layers.done < layers.total:
            shared_registry.pause()
            breaking.now()

    with pytest.raises(BrokenOffError):
        pull(engine_of(second), NAME, going=going, breaking=breaking)
    assert image_id(second, NAME) == ""
    wait_until(lambda: disk_used(second) < before + NOTHING_BUT, what="what had come is gone")

    shared_registry.kill()
    shared_registry.start()
    assert pull(engine_of(second), NAME).id == made


def test_a_pull_is_broken_off_while_the_registry_says_nothing(engine: Daemon, registry: Registry) -> None:
    """The engine has not answered yet: there is nothing but the connection to cut."""
    registry.pause()
    breaking = Break()
    threading.Timer(0.3, breaking.now).start()
    with pytest.raises(BrokenOffError):
        pull(engine_of(engine), NAME, breaking=breaking)


def test_a_push_that_is_broken_off_gives_no_name(engine: Daemon, registry: Registry) -> None:
    make_image(engine, NAME, SIZE)
    breaking = Break()

    def going(layers: Layers, changed: bool) -> None:
        if 0 < layers.done < layers.total:
            breaking.now()

    with pytest.raises(BrokenOffError):
        push(engine_of(engine), REFERENCE, going, breaking)
    engine.api.remove_image(NAME)
    with pytest.raises(HostError, match="no such image or tag"):
        pull(engine_of(engine), NAME)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def stale(daemon: Daemon) -> str:
    """An image of that name, of which the registry knows nothing: its id."""
    return make_image(daemon, NAME, 4096)


def test_a_registry_that_falls_silent_in_the_middle(
    engines: list[Daemon], shared_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = engines
    pushed(first)
    old = stale(second)
    monkeypatch.setattr(engine_module, "PULL_SILENCE", 1.0)

    def going(layers: Layers, changed: bool) -> None:
        if 0 < layers.done < layers.total:
            shared_registry.pause()

    before = disk_used(second)
    with pytest.raises(HostError, match="no answer to pull in time") as silent:
        pull(engine_of(second), NAME, going=going)
    assert silent.value.kind == "failed"
    assert image_id(second, NAME) == old
    wait_until(lambda: disk_used(second) < before + NOTHING_BUT, what="what had come is gone")


def test_a_push_to_a_registry_that_falls_silent(
    engine: Daemon, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_image(engine, NAME)
    monkeypatch.setattr(pushing_module, "PUSH_SILENCE", 1.0)
    registry.pause()
    with pytest.raises(HostError, match=f"{NAME}: no answer to push in time"):
        push(engine_of(engine), REFERENCE)


def test_a_registry_that_dies_in_the_middle(fresh_engine: Any, tmp_path: Path) -> None:
    """Docker tries again five times, for minutes; here once."""
    daemon = fresh_engine(flags=["--max-download-attempts", "1"])
    registry = Registry(daemon, tmp_path)
    registry.start()
    try:
        pushed(daemon)
        before = disk_used(daemon)

        def going(layers: Layers, changed: bool) -> None:
            if 0 < layers.done < layers.total:
                registry.kill()

        with pytest.raises(HostError) as dead:
            pull(engine_of(daemon), NAME, going=going)
    finally:
        registry.close()
    assert dead.value.message.startswith(NAME)
    assert "\n" not in dead.value.message
    assert image_id(daemon, NAME) == ""
    wait_until(lambda: disk_used(daemon) < before + NOTHING_BUT, what="what had come is gone")


def test_a_layer_that_is_spoilt(fresh_engine: Any, tmp_path: Path) -> None:
    daemon = fresh_engine(flags=["--max-download-attempts", "1"])
    registry = Registry(daemon, tmp_path)
    registry.start()
    try:
        pushed(daemon)
        registry.spoil()
        with pytest.raises(HostError) as spoilt:
            pull(engine_of(daemon), NAME)
    finally:
        registry.close()
    assert spoilt.value.message.startswith(NAME)
    assert image_id(daemon, NAME) == ""


def test_a_full_disk(fresh_engine: Any, tmp_path: Path) -> None:
    daemon = fresh_engine()
    registry = Registry(daemon, tmp_path)
    registry.start()
    try:
        made, _ = pushed(daemon)
        leave_room(daemon, 16 << 10)
        with pytest.raises(HostError, match="no space left on device") as full:
            pull(engine_of(daemon), NAME)
        assert image_id(daemon, NAME) == ""
        wait_until(lambda: disk_used(daemon) < 12 << 10, what="what had come is gone")
        leave_room(daemon, 80 << 10)
        assert pull(engine_of(daemon), NAME).id == made
    finally:
        registry.close()
    assert NAME in full.value.message


def test_a_name_that_is_moved_on_the_host_meanwhile(engines: list[Daemon], shared_registry: Registry) -> None:
    """What came is not what a launch would take: that is no success."""
    first, second, _ = engines
    pushed(first)

    def going(layers: Layers, changed: bool) -> None:
        if layers.words.startswith("Status: "):
            second.api.tag("busybox:latest", "127.0.0.1:5000/team/app", "1", force=True)

    with pytest.raises(HostError, match="is not what was pulled"):
        pull(engine_of(second), NAME, going=going)
