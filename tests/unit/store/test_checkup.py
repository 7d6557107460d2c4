"""Can files be kept here: looked at for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.model.check import Check
from app.store.checkup import check_home
from app.store.home import Home, resolve_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return resolve_home(str(tmp_path / "home"), {})


def found(home: Home) -> dict[str, Check]:
    return {check.name: check for check in check_home(home)}


def test_a_new_home_is_fine_and_nothing_is_left_in_it(home: Home) -> None:
    assert {check.status for check in check_home(home)} == {"ok"}
    assert [path for path in home.state.parent.rglob("*") if path.is_file()] == []
    assert oct(home.state.stat().st_mode & 0o777) == "0o700"


def test_what_others_can_read_or_write_is_told(home: Home) -> None:
    check_home(home)
    (home.state / "history.db").write_text("")
    (home.state / "history.db").chmod(0o644)
    assert found(home)["modes"].status == "ok"  # nobody gets past the folder
    home.state.chmod(0o755)
    told = found(home)["modes"]
    assert (told.status, told.remedy) == ("warning", f"chmod -R go= {home.state}")
    home.state.chmod(0o700)
    home.clusters.chmod(0o777)
    told = found(home)["modes"]
    assert told.status == "failed"
    assert str(home.clusters) in told.detail


def test_a_folder_that_is_a_file_is_told(home: Home) -> None:
    home.clusters.parent.mkdir()
    home.clusters.write_text("")
    told = found(home)["folder of clusters"]
    assert told.status == "failed"
    assert str(home.clusters) in told.detail
