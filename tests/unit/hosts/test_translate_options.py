"""Sizes, Linux parameters, GPUs and log drivers of a container → HostConfig."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.hosts.bodies import MIB, changed

SECOND = 10**9


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"cpu": 1}, {}),
        ({"cpu": 512}, {"CpuShares": 512}),
        ({"cpu": 262144}, {"CpuShares": 262144}),
        ({"cpu": 262145}, {"CpuShares": 262144}),
        ({"memory": 4}, {"Memory": 6 * MIB}),
        ({"memory": 64, "memoryReservation": 32}, {"Memory": 64 * MIB, "MemoryReservation": 32 * MIB}),
        ({"memoryReservation": 4}, {"MemoryReservation": 6 * MIB}),
        ({"memory": None, "memoryReservation": 32}, {"Memory": None, "MemoryReservation": 32 * MIB}),
    ],
)
def test_sizes(members: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed(members) == expected


@pytest.mark.parametrize(
    ("members", "of_task", "expected"),
    [
        ({"memory": None}, {"memory": "128"}, {"Memory": 128 * MIB}),
        ({"memory": None}, {"memory": "2 GB"}, {"Memory": 2048 * MIB}),
        ({}, {"memory": "128"}, {}),
        ({}, {"cpu": "128"}, {"NanoCpus": SECOND // 8}),
        ({"cpu": 64}, {"cpu": "2 vCPU"}, {"CpuShares": 64, "NanoCpus": 2 * SECOND}),
    ],
)
def test_the_size_of_the_task_limits_each_container(
    members: dict[str, Any], of_task: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert changed(members, **of_task) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {}),
        ({"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}, {"CapAdd": ["NET_ADMIN"], "CapDrop": ["ALL"]}),
        ({"capabilities": {}}, {}),
        ({"devices": [{"hostPath": "/dev/null"}]}, {"Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/null", "CgroupPermissions": "rwm"}]}),
        ({"devices": [{"hostPath": "/dev/null", "containerPath": "/dev/x", "permissions": ["mknod", "read", "read"]}]},
         {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "mr"}]}),
        ({"devices": [{"hostPath": "/dev/null", "permissions": ["write"]}]}, {"Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/null", "CgroupPermissions": "w"}]}),
        ({"initProcessEnabled": True}, {"Init": True}),
        ({"initProcessEnabled": False}, {}),
        ({"sharedMemorySize": 8}, {"ShmSize": 8 * MIB}),
        ({"tmpfs": [{"containerPath": "/t", "size": 4}, {"containerPath": "/u", "size": 5,
                                                         "mountOptions": ["ro", "mode=1777"]}]},
         {"Tmpfs": {"/t": "size=4m", "/u": "ro,mode=1777,size=5m"}}),
        ({"maxSwap": 0}, {"MemorySwap": 16 * MIB}),
        ({"maxSwap": 8, "swappiness": 0}, {"MemorySwap": 24 * MIB, "MemorySwappiness": 0}),
        ({"swappiness": 10}, {}),
    ],
)  # fmt: skip
def test_linux_parameters(parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed({"linuxParameters": parameters}) == expected


def test_swap_is_counted_on_top_of_the_memory_that_docker_gives() -> None:
    assert changed({"memory": 4, "linuxParameters": {"maxSwap": 1}}) == {"Memory": 6 * MIB, "MemorySwap": 7 * MIB}
    swap = changed({"memory": None, "linuxParameters": {"maxSwap": 1}}, memory="32")
    assert swap == {"Memory": 32 * MIB, "MemorySwap": 33 * MIB}


@pytest.mark.parametrize(
    ("requirement", "which"),
    [
        ({"value": "2"}, {"Count": 2}),
        ({"sharingStrategy": {"nvidiaMps": {"memory": 5}}}, {"Count": 1}),
        ({"value": "GPU-a,GPU-b", "sharingStrategy": {"nvidiaMps": {"memory": 5}}}, {"DeviceIDs": ["GPU-a", "GPU-b"]}),
    ],
)
def test_gpus(requirement: dict[str, Any], which: dict[str, Any]) -> None:
    requests = changed({"resourceRequirements": [{"type": "GPU", **requirement}]})
    assert requests == {"DeviceRequests": [{"Driver": "", **which, "Capabilities": [["gpu"]]}]}


def test_accelerators_that_are_no_gpus_are_not_asked_for() -> None:
    assert changed({"resourceRequirements": [{"type": "InferenceAccelerator", "value": "x"}]}) == {}


@pytest.mark.parametrize(
    ("driver", "options", "expected"),
    [
        ("syslog", {"tag": "x"}, {"mode": "non-blocking", "max-buffer-size": "10m", "tag": "x"}),
        ("syslog", {"mode": "blocking"}, {"mode": "blocking"}),
        ("json-file", {"max-buffer-size": "2m"}, {"mode": "non-blocking", "max-buffer-size": "2m"}),
        ("awslogs", {}, {}),
        ("awsfirelens", {"mode": "non-blocking"}, {"mode": "non-blocking", "max-buffer-size": "10m"}),
        ("awsfirelens", {"max-buffer-size": "1m"}, {"mode": "non-blocking", "max-buffer-size": "1m"}),
    ],
)
def test_log_drivers(driver: str, options: dict[str, str], expected: dict[str, str]) -> None:
    theirs = {"awslogs-group": "g", "awslogs-region": "r"} if driver == "awslogs" else {}
    substituted = driver.startswith("aws")
    logging = {"logDriver": driver, "options": {**theirs, **options}}
    assert changed({"logConfiguration": logging}) == {
        "LogConfig": {"Type": "json-file" if substituted else driver, "Config": expected}
    }
