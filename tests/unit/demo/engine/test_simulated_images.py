"""Images on a simulated engine: names, removals and what they are refused for, registries, pulls at a pace."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.image_calls import disk_use
from app.demo.engine.image_removal import remove_image
from app.demo.engine.images import Image, canonical, host_of, path_of, repository, tag_of
from app.demo.engine.layers import layers_of
from app.demo.engine.refused import Refused
from app.demo.engine.registry import Registry
from app.demo.engine.transfer_frames import Paced, pull_frames, push_frames

BASE = layers_of("base", (10_000_000,))
ONE = Image("web:1", command=("serve",), layers=(*BASE, *layers_of("one", (2_000_000, 5))))
TWO = Image("web:1", command=("serve",), layers=(*BASE, *layers_of("two", (3_000_000,))))


def engine_with(*images: Image) -> SimulatedEngine:
    engine = SimulatedEngine("edge-1", clock=lambda: 1_780_000_000 * 10**9)
    for image in images:
        engine.add_image(image)
    return engine


def listed(engine: SimulatedEngine, container: str) -> Any:
    return json.loads(engine.find(container).listed(engine.now()))


@pytest.mark.parametrize(
    ("given", "whole", "host", "path", "tag"),
    [
        ("nginx", "nginx:latest", "docker.io", "library/nginx", "latest"),
        ("docker.io/library/nginx:1", "nginx:1", "docker.io", "library/nginx", "1"),
        ("team/web", "team/web:latest", "docker.io", "team/web", "latest"),
        ("lan:5000/web", "lan:5000/web:latest", "lan:5000", "web", "latest"),
        ("lan:5000/a/web:2@sha256:ab", "lan:5000/a/web@sha256:ab", "lan:5000", "a/web", ""),
    ],
)
def test_what_a_name_means(given: str, whole: str, host: str, path: str, tag: str) -> None:
    assert (canonical(given), host_of(given), path_of(given)) == (whole, host, path)
    assert tag_of(given) == tag or "@" in given
    assert repository(given) == whole.partition("@")[0].removesuffix(f":{tag}" if tag else "")


def test_a_name_that_moves_leaves_an_image_without_one() -> None:
    engine = engine_with(ONE)
    made = engine.create({"Image": "web:1"}, "old")
    assert listed(engine, made)["Image"] == "web:1"
    engine.add_image(TWO)
    images = engine.machine.images
    assert (images.names(ONE), images.names(TWO)) == ([], ["web:1"])
    assert listed(engine, made)["Image"] == ONE.id, "Docker lists it by its id once the name means another"
    assert engine.inspect(made)["Config"]["Image"] == "web:1"
    engine.machine.images.name(ONE, "web:1")
    assert listed(engine, made)["Image"] == "web:1"


def test_layers_count_once() -> None:
    engine = engine_with(ONE, TWO)
    engine.create({"Image": "web:1"}, "one")
    told = disk_use(engine.machine)
    assert told["LayersSize"] == 15_000_005
    assert {(entry["Id"], entry["SharedSize"], entry["Containers"]) for entry in told["Images"]} == {
        (ONE.id, 10_000_000, 0), (TWO.id, 10_000_000, 1),
    }  # fmt: skip


# --- removal ----------------------------------------------------------------------------------------------------------


def test_of_two_names_one_is_taken_and_the_image_stays() -> None:
    engine = engine_with(ONE)
    engine.machine.images.name(ONE, "other:2")
    assert remove_image(engine.machine, "web:1", force=False) == [{"Untagged": "web:1"}]
    told = remove_image(engine.machine, "other:2", force=False)
    assert told[:2] == [{"Untagged": "other:2"}, {"Deleted": ONE.id}] and len(told) == 5
    assert len(engine.machine.images) == 0


def test_layers_that_others_have_are_not_deleted() -> None:
    engine = engine_with(ONE)
    engine.add_image(TWO, "web:2")
    told = remove_image(engine.machine, "web:2", force=False)
    assert {"Deleted": BASE[0].diff_id} not in told and {"Deleted": TWO.layers[-1].diff_id} in told


@pytest.mark.parametrize(
    ("wanted", "runs", "force", "words"),
    [
        ("web:1", False, False, "unable to remove repository reference \"web:1\" \\(must force\\) - container"),
        ("web:1", True, False, "unable to remove repository reference \"web:1\" \\(must force\\) - container"),
        ("id", False, False, "\\(must be forced\\) - image is being used by stopped container"),
        ("id", True, False, "\\(cannot be forced\\) - image is being used by running container"),
        ("id", True, True, "\\(cannot be forced\\) - image is being used by running container"),
    ],
)  # fmt: skip
def test_what_a_container_uses_is_kept(wanted: str, runs: bool, force: bool, words: str) -> None:
    engine = engine_with(ONE)
    made = engine.create({"Image": "web:1"}, "one")
    if runs:
        engine.start(made)
    with pytest.raises(Refused, match=words) as refused:
        remove_image(engine.machine, ONE.id if wanted == "id" else wanted, force=force)
    assert refused.value.status == 409
    assert engine.machine.images.names(ONE) == ["web:1"]


def test_a_name_that_is_forced_away_leaves_the_image_to_its_containers() -> None:
    engine = engine_with(ONE)
    engine.start(engine.create({"Image": "web:1"}, "one"))
    assert remove_image(engine.machine, "web:1", force=True) == [{"Untagged": "web:1"}]
    assert engine.machine.images.find(ONE.id) is not None


def test_an_id_with_two_repositories_must_be_forced() -> None:
    engine = engine_with(ONE)
    engine.machine.images.name(ONE, "other:2")
    with pytest.raises(Refused, match="referenced in multiple repositories"):
        remove_image(engine.machine, ONE.short, force=False)
    assert len(remove_image(engine.machine, ONE.short, force=True)) == 6


def test_what_another_was_built_on_stays_for_it_and_goes_with_it() -> None:
    engine = engine_with(ONE)
    images = engine.machine.images
    child = images.add(TWO, ["child:1"], ONE)
    assert images.parent(child) is ONE and images.has_children(ONE)
    assert remove_image(engine.machine, "web:1", force=True) == [{"Untagged": "web:1"}]
    assert list(images.shown()) == [child], "without a name it is in no list"
    with pytest.raises(Refused, match="\\(cannot be forced\\) - image has dependent child images"):
        remove_image(engine.machine, ONE.id, force=True)
    told = remove_image(engine.machine, "child:1", force=False)
    assert {"Deleted": ONE.id} in told and len(images) == 0


# --- registries -------------------------------------------------------------------------------------------------------


def header(user: str, password: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"username": user, "password": password}).encode()).decode()


def private() -> Registry:
    return Registry({"vault.lan/web:1": ONE}, hosts=["open.lan"], passwords={"vault.lan": {"ops": "secret"}})


@pytest.mark.parametrize(
    ("name", "shown", "status", "words"),
    [
        ("vault.lan/web:1", "", 500, "no basic auth credentials"),
        ("vault.lan/web:1", "e30=", 500, "no basic auth credentials"),
        ("vault.lan/web:1", "nonsense", 500, "no basic auth credentials"),
        ("vault.lan/web:1", header("ops", "wrong"), 500, "unauthorized: authentication required"),
        ("vault.lan/web:2", header("ops", "secret"), 404, "manifest unknown"),
        ("open.lan/web:2", "", 404, "manifest for open.lan/web:2 not found"),
    ],
)
def test_a_registry_lets_in_who_has_the_password(name: str, shown: str, status: int, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        private().pulled(name, shown)
    assert refused.value.status == status and "secret" not in refused.value.message


def test_what_was_pushed_is_pulled_by_name_and_by_digest() -> None:
    registry = private()
    assert registry.pulled("vault.lan/web:1", header("ops", "secret")) is ONE
    assert registry.push_refused("open.lan/web:2", "") == ""
    registry.put("open.lan/web:2", TWO)
    assert registry.pulled("open.lan/web:2", "") is TWO
    assert registry.pulled(f"open.lan/web@{TWO.manifest_digest}", "") is TWO
    assert registry.has_layer("open.lan", TWO.layers[0]) and not registry.has_layer("open.lan", ONE.layers[1])
    assert "denied" in registry.push_refused("web:1", "") and "no such host" in registry.push_refused("a.b/web", "")


# --- frames -----------------------------------------------------------------------------------------------------------


def flat(paced: Paced) -> tuple[list[dict[str, Any]], float]:
    told = list(paced)
    return [frame for frames, _ in told for frame in frames], sum(seconds for _, seconds in told)


@given(st.lists(st.integers(0, 60_000_000), max_size=12), st.sampled_from([0, 20e6]), st.integers(0, 3))
def test_every_layer_comes_at_the_pace_of_all(sizes: list[int], rate: float, held: int) -> None:
    layers = layers_of("any", sizes)
    known = {layer.short for layer in layers[:held]}
    for make, last in ((pull_frames, "Pull complete"), (push_frames, "Pushed")):
        frames, seconds = flat(make(layers, lambda layer: layer.short in known, rate))
        coming = sum(sizes[held:])
        assert seconds <= (coming / 20e6 * 1.4 + 0.1 * (len(sizes) + 1) if rate else 0)
        assert not rate or seconds >= coming / 20e6 * 0.9 - 0.1
        assert len(frames) <= 3 * (seconds / 0.1) + 20 * len(sizes)
        done: dict[str, int] = {}
        for frame in frames:
            if "current" in (frame.get("progressDetail") or {}) and frame["status"] != "Extracting":
                assert frame["progressDetail"]["current"] >= done.get(frame["id"], 0)
                done[frame["id"]] = frame["progressDetail"]["current"]
        assert done == {layer.short: layer.size for layer in layers[held:]}
        assert [frame["status"] for frame in frames].count(last) == len(sizes[held:])
