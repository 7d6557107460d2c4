"""Families and revisions as rows, and what is read again when."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from app.operations.session import Session
from app.screens.definition_rows import family_row, note_cell, revision_rows
from app.screens.definition_shelf import DefinitionShelf
from app.store.definitions import DefinitionStore, StoredRevision
from app.store.drafts import Draft, DraftStore
from app.store.listing import Stamp
from tests.tui.screens.driving import home_at
from tests.tui.screens.test_definitions import register, web
from tests.unit.builders import NOW, at
from widgets.cells import cell_text


def revision(number: int, status: str = "ACTIVE", note: str = "", by: str = "ops") -> StoredRevision:
    return StoredRevision("web", number, b"{}", status, NOW, by, None, note)  # type: ignore[arg-type]


def told(newest: StoredRevision, running: dict[int, int], *, short: bool = False, drafts: int = 0) -> list[str]:
    return [cell_text(cell) for cell in family_row(newest, running, short=short, drafts=drafts).cells]


def test_a_family() -> None:
    assert told(revision(2, note="two"), {}) == ["web", "2", "● ACTIVE", "-", "two"]
    assert told(revision(3, "INACTIVE", "three"), {}) == ["web", "none", "○ INACTIVE", "-", "three"]
    assert told(revision(2), {}, drafts=1)[0] == "web  draft"


@pytest.mark.parametrize(
    ("running", "words", "short"),
    [
        ({7: 1}, "1 (7:1)", "1"),
        ({6: 1, 7: 2}, "3 (7:2 6:1)", "3"),
        ({1: 1, 2: 1, 3: 1, 10: 1}, "4 (10:1 3:1 2:1 …)", "4"),
    ],
)
def test_what_runs_by_revision(running: dict[int, int], words: str, short: str) -> None:
    assert told(revision(1), running)[3] == words
    assert told(revision(1), running, short=True)[3] == short


def test_of_a_note_its_first_line() -> None:
    assert cell_text(note_cell("one")) == "one"
    assert cell_text(note_cell("one\ttab\ntwo")) == "one tab …"
    assert cell_text(note_cell("")) == ""


def test_revisions_in_the_order_given() -> None:
    revisions = [revision(10, "INACTIVE"), revision(9), revision(8, by="o\x1bps")]
    rows = revision_rows(revisions, Counter({("web", 9): 2, ("api", 9): 7}), {("web", 8)}, at(60))
    assert [row.key for row in rows] == ["web:10", "web:9", "web:8"]
    assert [cell_text(row.cells[1]) for row in rows] == ["○ INACTIVE", "● ACTIVE", "✕ BROKEN"]
    assert [cell_text(row.cells[2]) for row in rows] == ["-", "2", "-"]
    assert [cell_text(row.cells[3]) for row in rows] == ["ops", "ops", "o␛ps"]
    assert [row.dim for row in rows] == [True, False, False]


@pytest.fixture
def shelf(tmp_path: Path) -> DefinitionShelf:
    return DefinitionShelf(Session(home_at(tmp_path)), pytest.fail)


def test_a_revision_is_read_once_until_its_state_changes(
    shelf: DefinitionShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = register(tmp_path, web(), web(), web(family="api"))
    reads = list[tuple[str, int]]()
    read = DefinitionStore.read

    def counted(store: DefinitionStore, family: str, revision: int) -> StoredRevision:
        reads.append((family, revision))
        return read(store, family, revision)

    monkeypatch.setattr(DefinitionStore, "read", counted)
    shelf.look(now=True)
    assert (shelf.keys(), shelf.families) == ({("web", 1), ("web", 2), ("api", 1)}, ["api", "web"])
    assert reads == []
    assert [stored.revision for family in shelf.families if (stored := shelf.newest(family))] == [1, 2]
    assert reads == [("api", 1), ("web", 2)]
    for _ in range(3):
        shelf.look(now=True)
        assert list(shelf.family("web")) == [1, 2]
    assert reads == [("api", 1), ("web", 2), ("web", 1)]

    store.deregister("web", 2, NOW)
    register(tmp_path, web())
    reads.clear()
    shelf.look(now=True)
    status = {number: stored.status for number, stored in shelf.family("web").items()}
    assert status == {1: "ACTIVE", 2: "INACTIVE", 3: "ACTIVE"}
    assert reads == [("web", 2), ("web", 3)]
    assert (shelf.family("nobody"), shelf.family(None), shelf.newest("nobody")) == ({}, {}, None)


def test_the_newest_is_the_highest_that_is_active(shelf: DefinitionShelf, tmp_path: Path) -> None:
    store = register(tmp_path, web(), web(), web())
    told = []
    for number in (3, 1, 2):
        store.deregister("web", number, NOW)
        shelf.look(now=True)
        newest = shelf.newest("web")
        assert newest is not None
        told.append((newest.revision, newest.status))
    assert told == [(2, "ACTIVE"), (2, "ACTIVE"), (3, "INACTIVE")]


def test_what_cannot_be_read_is_broken_until_it_is_mended(shelf: DefinitionShelf, tmp_path: Path) -> None:
    register(tmp_path, web(), web(), web())
    folder = tmp_path / "task-definitions" / "web"
    (folder / "3.json").write_text("{")
    (folder / "2.toml").write_text("status = 1")
    shelf.look(now=True)
    assert list(shelf.family("web")) == [1, 3]
    assert shelf.broken == {("web", 2), ("web", 3)}
    (folder / "2.toml").write_text('status = "ACTIVE"')
    (folder / "3.json").write_text("{}")
    shelf.look(now=True)
    assert list(shelf.family("web")) == [1, 2, 3]
    assert shelf.broken == set()
    (folder / "2.toml").unlink()
    (folder / "2.json").unlink()
    shelf.look(now=True)
    assert list(shelf.family("web")) == [1, 3]


def test_a_look_that_took_long_is_not_made_again_at_once(
    shelf: DefinitionShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at each key of a filter."""
    moment, looks = [100.0], list[float]()
    look = DefinitionStore.fingerprint

    def slow(store: DefinitionStore) -> tuple[Stamp, ...]:
        looks.append(moment[0])
        moment[0] += 0.05
        return look(store)

    monkeypatch.setattr(DefinitionStore, "fingerprint", slow)
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    for _ in range(10):
        shelf.look()
        moment[0] += 0.1
    assert len(looks) in (3, 4)
    before = len(looks)
    shelf.look(now=True)
    assert len(looks) == before + 1


def test_drafts_are_looked_at_once_a_second_and_read_when_the_folder_changed(
    shelf: DefinitionShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, reads = [100.0], list[int]()
    read = DraftStore.waiting

    def waiting(store: DraftStore) -> list[Draft]:
        reads.append(1)
        return read(store)

    monkeypatch.setattr(DraftStore, "waiting", waiting)
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    shelf.look()
    assert (len(reads), shelf.drafts) == (1, [])
    draft = DraftStore(home_at(tmp_path)).new()
    draft.save("{}", ("web", 2), 2, NOW)
    shelf.look()
    assert len(reads) == 1
    moment[0] += 1
    shelf.look()
    assert (len(reads), shelf.drafts) == (2, [])  # it is being edited
    draft.close()
    for _ in range(9):
        moment[0] += 1
        shelf.look()
    assert len(reads) == 2  # the folder is as it was
    moment[0] += 1
    shelf.look()
    assert [found.base for found in shelf.drafts] == [("web", 2)]
    shelf.look(now=True)
    assert len(reads) == 4
