"""Labels and records: what we write comes back, and nothing that others write is believed or breaks anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts import labels as labels_module
from app.hosts.labels import (
    DIGEST,
    PREFIX,
    TASK,
    DamagedLabels,
    container_name,
    digest,
    labels_of,
    parse_time,
    read_tag,
)
from app.hosts.records import read_record, record_labels
from app.hosts.translate import TaskPlan, tag_for
from app.model.container import RestartPolicy, TaskTag
from app.model.names import PAUSE
from app.model.record import (
    FailMark,
    Lease,
    Record,
    ReplaceMark,
    RestartMark,
    StartMark,
    StopMark,
    TaskRecord,
    record_name,
)
from app.model.reservation import reservation
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line
from tests.unit.builders import NOW, TASK_ID, definition, record, tag

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", fullmatch=True)
LINES = st.text(max_size=60).map(safe_line)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
PORTS = st.frozensets(st.integers(1, 65535), max_size=5)
RESOURCES = st.builds(Resources, st.integers(0, 10**6), st.integers(0, 10**6), PORTS, PORTS, st.integers(0, 8))
CONDITIONS: st.SearchStrategy[Any] = st.sampled_from(["CREATE", "START", "COMPLETE", "SUCCESS", "HEALTHY"])
TAGS = st.builds(
    TaskTag,
    task_id=st.uuids().map(lambda made: made.hex),
    cluster=NAMES,
    family=NAMES,
    revision=st.integers(1, 10**6),
    container=NAMES | st.just(PAUSE),
    containers=st.integers(1, 11),
    group=LINES,
    started_by=LINES,
    created_at=MOMENTS,
    reservation=RESOURCES,
    essential=st.booleans(),
    depends_on=st.lists(st.tuples(NAMES | st.just(PAUSE), CONDITIONS), max_size=3).map(tuple),
    stop_timeout=st.integers(0, 86400),
    start_timeout=st.none() | st.integers(2, 86400),
    health_checked=st.booleans(),
    restart=st.none() | st.builds(RestartPolicy, st.lists(st.integers(0, 255)).map(tuple), st.integers(60, 1800)),
)


@given(TAGS)
def test_what_is_written_comes_back(written: TaskTag) -> None:
    assert read_tag(container_name(written), labels_of(written)) == written


@given(TAGS, st.dictionaries(st.text(), st.text(), max_size=3))
def test_labels_of_others_do_not_matter(written: TaskTag, others: dict[str, str]) -> None:
    foreign = {key: value for key, value in others.items() if not key.startswith(PREFIX)}
    assert read_tag(container_name(written), {**foreign, **labels_of(written)}) == written


@given(TAGS, st.data())
def test_any_change_of_a_label_is_damage(written: TaskTag, data: st.DataObject) -> None:
    labels = labels_of(written)
    key = data.draw(st.sampled_from([key for key in labels if key != TASK]))
    changed = data.draw(st.none() | st.text(max_size=30).filter(lambda text: text != labels[key]))
    tampered = {**labels, key: changed} if changed is not None else {k: v for k, v in labels.items() if k != key}
    with pytest.raises(DamagedLabels):
        read_tag(container_name(written), tampered)


@given(TAGS, st.text(max_size=20))
def test_labels_copied_to_another_container_are_damage(written: TaskTag, name: str) -> None:
    if name == container_name(written):
        return
    with pytest.raises(DamagedLabels, match="copied or changed"):
        read_tag(name, labels_of(written))


def test_a_label_that_was_added_is_damage() -> None:
    with pytest.raises(DamagedLabels):
        read_tag(container_name(tag()), {**labels_of(tag()), f"{PREFIX}extra": "1"})


GARBAGE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *("", "null", "[]", "{}", "3", '"x"', "[" * 10**5, "1" * 5000, "NaN", "1e999", "-1", "٣"),
            *("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z"),
            *('{"cpu":1e999,"memory":0,"ports":[],"portsUdp":[]}', '{"cpu":0,"memory":0,"ports":{},"portsUdp":[[]]}'),
            '{"essential":true,"dependsOn":[["a"]],"stopTimeout":1,"startTimeout":null,"healthCheck":false}',
            '{"essential":true,"dependsOn":[["a",[]]],"stopTimeout":1e9,"startTimeout":null,"healthCheck":false}',
            '{"essential":true,"dependsOn":[[3,"START"]],"stopTimeout":1,"startTimeout":true,"healthCheck":0}',
            *("default\n", "web:1:2", ":", "web:-1", "0123456789abcdef" * 2),
        ]
    ),
)


@given(st.dictionaries(st.sampled_from(sorted(labels_of(tag()))), GARBAGE), st.booleans())
def test_garbage_with_a_right_digest_is_damage_and_nothing_else(garbage: dict[str, str], drop: bool) -> None:
    """The digest keeps out what is copied; whoever computes it himself must still not break the reader."""
    labels = garbage if drop else {**labels_of(tag()), **garbage}
    name = container_name(tag())
    labels[DIGEST] = digest(name, labels)
    try:
        found = read_tag(name, labels)
    except DamagedLabels:
        return
    assert found is None or container_name(found) == name


def test_labels_of_a_big_definition_stay_under_4_kb() -> None:
    names = [f"a-rather-long-container-name-{number:02}" for number in range(10)]
    made = definition(
        *(
            {
                "name": name,
                "essential": number == 9,
                "portMappings": [
                    {"containerPort": port, "hostPort": 10000 + number * 20 + port} for port in range(1, 11)
                ],
                "dependsOn": [{"containerName": other, "condition": "COMPLETE"} for other in names[:number]],
            }
            for number, name in enumerate(names)
        ),
        family="a-family-with-quite-a-long-name-too",
    )
    shared = tag("", group="g" * 255, started_by="s" * 128, cluster="c" * 64, reservation=reservation(made))
    for container in made.container_definitions:
        made_labels = labels_of(tag_for(TaskPlan(made, shared), container))
        assert sum(len(key) + len(value) for key, value in made_labels.items()) < 4096


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01T13:00:00.5+01:00", NOW + timedelta(milliseconds=500)),
        ("2026-03-01T12:00:00.123456789Z", NOW + timedelta(microseconds=123456)),
    ],
)
def test_times_as_docker_writes_them(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@given(GARBAGE)
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueError:
        return
    for offset in (-14, 14):
        assert (moment + timedelta(hours=offset)).year in range(1969, 10000)


MARKS: st.SearchStrategy[Record] = st.one_of(
    st.builds(
        TaskRecord,
        task_id=st.just(TASK_ID),
        cluster=NAMES,
        family=NAMES,
        revision=st.integers(1, 10**6),
        group=LINES,
        started_by=LINES,
        created_at=MOMENTS,
        reservation=RESOURCES,
        launcher=LINES,
        containers=st.lists(NAMES, max_size=10).map(tuple),
        manifest=st.text(max_size=30),
        launch_type=st.sampled_from(["EXTERNAL", "EC2", "FARGATE"]),
        tags=st.lists(st.tuples(LINES, LINES), max_size=3).map(tuple),
        client_token=LINES,
        request=LINES,
    ),
    st.builds(StartMark, st.just(TASK_ID), MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS),
    st.builds(FailMark, st.just(TASK_ID), LINES, st.none() | st.integers(0, 255), LINES, MOMENTS),
    st.builds(RestartMark, st.just(TASK_ID), LINES, st.integers(0, 1000), MOMENTS, MOMENTS),
    st.builds(
        StopMark,
        st.just(TASK_ID),
        st.sampled_from(["TaskFailedToStart", "EssentialContainerExited", "UserInitiated"]),
        LINES,
        LINES,
        MOMENTS,
    ),
    st.builds(ReplaceMark, st.just(TASK_ID), NAMES, MOMENTS),
    st.builds(Lease, st.just(TASK_ID), st.integers(0, 1000), LINES, MOMENTS),
)


@given(MARKS)
def test_records_come_back(written: Record) -> None:
    assert read_record(record_name(written), record_labels(written)) == written


def test_as_many_tags_as_a_task_may_have_come_back() -> None:
    """Fifty of its own, and the one that enableECSManagedTags adds."""
    written = record(tags=tuple((SafeText(f"key-{number}"), SafeText("")) for number in range(51)))
    assert read_record(record_name(written), record_labels(written)) == written


@given(MARKS)
def test_a_record_under_another_name_is_none(written: Record) -> None:
    assert read_record("moorage-record-other", record_labels(written)) is None


VALUES = GARBAGE | st.sampled_from(
    [
        '{"number":1e999,"owner":"x","at":"2026-01-01T00:00:00Z"}',
        '{"number":NaN,"owner":"x","at":"2026-01-01T00:00:00Z"}',
        '{"number":-1,"owner":"x","at":"2026-01-01T00:00:00Z"}',
        '{"number":1,"owner":"x","at":"0001-01-01T00:00:00+23:00"}',
        '{"number":1,"owner":{"x":[]},"at":3}',
        '{"code":["UserInitiated"],"reason":"x","by":"x","at":"2026-01-01T00:00:00Z"}',
        '{"code":"Bogus","reason":"x","by":"x","at":"2026-01-01T00:00:00Z"}',
        '{"container":"web","exitCode":-1,"reason":[],"at":"2026-01-01T00:00:00Z"}',
        '{"container":"web","number":1,"at":"2026-01-01T00:00:00Z","startedAt":null}',
        '{"at":null}',
    ]
)


@given(st.sampled_from(["task", "start", "fail", "restart", "stop", "lease", "", "new"]), VALUES, st.integers(-2, 2))
def test_garbage_is_no_record(kind: str, value: str, number: int) -> None:
    labels = {TASK: TASK_ID, f"{PREFIX}record": kind, f"{PREFIX}value": value}
    digest16 = hashlib.sha256(b"web").hexdigest()[:16]
    for suffix in (kind, f"lease-{number}", f"fail-{digest16}", f"restart-{digest16}-{number}"):
        name = f"moorage-record-{TASK_ID}-{suffix}"
        found = read_record(name, labels)
        assert found is None or record_name(found) == name


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(json.loads(record_labels(record())[f"{PREFIX}value"]), VALUES)))
def test_a_task_record_with_garbage_members(garbage: dict[str, Any]) -> None:
    labels = record_labels(record())
    value = json.loads(labels[f"{PREFIX}value"])
    for key, text in garbage.items():
        try:
            value[key] = json.loads(text)
        except (ValueError, RecursionError):
            value[key] = text
    found = read_record(record_name(record()), {**labels, f"{PREFIX}value": json.dumps(value)})
    assert found is None or isinstance(found, TaskRecord)


@pytest.mark.parametrize("labels", [None, {}, {"x": "y"}, {TASK: TASK_ID}, {f"{PREFIX}record": "task", TASK: "../x"}])
def test_no_labels_of_ours_no_record(labels: dict[str, str] | None) -> None:
    assert read_record(record_name(record()), labels) is None


def test_foreign_text_in_labels_becomes_safe() -> None:
    shown = read_tag(container_name(tag()), labels_of(replace(tag(), group="\x1b]0;x\x07")))
    assert shown is not None
    assert shown.group == "␛]0;x␇"
    stop = read_record(
        f"moorage-record-{TASK_ID}-stop",
        record_labels(StopMark(TASK_ID, "UserInitiated", SafeText("\x1b[31m"), SafeText("\u202e"), NOW)),
    )
    assert isinstance(stop, StopMark)
    assert (stop.reason, stop.by) == ("␛[31m", "\\u{202e}")


def test_names_of_objects_are_deterministic_and_told_apart() -> None:
    assert labels_module.volume_name(TASK_ID, "v") == "moorage-volume-0123456789ab-v"
    assert labels_module.network_name(TASK_ID) == "moorage-0123456789ab"
    assert container_name(tag()) == "moorage-web-1-web-0123456789ab"
    assert record_name(Lease(TASK_ID, 3, "x", NOW)).endswith("-lease-3")


def test_what_tasks_of_a_revision_have_in_common_is_in_memory_once() -> None:
    def read(task_id: str) -> tuple[TaskTag, TaskRecord]:
        marked, made = tag(task_id=task_id), record(task_id=task_id)
        labels = json.loads(json.dumps([labels_of(marked), record_labels(made)]))
        found, recorded = read_tag(container_name(marked), labels[0]), read_record(record_name(made), labels[1])
        assert isinstance(found, TaskTag)
        assert isinstance(recorded, TaskRecord)
        return found, recorded

    (one_tag, one), (other_tag, other) = read("ab" * 16), read("cd" * 16)
    assert one.manifest is other.manifest
    assert one_tag.task_id is one.task_id
    for name in ("cluster", "family", "group", "started_by", "reservation"):
        assert getattr(one, name) is getattr(other_tag, name), name
