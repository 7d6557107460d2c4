"""What became of one task, in order, by what is known of it and what was heard of it. Pure; times are the host's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.model.event import SAME_WITHIN, Event, is_bad, length_words, when_stopped
from app.model.task import Task
from app.operations.event_words import detail_words
from app.store.past_task import PastTask

_RANK = ("launch", "pulled", "created", "started", "healthy", "RUNNING")
"""What comes first when it was in the same moment."""
_ONCE = ("launch", "created", "stop")


@dataclass(frozen=True, slots=True)
class Moment:
    """``what`` is an event's word, or pulled, RUNNING, STOPPED. ``container`` is "" for the task as a whole."""

    at: datetime
    what: str
    container: str = ""
    detail: str = ""
    bad: bool = False
    exit_code: int | None = None


def timeline(task: Task | None, past: PastTask | None, events: Sequence[Event]) -> list[Moment]:
    """The oldest first. Any of the three may be missing: a host that is gone, a history that was lost."""
    stopped = when_stopped(events)
    heard = [_heard(event, bad=is_bad(event, stopped)) for event in events]
    facts = [*(_of_task(task) if task else ()), *(_of_past(past) if past and not task else ())]
    found = heard + [_after_its_cause(fact, heard) for fact in facts if not any(_same(fact, one) for one in heard)]
    found.sort(key=_order)
    return list(_with_lengths(found))


def _heard(event: Event, *, bad: bool) -> Moment:
    return Moment(event.host_at or event.at, event.what, event.container, detail_words(event), bad, event.exit_code)


def _same(fact: Moment, heard: Moment) -> bool:
    if (fact.what, fact.container) != (heard.what, heard.container):
        return False
    return fact.what in _ONCE or abs(fact.at - heard.at) <= SAME_WITHIN


def _after_its_cause(fact: Moment, heard: Sequence[Moment]) -> Moment:
    """An engine tells of a start and an end a little later than they were: the task's own state follows from them."""
    cause = {"RUNNING": "started", "STOPPED": "died"}.get(fact.what)
    late = [one.at for one in heard if one.what == cause and timedelta(0) < one.at - fact.at <= SAME_WITHIN]
    return replace(fact, at=max(late)) if late else fact


def _order(moment: Moment) -> tuple[datetime, int]:
    return moment.at, _RANK.index(moment.what) if moment.what in _RANK else len(_RANK)


def _of_task(task: Task) -> Iterator[Moment]:
    yield Moment(task.created_at, "launch", detail=f"by {task.started_by}" if task.started_by else "")
    if task.pull_stopped_at is not None:
        took = task.pull_stopped_at - (task.pull_started_at or task.pull_stopped_at)
        yield Moment(task.pull_stopped_at, "pulled", detail=f"images ready in {length_words(took)}")
    for part in task.containers:
        if part.runtime is None:
            continue
        runtime = part.runtime
        yield Moment(runtime.created_at, "created", part.name, runtime.image)
        yield from _run(part.name, runtime.started_at, runtime.finished_at, part.exit_code, oom=runtime.oom_killed)
        if part.started_at is not None and part.started_at != runtime.started_at:
            yield Moment(part.started_at, "started", part.name)
    if task.started_at is not None:
        yield Moment(task.started_at, "RUNNING")
    if task.stop_marked_at is not None and (task.stopped_at is None or task.stop_marked_at <= task.stopped_at):
        yield Moment(task.stop_marked_at, "stop", detail=f"by {task.stopped_by}: {task.stopped_reason}")
    if task.stopped_at is not None:
        yield Moment(task.stopped_at, "STOPPED", detail=str(task.stopped_reason), bad=task.failed)


def _of_past(task: PastTask) -> Iterator[Moment]:
    yield Moment(task.created_at, "launch", detail=f"by {task.started_by}" if task.started_by else "")
    for part in task.containers:
        yield from _run(part.name, part.started_at, part.finished_at, part.exit_code, oom=part.oom_killed)
    if task.started_at is not None:
        yield Moment(task.started_at, "RUNNING")
    if task.stopping_at is not None and task.stopped_by:
        yield Moment(task.stopping_at, "stop", detail=f"by {task.stopped_by}: {task.stopped_reason}")
    if task.stopped_at is not None:
        yield Moment(task.stopped_at, "STOPPED", detail=str(task.stopped_reason), bad=task.failed)


def _run(
    name: str, started: datetime | None, finished: datetime | None, exit_code: int | None, *, oom: bool
) -> Iterator[Moment]:
    if started is not None:
        yield Moment(started, "started", name)
    if finished is not None:
        words = "" if exit_code is None else f"exit {exit_code}"
        yield Moment(finished, "died", name, f"{words}: OOM" if oom else words, bool(exit_code), exit_code)


def _with_lengths(moments: Sequence[Moment]) -> Iterator[Moment]:
    """How long a container ran, and how long it took to be healthy, stands with the moment at which that is known."""
    started: dict[str, datetime] = {}
    for moment in moments:
        began, words = started.get(moment.container), moment.detail
        if moment.what == "started":
            started[moment.container] = moment.at
        elif began is not None and moment.what == "died":
            words = f"{words}, ran {length_words(moment.at - began)}".removeprefix(", ")
            del started[moment.container]
        elif began is not None and moment.what == "healthy":
            words = f"{length_words(moment.at - began)} after its start"
        yield replace(moment, detail=words)
