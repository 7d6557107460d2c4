"""``[shell]`` of config.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store.config import Config, read_config


def read(folder: Path, text: str) -> tuple[Config, list[str]]:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    config, findings = read_config(path)
    return config, [str(finding) for finding in findings]


def test_each_command_is_split_into_words(tmp_path: Path) -> None:
    config, findings = read(tmp_path, '[shell]\ncommands = ["/bin/bash -l", "zsh -c \'a b\'"]\n')
    assert (config.shell, findings) == ((("/bin/bash", "-l"), ("zsh", "-c", "a b")), [])


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('shell = "bash"', "shell: line 1, column 1: is not valid; write a table: [shell]"),
        ("[shell]\ncommands = []", "shell.commands: line 2, column 1: is not valid; write 1 to 8 commands"),
        ('[shell]\ncommands = "bash"', "shell.commands: line 2, column 1: is not valid; write 1 to 8 commands"),
        ('[shell]\ncommands = ["sh \'a"]', "shell.commands: line 2, column 1: is not valid; write a program and"),
        ('[shell]\ncommands = [" "]', "shell.commands: line 2, column 1: is not valid; write a program and"),
        ('[shell]\ncommand = ["sh"]', "shell.command: line 2, column 1: is not valid; there is only commands"),
        ("[shell]", "shell.commands: line 1, column 1: is not valid; write 1 to 8 commands"),
    ],
)
def test_a_wrong_value_leaves_the_default_and_is_told(tmp_path: Path, text: str, finding: str) -> None:
    config, findings = read(tmp_path, text)
    assert config.shell == Config().shell
    assert len(findings) == 1
    assert findings[0].startswith(finding)
