"""logConfiguration → HostConfig.LogConfig (design: ECS semantics 2.4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.container_members import LogConfiguration

_SUBSTITUTED = frozenset({"awslogs", "awsfirelens"})
"""Without credentials, or a router, they would make the start fail."""
_MODE, _BUFFER = "mode", "max-buffer-size"
_NON_BLOCKING = "non-blocking"
_BUFFER_SIZE = "10m"


def log_config(configuration: LogConfiguration | None, options: Mapping[str, str]) -> dict[str, Any] | None:
    """The driver and its options; None: the engine's default. ``options``: with those that are secrets.

    Without a mode a driver does not block, as on AWS since June 2025; json-file in place of another goes on blocking,
    as a file on the host takes what it gets.
    """
    if configuration is None:
        return None
    if configuration.log_driver not in _SUBSTITUTED:
        return {"Type": configuration.log_driver, "Config": _buffered({_MODE: _NON_BLOCKING, **options})}
    kept = {name: options[name] for name in (_MODE, _BUFFER) if name in options}
    if _BUFFER in kept:
        # Docker refuses a buffer without this mode; on AWS it is the default.
        kept = {_MODE: _NON_BLOCKING, **kept}
    return {"Type": "json-file", "Config": _buffered(kept)}


def _buffered(options: dict[str, str]) -> dict[str, str]:
    return {_BUFFER: _BUFFER_SIZE, **options} if options.get(_MODE) == _NON_BLOCKING else options
