"""healthCheck → Config.Healthcheck (design: ECS semantics 2.4 and 4.7). Pure."""

from __future__ import annotations

from typing import Any

from app.model.container_members import HealthCheck

_NANOSECONDS = 10**9
_FORMS = ("CMD", "CMD-SHELL", "NONE")


def health_check(check: HealthCheck | None) -> dict[str, Any]:
    """The check of the definition; without one none at all, as the image's own does not count."""
    if check is None:
        return {"Test": ["NONE"]}
    return {
        "Test": check.command if check.command[0] in _FORMS else ["CMD", *check.command],
        "Interval": check.interval * _NANOSECONDS,
        "Timeout": check.timeout * _NANOSECONDS,
        "Retries": check.retries,
        "StartPeriod": check.start_period * _NANOSECONDS,
    }
