"""The one family of errors that a user may see.

Every error is one line: what, where, why, and what to do. ``code`` is the name that ECS uses for the same
refusal (``ClusterNotFoundException``, ``InvalidParameterException``...), so that scripts can tell errors apart.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from app.model.safe_text import safe


class MoorageError(Exception):
    """A request that was refused or failed, told in one line that is safe to show.

    Args:
        message: what, where, why and the remedy; foreign text in it is made safe here.
        code: the ECS exception name.
    """

    code = "ClientException"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(safe(message))
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        return str(self.args[0])


class NotFoundError(MoorageError):
    """Something that was named does not exist; the message offers the nearest name that does."""

    code = "InvalidParameterException"

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, code: str | None = None) -> None:
        super().__init__(f"{kind} {name!r} not found{_nearest(name, list(known))}", code=code)


class UsageError(MoorageError):
    """The call itself is wrong (exit code 2), as opposed to a request that was refused (exit code 1)."""

    code = "UsageError"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that cannot be honoured, in a document.

    ``path`` is the member as ECS writes it (``containerDefinitions[0].memory``), "" for the whole document.
    """

    path: str
    problem: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return safe(f"{where}{self.problem}; {self.remedy}" if self.remedy else f"{where}{self.problem}")


# More would help nobody, and a broken document of 1 MiB may have half a million.
MOST_FINDINGS = 100


def shown(findings: Iterable[Finding], count: int) -> list[Finding]:
    """The first of ``count`` findings, and that there are more where they are too many to read."""
    first = list(islice(findings, MOST_FINDINGS + 1))
    if count > MOST_FINDINGS:
        more = f"{count - MOST_FINDINGS:,} more like these are not shown"
        first[-1] = Finding("", more, "see to these first", first[-1].severity)
    return first


class DocumentError(MoorageError):
    """A document that cannot be taken: ``source`` says which, ``findings`` every reason at once."""

    def __init__(self, source: str, findings: Sequence[Finding], *, code: str = "ClientException") -> None:
        self.source = source
        self.findings = tuple(findings)
        super().__init__("\n".join(f"{source}: {finding}" for finding in findings), code=code)


def _nearest(name: str, known: Sequence[str]) -> str:
    if not known:
        return "; there are none yet"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(sorted(known)[:5])
    return f"; there are: {shown}{', …' if len(known) > 5 else ''}"
