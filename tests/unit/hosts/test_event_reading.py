"""Events of an engine as they come, hostile ones too, are read cheaply and never raise."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.event_reading import EventReader, signal_name
from app.hosts.labels import container_name, labels_of
from app.model.container import TaskTag
from tests.unit.builders import TASK_ID, tag

ID = "c" * 64


def raw(action: str, labels: dict[str, str] | None = None, **attributes: Any) -> dict[str, Any]:
    told = {"name": "web", "image": "busybox", **(labels or {}), **attributes}
    return {
        "Type": "container",
        "Action": action,
        "Actor": {"ID": ID, "Attributes": told},
        "time": 1_700_000_000,
        "timeNano": 1_700_000_000_123_456_789,
    }


def test_a_death_tells_its_code_and_whose_it_was() -> None:
    marked = tag("web")
    event = EventReader().read(raw("die", labels_of(marked), name=container_name(marked), exitCode="137"))
    assert event is not None
    assert (event.what, event.nano, event.container_id) == ("died", 1_700_000_000_123_456_789, ID)
    assert (event.tag, event.exit_code) == (marked, 137)
    assert marked.task_id == TASK_ID


def test_labels_that_were_copied_are_not_believed() -> None:
    event = EventReader().read(raw("start", labels_of(tag("web")), name="another"))
    assert event is not None
    assert event.tag is None


def test_a_rename_does_not_take_a_container_from_its_task() -> None:
    reader, marked = EventReader(), tag("web")
    labels = labels_of(marked)
    reader.read(raw("start", labels, name=container_name(marked)))
    event = reader.read(raw("rename", labels, name="renamed", oldName="/old"))
    assert event is not None
    assert (event.tag, event.detail) == (marked, "was old")


def test_containers_that_were_removed_are_not_remembered() -> None:
    reader, before = EventReader(), _tags_alive()
    for number in range(50):
        _live_and_be_removed(reader, number)
    assert _tags_alive() == before


def _live_and_be_removed(reader: EventReader, number: int) -> None:
    marked = tag("web", task_id=f"{number:032x}")
    for action in ("create", "start", "die", ("destroy", "remove")[number % 2]):
        event = raw(action, labels_of(marked), name=container_name(marked))
        event["Actor"]["ID"] = f"{number:064x}"
        heard = reader.read(event)
        assert heard is not None
        assert heard.tag == marked


def _tags_alive() -> int:
    gc.collect()
    return sum(type(found) is TaskTag for found in gc.get_objects())


@pytest.mark.parametrize(
    ("action", "attributes", "what", "detail"),
    [
        ("kill", {"signal": "15"}, "killed", "SIGTERM"),
        ("kill", {"signal": "SIGHUP"}, "killed", "SIGHUP"),
        ("kill", {"signal": "99"}, "killed", "99"),
        ("create", {}, "created", "busybox"),
        ("health_status: unhealthy", {}, "unhealthy", ""),
        ("oom", {}, "oom", ""),
    ],
)
def test_what_is_told_of_each(action: str, attributes: dict[str, str], what: str, detail: str) -> None:
    event = EventReader().read(raw(action, None, **attributes))
    assert event is not None
    assert (event.what, event.detail) == (what, detail)


@pytest.mark.parametrize("action", ["stop", "restart", "update", "exec_start: sh", "health_status: starting", ""])
def test_what_tells_nothing_new_is_left_out(action: str) -> None:
    assert EventReader().read(raw(action)) is None


def test_an_engine_without_nanoseconds_is_read_by_its_seconds() -> None:
    event = EventReader().read({**raw("start"), "timeNano": None})
    assert event is not None
    assert event.nano == 1_700_000_000_000_000_000


@pytest.mark.parametrize("change", [{"timeNano": "x"}, {"timeNano": 2**70}, {"timeNano": -5}, {"Actor": None}])
def test_what_cannot_be_understood_is_none(change: dict[str, Any]) -> None:
    assert EventReader().read({**raw("start"), **change}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Type": st.just("container"),
            "Action": st.sampled_from(["die", "kill", "rename", "create", "start"]) | JSON,
            "Actor": st.fixed_dictionaries({}, optional={"ID": JSON, "Attributes": JSON}) | JSON,
            "time": st.integers(0, 2**40) | JSON,
            "timeNano": st.integers(0, 2**63) | JSON,
        },
    )
)
def test_any_json_is_read_or_left(event: dict[str, Any]) -> None:
    EventReader().read(event)


def test_names_of_signals() -> None:
    assert [signal_name(text) for text in ("9", "SIGKILL", "", "x" * 50)] == ["SIGKILL", "SIGKILL", "", "x" * 20]
