"""Docker's JSON → the model: real answers, odd ones, and hostile ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.labels import TASK, container_name, labels_of
from app.hosts.reading import container_from_inspect, container_from_list, engine_info, records_from
from app.hosts.records import record_labels
from app.model.container import Container, PortBinding
from app.model.record import record_name
from app.model.resources import Resources
from tests.unit.builders import inspected, record, tag

LISTED: dict[str, Any] = {
    "Id": "ab" * 32,
    "Names": ["/db"],
    "Image": "busybox",
    "ImageID": "sha256:12",
    "Created": 1767225600,
    "State": "running",
    "Status": "Up 3 minutes (healthy)",
    "Labels": {"a": "b"},
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "127.0.0.1", "PrivatePort": 53, "PublicPort": 5353, "Type": "udp"},
        {"PrivatePort": 443, "Type": "tcp"},
    ],
}


def test_a_listed_container() -> None:
    found = container_from_list(LISTED)
    assert (found.id, found.name, found.image, found.state, found.health) == (
        "ab" * 32,
        "db",
        "busybox",
        "running",
        "healthy",
    )
    assert found.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.ports == (PortBinding(53, 5353, "udp", "127.0.0.1"), PortBinding(80, 8080))
    assert (found.tag, found.damage, found.exit_code) == (None, "", None)


@pytest.mark.parametrize("state", ["created", "exited", "dead", "removing"])
def test_what_does_not_run_has_no_ports(state: str) -> None:
    """podman lists those that it would have."""
    assert container_from_list({**LISTED, "State": state}).ports == ()


@pytest.mark.parametrize(
    ("status", "exit_code", "health"),
    [
        ("Exited (137) 3 seconds ago", 137, ""),
        ("Exited (0) 2 weeks ago", 0, ""),
        ("Up 2 seconds (health: starting)", None, "starting"),
        ("Up 2 seconds (unhealthy)", None, "unhealthy"),
        ("Up 2 seconds (Paused)", None, ""),
        ("Created", None, ""),
        ("", None, ""),
    ],
)
def test_what_the_list_says_in_words(status: str, exit_code: int | None, health: str) -> None:
    found = container_from_list({**LISTED, "Status": status})
    assert (found.exit_code, found.health) == (exit_code, health)


def test_an_inspected_container_of_a_task() -> None:
    found = container_from_inspect(inspected(tag()))
    assert found.tag == tag()
    assert found.created_at == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert found.started_at == datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
    assert (found.finished_at, found.exit_code, found.ports) == (None, None, (PortBinding(80, 8080),))


def test_exit_code_only_of_what_ran() -> None:
    ended = {"Status": "exited", "FinishedAt": "2026-03-01T12:00:09Z", "ExitCode": 3, "OOMKilled": True}
    ran = container_from_inspect(inspected(tag(), **ended))
    assert (ran.exit_code, ran.oom_killed) == (3, True)
    assert ran.finished_at == datetime(2026, 3, 1, 12, 0, 9, tzinfo=UTC)
    never = {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "ExitCode": 128, "Error": "port \x1b taken"}
    found = container_from_inspect(inspected(tag(), **never))
    assert (found.exit_code, found.ever_started, found.error) == (None, False, "port ␛ taken")


def test_nulls_are_like_absent_members() -> None:
    bare = container_from_list({**dict.fromkeys(LISTED), "Id": "x"})
    assert (bare.name, bare.ports, bare.tag, bare.state) == ("", (), None, "dead")
    detail = container_from_inspect({"Id": "x", "Name": None, "Config": None, "State": None, "NetworkSettings": None})
    assert (detail.started_at, detail.ports, detail.health) == (None, (), "")


def test_damaged_labels_are_shown_and_not_believed() -> None:
    copied = {**LISTED, "Labels": labels_of(tag())}
    found = container_from_list(copied)
    assert found.tag is None
    assert "digest" in found.damage
    own = container_from_list({**copied, "Names": [f"/{container_name(tag())}"]})
    assert (own.tag, own.damage) == (tag(), "")


def test_foreign_text_is_made_safe() -> None:
    bad = "\x1b]0;x\x07"
    entry = {**LISTED, "Id": bad, "Names": [f"/{bad}"], "Image": bad, "ImageID": bad}
    entry["Ports"] = [{"IP": bad, "PrivatePort": 1, "PublicPort": 1, "Type": bad}]
    for found in (container_from_list(entry), container_from_inspect({"Id": bad, "Image": bad})):
        assert "\\x1b" not in repr(found)
    info = engine_info({"ID": bad, "Name": bad, "Labels": [bad], "Warnings": [bad]}, {"ApiVersion": bad})
    assert "\\x1b" not in repr(info)


def test_engine_info_counts_as_the_ecs_agent_does() -> None:
    info = engine_info(
        {
            "ID": "i",
            "Name": "n",
            "NCPU": 2,
            "MemTotal": 8373026816,
            "Architecture": "aarch64",
            "Labels": ["zone=a", "b"],
        },
        {"ApiVersion": "1.41"},
    )
    assert info.registered == Resources(2048, 7985)
    assert (info.architecture, info.labels) == ("arm64", (("zone", "a"), ("b", "")))
    assert engine_info({}, {}).registered == Resources()


def test_records_are_read_from_volumes() -> None:
    volume = {"Name": record_name(record()), "Labels": record_labels(record())}
    assert records_from([volume, {"Name": "other", "Labels": None}, {}]) == [record()]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
) | st.sampled_from([10**30, "9" * 5000, [{"PrivatePort": "x", "PublicPort": 1}], {TASK: 3}, {TASK: "x"}, {3: "x"}])
INSPECTED = inspected(tag())


def readable_or_host_error(read: Any, *answers: Any) -> None:
    try:
        found = read(*answers)
    except HostError as error:
        assert "cannot be read" in error.message
    else:
        assert found is not None


@given(st.dictionaries(st.sampled_from(sorted(LISTED)), ODD))
def test_any_list_entry_is_read_or_refused(odd: dict[str, Any]) -> None:
    readable_or_host_error(container_from_list, {**LISTED, **odd})
    readable_or_host_error(container_from_list, odd)


@given(
    st.dictionaries(st.sampled_from(sorted(INSPECTED)), ODD),
    st.dictionaries(st.sampled_from(["Status", "StartedAt", "FinishedAt", "ExitCode", "Health", "Error"]), ODD),
)
def test_any_inspection_is_read_or_refused(odd: dict[str, Any], state: dict[str, Any]) -> None:
    readable_or_host_error(container_from_inspect, {**INSPECTED, **odd})
    readable_or_host_error(container_from_inspect, inspected(tag(), **state))


INFO = ["NCPU", "MemTotal", "Labels", "Warnings", "Name", "Architecture", "Plugins", "SecurityOptions",
        "DiscoveredDevices", "GenericResources"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(INFO), ODD))
def test_any_info_is_read_or_refused(odd: dict[str, Any]) -> None:
    readable_or_host_error(engine_info, odd, odd)


@given(st.lists(st.fixed_dictionaries({"Name": ODD, "Labels": ODD}) | ODD, max_size=3))
def test_any_volumes_are_read_or_refused(volumes: list[Any]) -> None:
    readable_or_host_error(records_from, volumes)


def test_states_that_docker_may_invent() -> None:
    assert isinstance(container_from_list({**LISTED, "State": "hibernating"}), Container)
    assert container_from_list({**LISTED, "State": "hibernating"}).state == "dead"
