"""Records ⇄ empty volumes on their host (see ``app.model.record`` and ``app.model.drain``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from sys import intern
from typing import Any, get_args

from app.hosts.labels import PREFIX, TASK, count, format_time, parse_time, reservation_from_json, reservation_to_json
from app.model.drain import LONGEST_REASON, DrainMark, is_drain_name
from app.model.ids import is_id
from app.model.record import (
    FailMark,
    Lease,
    Record,
    ReplaceMark,
    RestartMark,
    StartMark,
    StopCode,
    StopMark,
    TaskRecord,
    record_name,
)
from app.model.safe_text import safe_line, shared

KIND = f"{PREFIX}record"
_VALUE = f"{PREFIX}value"
_MANIFEST = f"{PREFIX}manifest"
_CLUSTER = f"{PREFIX}cluster"
_DRAIN = "drain"
_MOST_CONTAINERS = 11
"""ECS's ten, and the pause container."""
_MOST_TAGS = 51
"""ECS's fifty, and the one that enableECSManagedTags adds."""


def record_labels(record: Record) -> dict[str, str]:
    labels = {TASK: record.task_id, KIND: _kind(record), _VALUE: json.dumps(_value(record), separators=(",", ":"))}
    if isinstance(record, TaskRecord):
        labels[_MANIFEST] = record.manifest
    return labels


def _kind(record: Record) -> str:
    return {
        TaskRecord: "task",
        StartMark: "start",
        FailMark: "fail",
        ReplaceMark: "replace",
        RestartMark: "restart",
        StopMark: "stop",
        Lease: "lease",
    }[type(record)]


def _value(record: Record) -> dict[str, Any]:
    match record:
        case TaskRecord():
            return _task_value(record)
        case StartMark():
            return {
                "at": format_time(record.at),
                "pullStartedAt": _format(record.pull_started_at),
                "pullStoppedAt": _format(record.pull_stopped_at),
            }
        case FailMark():
            return {
                "container": record.container,
                "exitCode": record.exit_code,
                "reason": record.reason,
                "at": format_time(record.at),
            }
        case ReplaceMark():
            return {"container": record.container, "at": format_time(record.at)}
        case RestartMark():
            return {
                "container": record.container,
                "number": record.number,
                "at": format_time(record.at),
                "startedAt": format_time(record.started_at),
            }
        case StopMark():
            return {"code": record.code, "reason": record.reason, "by": record.by, "at": format_time(record.at)}
        case Lease():
            return {"number": record.number, "owner": record.owner, "at": format_time(record.at)}


def _task_value(record: TaskRecord) -> dict[str, Any]:
    return {
        "cluster": record.cluster,
        "family": record.family,
        "revision": record.revision,
        "group": record.group,
        "startedBy": record.started_by,
        "createdAt": format_time(record.created_at),
        "reservation": reservation_to_json(record.reservation),
        "launcher": record.launcher,
        "containers": list(record.containers),
        "launchType": record.launch_type,
        "tags": [list(tag) for tag in record.tags],
        "clientToken": record.client_token,
        "request": record.request,
    }


def _format(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def read_record(name: str, labels: Mapping[str, str] | None) -> Record | None:
    """The record that a volume holds; None when it is none of ours or cannot be read."""
    if not labels or KIND not in labels or not is_id(labels.get(TASK, "")):
        return None
    try:
        record = _parse(intern(labels[TASK]), labels[KIND], json.loads(labels[_VALUE]), labels.get(_MANIFEST, ""))
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError):
        return None
    return record if record is not None and record_name(record) == name else None


def _parse(task_id: str, kind: str, value: Any, manifest: str) -> Record | None:
    match kind:
        case "task":
            return _parse_task(task_id, value, manifest)
        case "start":
            times = (value.get("pullStartedAt"), value.get("pullStoppedAt"))
            return StartMark(task_id, parse_time(value["at"]), *(parse_time(text) if text else None for text in times))
        case "fail":
            code = value["exitCode"]
            return FailMark(
                task_id,
                safe_line(value["container"]),
                None if code is None else count(code),
                safe_line(value["reason"]),
                parse_time(value["at"]),
            )
        case "replace":
            return ReplaceMark(task_id, safe_line(value["container"]), parse_time(value["at"]))
        case "restart":
            return RestartMark(
                task_id,
                safe_line(value["container"]),
                count(value["number"]),
                parse_time(value["at"]),
                parse_time(value["startedAt"]),
            )
        case "stop" if value["code"] in get_args(StopCode):
            return StopMark(
                task_id,
                value["code"],
                shared(safe_line(value["reason"])),
                shared(safe_line(value["by"])),
                parse_time(value["at"]),
            )
        case "lease":
            return Lease(task_id, count(value["number"]), shared(safe_line(value["owner"])), parse_time(value["at"]))
    return None


def _parse_task(task_id: str, value: Any, manifest: str) -> TaskRecord:
    return TaskRecord(
        task_id=task_id,
        cluster=shared(safe_line(value["cluster"])),
        family=shared(safe_line(value["family"])),
        revision=count(value["revision"]),
        group=shared(safe_line(value["group"])),
        started_by=shared(safe_line(value["startedBy"])),
        created_at=parse_time(value["createdAt"]),
        reservation=reservation_from_json(value["reservation"]),
        launcher=shared(safe_line(value["launcher"])),
        containers=tuple(shared(safe_line(name)) for name in value["containers"][:_MOST_CONTAINERS]),
        # By far the largest member, and the same for all tasks of a revision that are run alike.
        manifest=intern(manifest),
        # Records of the first version have none of these.
        launch_type=shared(safe_line(value.get("launchType", "EXTERNAL"))),
        tags=tuple((safe_line(name), safe_line(text)) for name, text in value.get("tags", ())[:_MOST_TAGS]),
        client_token=safe_line(value.get("clientToken", "")),
        request=safe_line(value.get("request", "")),
    )


# --- of an engine itself ----------------------------------------------------------------------------------------------


def drain_labels(mark: DrainMark, cluster: str) -> dict[str, str]:
    value = {"by": mark.by, "at": _format(mark.at), "reason": mark.reason}
    return {KIND: _DRAIN, _CLUSTER: cluster, _VALUE: json.dumps(value, separators=(",", ":"))}


def read_drain(name: str, labels: Mapping[str, str] | None) -> DrainMark | None:
    """The mark that a volume is; None when it is none. What it holds may be damaged: that it is there counts."""
    if not labels or labels.get(KIND) != _DRAIN or not is_drain_name(name):
        return None
    try:
        value = json.loads(labels[_VALUE])
        by, reason = str(value["by"])[:LONGEST_REASON], str(value["reason"])[:LONGEST_REASON]
        return DrainMark(name, safe_line(by), parse_time(value["at"]), safe_line(reason))
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError):
        return DrainMark(name)
