"""A deploy that is under way, as its screen reads it: states, times, and lines of a build."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.model.build_progress import BuildProgress
from app.model.deployment import DeployProgress, DeployState, DeployStep
from app.model.instance import InstanceKey
from app.model.progress import Progress
from app.model.safe_text import SafeText
from app.screens.deploying.rows import step_row
from app.screens.deploying.work import DeployWork
from app.screens.images.works import KEPT_LINES

HOST = InstanceKey("prod", "edge-1")
BUILD = DeployStep("build", SafeText("build web:1 on edge-1"), SafeText("web:1"))
RUN = DeployStep("run", SafeText("run 1 of web:1"))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def work_at(clock: Clock) -> DeployWork:
    plan: Any = SimpleNamespace(cluster=SimpleNamespace(name="prod"), definition="web:1", steps=(BUILD, RUN))
    return DeployWork(1, plan, "moorage deploy", clock)


def told(step: DeployStep, state: DeployState, detail: str = "", **inner: Any) -> DeployProgress:
    return DeployProgress(step, state, SafeText(detail), **inner)


def writing(*lines: str) -> DeployProgress:
    progress = BuildProgress(HOST, SafeText("web:1"), "building", lines=tuple(map(SafeText, lines)))
    return told(BUILD, "working", build=progress)


def test_a_step_begins_once_and_takes_as_long_as_it_went_on() -> None:
    clock = Clock()
    work = work_at(clock)
    assert [step.state for step in work.steps()] == ["waiting", "waiting"]
    assert work.current is None
    work.take(told(BUILD, "working"))
    clock.now += 3
    work.take(writing("one"))
    clock.now += 4
    work.take(told(BUILD, "done", "2b88f32e8904"))
    clock.now += 10
    build, run = work.steps()
    assert (build.state, build.detail, build.seconds(clock.now)) == ("done", "2b88f32e8904", 7.0)
    assert run.seconds(clock.now) is None
    assert work.current is build


def test_what_a_launch_tells_late_makes_no_step_go_on_again() -> None:
    work = work_at(Clock())
    work.take(told(RUN, "working"))
    work.take(told(RUN, "done"))
    work.take(told(RUN, "working", launch=Progress("f" * 32, HOST, "stop")))
    (_, run) = work.steps()
    assert (run.state, [*run.launches]) == ("done", ["f" * 32])


def test_lines_are_handed_over_once_and_the_oldest_give_way() -> None:
    work = work_at(Clock())
    work.take(writing("one", "two"))
    (build, _) = work.steps()
    lines, following = work.lines_from(build, 0)
    assert (lines, following) == (["one", "two"], 2)
    work.take(writing("three"))
    assert work.lines_from(build, following) == (["three"], 3)
    assert work.lines_from(build, 3) == ([], 3)
    work.take(writing(*map(str, range(KEPT_LINES))))
    kept, _ = work.lines_from(build, 0)
    assert (len(kept), kept[-1]) == (KEPT_LINES, str(KEPT_LINES - 1))


def test_a_step_that_was_not_planned_is_shown_too() -> None:
    work = work_at(Clock())
    extra = DeployStep("stop", SafeText("stop task 3f3f3f3f of web:1"))
    work.take(told(extra, "working"))
    assert [step.step for step in work.steps()] == [BUILD, RUN, extra]


def test_the_end_is_judged_by_what_failed() -> None:
    work = work_at(Clock())
    assert work.judged(SimpleNamespace(failure=None)) == ("done", "")
    failure = SimpleNamespace(step=BUILD, why="exit code 2", stopped=False)
    assert work.judged(SimpleNamespace(failure=failure)) == ("failed", "build web:1: exit code 2")
    stopped = SimpleNamespace(step=BUILD, why="it was broken off", stopped=True)
    assert work.judged(SimpleNamespace(failure=stopped))[0] == "stopped"


def test_rows_say_how_each_step_is_in_a_word() -> None:
    clock = Clock()
    work = work_at(clock)
    work.take(told(BUILD, "failed", "exit code 2"))
    build, run = (step_row(step, clock.now) for step in work.steps())
    text = ["".join(span.text for cell in row.cells for span in cell) for row in (build, run)]
    assert "✕ failed" in text[0]
    assert text[0].endswith("exit code 2")
    assert "· waiting" in text[1]
