"""What a screen knows of stored definitions and of drafts that wait: read when needed, again when changed."""

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
from app.store.listing import Stamp

DRAFTS_EVERY = 1.0
"""Seconds between two looks at the folder of drafts."""
DRAFTS_ANYWAY = 10.0
"""Seconds after which drafts are read although the folder looks the same: an editor that ends only lets a lock go."""
RESTS, LONGEST_REST = 5, 1.0
"""A look at hundreds of revisions takes a key's time: the next waits for so many times as long, and seconds at most."""


class DefinitionShelf:
    """A revision is read when it is asked for, and again when its state may have changed: its document never does.

    Attributes:
        broken: of the families that were asked for, the revisions whose document or state cannot be read.
        drafts: that nobody edits, the newest first.
    """

    def __init__(self, session: Session, complain: Callable[[str], None]) -> None:
        self._store = session.definitions
        self._drafts = DraftStore(session.home)
        self._drafts_folder = session.home.state / "drafts"
        self._complain = complain
        self._stamps: dict[str, Stamp] | None = None
        self._numbers: dict[str, list[int]] = {}
        self._read: dict[RevisionKey, StoredRevision | None] = {}
        self._whole: set[RevisionKey] = set()
        self._drafts_seen: int | None = None
        self._looked_at = self._read_at = -DRAFTS_ANYWAY
        self._rests_until = 0.0
        self.broken: set[RevisionKey] = set()
        self.drafts: list[Draft] = []

    def look(self, *, now: bool = False) -> None:
        """See what is new; ``now``: without waiting."""
        if now or time.monotonic() >= self._rests_until:
            began = time.monotonic()
            self._look_at_revisions()
            ended = time.monotonic()
            self._rests_until = ended + min((ended - began) * RESTS, LONGEST_REST)
        self._look_at_drafts(now=now)

    @property
    def families(self) -> list[str]:
        """Those with a revision, sorted."""
        return list(self._numbers)

    def keys(self) -> set[RevisionKey]:
        return {(family, revision) for family, own in self._numbers.items() for revision in own}

    def newest(self, family: str) -> StoredRevision | None:
        """The highest revision that is ACTIVE, else the highest that can be read; None when none can."""
        highest = None
        for revision in reversed(self._numbers.get(family, ())):
            stored = self.read((family, revision))
            if stored is not None and stored.status == "ACTIVE":
                return stored
            highest = highest or stored
        return highest

    def family(self, family: str | None) -> dict[int, StoredRevision]:
        """The revisions that can be read, ascending; of one whose document is broken too."""
        found = {}
        for revision in self._numbers.get(family or "", ()):
            key = (family or "", revision)
            if stored := self.read(key):
                found[revision] = stored
                self._check(key, stored)
        return found

    def read(self, key: RevisionKey) -> StoredRevision | None:
        if key not in self._read:
            self._read[key] = None
            try:
                self._read[key] = self._store.read(*key)
            except DocumentError:
                self.broken.add(key)
            except MoorageError as error:
                self._complain(error.message)
        return self._read[key]

    def _check(self, key: RevisionKey, stored: StoredRevision) -> None:
        if key in self._whole or key in self.broken:
            return
        try:
            parse_json(stored.document, key[0])
            self._whole.add(key)
        except DocumentError:
            self.broken.add(key)  # shown as broken; its document pane says where

    def _look_at_revisions(self) -> None:
        stamps = {stamp[0]: stamp for stamp in self._store.fingerprint()}
        if stamps == self._stamps:
            return
        old, self._stamps = self._stamps or {}, stamps
        self._numbers = {family: self._store.revisions(family) for family in self._store.families()}
        for key in [*self._read]:
            family, revision = key
            sidecar = f"{family}/{revision}.toml"
            changed = key in self.broken or old.get(sidecar) != stamps.get(sidecar)
            if changed or revision not in self._numbers.get(family, ()):
                del self._read[key]
                self.broken.discard(key)
                self._whole.discard(key)

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
