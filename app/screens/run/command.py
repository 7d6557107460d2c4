"""The command that asks for the same as a request, to be pasted into a shell."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from app.model.masking import MASK, Masker, looks_secret
from app.model.requests import RunTaskRequest, StartTaskRequest

_PLAIN = re.compile(r"[A-Za-z0-9_.:/@ -]*")
"""What needs neither quotes nor backslashes in the shorthand."""


def command_of(request: RunTaskRequest | StartTaskRequest, *, masked: bool = False) -> str:
    """``moorage run-task …`` or ``moorage start-task …`` with every flag, quoted for a POSIX shell.

    ``masked``: to be shown; what looks like a secret is masked. Only the command as it is asks for the same.
    """
    members = request.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    verb = "run-task" if isinstance(request, RunTaskRequest) else "start-task"
    words = [
        "moorage",
        verb,
        *_flag("--cluster", request.cluster),
        *_flag("--task-definition", request.task_definition),
    ]
    if isinstance(request, StartTaskRequest):
        words += ["--container-instances", *request.container_instances]
    else:
        words += ["--count", str(request.count)]
        words += _objects("--placement-strategy", members.get("placementStrategy"))
        words += _objects("--placement-constraints", members.get("placementConstraints"))
        words += _flag("--scheduler", request.scheduler)
    if overrides := members.get("overrides"):
        words += ["--overrides", json.dumps(_masked(overrides) if masked else overrides, ensure_ascii=False)]
    words += _flag("--group", request.group)
    words += _flag("--started-by", request.started_by)
    return shlex.join(words)


def has_secrets(request: RunTaskRequest | StartTaskRequest) -> bool:
    """Whether the command has something that is masked where it is shown."""
    return command_of(request) != command_of(request, masked=True)


def _flag(flag: str, value: str) -> list[str]:
    if not value:
        return []
    # What begins with a dash would be taken for a flag.
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def _objects(flag: str, found: list[dict[str, Any]] | None) -> list[str]:
    return [flag, *(_object(members) for members in found)] if found else []


def _object(members: dict[str, Any]) -> str:
    given = {name: value for name, value in members.items() if value}
    if all(_PLAIN.fullmatch(value) for value in given.values()):
        return ",".join(f"{name}={value}" for name, value in given.items())
    return json.dumps(given, ensure_ascii=False)


def _masked(overrides: dict[str, Any]) -> dict[str, Any]:
    containers = [
        {
            **container,
            **{
                member: [
                    {**pair, "value": MASK if looks_secret(pair["name"], pair["value"]) else pair["value"]}
                    for pair in container[member]
                ]
                for member in ("environment",)
                if member in container
            },
            **{
                member: [Masker().text(word) for word in container[member]]
                for member in ("command",)
                if member in container
            },
        }
        for container in overrides.get("containerOverrides", ())
    ]
    return {**overrides, **({"containerOverrides": containers} if containers else {})}
