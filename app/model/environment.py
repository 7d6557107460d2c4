"""What a container gets from outside its definition, resolved for one launch: it may hold secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.model.registry import Credential


@dataclass(frozen=True, slots=True)
class ContainerEnvironment:
    """``variables``: name and value, each name once. ``log_options``: of the log driver. Neither shows in a repr.

    ``credential``: what its image's registry is shown; None: what this machine's docker configuration has.
    """

    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    log_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    credential: Credential | None = field(default=None, repr=False)
