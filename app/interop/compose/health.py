"""``healthcheck``, ``restart`` and ``deploy.restart_policy`` → healthCheck and restartPolicy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.interop.compose import values
from app.interop.compose.notes import Notes
from app.model.locations import Location

_KEYS = ("disable", "interval", "retries", "start_interval", "start_period", "test", "timeout")
_DEFAULTS = {"interval": 30, "timeout": 30, "retries": 3}
"""Docker's. ECS's own differ in the time-out, so all are written out."""
_LIMITS = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "start_period": (0, 300)}
_SHORTEST_PERIOD = 60
_POLICY = ("condition", "delay", "max_attempts", "window")


def health_check(value: Any, at: Location, notes: Notes) -> dict[str, Any] | None:
    """None for no check: that of the image does not count in ECS."""
    if value is None:
        return None
    given = notes.fields(value, at, _KEYS)
    disabled = "disable" in given and values.boolean(given["disable"], (*at, "disable"), notes)
    command = _test(given.get("test"), (*at, "test"), notes)
    if disabled or command == ["NONE"]:
        return None
    if "start_interval" in given:
        notes.lose((*at, "start_interval"), "ECS has no interval of its own for the start", "the interval holds")
    times = {name: _time(name, given.get(name), (*at, name), notes) for name in ("interval", "timeout", "start_period")}
    retries = values.whole(given["retries"], (*at, "retries"), notes) if "retries" in given else None
    retries = values.within(retries, (*at, "retries"), notes, *_LIMITS["retries"]) if retries else None
    if not command:
        if "test" not in given and given:
            notes.lose(at, "the image's own check does not count in ECS", "write the test")
        return None
    return {
        "command": command,
        "interval": times["interval"] or _DEFAULTS["interval"],
        "timeout": times["timeout"] or _DEFAULTS["timeout"],
        "retries": retries or _DEFAULTS["retries"],
        **({"startPeriod": times["start_period"]} if times["start_period"] else {}),
    }


def _test(value: Any, at: Location, notes: Notes) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        line = values.text(value, at, notes)
        return ["CMD-SHELL", line] if line else []
    command = values.texts(value, at, notes)
    if command and command[0] not in ("NONE", "CMD", "CMD-SHELL"):
        notes.error(at, "does not begin with NONE, CMD or CMD-SHELL", 'write ["CMD", …], or one text for the shell')
    return command


def _time(name: str, value: Any, at: Location, notes: Notes) -> int | None:
    found = None if value is None else values.seconds(value, at, notes)
    return values.within(found, at, notes, *_LIMITS[name]) if found else None


def restart_policy(service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, Any] | None:
    """ECS starts again only what has run for a while: the least that it takes. Of both keys deploy's wins, as there."""
    deploy = service.get("deploy")
    if isinstance(deploy, dict) and deploy.get("restart_policy") is not None:
        where = (*at, "deploy", "restart_policy")
        return _of_deploy(notes.fields(deploy["restart_policy"], where, _POLICY), where, notes)
    value, where = service.get("restart"), (*at, "restart")
    if value is None:
        return None
    word, _, attempts = value.partition(":") if isinstance(value, str) else ("", "", "")
    if attempts:
        notes.lose(where, "ECS does not count attempts", "it is started again without end")
    if word not in ("no", "always", "unless-stopped", "on-failure") or (attempts and not attempts.isdigit()):
        notes.error(where, "is no restart policy", "write no, always, unless-stopped or on-failure")
        return None
    return None if word == "no" else _policy(where, notes, after_failure=word == "on-failure")


def _of_deploy(given: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, Any] | None:
    for name in ("delay", "max_attempts", "window"):
        if name in given:
            notes.lose((*at, name), "ECS has no such limit", "it is started again at once, without end")
    condition = given.get("condition", "any")
    if condition not in ("none", "no", "on-failure", "any", "always", "unless-stopped"):
        notes.error((*at, "condition"), "is no condition", "write none, on-failure or any")
        return None
    return None if condition in ("none", "no") else _policy(at, notes, after_failure=condition == "on-failure")


def _policy(at: Location, notes: Notes, *, after_failure: bool) -> dict[str, Any]:
    notes.lose(at, "ECS starts again only what has run for a while", f"it has to have run for {_SHORTEST_PERIOD} s")
    ignored = {"ignoredExitCodes": [0]} if after_failure else {}
    return {"enabled": True, **ignored, "restartAttemptPeriod": _SHORTEST_PERIOD}
