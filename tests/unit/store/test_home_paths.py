from __future__ import annotations

from pathlib import Path

import pytest

from app.model.errors import UsageError
from app.store.home import Home, resolve_home

XDG = {"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"}


def under(root: str) -> Home:
    base = Path(root)
    return Home(base / "config.toml", base / "clusters", base / "task-definitions", base / "state")


def test_the_option_beats_the_variable_which_beats_xdg() -> None:
    assert resolve_home("/o", XDG | {"MOORAGE_HOME": "/m"}) == under("/o")
    assert resolve_home(None, XDG | {"MOORAGE_HOME": "/m"}) == under("/m")
    expected = Home(
        Path("/c/moorage/config.toml"),
        Path("/c/moorage/clusters"),
        Path("/d/moorage/task-definitions"),
        Path("/s/moorage"),
    )
    assert resolve_home(None, XDG) == resolve_home(None, XDG | {"MOORAGE_HOME": ""}) == expected


@pytest.mark.parametrize("folder", ["", "relative/path"])
def test_empty_and_relative_xdg_paths_count_as_unset(folder: str) -> None:
    environ = {"HOME": "/h", "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder, "XDG_STATE_HOME": folder}
    found = resolve_home(None, environ)
    assert found.config_file == Path("/h/.config/moorage/config.toml")
    assert found.definitions == Path("/h/.local/share/moorage/task-definitions")
    assert found.state == Path("/h/.local/state/moorage")


def test_relative_option_and_tilde_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_home("here", {}).clusters == tmp_path / "here" / "clusters"
    assert resolve_home("../up", {}).clusters == tmp_path.parent / "up" / "clusters"
    assert resolve_home(None, {"HOME": "/h", "MOORAGE_HOME": "~/m"}) == under("/h/m")
    assert resolve_home("~", {"HOME": "/h"}) == under("/h")


def test_without_home_the_users_own_folder_is_taken() -> None:
    assert resolve_home(None, {}).clusters.is_absolute()


@pytest.mark.parametrize("option", ["", "a\0b"])
def test_a_bad_option_is_a_wrong_call(option: str) -> None:
    with pytest.raises(UsageError, match="--home"):
        resolve_home(option, {})


def test_nothing_is_made(tmp_path: Path) -> None:
    resolve_home(str(tmp_path / "new"), {})
    assert list(tmp_path.iterdir()) == []
