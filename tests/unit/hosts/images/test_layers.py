"""What is told of a pull or a push, in any frames: layers, bytes and speed, and never an error."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.images.layers import Layers

DIGEST = f"sha256:{'ab' * 32}"
WORDS = (
    "Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete", "Extracting",
    "Pull complete", "Already exists", "Preparing", "Pushing", "Pushed", "Layer already exists",
    "Mounted from team/base", "Retrying in 5 seconds", "Status: Image is up to date for web:7", f"Digest: {DIGEST}",
)  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def frame(status: str, layer: str = "", current: Any = None, total: Any = None) -> dict[str, Any]:
    detail = {name: value for name, value in (("current", current), ("total", total)) if value is not None}
    return {"status": status, "progressDetail": detail, **({"id": layer} if layer else {})}


def told(*frames: dict[str, Any]) -> Layers:
    layers = Layers(Clock())
    for one in frames:
        layers.take(one)
    return layers


def test_a_pull() -> None:
    layers = told(
        frame("Pulling from team/web", "7"),
        frame("Already exists", "a"),
        frame("Pulling fs layer", "b"),
        frame("Pulling fs layer", "c"),
        frame("Downloading", "b", 10, 100),
        frame("Downloading", "c", 5, 50),
        frame("Download complete", "c"),
    )
    assert [(one.id, one.state, one.done, one.total) for one in layers.each()] == [
        ("a", "exists", 0, 0),
        ("b", "working", 10, 100),
        ("c", "working", 50, 50),
    ]
    assert (layers.done, layers.total) == (60, 150)
    for end in (
        frame("Extracting", "b", 32, 100),
        frame("Pull complete", "b"),
        frame("Extracting", "c", 10, 50),
        frame(f"Digest: {DIGEST}"),
        frame("Status: Downloaded newer image for team/web:7"),
    ):
        layers.take(end)
    assert [(one.state, one.done) for one in layers.each()] == [("exists", 0), ("done", 100), ("extracting", 10)]
    assert (layers.done, layers.total) == (150, 150)
    assert (layers.digest, layers.up_to_date) == (DIGEST, False)
    assert layers.words == "Status: Downloaded newer image for team/web:7"


def test_what_the_engine_has_already() -> None:
    layers = told(frame(f"Digest: {DIGEST}"), frame("Status: Image is up to date for team/web:7"))
    assert (layers.digest, layers.up_to_date, layers.each()) == (DIGEST, True, ())


def test_a_push_may_move_more_than_it_had_announced() -> None:
    layers = told(
        frame("The push refers to repository [registry.lan/web]"),
        frame("Preparing", "a"),
        frame("Layer already exists", "b"),
        frame("Mounted from team/base", "c"),
        frame("Pushing", "a", 120, 100),
    )
    assert [(one.state, one.done, one.total) for one in layers.each()] == [
        ("working", 120, 120),
        ("exists", 0, 0),
        ("exists", 0, 0),
    ]
    layers.take(frame("Pushed", "a"))
    layers.take(frame(f"7: digest: {DIGEST} size: 528"))
    assert (layers.done, layers.total, layers.digest) == (120, 120, DIGEST)
    assert told({"progressDetail": {}, "aux": {"Tag": "7", "Digest": DIGEST, "Size": 528}}).digest == DIGEST


def test_a_layer_that_is_tried_again_takes_nothing_back() -> None:
    clock = Clock()
    layers = Layers(clock)
    layers.take(frame("Downloading", "a", 80, 100))
    layers.take(frame("Retrying in 5 seconds", "a"))
    assert [(one.state, one.words) for one in layers.each()] == [("waiting", "Retrying in 5 seconds")]
    layers.take(frame("Downloading", "a", 20, 100))
    assert (layers.each()[0].done, layers.done) == (20, 80)


def test_the_speed_is_of_the_last_seconds() -> None:
    clock = Clock()
    layers = Layers(clock)
    assert layers.rate == 0
    for second in range(1, 11):
        clock.now = second
        layers.take(frame("Downloading", "a", second * 1000, 100_000))
    assert layers.rate == 1000
    clock.now = 20.0
    assert layers.rate == 0
    clock.now = 21.0
    layers.take(frame("Downloading", "a", 13_000, 100_000))
    assert layers.rate == 3000


def test_a_frame_says_whether_a_layer_has_gone_on() -> None:
    layers = Layers(Clock())
    given_frames = [
        frame("Downloading", "a", 1, 9),
        frame("Downloading", "a", 2, 9),
        frame("Extracting", "a"),
        frame("Status: fine"),
    ]
    assert [layers.take(one) for one in given_frames] == [True, False, True, False]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SIZES = st.integers(-5, 1 << 60) | JUNK
FRAMES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(WORDS) | JUNK,
            "id": st.sampled_from("abc") | JUNK,
            "progressDetail": st.fixed_dictionaries({}, optional={"current": SIZES, "total": SIZES}) | JUNK,
            "aux": JUNK | st.fixed_dictionaries({"Digest": JUNK}),
        },
    )
    | st.dictionaries(st.text(max_size=8), JUNK, max_size=3),
    max_size=30,
)


@given(FRAMES)
def test_any_frames(frames: list[dict[str, Any]]) -> None:
    clock = Clock()
    layers = Layers(clock)
    before = 0
    for one in frames:
        clock.now += 0.1
        layers.take(one)
        assert before <= layers.done <= layers.total
        before = layers.done
        assert layers.rate >= 0
        for layer in layers.each():
            assert 0 <= layer.done <= layer.total
        assert all(len(text) <= 1000 for text in (layers.words, layers.digest))


def test_no_more_layers_than_an_image_can_have() -> None:
    layers = told(*(frame("Downloading", f"{number}" * 100, 1 << 49, 1 << 50) for number in range(1500)))
    assert len(layers.each()) == 1000
    assert max(len(layer.id) for layer in layers.each()) <= 100
    assert told(frame("Downloading", "a", 5, 1 << 70)).total == 0
