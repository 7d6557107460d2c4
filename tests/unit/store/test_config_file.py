from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.store.config import LEAST_TIME, MOST_TIME, Config, SchedulerProgram, read_config

FILE = """theme = "moorage-light"
default_cluster = "prod"
motion = false

[keys]
"task.stop" = "ctrl+x"
quit = "Q"
"""


SOURCES = """image_pull_behavior = "prefer-cached"
stopped_task_retention = "45m"
history_retention = "2d"
dynamic_host_ports = "20000-20099"

[secrets]
"arn:aws:ssm:eu-west-1:1:parameter/key" = "env:DB_KEY"
bare = "file:~/secrets/key"

[environment_files]
"arn:aws:s3:::bucket/web.env" = "env/web.env"
"""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


def test_the_settings_of_launches_and_of_what_is_kept(tmp_path: Path) -> None:
    config, findings = read_config(put(tmp_path, SOURCES))
    assert findings == ()
    assert config == Config(
        image_pull_behavior="prefer-cached",
        stopped_task_retention=timedelta(minutes=45),
        history_retention=timedelta(days=2),
        dynamic_host_ports=(20000, 20099),
        secrets={"arn:aws:ssm:eu-west-1:1:parameter/key": "env:DB_KEY", "bare": "file:~/secrets/key"},
        environment_files={"arn:aws:s3:::bucket/web.env": "env/web.env"},
    )
    assert "DB_KEY" not in repr(config)
    assert "web.env" not in repr(config)


def test_defaults_of_launches_and_of_what_is_kept() -> None:
    config = Config()
    assert (config.image_pull_behavior, config.dynamic_host_ports) == ("default", (49153, 65535))
    assert (config.stopped_task_retention, config.history_retention) == (timedelta(hours=3), timedelta(days=30))
    assert (dict(config.secrets), dict(config.environment_files)) == ({}, {})


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**10), st.sampled_from("smhd"))
@example(59, "s")
@example(60, "s")
@example(1, "m")
@example(3650, "d")
@example(3651, "d")
@example(999_999_999, "d")
def test_a_time_is_a_whole_number_and_a_unit_from_a_minute_to_ten_years(tmp_path: Path, number: int, unit: str) -> None:
    config, findings = read_config(put(tmp_path, f'stopped_task_retention = "{number}{unit}"'))
    seconds = number * UNITS[unit]
    if LEAST_TIME.total_seconds() <= seconds <= MOST_TIME.total_seconds():
        assert (config.stopped_task_retention.total_seconds(), findings) == (seconds, ())
    else:
        assert config == Config()
        assert [finding.path for finding in findings] == ["stopped_task_retention"]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("0123456789smhd .-+٣", max_size=6).filter(lambda text: not re.fullmatch("[0-9]+[smhd]", text)))
def test_what_is_no_time_is_refused(tmp_path: Path, text: str) -> None:
    config, (finding,) = read_config(put(tmp_path, f'history_retention = "{text}"'))
    assert config == Config()
    assert finding.path == "history_retention"


@pytest.mark.parametrize("ports", ["1024-1123", "65436-65535", "1024-65535"])
def test_a_hundred_ports_are_enough(tmp_path: Path, ports: str) -> None:
    config, findings = read_config(put(tmp_path, f'dynamic_host_ports = "{ports}"'))
    assert ("{}-{}".format(*config.dynamic_host_ports), findings) == (ports, ())


def test_a_bad_source_keeps_the_others_and_is_not_quoted(tmp_path: Path) -> None:
    content = '[secrets]\na = "canary-hunter2"\nb = "env:B"\n[environment_files]\nc = ""\nd = "/d"\n'
    config, findings = read_config(put(tmp_path, content))
    assert (dict(config.secrets), dict(config.environment_files)) == ({"b": "env:B"}, {"d": "/d"})
    assert [finding.path for finding in findings] == ["secrets.a", "environment_files.c"]
    assert "canary" not in " ".join(map(str, findings))


def test_a_dotted_name_without_quotes_is_told_to_need_them(tmp_path: Path) -> None:
    config, (finding,) = read_config(put(tmp_path, '[secrets]\ndb.password = "env:B"\n'))
    assert config == Config()
    assert (finding.path, "needs quotes" in finding.remedy) == ("secrets.db", True)


def test_schedulers_in_a_line_and_as_tables(tmp_path: Path) -> None:
    content = (
        '[schedulers]\nleast = {program = ["/bin/least", "", "a b"], timeout = "2.5s"}\n'
        '[schedulers.quick_1]\nprogram = ["/bin/quick"]\n[schedulers.slow]\nprogram = ["/s"]\ntimeout = "1m"\n'
        '[schedulers.tight]\nprogram = ["/t"]\ntimeout = "100ms"\n'
    )
    config, findings = read_config(put(tmp_path, content))
    assert findings == ()
    assert dict(config.schedulers) == {
        "least": SchedulerProgram(("/bin/least", "", "a b"), 2.5),
        "quick_1": SchedulerProgram(("/bin/quick",), 1.0),
        "slow": SchedulerProgram(("/s",), 60.0),
        "tight": SchedulerProgram(("/t",), 0.1),
    }


@pytest.mark.parametrize(
    ("text", "path", "place", "remedy"),
    [
        ("schedulers = 1", "schedulers", "line 1, column 1", "write a table"),
        ("[schedulers]\nx = '/bin/x'", "schedulers.x", "line 2, column 1", "write {program = "),
        ("[schedulers.x]\n", "schedulers.x.program", "line 1, column 1", 'write ["/PATH"'),
        ("[schedulers.x]\nprogram = '/bin/x'", "schedulers.x.program", "line 2, column 1", 'write ["/PATH"'),
        ("[schedulers.x]\nprogram = []", "schedulers.x.program", "line 2, column 1", 'write ["/PATH"'),
        ("[schedulers.x]\nprogram = ['/x', 1]", "schedulers.x.program", "line 2, column 1", 'write ["/PATH"'),
        ('[schedulers.x]\nprogram = ["/x\\u0000"]', "schedulers.x.program", "line 2, column 1", 'write ["/PATH"'),
        ("[schedulers.x]\nprogram = ['bin/x']", "schedulers.x.program", "line 2, column 1", "absolute path"),
        ("[schedulers.x]\nprogram = ['~/x']", "schedulers.x.program", "line 2, column 1", "absolute path"),
        ("[schedulers.x]\nprogram = ['/x']\ntimeout = 1", "schedulers.x.timeout", "line 3, column 1", "100ms to 60s"),
        ("[schedulers.x]\nprogram = ['/x']\ntimeout = '99ms'", "schedulers.x.timeout", "line 3, column 1", "100ms"),
        ("[schedulers.x]\nprogram = ['/x']\ntimeout = '61s'", "schedulers.x.timeout", "line 3, column 1", "60s"),
        ("[schedulers.x]\nprogram = ['/x']\ntime = '1s'", "schedulers.x.time", "line 3, column 1", "only program and"),
        ("[schedulers.built-in]\nprogram = ['/x']", "schedulers.built-in", "line 1, column 1", "are Moorage's own"),
        ("[schedulers.swarm]\nprogram = ['/x']", "schedulers.swarm", "line 1, column 1", "are Moorage's own"),
        ("[schedulers.'a b']\nprogram = ['/x']", "schedulers.a b", "line 1, column 1", "letters, digits, - and _"),
        ("[schedulers." + "n" * 65 + "]\nprogram = ['/x']", "schedulers." + "n" * 65, "line 1, column 1", "1 to 64"),
    ],
)
def test_a_scheduler_that_is_wrong_is_left_out(tmp_path: Path, text: str, path: str, place: str, remedy: str) -> None:
    config, (finding,) = read_config(put(tmp_path, text))
    assert config == Config()
    assert (finding.path, finding.severity) == (path, "error")
    assert place in finding.problem
    assert remedy in finding.remedy


def test_unknown_keys_are_warnings_with_the_nearest_and_the_rest_works(tmp_path: Path) -> None:
    config, findings = read_config(put(tmp_path, 'theem = "x"\nzebra = 1\nmotion = false\n[scheduling]\n'))
    assert config.motion is False
    assert [(f.path, f.severity) for f in findings] == [
        ("theem", "warning"),
        ("zebra", "warning"),
        ("scheduling", "warning"),
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
        ('image_pull_behavior = "never"', "image_pull_behavior", "line 1, column 1"),
        ("image_pull_behavior = []", "image_pull_behavior", "line 1, column 1"),
        ("stopped_task_retention = 3", "stopped_task_retention", "line 1, column 1"),
        ('stopped_task_retention = "59s"', "stopped_task_retention", "line 1, column 1"),
        ('\nhistory_retention = "forever"', "history_retention", "line 2, column 1"),
        ('dynamic_host_ports = "1023-2000"', "dynamic_host_ports", "line 1, column 1"),
        ('dynamic_host_ports = "2000-65536"', "dynamic_host_ports", "line 1, column 1"),
        ('dynamic_host_ports = "2000-2098"', "dynamic_host_ports", "line 1, column 1"),
        ('dynamic_host_ports = "3000-2000"', "dynamic_host_ports", "line 1, column 1"),
        ("dynamic_host_ports = [2000, 3000]", "dynamic_host_ports", "line 1, column 1"),
        ('secrets = "env:A"', "secrets", "line 1, column 1"),
        ('[secrets]\n"arn:a" = 1', "secrets.arn:a", "line 2, column 1"),
        ('[secrets]\na = "env:"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "env:1A"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "env:A B"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "file:"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "file:~bob/x"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "file:x\\u0000"', "secrets.a", "line 2, column 1"),
        ('[secrets]\na = "cmd:date"', "secrets.a", "line 2, column 1"),
        ("environment_files = 1", "environment_files", "line 1, column 1"),
        ('[environment_files]\n\n  "arn:a" = 1', "environment_files.arn:a", "line 3, column 3"),
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


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100) | st.tuples(st.integers(0, 100), st.binary(max_size=6)).map(
    lambda change: FILE.encode()[: change[0]] + change[1] + FILE.encode()[change[0] + 3 :]
))  # fmt: skip
def test_nothing_in_the_file_raises(tmp_path: Path, content: bytes) -> None:
    config, findings = read_config(put(tmp_path, content))
    assert isinstance(config, Config)
    assert all(finding.problem for finding in findings)
