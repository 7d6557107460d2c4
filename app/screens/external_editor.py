"""The user's own editor on a text: the dashboard makes room for it and comes back when it ends."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile

from textual.app import App, SuspendNotSupported

from app.model.errors import MoorageError
from app.model.strict_json import MAX_BYTES

_FALLBACKS = ("nano", "vi")


def edited_outside(app: App[None], text: str) -> str | None:
    """The text as it is when the editor ends; None when the editor failed or changed nothing.

    The editor is that of VISUAL or EDITOR, else nano or vi. The file is readable by this user alone, and is removed.

    Raises:
        MoorageError: there is no editor, it ended with an error, or what it left is no text.
    """
    command = _editor()
    # A folder of its own, 0700: editors leave copies beside the file.
    with tempfile.TemporaryDirectory(prefix="moorage-") as folder:
        path = os.path.join(folder, "task-definition.json")
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
        try:
            # Nothing is awaited in here: the thread that writes to the terminal is stopped meanwhile.
            with app.suspend():
                code = subprocess.run([*command, path], check=False).returncode
        except SuspendNotSupported:
            raise MoorageError("this terminal cannot be handed to an editor; edit the JSON here") from None
        except OSError as error:
            raise MoorageError(f"cannot run {command[0]!r}: {os.strerror(error.errno or 0)}; set EDITOR") from None
        if code:
            raise MoorageError(f"{command[0]!r} ended with exit code {code}; the text is as it was")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise MoorageError(f"the text has more than {MAX_BYTES:,} bytes; it is as it was")
    with contextlib.suppress(UnicodeDecodeError):
        new = data.decode("utf-8")
        return None if new == text else new
    raise MoorageError("what the editor left is not UTF-8; the text is as it was")


def _editor() -> list[str]:
    import shutil

    for name in ("VISUAL", "EDITOR"):
        with contextlib.suppress(ValueError):
            if words := shlex.split(os.environ.get(name, "")):
                return words
    for program in _FALLBACKS:
        if shutil.which(program):
            return [program]
    raise MoorageError("no editor is known; set EDITOR to one")
