"""Tables for people: what matters of each kind of thing, one line each, in columns as wide as their content."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.model.amounts import compact
from app.model.ids import short_id
from app.model.image import short_image_id
from app.model.names import BUILT_IN
from app.model.safe_text import safe_line

Shape = Mapping[str, Any]
Column = tuple[str, Callable[[Shape], object]]
_LONGEST_CELL = 120


def tables(response: Shape) -> str:
    """A response as tables, one for each of its members that holds things; always ends with a newline."""
    blocks = [block for member, value in response.items() if (block := _block(member, value))]
    return "\n".join(blocks) or "nothing\n"


def _block(member: str, value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    if not items or (isinstance(value, Mapping) and not value):
        return ""
    if not all(isinstance(item, Mapping) for item in items):
        told = _room if member == "room" else str
        return _drawn([(_title(member), lambda item: told(item["value"]))], [{"value": item} for item in items])
    columns = _columns(member, items[0]) or [
        (_title(key), _getter(key)) for key in items[0] if _is_plain(items[0][key])
    ]
    return _drawn(columns, items)


def _columns(member: str, item: Shape) -> list[Column] | None:
    """One member, three kinds of images: as they are listed, as they were pruned, and as they were moved."""
    if member == "images" and "imageIds" not in item:
        return _PRUNED if "imageId" in item else None
    return _COLUMNS.get(member)


def _getter(key: str) -> Callable[[Shape], object]:
    return lambda item: item.get(key, "")


def _is_plain(value: object) -> bool:
    return not isinstance(value, Mapping | list)


def _title(member: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in member).upper()


def _drawn(columns: Sequence[Column], items: Sequence[Shape]) -> str:
    return drawn([title for title, _ in columns], [[read(item) for _, read in columns] for item in items])


def drawn(titles: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """Titles and lines of cells, in columns as wide as their content."""
    rows = [list(titles), *([_cell(value) for value in line] for line in lines)]
    widths = [max(_width(row[index]) for row in rows) for index in range(len(titles))]
    return "".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def _cell(value: object) -> str:
    text = safe_line("" if value is None else value)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _width(text: str) -> int:
    """Cells on a terminal: wide letters take two, marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


# --- what matters of each kind ---------------------------------------------------------------------------------------


def _resource(shape: Shape, name: str) -> object:
    left, whole = (
        next((entry["integerValue"] for entry in shape.get(member, ()) if entry["name"] == name), 0)
        for member in ("remainingResources", "registeredResources")
    )
    return f"{left}/{whole}"


def _taken_ports(shape: Shape) -> str:
    return " ".join(
        port
        for entry in shape.get("remainingResources", ())
        if entry["name"] in ("PORTS", "PORTS_UDP")
        for port in entry["stringSetValue"]
    )


def _bindings(task: Shape) -> str:
    return " ".join(
        f":{binding['hostPort']}→{binding['containerPort']}{'' if binding['protocol'] == 'tcp' else '/udp'}"
        for container in task.get("containers", ())
        for binding in container.get("networkBindings", ())
    )


def _ending(task: Shape) -> str:
    codes = [f"exit {part['exitCode']}" for part in task.get("containers", ()) if "exitCode" in part]
    return ", ".join([*codes, *([task["stoppedReason"]] if task.get("stoppedReason") else [])])


def _containers(definition: Shape) -> str:
    parts = definition.get("containerDefinitions", ())
    return ", ".join(f"{part.get('name', '?')} ({part.get('image', '?')})" for part in parts)


_CLUSTER: list[Column] = [
    ("CLUSTER", _getter("clusterName")),
    ("STATUS", _getter("status")),
    ("INSTANCES", _getter("registeredContainerInstancesCount")),
    ("RUNNING", _getter("runningTasksCount")),
    ("PENDING", _getter("pendingTasksCount")),
    ("SCHEDULER", lambda shape: shape.get("scheduler", BUILT_IN)),
]
_INSTANCE: list[Column] = [
    ("INSTANCE", _getter("name")),
    ("STATUS", _getter("status")),
    ("CONNECTED", lambda shape: "yes" if shape.get("agentConnected") else "no"),
    ("RUNNING", _getter("runningTasksCount")),
    ("PENDING", _getter("pendingTasksCount")),
    ("CPU LEFT", lambda shape: _resource(shape, "CPU")),
    ("MEMORY LEFT", lambda shape: _resource(shape, "MEMORY")),
    ("PORTS TAKEN", _taken_ports),
    ("ENDPOINT", lambda shape: f"{'INSECURE ' if shape.get('insecure') else ''}{shape.get('endpoint', '')}"),
    ("REASON", _getter("statusReason")),
]
_TASK: list[Column] = [
    ("TASK", lambda shape: short_id(shape["taskArn"])[:8]),
    ("DEFINITION", lambda shape: short_id(shape["taskDefinitionArn"])),
    ("STATUS", _getter("lastStatus")),
    ("DESIRED", _getter("desiredStatus")),
    ("HEALTH", _getter("healthStatus")),
    ("INSTANCE", lambda shape: short_id(shape["containerInstanceArn"])[:8]),
    ("PORTS", _bindings),
    ("STARTED BY", _getter("startedBy")),
    ("ENDED", _ending),
]
_DEFINITION: list[Column] = [
    ("DEFINITION", lambda shape: f"{shape['family']}:{shape['revision']}"),
    ("STATUS", _getter("status")),
    ("CONTAINERS", _containers),
    ("REGISTERED", _getter("registeredAt")),
    ("BY", _getter("registeredBy")),
]


def _room(value: object) -> str:
    return "any number" if value is None else str(value)


_PLANNED: list[Column] = [
    ("INSTANCE", _getter("name")),
    ("TASKS", _getter("tasks")),
    ("ROOM", lambda shape: _room(shape["room"])),
    ("REASON", _getter("reason")),
    ("WHY NO MORE", _getter("detail")),
]
_EVENT: list[Column] = [
    ("TIME", lambda shape: str(shape["time"])[:19].replace("T", " ")),
    ("EVENT", _getter("event")),
    ("CLUSTER", _getter("cluster")),
    ("INSTANCE", _getter("containerInstance")),
    ("TASK", lambda shape: short_id(shape.get("taskArn", ""))[:8]),
    ("DEFINITION", _getter("taskDefinition")),
    ("CONTAINER", _getter("container")),
    ("EXIT", _getter("exitCode")),
    ("BY", _getter("by")),
    ("COUNT", _getter("count")),
    ("DETAIL", _getter("detail")),
]
_AUDITED: list[Column] = [
    ("TIME", lambda entry: str(entry.get("time", ""))[:19]),
    ("WHO", lambda entry: f"{entry.get('operator', '')}@{entry.get('host', '')}"),
    ("VERB", lambda entry: entry.get("verb", "")),
    ("OUTCOME", lambda entry: entry.get("outcome", "")),
    ("CLUSTER", lambda entry: entry.get("cluster", "")),
    ("INSTANCE", lambda entry: entry.get("containerInstance", "")),
    ("IDS", lambda entry: " ".join(str(one)[:8] for one in entry.get("ids", ()))),
    ("DETAIL", lambda entry: entry.get("detail", "")),
]


def _places(image: Shape) -> str:
    """``3 of 4: edge-1, edge-2, edge-3``"""
    there = image["containerInstances"]
    return f"{len(there)} of {len(there) + len(image['missingOn'])}: {', '.join(there)}"


def _image_ids(image: Shape) -> str:
    return ", ".join(short_image_id(one) for one in image["imageIds"])


_IMAGE: list[Column] = [
    ("IMAGE", lambda image: image["name"] or "<none>"),
    ("ID", _image_ids),
    ("SIZE", lambda image: compact(image["size"])),
    ("CREATED", lambda image: str(image["createdAt"] or "")[:16].replace("T", " ")),
    ("ON", _places),
    ("TASKS", lambda image: " ".join(short_id(arn)[:8] for arn in image["taskArns"])),
    ("MOVED", lambda image: " ".join(short_id(arn)[:8] for arn in image["movedTaskArns"])),
]
_PRUNED: list[Column] = [
    ("IMAGE", lambda image: ", ".join(image["names"]) or "<none>"),
    ("ID", lambda image: short_image_id(image["imageId"])),
    ("SIZE", lambda image: compact(image["size"])),
    ("INSTANCE", _getter("containerInstance")),
]
_SKIPPED: list[Column] = [*_PRUNED, ("REASON", _getter("reason"))]
_DISK: list[Column] = [
    ("INSTANCE", _getter("containerInstance")),
    ("IMAGES", _getter("count")),
    ("USED", lambda disk: compact(disk["used"])),
    ("RECLAIMABLE", lambda disk: compact(disk["reclaimable"])),
    ("BUILD CACHE", lambda disk: compact(disk["buildCache"])),
]
_COLUMNS: dict[str, list[Column]] = {
    "disk": _DISK,
    "entries": _AUDITED,
    "events": _EVENT,
    "images": _IMAGE,
    "skipped": _SKIPPED,
    "instances": _PLANNED,
    "cluster": _CLUSTER,
    "clusters": _CLUSTER,
    "containerInstance": _INSTANCE,
    "containerInstances": _INSTANCE,
    "task": _TASK,
    "tasks": _TASK,
    "taskDefinition": _DEFINITION,
}
