"""``moorage copy-image`` on real engines: what it prints, how it ends, and what is left when it is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.hosts.images import archive, copying
from tests.cli.calling import Cli
from tests.engine.test_copying import half_loaded, image_id, make_image
from tests.engine_bed import Daemon, wait_until

NAME = "shop:7"


def test_an_image_is_copied_to_all_and_runs_with_no_registry(
    clustered: Callable[..., Cli], engines: list[Daemon]
) -> None:
    cli = clustered(*(one.endpoint for one in engines))
    wanted = make_image(engines[0], NAME, changes=["ENV SHOP=7"])
    cli.register({"name": "main", "image": NAME, "command": ["sleep", "60"]}, family="shop")
    assert (
        "moorage copy-image shop:7 --cluster default --from edge-1 --to edge-"
        in cli("plan", "shop", "--count", "3").err
    )

    ran = cli("copy-image", NAME, "--from", "edge-1", "--to-all")
    short = wanted.removeprefix("sha256:")[:12]
    entry = {"image": NAME, "state": "done", "detail": short}
    assert ran.json == {
        "images": [{**entry, "containerInstance": "edge-2"}, {**entry, "containerInstance": "edge-3"}],
        "failures": [],
    }
    assert sorted(ran.err.splitlines()) == [
        f"edge-{number}: copy {NAME}: {words}" for number in (2, 3) for words in ("begins", f"done: {short}")
    ]
    assert [image_id(one, NAME) for one in engines] == [wanted] * 3
    assert cli("plan", "shop", "--count", "3").err == ""
    again = cli("copy-image", NAME, "--to-all")
    assert {one["state"] for one in again.json["images"]} == {"present"}
    started = cli("start-task", "shop", "--container-instances", "edge-2", "edge-3")
    assert {task["lastStatus"] for task in started.json["tasks"]} == {"RUNNING"}
    assert f"the copy of {NAME} on the host is used" in started.err
    assert f"copy-image --image {NAME} --from edge-1 --to-all" in cli("audit").out


def test_what_fails_is_told_by_name(
    clustered: Callable[..., Cli], engine: Daemon, fresh_engine: Callable[..., Daemon]
) -> None:
    source, dead = fresh_engine(name="source"), fresh_engine(name="dead")
    cli = clustered(source.endpoint, engine.endpoint, dead.endpoint)
    wanted = make_image(source, NAME)
    dead.kill()
    ran = cli("copy-image", NAME, "--to-all", code=1)
    assert [one["containerInstance"] for one in ran.json["images"]] == ["edge-2"]
    assert [one["containerInstance"] for one in ran.json["failures"]] == ["edge-3"]
    assert "moorage: edge-3: no Docker Engine is listening there" in ran.err
    assert image_id(engine, NAME) == wanted
    cli("update-cluster", "--cluster", "default", "--policy", "confirm")
    engine.api.remove_image(NAME)
    assert "wants a yes first; say it with --yes" in cli("copy-image", NAME, "--to", "edge-2", code=1).err
    assert not image_id(engine, NAME)
    cli("copy-image", NAME, "--to", "edge-2", "--yes")
    assert image_id(engine, NAME) == wanted
    cli("update-cluster", "--cluster", "default", "--policy", "read-only", "--yes")
    assert "read-only" in cli("copy-image", NAME, "--to", "edge-2", code=1).err


def test_bad_input_is_one_line(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*(one.endpoint for one in engines))
    for argv, words in (
        ((NAME,), "--to-all"),
        ((NAME, "--to-all"), "pull it (moorage pull)"),
        ((NAME, "--to-all", "--from", "edge-9"), "edge-9"),
        ((NAME, "--to-all", "--from", "nowhere/edge-1"), "nowhere"),
        ((NAME, "--to-all", "--from", "edge-1"), "edge-1: "),
        (("Shop:7", "--to-all"), "is no image"),
        (("busybox", "--to", "edge-9"), "edge-9"),
    ):
        ran = cli("copy-image", *argv, code=1)
        assert words in ran.err
        assert ran.err.count("\n") == 1, ran.err


def test_ctrl_c_leaves_nothing_half_done(
    clustered: Callable[..., Cli], engines: list[Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = clustered(*(one.endpoint for one in engines))
    make_image(engines[0], NAME, megabytes=12)
    real = archive.saved

    def cut(*args: Any) -> Iterator[bytes]:
        for number, piece in enumerate(real(*args)):
            if number == 20:
                raise KeyboardInterrupt
            yield piece

    monkeypatch.setattr(copying, "saved", cut)
    before = [half_loaded(one) for one in engines]
    ran = cli("copy-image", NAME, "--to-all", code=130)
    assert "copy of shop:7 on edge-2: broken off; nothing of it was loaded" in ran.err
    assert "copy of shop:7 on edge-3: broken off; nothing of it was loaded" in ran.err
    assert not any(image_id(one, NAME) for one in engines[1:])
    wait_until(lambda: all(half_loaded(one) <= known for one, known in zip(engines, before, strict=True)))
