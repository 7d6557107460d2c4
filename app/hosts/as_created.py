"""What inspect would say of a container that has just been created: its body laid over its image's configuration.

Docker does the same in its create call. What an engine fills in beyond that is its default, which ``as_definition``
takes for nothing said. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MERGED = ("ExposedPorts", "Labels", "Volumes")
_INHERITED = ("User", "WorkingDir", "StopSignal", "Healthcheck", "Entrypoint", "Cmd")


def as_created(name: str, body: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    """``body``: of the create call. ``image``: the image's Config."""
    config = {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")}
    if config.get("Entrypoint") and "Cmd" not in config:
        config["Cmd"] = None  # the image's command belongs to the image's entry point
    for member in _INHERITED:
        if member not in config:
            config[member] = image.get(member)
    for member in _MERGED:
        config[member] = {**(image.get(member) or {}), **(config.get(member) or {})}
    given = list(config.get("Env") or ())
    names = {pair.partition("=")[0] for pair in given}
    config["Env"] = [*given, *(pair for pair in image.get("Env") or () if pair.partition("=")[0] not in names)]
    return {"Id": "", "Name": name, "Config": config, "HostConfig": dict(body.get("HostConfig") or {})}
