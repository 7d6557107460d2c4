"""docs/settings.md says what the program does: every setting, its default, and an example that is taken."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from app.store.config import Config, read_config

TEXT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_example_sets_every_setting_to_something_else_than_its_default(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    (tmp_path / "config.toml").chmod(0o600)
    config, findings = read_config(tmp_path / "config.toml")
    assert findings == ()
    unset = [
        setting.name for setting in fields(Config) if getattr(config, setting.name) == getattr(Config(), setting.name)
    ]
    assert unset == []


def test_the_table_has_every_setting_with_its_default(tmp_path: Path) -> None:
    rows = dict(re.findall(r"^\| `\[?([a-z_]+)\]?` \| (?:`(.*?)`|none) \|", TEXT, re.MULTILINE))
    assert set(rows) == {setting.name for setting in fields(Config)}
    defaults = "".join(f"{name} = {value}\n" for name, value in rows.items() if value)
    (tmp_path / "config.toml").write_text(defaults, encoding="utf-8")
    (tmp_path / "config.toml").chmod(0o600)
    assert read_config(tmp_path / "config.toml") == (Config(), ())
