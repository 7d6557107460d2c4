"""Drafts: kept until they are registered or discarded, held by who edits them, and let go of by who dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from app.store.drafts import DraftStore
from app.store.home import Home, resolve_home

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
HOLDER = """
import sys, time
from datetime import datetime, UTC
from app.store.drafts import DraftStore
from app.store.home import resolve_home
held = DraftStore(resolve_home(sys.argv[1], {})).new()
held.save("typed", ("web", 3), 4, datetime.now(UTC))
print(held.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return resolve_home(str(tmp_path), {})


def test_what_was_saved_waits_as_it_was_typed(home: Home) -> None:
    store = DraftStore(home)
    held = store.new()
    text = '{"a": \n oops \x00 \ud800 é'
    held.save(text, ("web", 7), 9, NOW)
    assert store.waiting() == []
    held.close()
    (draft,) = store.waiting()
    assert (draft.text, draft.base, draft.seen, draft.saved_at) == (text, ("web", 7), 9, NOW)


def test_a_draft_is_taken_up_by_one_and_then_by_another(home: Home) -> None:
    store = DraftStore(home)
    first = store.new()
    first.save("x", None, 0, NOW)
    assert store.take_up(first.id) is None
    first.close()
    taken = store.take_up(first.id)
    assert taken is not None
    assert taken[1].base is None
    assert store.take_up(first.id) is None
    taken[0].discard()
    assert store.take_up(first.id) is None
    assert list((home.state / "drafts").glob("*.json")) == []


def test_nothing_is_left_of_what_was_never_saved(home: Home) -> None:
    DraftStore(home).new().close()
    assert list((home.state / "drafts").iterdir()) == []


def test_files_are_for_nobody_else(home: Home) -> None:
    held = DraftStore(home).new()
    held.save("x", None, 0, NOW)
    assert {path.stat().st_mode & 0o777 for path in (home.state / "drafts").iterdir()} == {0o600}
    assert (home.state / "drafts").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"text": 5, "savedAt": "2026-01-01"}', '{"text": "x", "savedAt": "?"}']
)
def test_one_that_is_broken_hides_no_other(home: Home, text: str) -> None:
    store = DraftStore(home)
    held = store.new()
    held.save("x", None, 0, NOW)
    held.close()
    (home.state / "drafts" / f"{'0' * 32}.json").write_text(text)
    (home.state / "drafts" / "notes.txt").write_text("mine")
    assert [draft.id for draft in store.waiting()] == [held.id]


def test_a_folder_that_cannot_be_made_is_one_line(home: Home) -> None:
    home.state.parent.mkdir(exist_ok=True)
    home.state.write_text("in the way")
    with pytest.raises(MoorageError, match=r"cannot make the folder .*drafts"):
        DraftStore(home).new()


def test_a_process_that_is_killed_lets_go_of_its_draft(home: Home, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    draft_id = process.stdout.readline().strip()
    store = DraftStore(home)
    assert store.waiting() == []
    assert store.take_up(draft_id) is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    (draft,) = store.waiting()
    assert (draft.id, draft.text, draft.base) == (draft_id, "typed", ("web", 3))
