"""Parts of a task definition in a few words, as they stand on folded rows. Whatever is wrong in them, no exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.model.safe_text import safe_line


def _container(value: Any) -> str:
    if not isinstance(value, dict):
        return "?"
    image = value.get("image")
    essential = "essential" if value.get("essential", True) is True else "not essential"
    return f"{safe_line(image) if image else 'no image'}  {essential}"


def _port(value: Any) -> str:
    if not isinstance(value, dict):
        return "?"
    inside = value.get("containerPort", value.get("containerPortRange", "?"))
    host, protocol = value.get("hostPort"), value.get("protocol", "tcp")
    return f"{f':{host}' if host else 'any port'}→{inside}{'' if protocol == 'tcp' else f'/{protocol}'}"


def _mount(value: Any) -> str:
    if not isinstance(value, dict):
        return "?"
    mode = " read-only" if value.get("readOnly") is True else ""
    return safe_line(f"{value.get('sourceVolume', '?')} at {value.get('containerPath', '?')}{mode}")


def _volume(value: Any) -> str:
    if not isinstance(value, dict):
        return "?"
    host, docker = value.get("host"), value.get("dockerVolumeConfiguration")
    if isinstance(host, dict) and host.get("sourcePath"):
        return safe_line(f"folder {host['sourcePath']}")
    if isinstance(docker, dict):
        return f"Docker volume, {safe_line(docker.get('scope', 'task'))}"
    others = [name.removesuffix("VolumeConfiguration") for name in value if name.endswith("VolumeConfiguration")]
    return safe_line(others[0]) if others else "of the task's own"


def _health_check(value: Any) -> str:
    command = value.get("command") if isinstance(value, dict) else None
    if not isinstance(command, list):
        return "?"
    words = [word for word in command if isinstance(word, str)]
    return safe_line(" ".join(words[1:] if words[:1] in (["CMD"], ["CMD-SHELL"]) else words)) or "empty"


def _dependency(value: Any) -> str:
    if not isinstance(value, dict):
        return "?"
    return safe_line(f"{value.get('containerName', '?')} {value.get('condition', '?')}")


def _words(value: Any) -> str:
    words = [str(word) for word in value] if isinstance(value, list) else []
    return safe_line(" ".join(words)) or "empty"


_OF_A_CONTAINER: Final = ("containerDefinitions", "*")
SUMMARIES: Final[Mapping[tuple[str, ...], Callable[[Any], str]]] = {
    _OF_A_CONTAINER: _container,
    (*_OF_A_CONTAINER, "portMappings", "*"): _port,
    (*_OF_A_CONTAINER, "mountPoints", "*"): _mount,
    (*_OF_A_CONTAINER, "healthCheck"): _health_check,
    (*_OF_A_CONTAINER, "dependsOn", "*"): _dependency,
    (*_OF_A_CONTAINER, "command"): _words,
    (*_OF_A_CONTAINER, "entryPoint"): _words,
    ("volumes", "*"): _volume,
}
