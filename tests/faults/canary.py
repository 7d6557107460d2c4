"""A secret that nothing may tell, in forms that would give it away all the same."""

from __future__ import annotations

import base64
import os
from pathlib import Path

CANARY = "canary-7f3a9c41d2"


def told_in(data: bytes) -> bool:
    """Whether the secret is in there: as it is, in base64, or as UTF-16, which some files hold."""
    forms = [CANARY.encode(), CANARY.encode("utf-16-le")]
    # Of base64 the middle, whatever stood before it.
    forms += [base64.b64encode(b"x" * shift + CANARY.encode())[4:-4] for shift in range(3)]
    return any(form in data for form in forms)


def files_that_tell(folder: Path, *but: Path) -> list[str]:
    """The files below a folder with the secret in their bytes or their names, other than ``but``."""
    found = []
    for path in folder.rglob("*"):
        if path in but:
            continue
        if told_in(os.fsencode(path.name)) or (path.is_file() and told_in(path.read_bytes())):
            found.append(str(path.relative_to(folder)))
    return found


def arguments_that_tell() -> list[str]:
    """The command lines of all processes of this machine with the secret in them."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes()
        except OSError:
            continue
        if told_in(line):
            found.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found
