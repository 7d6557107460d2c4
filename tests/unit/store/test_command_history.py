"""What was said in the command bar: bounded, over sessions, and of two that run at once."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from app.store.command_history import LONGEST, MOST, CommandHistory
from app.store.home import resolve_home


def history(folder: Path) -> CommandHistory:
    return CommandHistory(resolve_home(str(folder), {}))


def test_it_is_there_in_the_next_session_each_once_where_it_was_said_last(tmp_path: Path) -> None:
    first = history(tmp_path)
    for words in ("tasks", "cluster prod", "tasks"):
        first.add(words)
    first.save()
    path = tmp_path / "state" / "commands.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = history(tmp_path)
    again.add("theme nord")
    again.load()
    assert again.said == ("cluster prod", "tasks", "theme nord")


def test_two_sessions_keep_what_both_said(tmp_path: Path) -> None:
    one, other = history(tmp_path), history(tmp_path)
    one.add("tasks")
    other.add("instances")
    one.save()
    other.save()
    last = history(tmp_path)
    last.load()
    assert last.said == ("tasks", "instances")


def test_it_is_bounded_and_takes_no_controls(tmp_path: Path) -> None:
    found = history(tmp_path)
    for number in range(MOST + 50):
        found.add(f"cluster c{number}")
    found.add("x" * (LONGEST + 1))
    found.add("a\x1b[2J")
    found.save()
    assert len(json.loads((tmp_path / "state" / "commands.json").read_text())) == MOST
    assert found.said[-1] == f"cluster c{MOST + 49}"


@pytest.mark.parametrize("text", ["", "{}", '[1, null, [], "a\\u001b"]', "[" * 5000, "x" * 300_000])
def test_a_broken_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "commands.json").write_text(text)
    found = history(tmp_path)
    found.load()
    assert found.said == ()
    found.add("tasks")
    found.save()
    assert json.loads((tmp_path / "state" / "commands.json").read_text()) == ["tasks"]
