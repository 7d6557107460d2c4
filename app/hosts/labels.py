"""Task ⇄ labels on its containers: what is ours, what is foreign, what is damaged.

A label is foreign text: each is parsed strictly, and a container whose labels do not hold together is shown but never
acted on. The digest covers the container's name and all our labels, so that labels which an image brings along, or
which were copied from another container, are not believed (design: reliability, "Label spoofing").
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any

from app.model.container import RestartPolicy, TaskTag
from app.model.ids import is_id
from app.model.names import CONTAINER_NAME, PAUSE
from app.model.resources import Resources
from app.model.safe_text import SafeText, safe_line, shared

PREFIX = "moorage."
TASK = f"{PREFIX}task"
DIGEST = f"{PREFIX}digest"
PLACEHOLDER = f"{PREFIX}placeholder"
"""On a Swarm service that keeps the place of a task, and on the container that Swarm runs for it: the task's id."""
_SWARM_SERVICE = "com.docker.swarm.service.name"
_CONDITIONS = frozenset({"CREATE", "START", "COMPLETE", "SUCCESS", "HEALTHY"})
_LONGEST = 1024
_LONGEST_VOLUME = 200


class DamagedLabels(ValueError):
    """Labels with our prefix that do not hold together."""


def container_name(tag: TaskTag) -> str:
    """The deterministic name of a task's container: a retry finds what is already there."""
    return f"moorage-{tag.family}-{tag.revision}-{tag.container}-{tag.task_id[:12]}"


def without_ours(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels of somebody else's, without those that have our prefix: with them a thing could pass for one of ours."""
    return {key: value for key, value in labels.items() if not key.startswith(PREFIX)}


def network_name(task_id: str) -> str:
    return f"moorage-{task_id[:12]}"


def volume_name(task_id: str, volume: str) -> str:
    """A volume becomes a folder on its host: of a very long name the end is told by a digest of it."""
    if len(volume) > _LONGEST_VOLUME:
        volume = f"{volume[:_LONGEST_VOLUME]}-{hashlib.sha256(volume.encode()).hexdigest()[:8]}"
    return f"moorage-volume-{task_id[:12]}-{volume}"


def placeholder_name(task_id: str) -> str:
    """The Swarm service that keeps the place of a task."""
    return f"moorage-{task_id}"


def is_placeholder(labels: Mapping[str, str]) -> bool:
    """Did Swarm make this container for a placeholder? Our label and the name of its service have to agree."""
    task_id = labels.get(PLACEHOLDER, "")
    return is_id(task_id) and TASK not in labels and labels.get(_SWARM_SERVICE) == placeholder_name(task_id)


def labels_of(tag: TaskTag) -> dict[str, str]:
    """Every label that a container of the task gets, well under 4 kB in all."""
    labels = {
        f"{PREFIX}version": "1",
        TASK: tag.task_id,
        f"{PREFIX}cluster": tag.cluster,
        f"{PREFIX}definition": f"{tag.family}:{tag.revision}",
        f"{PREFIX}container": tag.container,
        f"{PREFIX}containers": str(tag.containers),
        f"{PREFIX}group": tag.group,
        f"{PREFIX}started-by": tag.started_by,
        f"{PREFIX}created": format_time(tag.created_at),
        f"{PREFIX}reservation": _compact(reservation_to_json(tag.reservation)),
        f"{PREFIX}supervision": _compact(
            {
                "essential": tag.essential,
                "dependsOn": [list(pair) for pair in tag.depends_on],
                "stopTimeout": tag.stop_timeout,
                "startTimeout": tag.start_timeout,
                "healthCheck": tag.health_checked,
                "restart": _restart_to_json(tag.restart),
            }
        ),
    }
    labels[DIGEST] = digest(container_name(tag), labels)
    return labels


def digest(name: str, labels: Mapping[str, str]) -> str:
    """sha256 over the container's name and every label of ours but the digest itself."""
    ours = {key: value for key, value in labels.items() if key.startswith(PREFIX) and key != DIGEST}
    return hashlib.sha256(_compact([name, ours]).encode("utf-8", "surrogatepass")).hexdigest()


def read_tag(name: str, labels: Mapping[str, str]) -> TaskTag | None:
    """The tag that a container's labels hold; None when none of them is ours.

    Raises DamagedLabels when some are, and cannot be believed.
    """
    if TASK not in labels:
        return None
    if labels.get(DIGEST) != digest(name, labels):
        raise DamagedLabels("its labels were copied or changed: the digest does not match")
    try:
        tag = _parse(labels)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedLabels(f"its labels cannot be read ({type(error).__name__})") from None
    if container_name(tag) != name:
        raise DamagedLabels("its name does not belong to its labels")
    return tag


def _parse(labels: Mapping[str, str]) -> TaskTag:
    task_id = intern(labels[TASK])
    family, _, revision = labels[f"{PREFIX}definition"].partition(":")
    supervision = json.loads(labels[f"{PREFIX}supervision"])
    start_timeout = supervision["startTimeout"]
    tag = TaskTag(
        task_id=task_id,
        cluster=_name(labels[f"{PREFIX}cluster"]),
        family=_name(family),
        revision=count(int(revision)),
        container=_container(labels[f"{PREFIX}container"]),
        containers=count(int(labels[f"{PREFIX}containers"])),
        group=_short(labels[f"{PREFIX}group"]),
        started_by=_short(labels[f"{PREFIX}started-by"]),
        created_at=parse_time(labels[f"{PREFIX}created"]),
        reservation=reservation_from_json(json.loads(labels[f"{PREFIX}reservation"])),
        essential=supervision["essential"] is True,
        depends_on=tuple((_container(name), _condition(condition)) for name, condition in supervision["dependsOn"]),
        stop_timeout=count(supervision["stopTimeout"]),
        start_timeout=None if start_timeout is None else count(start_timeout),
        health_checked=supervision["healthCheck"] is True,
        restart=_restart_from_json(supervision.get("restart")),
    )
    if not is_id(task_id):
        raise ValueError(task_id)
    return tag


def _name(text: str) -> str:
    if len(text) > 255 or not CONTAINER_NAME.fullmatch(text):
        raise ValueError(text)
    return intern(text)


def _container(text: str) -> str:
    return text if text == PAUSE else _name(text)


def _restart_to_json(policy: RestartPolicy | None) -> dict[str, Any] | None:
    return {"ignored": list(policy.ignored_exit_codes), "period": policy.period} if policy else None


def _restart_from_json(value: Any) -> RestartPolicy | None:
    if value is None:
        return None
    return RestartPolicy(tuple(int(code) for code in value["ignored"]), count(value["period"]))


def _short(text: str) -> SafeText:
    return shared(safe_line(text[:_LONGEST]))


def count(number: Any) -> int:
    """A whole number from a label, 0 to 1,000,000,000. Raises ValueError."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 10**9:
        raise ValueError(number)
    return number


def _condition(text: str) -> Any:
    if text not in _CONDITIONS:
        raise ValueError(text)
    return text


def reservation_to_json(resources: Resources) -> dict[str, Any]:
    return {
        "cpu": resources.cpu,
        "memory": resources.memory,
        "ports": sorted(resources.ports),
        "portsUdp": sorted(resources.ports_udp),
        **({"gpus": resources.gpus} if resources.gpus else {}),
    }


def reservation_from_json(value: Any) -> Resources:
    return _resources(
        count(value["cpu"]),
        count(value["memory"]),
        frozenset(count(port) for port in value["ports"]),
        frozenset(count(port) for port in value["portsUdp"]),
        count(value.get("gpus", 0)),
    )


# Tasks of a revision reserve alike: each of their labels and records has the very same ones.
_resources = lru_cache(maxsize=256)(Resources)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """RFC 3339 with any number of fraction digits, as Docker writes it, from 1970 to 9998. Raises ValueError."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    # Arithmetic and other time zones overflow at the ends of what datetime can hold.
    if match is None or not "1970" <= text[:4] <= "9998":
        raise ValueError(text[:40])
    fraction = (match[2] or "0")[:6].ljust(6, "0")
    offset = "+00:00" if match[3] == "Z" else match[3]
    return datetime.fromisoformat(f"{match[1]}.{fraction}{offset}").astimezone(UTC)
