"""Names that become file names (reliability, Path traversal): checked by pattern before they touch a path."""

from __future__ import annotations

from collections.abc import Iterable

from app.model.errors import MoorageError
from app.model.names import RESOURCE_NAME, WINDOWS_DEVICE_NAMES

INVALID = "InvalidParameterException"


def checked_file_name(kind: str, name: str, longest: int = 255, *, code: str = INVALID) -> str:
    """The name itself, if a file or folder of that name is harmless on every system.

    Args:
        kind: what it names, for the error: ``cluster``.
        longest: characters that leave room for the suffix in a file name of 255 bytes.

    Raises:
        MoorageError: it holds other characters, is too long, or is a Windows device name.
    """
    if RESOURCE_NAME.fullmatch(name) is None:
        shown = name if len(name) <= 60 else name[:60] + "…"
        raise MoorageError(
            f"{kind} name {shown!r} is not valid: use 1 to {longest} letters, digits, - and _, beginning with a"
            " letter or digit",
            code=code,
        )
    if len(name) > longest:
        raise MoorageError(
            f"{kind} name {name[:60]!r}… has {len(name)} characters: it becomes a file name, which leaves {longest}",
            code=code,
        )
    if name.casefold() in WINDOWS_DEVICE_NAMES:
        raise MoorageError(f"{kind} name {name!r} is a device name on Windows; choose another name", code=code)
    return name


def check_no_twin(kind: str, name: str, existing: Iterable[str], *, code: str = INVALID) -> None:
    """Refuse a new name that another one equals but for case: on many file systems they are one file."""
    known = list(existing)
    if name in known:
        return
    for other in known:
        if other.casefold() == name.casefold():
            raise MoorageError(
                f"{kind} name {name!r} differs from {other!r} by case alone; use {other!r} or another name", code=code
            )
