"""What is said of an engine before it is relied on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.disk import Disk, disk_of, read_df
from app.hosts.preflight import HostTold, judge
from app.model.check import Check
from app.model.safe_text import safe_line

GOOD: dict[str, Any] = {
    "Name": "edge",
    "OSType": "linux",
    "CgroupVersion": "2",
    "MemoryLimit": True,
    "SwapLimit": True,
    "CpuCfsQuota": True,
    "CPUShares": True,
    "PidsLimit": True,
    "LiveRestoreEnabled": True,
    "Driver": "overlay2",
    "LoggingDriver": "json-file",
    "DockerRootDir": "/var/lib/docker",
    "Swarm": {"LocalNodeState": "inactive"},
    "SecurityOptions": ["name=seccomp,profile=default"],
    "Warnings": None,
}
VERSION = {"Version": "29.0.1", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Components": [{"Name": "Engine"}]}
GIB = 1 << 30


def checks(offset: float = 0, disk: Disk | None = None, version: Any = None, **info: Any) -> dict[str, Check]:
    told = HostTold({**GOOD, **info}, {**VERSION, **(version or {})}, timedelta(seconds=offset), disk)
    return {check.name: check for check in judge(told)}


def test_a_good_one_has_nothing_to_be_done() -> None:
    found = checks(disk=Disk(100 * GIB, 50 * GIB))
    assert list(found) == ["engine", "limits", "live-restore", "clock", "disk", "storage", "logs", "swarm"]
    assert {check.status for check in found.values()} == {"ok"}
    assert not any(check.remedy for check in found.values())
    assert found["engine"].detail == "Docker 29.0.1, API 1.52 (from 1.44 on)"
    assert found["disk"].detail == "50.0 GiB of 100.0 GiB free in /var/lib/docker"


@pytest.mark.parametrize(
    ("name", "status", "words", "told"),
    [
        ("engine", "failed", "too old", {"version": {"ApiVersion": "1.40", "Version": "19.03"}}),
        ("engine", "ok", "API 1.41", {"version": {"ApiVersion": "1.41"}}),
        ("engine", "failed", "runs windows containers", {"OSType": "windows"}),
        ("engine", "warning", "Podman", {"version": {"Components": [{"Name": "Podman Engine"}]}}),
        ("limits", "warning", "not enforced are memory; tasks may take more", {"MemoryLimit": False}),
        ("limits", "ok", "swap is not limited", {"SwapLimit": False}),
        ("live-restore", "warning", "a restart of dockerd stops all tasks", {"LiveRestoreEnabled": False}),
        (
            "live-restore", "ok", "as a node of a swarm",
            {"LiveRestoreEnabled": False, "Swarm": {"LocalNodeState": "active"}},
        ),
        ("clock", "warning", "2.1 s ahead of ours", {"offset": 2.1}),
        ("clock", "warning", "3,600.0 s behind ours", {"offset": -3600}),
        ("clock", "ok", "agree", {"offset": 2.0}),
        ("disk", "warning", "nearly full", {"disk": Disk(100 * GIB, 9 * GIB)}),
        ("disk", "ok", "90.0 GiB", {"disk": Disk(1000 * GIB, 90 * GIB)}),
        ("disk", "failed", "nothing can be pulled", {"disk": Disk(100 * GIB, 1 << 20)}),
        ("storage", "warning", "copies whole images", {"Driver": "vfs"}),
        ("storage", "warning", "gone from newer", {"Driver": "aufs"}),
        ("logs", "warning", "cannot be read again", {"LoggingDriver": "none"}),
        ("swarm", "ok", "a manager of", {"Swarm": {"LocalNodeState": "active", "ControlAvailable": True}}),
        ("swarm", "warning", "state locked: no key", {"Swarm": {"LocalNodeState": "locked", "Error": "no key"}}),
        ("rootless", "warning", "below 1024", {"SecurityOptions": ["name=rootless"]}),
        ("engine's warning", "warning", "bridge-nf", {"Warnings": ["WARNING: bridge-nf-call-iptables is disabled"]}),
    ],
)  # fmt: skip
def test_each_is_told_with_the_remedy(name: str, status: str, words: str, told: dict[str, Any]) -> None:
    found = checks(**told)[name]
    assert (found.status, words in found.detail) == (status, True), found
    assert bool(found.remedy) == (status != "ok")


def test_limits_are_not_told_twice() -> None:
    told = checks(MemoryLimit=False, Warnings=["WARNING: No memory limit support", "WARNING: No cpu cfs quota support"])
    assert "engine's warning" not in told


def test_what_is_not_told_is_not_judged() -> None:
    found = {check.name: check.status for check in judge(HostTold({}, {}))}
    assert found == {"engine": "ok", "limits": "ok", "clock": "ok"}


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*GOOD, "DriverStatus"]), _ANY),
    st.dictionaries(st.sampled_from([*VERSION]), _ANY),
)
def test_a_hostile_engine_makes_no_check_fail_to_be_told(info: dict[str, Any], version: dict[str, Any]) -> None:
    for check in judge(HostTold(info, version)):
        assert safe_line(check.detail) == check.detail
        assert str(check)


def test_a_driver_may_tell_of_its_disk() -> None:
    status = [["Data Space Total", "107.4GB"], ["Data Space Available", "1.5 GB"], ["odd"], "x"]
    assert disk_of({"DriverStatus": status}) == Disk(107_400_000_000, 1_500_000_000)
    assert disk_of({"DriverStatus": [["Data Space Total", "107.4GB"]]}) is None
    assert disk_of({}) is None


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        (
            "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/vda1 1000 400 500 44% /\n",
            Disk(1_024_000, 512_000),
        ),
        ("Filesystem 1024-blocks\n", None),
        ("welcome\n/dev/x -1 2 3 4% /\n", None),
        ("", None),
    ],
)
def test_df_is_read(text: str, disk: Disk | None) -> None:
    assert read_df(text) == disk
