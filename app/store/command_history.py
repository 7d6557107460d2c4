"""What was chosen in the command bar, over sessions: ``state/commands.json``, 0600, the latest last.

Only the names of commands that exist are kept, never what was typed: a slip may be a password.
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from app.model.errors import DocumentError
from app.store import atomic
from app.store.home import Home
from app.store.reading import read_file

MOST, LONGEST = 200, 200
MAX_BYTES = 256 * 1024


class CommandHistory:
    """Read when first asked. Touched on the screen's thread, but ``load`` and ``save``, which wait on the disk."""

    def __init__(self, home: Home) -> None:
        self._path = home.state / "commands.json"
        self._lock = threading.Lock()
        self._said: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """The oldest first; each once, where it was said last."""
        return self._said

    def load(self) -> None:
        """Take over what is in the file; what was said since the start stays behind it."""
        self._said = _joined(_read(self._path), self._said)

    def add(self, words: str) -> None:
        if 0 < len(words) <= LONGEST and words.isprintable():
            self._said = _joined(self._said, (words,))

    def save(self) -> None:
        """Write it down, together with what another Moorage has written meanwhile. Raises MoorageError."""
        with self._lock:
            said = _joined(_read(self._path), self._said)
            atomic.make_folder(self._path.parent)
            atomic.replace(self._path, json.dumps(said, ensure_ascii=False, indent=0).encode() + b"\n")


def _joined(older: tuple[str, ...], newer: tuple[str, ...]) -> tuple[str, ...]:
    kept = dict.fromkeys(reversed((*older, *newer)))
    return tuple(reversed([*kept][:MOST]))


def _read(path: Path) -> tuple[str, ...]:
    with contextlib.suppress(DocumentError, FileNotFoundError, ValueError, RecursionError):
        value = json.loads(read_file(path, MAX_BYTES, follow=False))
        if isinstance(value, list):
            lines = [
                line for line in value if isinstance(line, str) and 0 < len(line) <= LONGEST and line.isprintable()
            ]
            return tuple(lines[-MOST:])
    return ()
