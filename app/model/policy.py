"""What a cluster allows: who has to say yes to a change, and to a container that reaches beyond its own walls.

Light: what is read here does not wait for pydantic.
"""

from __future__ import annotations

from typing import Literal

Policy = Literal["free", "confirm", "type-name", "read-only"]
"""free: verbs do as they are told. confirm: they ask first. type-name: the cluster's name has to be typed. read-only:
nothing is changed from here. The dashboard asks before what destroys in any case."""
Dangerous = Literal["allow", "confirm", "deny"]
"""What becomes of a container that asks for more than one of its own (``app.hosts.policy.verdict``)."""
DEFAULT_POLICY: Policy = "free"
DEFAULT_DANGEROUS: Dangerous = "confirm"
POLICIES: tuple[Policy, ...] = ("free", "confirm", "type-name", "read-only")
"""The laxest first."""
DANGEROUS: tuple[Dangerous, ...] = ("allow", "confirm", "deny")
"""The laxest first."""
