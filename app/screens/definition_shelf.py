"""What a screen knows of the stored definitions and of the drafts that wait, read again only when files changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from app.model.errors import DocumentError, MoorageError
from app.model.strict_json import parse_json
from app.operations.session import Session
from app.screens.definition_rows import RevisionKey
from app.store.definitions import StoredRevision
from app.store.drafts import Draft, DraftStore

DRAFTS_EVERY = 1.0
"""Seconds between two looks at the folder of drafts."""
DRAFTS_ANYWAY = 10.0
"""Seconds after which drafts are read although the folder looks the same: an editor that ends only lets a lock go."""


class DefinitionShelf:
    """
    Attributes:
        revisions: by family and revision; of one whose document is broken too.
        broken: those whose document, or whose state, cannot be read.
        drafts: that nobody edits, the newest first.
    """

    def __init__(self, session: Session, complain: Callable[[str], None]) -> None:
        self._store = session.definitions
        self._drafts = DraftStore(session.home)
        self._drafts_folder = session.home.state / "drafts"
        self._complain = complain
        self._fingerprint: tuple[object, ...] | None = None
        self._drafts_seen: int | None = None
        self._looked_at = self._read_at = -DRAFTS_ANYWAY
        self.revisions: dict[RevisionKey, StoredRevision] = {}
        self.broken: set[RevisionKey] = set()
        self.drafts: list[Draft] = []

    def look(self, *, now: bool = False) -> None:
        """Read what is new; ``now``: drafts without waiting."""
        self._look_at_revisions()
        self._look_at_drafts(now=now)

    def family(self, family: str | None) -> list[StoredRevision]:
        return [stored for (name, _), stored in self.revisions.items() if name == family]

    def families(self) -> list[str]:
        return sorted({family for family, _ in self.revisions})

    def _look_at_revisions(self) -> None:
        """Revisions never change, but for their state."""
        fingerprint = self._store.fingerprint()
        if fingerprint == self._fingerprint:
            return
        self._fingerprint = fingerprint
        self.revisions, self.broken = {}, set()
        for family in self._store.families():
            for revision in self._store.revisions(family):
                try:
                    stored = self.revisions[family, revision] = self._store.read(family, revision)
                    parse_json(stored.document, family)
                except DocumentError:
                    self.broken.add((family, revision))  # shown as broken; its document pane says where
                except MoorageError as error:
                    self._complain(error.message)

    def _look_at_drafts(self, *, now: bool) -> None:
        moment = time.monotonic()
        if not now and moment - self._looked_at < DRAFTS_EVERY:
            return
        self._looked_at = moment
        try:
            seen = os.stat(self._drafts_folder).st_mtime_ns
        except OSError:
            seen = 0
        if now or seen != self._drafts_seen or moment - self._read_at >= DRAFTS_ANYWAY:
            self._drafts_seen, self._read_at = seen, moment
            try:
                self.drafts = self._drafts.waiting()
            except MoorageError as error:
                self._complain(error.message)
