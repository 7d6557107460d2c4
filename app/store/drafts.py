"""Drafts: what is being typed in an editor, kept until it is registered or discarded (``state/drafts``).

One file a draft, with a name of its own that nothing in it decides. Who edits a draft holds a lock on it, which a
process that dies lets go of: so a draft that nobody holds is one to go on with. Losing this folder loses drafts alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.model.errors import DocumentError
from app.model.ids import new_id
from app.store import atomic
from app.store.home import Home
from app.store.listing import file_names
from app.store.reading import broken, read_file

_FILE = re.compile(r"([0-9a-f]{32})\.json")
# A text of 1 MiB, every character of it escaped.
_MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """
    Attributes:
        text: as it was typed.
        base: family and revision that it came from; None for a new definition.
        seen: the family's highest revision when the draft was begun; 0 when there was none.
    """

    id: str
    text: str
    base: tuple[str, int] | None
    seen: int
    saved_at: datetime


class HeldDraft:
    """A draft that this process edits. Nothing is written before ``save``; ``close`` keeps what was written."""

    def __init__(self, folder: Path, draft_id: str, lock_fd: int) -> None:
        self.id = draft_id
        self._folder = folder
        self._lock_fd: int | None = lock_fd

    def save(self, text: str, base: tuple[str, int] | None, seen: int, now: datetime) -> None:
        """Write the text as it is now; once this returns it survives a power cut. Raises MoorageError."""
        members: dict[str, Any] = {"text": text, "savedAt": now.astimezone(UTC).isoformat(timespec="seconds")}
        if base is not None:
            members |= {"family": base[0], "revision": base[1], "seen": seen}
        atomic.replace(self._folder / f"{self.id}.json", json.dumps(members).encode())

    def discard(self) -> None:
        """Remove the draft and let it go."""
        try:
            atomic.remove(self._folder / f"{self.id}.json")
        finally:
            self.close()

    def close(self) -> None:
        """Let it go; what was saved stays for whoever goes on with it."""
        lock_fd, self._lock_fd = self._lock_fd, None
        if lock_fd is None:
            return
        # The lock's file stays as long as the draft: two who lock two files of one name would both hold it.
        if not (self._folder / f"{self.id}.json").exists():
            with contextlib.suppress(OSError):
                os.unlink(_lock_path(self._folder, self.id))
        os.close(lock_fd)


class DraftStore:
    """The drafts of a home folder."""

    def __init__(self, home: Home) -> None:
        self._folder = home.state / "drafts"

    def waiting(self) -> list[Draft]:
        """Drafts that nobody edits, the newest first. One that cannot be read is left where it is, and left out."""
        found = []
        for name in file_names(self._folder):
            match = _FILE.fullmatch(name)
            if match is not None and not self._is_held(match[1]):
                with contextlib.suppress(DocumentError, FileNotFoundError):
                    found.append(self._read(match[1]))
        return sorted(found, key=lambda draft: (draft.saved_at, draft.id), reverse=True)

    def new(self) -> HeldDraft:
        """A draft of one's own. Raises MoorageError where the folder cannot be written."""
        held = self._hold(new_id())
        assert held is not None  # nobody else knows its name
        return held

    def take_up(self, draft_id: str) -> tuple[HeldDraft, Draft] | None:
        """Go on with a draft; None when somebody else does, or it is gone. Raises MoorageError."""
        held = self._hold(draft_id)
        if held is None:
            return None
        try:
            return held, self._read(draft_id)
        except FileNotFoundError:
            held.close()
            return None
        except BaseException:
            held.close()
            raise

    def _read(self, draft_id: str) -> Draft:
        path = self._folder / f"{draft_id}.json"
        value = parse_draft(read_file(path, _MAX_BYTES, follow=False), path)
        base = (value["family"], value["revision"]) if "family" in value else None
        return Draft(draft_id, value["text"], base, value.get("seen", 0), datetime.fromisoformat(value["savedAt"]))

    def _hold(self, draft_id: str) -> HeldDraft | None:
        atomic.make_folder(self._folder)
        path = _lock_path(self._folder, draft_id)
        try:
            lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise atomic.failure("write", path, error) from error
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock_fd)
            return None
        return HeldDraft(self._folder, draft_id, lock_fd)

    def _is_held(self, draft_id: str) -> bool:
        try:
            lock_fd = os.open(_lock_path(self._folder, draft_id), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(lock_fd)
        return False


def parse_draft(data: bytes, path: Path) -> dict[str, Any]:
    """The members of a draft's file. Raises DocumentError when somebody has broken it."""
    try:
        value: dict[str, Any] = json.loads(data)
        datetime.fromisoformat(value["savedAt"])
        if _is_draft(value):
            return value
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise broken(path, "is no draft", "remove it, or mend it by hand")


def _is_draft(value: Any) -> bool:
    whole = [value[name] for name in ("revision", "seen")] if "family" in value else []
    return isinstance(value["text"], str) and all(isinstance(number, int) for number in whole)


def _lock_path(folder: Path, draft_id: str) -> Path:
    return folder / f"{atomic.LOCK_PREFIX}{draft_id}"
