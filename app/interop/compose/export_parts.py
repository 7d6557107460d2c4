"""Nested shapes of a container definition as a Compose file has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.interop.compose.ports import MAX_PORTS

Members = Mapping[str, Any]
_PERMISSIONS = {"read": "r", "write": "w", "mknod": "m"}
_FORMS = ("CMD", "CMD-SHELL", "NONE")
_ELSEWHERE = ("awsfirelens", "logentries")
"""Log drivers that no Docker Engine has."""


def named(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Without the names that no Compose file may have: the schema wants a character on some line."""
    return {name: value for name, value in items if re.search(".", name)}


def ports(mappings: Iterable[Members], mode: str | None) -> list[Any]:
    """Nothing where the host's ports are the container's; nothing either of more ports than an import takes."""
    if mode in ("host", "none"):
        return []
    found: list[Any] = []
    count = 0
    for mapping in mappings:
        target = str(mapping.get("containerPortRange") or mapping.get("containerPort") or "")
        if not target:
            continue
        first, _, last = target.partition("-")
        count += int(last or first) - int(first) + 1
        host = mapping.get("hostPort") if mode != "awsvpc" else None
        protocol = mapping.get("protocol", "tcp")
        if "name" in mapping or "appProtocol" in mapping:
            long = {"target": int(target) if target.isdigit() else target, "published": str(host) if host else None}
            more = {"protocol": protocol, "name": mapping.get("name"), "app_protocol": mapping.get("appProtocol")}
            entry: Any = {key: value for key, value in {**long, **more}.items() if value is not None}
        else:
            entry = f"{f'{host}:' if host else ''}{target}{'' if protocol == 'tcp' else f'/{protocol}'}"
        if entry not in found:
            found.append(entry)
    return found if count <= MAX_PORTS else []


def health_check(check: Members | None) -> dict[str, Any] | None:
    """All times are written: Compose's defaults are not ECS's."""
    if check is None:
        return None
    command = check["command"]
    if command[0] == "NONE":
        return {"disable": True}
    found = {
        "test": command if command[0] in _FORMS else ["CMD", *command],
        "interval": f"{check.get('interval', 30)}s",
        "timeout": f"{check.get('timeout', 5)}s",
        "retries": check.get("retries", 3),
    }
    return {**found, **({"start_period": f"{check['startPeriod']}s"} if check.get("startPeriod") else {})}


def tmpfs(mounts: Iterable[Members]) -> list[str]:
    found = {
        mount["containerPath"]: ",".join([*mount.get("mountOptions", []), f"size={mount['size']}m"]) for mount in mounts
    }
    return [f"{path}:{options}" for path, options in found.items()]


def devices(given: Iterable[Members]) -> list[str]:
    found = []
    for device in given:
        target = device.get("containerPath") or device["hostPath"]
        permissions = "".join(_PERMISSIONS[name] for name in dict.fromkeys(device.get("permissions", [])))
        found.append(f"{device['hostPath']}:{target}{f':{permissions}' if permissions else ''}")
    return list(dict.fromkeys(found))


def deploy(requirements: Iterable[Members]) -> dict[str, Any] | None:
    """GPUs, where their number is known."""
    counts = [item.get("value", "") for item in requirements if item.get("type") == "GPU"]
    if not counts or not (counts[0].isascii() and counts[0].isdigit()):
        return None
    wanted = {"driver": "nvidia", "count": int(counts[0]), "capabilities": ["gpu"]}
    return {"resources": {"reservations": {"devices": [wanted]}}}


def logging(configuration: Members | None) -> dict[str, Any] | None:
    """A driver that does not block unless it is told to, as in ECS."""
    if configuration is None or configuration["logDriver"] in _ELSEWHERE:
        return None
    return {
        "driver": configuration["logDriver"],
        "options": {"mode": "non-blocking", **named(configuration.get("options", {}).items())},
    }


def restart(policy: Members | None) -> str | None:
    if policy is None or not policy.get("enabled"):
        return None
    return "on-failure" if 0 in policy.get("ignoredExitCodes", []) else "always"
