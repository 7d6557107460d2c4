"""Frames of a build → steps, lines, and how it ended; nothing that a step writes passes for what the engine says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.hosts.images.build_reading import LAST_LINES, LINE_LIMIT, BuildReading

ID = "sha256:" + "5d" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def said(reading: BuildReading, *texts: str) -> None:
    for text in texts:
        reading.feed({"stream": text})


def test_a_build_with_a_cached_step_and_one_that_runs() -> None:
    clock = Clock()
    reading = BuildReading(clock)
    said(reading, "Step 1/3 : FROM busybox", "\n", " ---> 5d0da3dc9764\n")
    said(reading, "Step 2/3 : ENV A=1", "\n", " ---> Using cache\n", " ---> 1234567890ab\n")
    clock.now += 1
    said(reading, "Step 3/3 : RUN echo hi", "\n", " ---> Running in 0c8a1e0a2e9c\n")
    assert reading.container == "0c8a1e0a2e9c"
    clock.now += 2.5
    assert reading.now()[-1].seconds == 2.5
    said(reading, "hi\nthe", "re\n", "Removing intermediate container 0c8a1e0a2e9c\n", " ---> 1a2b3c4d5e6f\n")
    reading.feed({"aux": {"ID": ID}})
    said(reading, "Successfully built 1a2b3c4d5e6f\n", "Successfully tagged web:7\n")
    reading.end()
    assert [(step.number, step.of, step.words, step.state) for step in reading.steps] == [
        (1, 3, "FROM busybox", "done"),
        (2, 3, "ENV A=1", "cached"),
        (3, 3, "RUN echo hi", "done"),
    ]
    assert reading.taken() == ("hi", "there")
    assert reading.taken() == ()
    assert (reading.image_id, reading.container, reading.error) == (ID, "", "")


def test_docker_23_has_other_words_for_a_container_that_goes() -> None:
    reading = BuildReading()
    said(reading, "Step 1/1 : RUN x\n", " ---> Running in 0c8a1e0a2e9c\n", "out\n")
    said(reading, " ---> Removed intermediate container 0c8a1e0a2e9c\n", " ---> 1a2b3c4d5e6f\n")
    assert reading.container == ""
    assert reading.taken() == ("out",)


def test_a_command_that_fails_is_told_with_its_code_and_the_last_lines() -> None:
    reading = BuildReading()
    said(reading, "Step 1/1 : RUN make\n", " ---> Running in 0c8a1e0a2e9c\n")
    said(reading, *(f"line {number}\n" for number in range(50)), "no end")
    message = "The command '/bin/sh -c make' returned a non-zero code: 2"
    reading.feed({"errorDetail": {"code": 2, "message": message}, "error": message})
    reading.end(failed=True)
    assert (reading.error, reading.code, reading.steps[0].state) == (message, 2, "failed")
    assert len(reading.last_lines) == LAST_LINES
    assert reading.last_lines[-2:] == ("line 49", "no end")


def test_an_error_of_any_shape_is_one_line_that_is_safe() -> None:
    told: list[tuple[dict[str, Any], str, int | None]] = [
        ({"error": "no\nspace \x1b[31mleft"}, "no␤space ␛[31mleft", None),
        ({"error": "x", "errorDetail": {"code": True, "message": 5}}, "x", None),
        ({"error": ["x"]}, "['x']", None),
        ({"errorDetail": None}, "it failed, and the engine does not say why", None),
    ]
    for frame, words, code in told:
        reading = BuildReading()
        reading.feed(frame)
        assert (reading.error, reading.code) == (words, code)


def test_what_a_step_writes_is_never_taken_for_the_engines_own_words() -> None:
    reading = BuildReading()
    said(reading, "Step 1/2 : RUN evil\n", " ---> Running in 0c8a1e0a2e9c\n")
    said(reading, " ---> Running in ffffffffffff\n", " ---> Using cache\n", "Step 1/2 : RUN evil\n", "Step 7/9 : x\n")
    said(reading, "Removing intermediate container ffffffffffff\n", "Successfully built ffffffffffff\n")
    assert reading.container == "0c8a1e0a2e9c"
    assert [step.state for step in reading.steps] == ["working"]
    assert len(reading.taken()) == 6
    assert reading.image_id == reading.built == ""


def test_colours_and_bars_that_draw_over_themselves_become_plain_lines() -> None:
    reading = BuildReading()
    said(reading, "Step 1/1 : RUN x\n", "\x1b[32mgreen\x1b[0m\n", "10 %\r50 %\r100 %\r\n", "\x1b]0;title\x07\n", "\n")
    assert reading.taken() == ("green", "100 %", "␛]0;title␇")


def test_a_line_without_end_is_cut_and_kept_within_bounds() -> None:
    reading = BuildReading()
    said(reading, "Step 1/1 : RUN x\n", "a" * (3 * LINE_LIMIT + 5))
    lines = reading.taken()
    assert [len(line) for line in lines] == [LINE_LIMIT] * 3
    reading.end()
    assert [len(line) for line in reading.taken()] == [5]


def test_of_a_pull_each_word_of_a_layer_is_one_line() -> None:
    reading = BuildReading()
    said(reading, "Step 1/1 : FROM web\n")
    reading.feed({"status": "Pulling from web", "id": "latest"})
    for done in range(100):
        reading.feed({"status": "Downloading", "id": "abc", "progressDetail": {"current": done, "total": 100}})
    reading.feed({"status": "Pull complete", "id": "abc", "progressDetail": {}})
    reading.feed({"status": "Pull complete", "id": "abc", "progressDetail": {}})
    assert reading.taken() == ("latest: Pulling from web", "abc: Pull complete")


def test_podmans_steps_are_read_too() -> None:
    reading = BuildReading()
    said(reading, "STEP 1/2: FROM busybox\n", "STEP 2/2: RUN true\n")
    said(reading, "--> Using cache 5d0da3dc9764\n", "--> 5d0da3dc976\n", "Successfully built 5d0da3dc9764\n")
    assert [step.words for step in reading.steps] == ["FROM busybox", "RUN true"]
    assert [step.state for step in reading.steps] == ["done", "cached"]
    assert (reading.image_id, reading.built) == ("", "5d0da3dc9764")


def test_what_a_step_wrote_can_be_told_before_the_next_begins() -> None:
    reading = BuildReading()
    assert not reading.begins_step({"stream": "Step 1/2 : FROM x\n"})
    said(reading, "Step 1/2 : FROM x\n")
    assert reading.begins_step({"stream": "Step 2/2 : RUN y\n"})
    assert not reading.begins_step({"stream": "Step 3/2 : RUN y\n"})
    assert not reading.begins_step({})


KEYS = ["stream", "error", "errorDetail", "aux", "ID", "status", "id", "progressDetail", "code", "message"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=10))
def test_whatever_is_told_it_is_read(frames: list[object]) -> None:
    reading = BuildReading()
    for frame in frames:
        reading.begins_step(frame)
        reading.feed(frame)
    reading.end()
    assert all("\n" not in line for line in (*reading.taken(), reading.error))
