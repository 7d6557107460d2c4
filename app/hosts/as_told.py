"""What is told on the way from a container to a definition, and Docker's units in ECS's."""

from __future__ import annotations

from app.model.errors import Finding

MIB = 2**20
_NANOSECONDS = 10**9


class Told:
    """Collects warnings; ``where`` is a member of ``docker inspect``. No value that may be secret is quoted."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def warn(self, where: str, problem: str, remedy: str = "") -> None:
        self._findings[Finding(where, problem, remedy, "warning")] = None

    def mebibytes(self, where: str, size: int) -> int:
        """Bytes in whole MiB, rounded up."""
        whole = -(-size // MIB)
        if whole * MIB != size:
            self.warn(where, f"{size:,} bytes are no whole MiB", f"{whole} MiB are written")
        return whole

    def seconds(self, where: str, nanoseconds: int, least: int, most: int) -> int:
        """Nanoseconds in whole seconds, rounded up and within what ECS takes."""
        whole = -(-nanoseconds // _NANOSECONDS)
        if whole * _NANOSECONDS != nanoseconds:
            self.warn(where, "is no whole number of seconds", f"{whole} s are written")
        return self.within(where, whole, least, most)

    def within(self, where: str, number: int, least: int, most: int) -> int:
        held = min(max(number, least), most)
        if held != number:
            self.warn(where, f"{number} is not within {least} to {most}, which ECS takes", f"{held} is written")
        return held
