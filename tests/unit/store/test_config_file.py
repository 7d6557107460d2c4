from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.config import Config, read_config

FILE = """theme = "moorage-light"
default_cluster = "prod"
motion = false

[keys]
"task.stop" = "ctrl+x"
quit = "Q"
"""


def put(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_config(tmp_path / "config.toml") == (Config(), ())
    assert Config() == Config("moorage-dark", "default", {}, True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [FILE.encode(), b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode()])
def test_a_good_file(tmp_path: Path, content: bytes) -> None:
    config, findings = read_config(put(tmp_path, content))
    assert config == Config("moorage-light", "prod", {"task.stop": "ctrl+x", "quit": "Q"}, False)
    assert findings == ()


def test_unknown_keys_are_warnings_with_the_nearest_and_the_rest_works(tmp_path: Path) -> None:
    config, findings = read_config(put(tmp_path, 'theem = "x"\nzebra = 1\nmotion = false\n[schedulers]\n'))
    assert config.motion is False
    assert [(f.path, f.severity) for f in findings] == [
        ("theem", "warning"),
        ("zebra", "warning"),
        ("schedulers", "warning"),
    ]
    assert "line 1, column 1: unknown key; did you mean 'theme'?" in str(findings[0])
    assert "the keys are: theme, default_cluster, keys, motion" in str(findings[1])
    assert "line 4, column 1" in str(findings[2])


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("theme = 1", "theme", "line 1, column 1"),
        ('theme = ""', "theme", "line 1, column 1"),
        ('\n  theme = "\\u001b[31m"', "theme", "line 2, column 3"),
        ('default_cluster = "a/b"', "default_cluster", "line 1, column 1"),
        ('motion = "no"', "motion", "line 1, column 1"),
        ("motion = 0", "motion", "line 1, column 1"),
        ("keys = 1", "keys", "line 1, column 1"),
        ("[keys]\nquit = 1", "keys.quit", "line 2, column 1"),
        ("[[keys]]\nquit = 'q'", "keys", "line 1, column 1"),
    ],
)
def test_a_bad_value_leaves_that_setting_at_its_default(tmp_path: Path, text: str, path: str, place: str) -> None:
    config, (finding,) = read_config(put(tmp_path, text))
    assert config == Config()
    assert (finding.path, finding.severity) == (path, "error")
    assert place in finding.problem
    assert finding.remedy


def test_one_bad_key_keeps_the_others(tmp_path: Path) -> None:
    config, findings = read_config(put(tmp_path, 'theme = "x"\n[keys]\na = 1\nb = "B"\n'))
    assert (config.theme, dict(config.keys), len(findings)) == ("x", {"b": "B"}, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'theme = "x"\nmotion = = 1', "line 2, column 10"),
        (b"\xff", "not UTF-8"),
        (b"a = " + b"[" * 5000, "deeper"),
        (b"#" * 300_000, "262,144"),
    ],
)
def test_a_broken_file_gives_the_defaults_and_is_left_alone(tmp_path: Path, content: bytes, words: str) -> None:
    path = put(tmp_path, content)
    config, findings = read_config(path)
    assert config == Config()
    assert len(findings) == 1
    assert words in str(findings[0])
    assert path.read_bytes() == content


def test_what_is_no_file_of_ours_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    put(tmp_path, FILE).chmod(0o666)
    for name in ("folder", "dangling", "pipe", "config.toml"):
        config, findings = read_config(tmp_path / name)
        assert config == Config()
        assert len(findings) == 1
    assert read_config(tmp_path / "config.toml" / "below")[0] == Config()


def test_a_linked_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to(put(tmp_path, FILE))
    assert read_config(tmp_path / "link.toml")[0].theme == "moorage-light"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100) | st.tuples(st.integers(0, 100), st.binary(max_size=6)).map(
    lambda change: FILE.encode()[: change[0]] + change[1] + FILE.encode()[change[0] + 3 :]
))  # fmt: skip
def test_nothing_in_the_file_raises(tmp_path: Path, content: bytes) -> None:
    config, findings = read_config(put(tmp_path, content))
    assert isinstance(config, Config)
    assert all(finding.problem for finding in findings)
