"""Records ⇄ empty volumes on the task's host (see ``app.model.record``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.hosts.labels import PREFIX, TASK, count, format_time, parse_time, reservation_from_json, reservation_to_json
from app.model.ids import is_id
from app.model.record import Lease, Record, StartMark, StopMark, TaskRecord, record_name
from app.model.safe_text import safe_line

KIND = f"{PREFIX}record"
_VALUE = f"{PREFIX}value"
_MANIFEST = f"{PREFIX}manifest"


def record_labels(record: Record) -> dict[str, str]:
    labels = {TASK: record.task_id}
    if isinstance(record, TaskRecord):
        value: dict[str, Any] = {
            "cluster": record.cluster,
            "family": record.family,
            "revision": record.revision,
            "group": record.group,
            "startedBy": record.started_by,
            "createdAt": format_time(record.created_at),
            "reservation": reservation_to_json(record.reservation),
            "launcher": record.launcher,
            "containers": list(record.containers),
        }
        labels |= {KIND: "task", _MANIFEST: record.manifest}
    elif isinstance(record, StartMark):
        value = {"at": format_time(record.at)}
        labels |= {KIND: "start"}
    elif isinstance(record, StopMark):
        value = {"code": record.code, "reason": record.reason, "by": record.by, "at": format_time(record.at)}
        labels |= {KIND: "stop"}
    else:
        value = {"number": record.number, "owner": record.owner, "at": format_time(record.at)}
        labels |= {KIND: "lease"}
    return labels | {_VALUE: json.dumps(value, separators=(",", ":"))}


def read_record(name: str, labels: Mapping[str, str] | None) -> Record | None:
    """The record that a volume holds; None when it is none of ours or cannot be read."""
    if not labels or KIND not in labels or not is_id(labels.get(TASK, "")):
        return None
    try:
        record = _parse(labels[TASK], labels[KIND], json.loads(labels[_VALUE]), labels.get(_MANIFEST, ""))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return record if record is not None and record_name(record) == name else None


def _parse(task_id: str, kind: str, value: Any, manifest: str) -> Record | None:
    if kind == "task":
        return TaskRecord(
            task_id=task_id,
            cluster=safe_line(value["cluster"]),
            family=safe_line(value["family"]),
            revision=count(value["revision"]),
            group=safe_line(value["group"]),
            started_by=safe_line(value["startedBy"]),
            created_at=parse_time(value["createdAt"]),
            reservation=reservation_from_json(value["reservation"]),
            launcher=safe_line(value["launcher"]),
            containers=tuple(safe_line(name) for name in value["containers"][:10]),
            manifest=manifest,
        )
    if kind == "start":
        return StartMark(task_id, parse_time(value["at"]))
    if kind == "stop":
        code = value["code"]
        if code not in ("TaskFailedToStart", "EssentialContainerExited", "UserInitiated"):
            return None
        return StopMark(task_id, code, safe_line(value["reason"]), safe_line(value["by"]), parse_time(value["at"]))
    if kind == "lease":
        return Lease(task_id, count(value["number"]), safe_line(value["owner"]), parse_time(value["at"]))
    return None
