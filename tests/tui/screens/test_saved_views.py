"""Saved views of config.toml: what they show, and that a wrong one is one warning with its place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.screens.tables.views import TABLES, arrangement_of, checked_views
from app.store.config import read_config
from tests.tui.screens.driving import SIZE, until_shown
from tests.tui.screens.still import still_dashboard

GOOD = """
[views.broken]
table = "tasks"
filter = "state:failed cluster:prod"
sort = "-definition"
columns = ["task", "definition", "status"]

[views.hosts]
table = "instances"
"""


async def test_a_view_is_opened_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text(GOOD)
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("colon", *"broken", "enter")
        await until_shown(pilot, r"moorage › tasks +2 of 5 /state:failed cluster:prod")
        await until_shown(pilot, r"^ TASK +DEFINITION▼ +STATUS$")
        await until_shown(pilot, r"77777777 +batch:7 .*\n.91919191 +app:1")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('table = "task"', "views.x.table: line 3, column 1: there is no table 'task'; did you mean 'tasks'?"),
        (
            'table = "tasks"\nsort = "-agee"',
            "views.x.sort: line 4, column 1: tasks have no column 'agee'; did you mean 'age'?",
        ),
        ('table = "tasks"\ncolumns = ["task", "zzz"]', "views.x.columns: line 4, column 1: tasks have no column 'zzz'"),
        ('table = "instances"\nfilter = "image:web"', "views.x.filter: line 4, column 1: nothing here has image:"),
        ('filter = "web"', "it needs a table"),
        ('table = "tasks"\ncolour = "red"', "there are only table, filter, sort, columns"),
        ('table = "tasks"\ncolumns = "task"', "write the names of columns"),
        ("table = 3", "printable characters in quotes"),
    ],
)
def test_a_wrong_view_is_one_finding_with_place_and_remedy(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"\n[views.x]\n{lines}\n[views.good]\ntable = 'tasks'\n")
    config, findings = read_config(path)
    good, more = checked_views(config.views.values())
    (finding,) = [*findings, *more]
    assert told in str(finding)
    assert [view.name for view in good] == ["good"]


@pytest.mark.parametrize("text", ["views = 3", "[views]\n'a b' = {table = 'tasks'}", "[views]\nx = 3"])
def test_what_is_no_view_at_all_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    config, findings = read_config(tmp_path / "config.toml")
    assert len(findings) == 1
    assert not config.views


def test_columns_that_are_not_named_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD)
    view = read_config(tmp_path / "config.toml")[0].views["broken"]
    arrangement = arrangement_of(view)
    shown = [column.key for column in TABLES["tasks"].columns if column.key not in arrangement.hidden]
    assert (arrangement.sort, arrangement.descending, shown) == ("definition", True, ["task", "definition", "status"])


def test_the_page_of_settings_names_the_columns_of_every_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        assert f"- of {name}: {', '.join(f'`{column.key}`' for column in table.columns)}\n" in text
