"""How tables were left: kept between sessions; a file that is broken, foreign or too large counts as none."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from app.store.home import resolve_home
from app.store.table_memory import MOST_TABLES, Arrangement, TableMemory


def memory(folder: Path) -> TableMemory:
    return TableMemory(resolve_home(str(folder), {}))


def test_it_is_there_again_in_the_next_session(tmp_path: Path) -> None:
    first = memory(tmp_path)
    first.put("tasks", Arrangement("age", True, frozenset({"cpu"})))
    first.put("instances", Arrangement())
    first.save()
    path = tmp_path / "state" / "tables.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert memory(tmp_path).get("tasks") == Arrangement("age", True, frozenset({"cpu"}))
    assert json.loads(path.read_text()).keys() == {"tasks"}, "what is as it was made is not written"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 5000,
        '{"tasks": 3}',
        '{"tasks": {"sort": 3, "descending": true, "hidden": []}}',
        '{"tasks": {"sort": "age", "descending": "no", "hidden": []}}',
        '{"tasks": {"sort": "\\u001b[2J", "descending": true, "hidden": []}}',
        " " * 100_000,
    ],
)
def test_a_broken_file_counts_as_none_and_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "tables.json").write_text(text)
    found = memory(tmp_path)
    assert found.get("tasks") == Arrangement()
    found.put("tasks", Arrangement("age"))
    found.save()
    assert memory(tmp_path).get("tasks") == Arrangement("age")


def test_a_folder_in_its_place_is_no_traceback_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "state" / "tables.json").mkdir(parents=True)
    assert memory(tmp_path).get("tasks") == Arrangement()


def test_it_is_bounded(tmp_path: Path) -> None:
    found = memory(tmp_path)
    for number in range(MOST_TABLES + 40):
        found.put(f"table-{number}", Arrangement("age"))
    found.save()
    again = memory(tmp_path)
    assert again.get(f"table-{MOST_TABLES + 39}") == Arrangement("age")
    assert again.get("table-0") == Arrangement()
