"""What the clusters of an engine allow on it, and the errors that say no. Light: the first frame has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.hosts.errors import HostError
from app.model.policy import Dangerous


@dataclass(frozen=True, slots=True)
class Rule:
    """What the clusters of an engine say together: the strictest of them counts, and is named.

    ``read_only``: the cluster that is, "" for none. ``dangerous_of``: the cluster that says so, "" for none.
    """

    read_only: str = ""
    dangerous: Dangerous = "confirm"
    dangerous_of: str = ""


RuleNow = Callable[[], Rule]
"""Asked right before each write: a cluster's file may have changed meanwhile."""


class PolicyError(HostError):
    """Refused before anything was asked of the engine."""

    code = "AccessDeniedException"

    def __init__(self, message: str) -> None:
        super().__init__(message, "refused")


class ReadOnlyError(PolicyError):
    def __init__(self, what: str, cluster: str = "") -> None:
        which = f"cluster {cluster!r} is read-only" if cluster else "this cluster is read-only here"
        remedy = f"; to change that: moorage update-cluster --cluster {cluster} --policy free" if cluster else ""
        super().__init__(f"{what} refused: {which}{remedy}")
