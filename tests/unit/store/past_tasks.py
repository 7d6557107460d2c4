"""Short ways to remembered tasks, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.model.safe_text import SafeText, safe_line
from app.store.history_rows import last_lines
from app.store.past_task import PastContainer, PastTask

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TASK_ID = "0123456789abcdef" * 2


def past_container(name: str = "main", **changes: Any) -> PastContainer:
    """One that ran for a minute and ended with 1."""
    made = PastContainer(
        name=SafeText(name),
        image=SafeText("busybox"),
        runtime_id=SafeText("ab" * 32),
        exit_code=1,
        started_at=NOW - timedelta(minutes=1),
        finished_at=NOW,
        last_lines=(SafeText("so it ends"),),
    )
    return replace(made, **changes)


def past_task(**changes: Any) -> PastTask:
    made = PastTask(
        id=SafeText(TASK_ID),
        cluster=SafeText("default"),
        instance=SafeText("edge"),
        family=SafeText("web"),
        revision=7,
        group=SafeText("family:web"),
        started_by=SafeText("ops"),
        created_at=NOW - timedelta(minutes=2),
        started_at=NOW - timedelta(minutes=1),
        stopping_at=NOW,
        stopped_at=NOW,
        stop_code=SafeText("EssentialContainerExited"),
        stopped_reason=SafeText("Essential container in task exited"),
        tags=((SafeText("team"), SafeText("blue")),),
        cpu=128,
        memory=64,
        containers=(past_container(),),
    )
    return replace(made, **changes)


_TEXTS = st.text(max_size=30).map(safe_line)
_TIMES = st.datetimes(max_value=datetime(9998, 12, 31), timezones=st.just(UTC))
_MAYBE = st.none() | _TIMES
_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_GONE = st.builds(
    PastContainer,
    name=st.sampled_from(["a", "b", "c"]).map(SafeText),
    image=_TEXTS,
    reason=_TEXTS,
    essential=st.booleans(),
)
_ENDED = st.builds(
    PastContainer,
    name=st.sampled_from(["a", "b", "c"]).map(SafeText),
    image=_TEXTS,
    runtime_id=st.just(SafeText("ab" * 32)),
    exit_code=st.none() | _NUMBERS,
    reason=_TEXTS,
    oom_killed=st.booleans(),
    started_at=_MAYBE,
    finished_at=st.none() | st.sampled_from([NOW, NOW + timedelta(hours=1)]),
    essential=st.booleans(),
    last_lines=st.lists(st.text(), max_size=3).map(last_lines),
)
_CAUSES = st.sampled_from(
    [("", "", ""), ("TaskFailedToStart", "no room", ""), ("EssentialContainerExited", "", "supervisor")]
).map(lambda cause: dict(zip(("stop_code", "stopped_reason", "stopped_by"), map(SafeText, cause), strict=True)))
_UNCAUSED = st.builds(
    PastTask,
    id=st.just(SafeText(TASK_ID)),
    cluster=_TEXTS,
    instance=_TEXTS,
    family=_TEXTS,
    revision=_NUMBERS,
    group=_TEXTS,
    started_by=_TEXTS,
    created_at=_TIMES,
    started_at=_MAYBE,
    stopping_at=_MAYBE,
    stopped_at=_MAYBE,
    tags=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3).map(tuple),
    health=_TEXTS,
    cpu=_NUMBERS,
    memory=_NUMBERS,
    containers=st.lists(_GONE | _ENDED, max_size=3, unique_by=lambda part: part.name).map(tuple),
)
TASKS = st.builds(lambda task, cause: replace(task, **cause), _UNCAUSED, _CAUSES)
