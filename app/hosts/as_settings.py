"""Config of an inspected container, without what its image says → members of a container definition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.hosts.as_told import Told
from app.hosts.labels import PREFIX
from app.model.container_definition import LONGEST_TIMEOUT
from app.model.container_members import LogDriver
from app.model.task_definition import DEFAULT_STOP_TIMEOUT

_ECS_LABELS = "com.amazonaws.ecs."
_COMPOSE_LABELS = "com.docker.compose."
_LOG_DRIVERS = frozenset(LogDriver.__args__)  # type: ignore[attr-defined]
_DEFAULT_LOG_DRIVER = "json-file"
_DOCKER_STOP_TIMEOUT = 10
_SHORTEST_STOP = 2
_SECOND = 10**9
_DOCKER_TIMEOUT = 30
_HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}


def settings_of(
    detail: Mapping[str, Any], image: Mapping[str, Any], info: Mapping[str, Any], told: Told
) -> dict[str, Any]:
    """Members of a container definition; empty ones say nothing. ``image``: the image's Config."""
    config: Mapping[str, Any] = detail.get("Config") or {}
    host: Mapping[str, Any] = detail.get("HostConfig") or {}
    entry_point, command = _command(config, image)
    return {
        "entryPoint": entry_point,
        "command": command,
        "environment": _environment(config, image, told),
        "stopTimeout": _stop_timeout(config.get("StopTimeout"), told),
        "user": _unlike(config, image, "User"),
        "workingDirectory": _unlike(config, image, "WorkingDir"),
        "interactive": config.get("OpenStdin") is True,
        "pseudoTerminal": config.get("Tty") is True,
        "dockerLabels": _labels(config, image, told),
        "logConfiguration": _logging(host.get("LogConfig") or {}, str(info.get("LoggingDriver") or ""), told),
        "healthCheck": _health_check(config.get("Healthcheck") or {}, told),
        "restartPolicy": _restart_policy(host.get("RestartPolicy") or {}, told),
    }


def _unlike(config: Mapping[str, Any], image: Mapping[str, Any], member: str) -> str:
    value = str(config.get(member) or "")
    return "" if value == str(image.get(member) or "") else value


def _command(config: Mapping[str, Any], image: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """entryPoint and command. Whoever gives an entry point loses the image's command; ECS cannot take one away."""
    entry_point, command = _words(config.get("Entrypoint")), _words(config.get("Cmd"))
    of_image, image_command = _words(image.get("Entrypoint")), _words(image.get("Cmd"))
    if entry_point == of_image:
        if command == image_command:
            return [], []
        return (entry_point, []) if not command else ([], command)
    return (entry_point, command) if entry_point else (command, [])


def _words(value: Any) -> list[str]:
    words = [str(word) for word in value or ()]
    return [] if words == [""] else words


def _environment(config: Mapping[str, Any], image: Mapping[str, Any], told: Told) -> list[dict[str, str]]:
    """Of a name that is set twice the last value counts, as for Docker."""
    inherited = set(image.get("Env") or ())
    found: dict[str, str] = {}
    for pair in config.get("Env") or ():
        name, equals, value = str(pair).partition("=")
        if not equals or not name:
            told.warn("Config.Env", "a variable without a value is left out", "ECS cannot take one of the image's away")
        else:
            found[name] = value
    return [{"name": name, "value": value} for name, value in found.items() if f"{name}={value}" not in inherited]


def _stop_timeout(seconds: Any, told: Told) -> int | None:
    if seconds is None:
        return _DOCKER_STOP_TIMEOUT
    if seconds == DEFAULT_STOP_TIMEOUT:
        return None
    if seconds < 0:
        told.warn("Config.StopTimeout", "it is waited for without end; ECS cannot say so", f"{LONGEST_TIMEOUT} s")
        return LONGEST_TIMEOUT
    return told.within("Config.StopTimeout", int(seconds), _SHORTEST_STOP, LONGEST_TIMEOUT)


def _labels(config: Mapping[str, Any], image: Mapping[str, Any], told: Told) -> dict[str, str]:
    inherited = (image.get("Labels") or {}).items()
    own = {
        key: str(value)
        for key, value in (config.get("Labels") or {}).items()
        if (key, value) not in inherited and not key.startswith((PREFIX, _ECS_LABELS))
    }
    kept = {key: value for key, value in own.items() if not key.startswith(_COMPOSE_LABELS)}
    if len(kept) < len(own):
        remedy = "with them docker compose would take the task's containers for its own"
        told.warn("Config.Labels", f"labels that begin with {_COMPOSE_LABELS} are left out", remedy)
    return kept


def _logging(config: Mapping[str, Any], default: str, told: Told) -> dict[str, Any] | None:
    """ECS's default is not to block, and Docker's is to: where the container does not say, Docker's is written."""
    driver = str(config.get("Type") or "")
    options = {str(key): str(value) for key, value in (config.get("Config") or {}).items()}
    if not driver or (driver == (default or _DEFAULT_LOG_DRIVER) and not options):
        return None
    if driver not in _LOG_DRIVERS:
        told.warn("HostConfig.LogConfig", f"ECS has no log driver {driver!r}", "the engine's default is used")
        return None
    return {"logDriver": driver, "options": options if "mode" in options else {**options, "mode": "blocking"}}


def _health_check(check: Mapping[str, Any], told: Told) -> dict[str, Any] | None:
    """The image's own too: ECS does not run a check that the definition does not have."""
    test = [str(word) for word in check.get("Test") or ()]
    if not test or test[0] == "NONE":
        return None
    if check.get("StartInterval"):
        told.warn("Config.Healthcheck.StartInterval", "ECS has no other interval for the start", "it is left out")
    at = "Config.Healthcheck"
    times = {
        "interval": told.seconds(f"{at}.Interval", check.get("Interval") or 30 * _SECOND, 5, 300),
        "timeout": told.seconds(f"{at}.Timeout", check.get("Timeout") or _DOCKER_TIMEOUT * _SECOND, 2, 60),
        "retries": told.within(f"{at}.Retries", int(check.get("Retries") or 3), 1, 10),
        "startPeriod": told.seconds(f"{at}.StartPeriod", check.get("StartPeriod") or 0, 0, 300),
    }
    return {"command": test, **{name: value for name, value in times.items() if value != _HEALTH_DEFAULTS[name]}}


def _restart_policy(policy: Mapping[str, Any], told: Told) -> dict[str, Any] | None:
    """ECS starts again after any exit but those that it is told to ignore, and not sooner than after a minute."""
    name = str(policy.get("Name") or "no")
    if name == "no":
        return None
    told.warn(
        "HostConfig.RestartPolicy",
        f"restart {name} becomes a restartPolicy, which starts a container again that has run for 60 s at least",
        "write restartAttemptPeriod, or remove restartPolicy",
    )
    if policy.get("MaximumRetryCount"):
        told.warn("HostConfig.RestartPolicy", "ECS has no highest number of restarts", "it is left out")
    ignored = {"ignoredExitCodes": [0]} if name == "on-failure" else {}
    return {"enabled": True, **ignored, "restartAttemptPeriod": 60}
