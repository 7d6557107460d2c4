from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from app.model.safe_text import SafeText
from app.store.past_task import PastContainer, PastTask, merged
from tests.unit.store.past_tasks import NOW, TASKS, past_container, past_task

MINUTE = timedelta(minutes=1)
MARKED = {"stop_code": SafeText("UserInitiated"), "stopped_reason": SafeText("enough"), "stopped_by": SafeText("me")}


@given(TASKS, TASKS)
def test_two_memories_become_one_and_the_second_time_nothing_changes(old: PastTask, new: PastTask) -> None:
    both = merged(old, new)

    assert merged(old, old) == old
    assert merged(both, new) == both


@given(TASKS, TASKS)
def test_what_either_knows_is_kept(old: PastTask, new: PastTask) -> None:
    both = merged(old, new)

    for name in ("started_at", "stopping_at", "stopped_at", "stop_code", "stopped_by", "started_by", "group", "tags"):
        assert bool(getattr(both, name)) == bool(getattr(old, name) or getattr(new, name)), name
    known = {part.name: part for part in both.containers}
    assert known.keys() == {part.name for task in (old, new) for part in task.containers}
    for task in (old, new):
        for part in task.containers:
            kept = known[part.name]
            assert kept.last_lines or not part.last_lines
            assert kept.image or not part.image
            assert kept.finished_at or not part.finished_at
            assert kept.runtime_id or not part.runtime_id


def test_a_container_that_was_removed_since_loses_nothing() -> None:
    old = past_task()
    gone = PastContainer(SafeText("main"), reason=SafeText("the container was removed"))
    new = replace(old, stopped_at=NOW + 9 * MINUTE, stopped_reason=SafeText("removed"), containers=(gone,))

    both = merged(old, new)

    assert both.stopped_at == NOW
    assert both.stopped_reason == "Essential container in task exited"
    (part,) = both.containers
    assert (part.exit_code, part.last_lines, part.finished_at) == (1, ("so it ends",), NOW)


def test_lines_and_exit_codes_given_once_stay() -> None:
    new = past_task(containers=(past_container(last_lines=(), exit_code=None),))

    (part,) = merged(past_task(), new).containers

    assert (part.exit_code, part.last_lines) == (1, ("so it ends",))


def test_a_stop_mark_stands_whichever_comes_first() -> None:
    read, marked = past_task(), past_task(**MARKED)

    for both in (merged(read, marked), merged(marked, read)):
        assert (both.stop_code, both.stopped_reason, both.stopped_by) == ("UserInitiated", "enough", "me")


def test_a_later_run_counts_and_is_not_mixed_with_the_earlier_one() -> None:
    first = past_container(reason=SafeText("OutOfMemoryError"), oom_killed=True, exit_code=137)
    again = past_container(exit_code=0, finished_at=NOW + MINUTE, last_lines=())
    old, new = past_task(containers=(first,)), past_task(stopped_at=NOW + MINUTE, containers=(again,))

    for both in (merged(old, new), merged(new, old)):
        (part,) = both.containers
        assert both.stopped_at == NOW + MINUTE
        assert (part.exit_code, part.reason, part.oom_killed) == (0, "", False)
        assert part.last_lines == ("so it ends",)


def test_no_repr_shows_what_a_container_logged() -> None:
    assert "so it ends" not in repr(past_task())
