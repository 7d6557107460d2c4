"""What a person types wrong: one clear line on stderr, the right exit code, and nothing changed. No engine needed."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path

import pytest

from app import main as main_module
from app.cli.verbs import NOUNS, VERBS
from tests.cli.calling import Cli

GOOD = b'{"family":"web","containerDefinitions":[{"name":"a","image":"busybox","memory":16}]}\n'


def test_help_names_every_verb_by_noun(cli: Cli) -> None:
    text = cli("--help").out
    assert all(f"  {name} " in text for name in VERBS)
    assert all(f"\n{title}\n" in text for title in NOUNS.values())
    assert max(map(len, text.splitlines())) <= 120
    assert cli("help").out == text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_has_its_flags(cli: Cli, verb: str) -> None:
    text = cli(verb, "--help").out
    assert text.startswith(f"usage: moorage {verb} ")
    assert "--output" in text
    assert cli("help", verb).out == text


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["run-tsk"], "moorage: verb 'run-tsk' not found; did you mean 'run-task'? (moorage --help lists all)"),
        (["--frobnicate"], "moorage: unknown option '--frobnicate'; moorage --help tells what there is"),
        (["run-task", "--clutser", "x"], "moorage: unknown flag '--clutser' for run-task; did you mean --cluster?"),
        (["run-task", "a", "b"], "moorage: unknown argument 'b' for run-task; moorage run-task --help tells all flags"),
        (["run-task"], "moorage: required, and not given: --task-definition"),
        (
            ["run-task", "web", "--count", "x"],
            "moorage: --count: invalid int value: 'x'; moorage run-task --help tells",
        ),
        (
            ["run-task", "web", "--task-definition", "web"],
            "moorage: --task-definition is given twice: by the flag, and",
        ),
        (["list-tasks", "--desired-status", "GONE"], "moorage: --desired-status: invalid choice: 'GONE' (choose from"),
        (["put-attributes", "--attributes", "name"], "moorage: --attributes: 'name' is neither JSON nor of the form"),
        (["register-task-definition"], "moorage: give one document: --cli-input-json file://PATH, or the path alone"),
        (["list-clusters", "--home"], "moorage: --home needs the path of a folder"),
        (["--home=", "list-clusters"], "moorage: --home needs the path of a folder; it was empty"),
        (["--screen"], "moorage: --screen needs one of fleet, tasks, instances, definitions, events"),
        (["--screen", "logs"], "moorage: --screen needs one of fleet, tasks, instances, definitions, events"),
        (["--screen=tasks", "list-tasks"], "moorage: 'list-tasks' after --screen tasks: a verb opens no dashboard"),
        (["--screen", "tasks"], "moorage: the dashboard needs a terminal; moorage --help lists the commands that do"),
        ([], "moorage: the dashboard needs a terminal; moorage --help lists the commands that do not"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_line(cli: Cli, argv: list[str], line: str) -> None:
    ran = cli(*argv, code=2)
    assert ran.out == ""
    assert ran.err.startswith(line)
    assert ran.err.count("\n") == 1


def test_unknown_names_come_with_the_nearest(cli: Cli) -> None:
    cli("create-cluster", "production")
    cli.register({"name": "a"}, family="frontend")

    assert (
        "'producton' not found; did you mean 'production'?" in cli("list-tasks", "--cluster", "producton", code=1).err
    )
    assert "'fronted' not found; did you mean 'frontend'?" in cli("describe-task-definition", "fronted", code=1).err
    wrong = cli("describe-task-definition", "frontend:2", code=1).err
    assert "'frontend:2' not found; did you mean 'frontend:1'?" in wrong
    unknown = cli("deregister-container-instance", "--cluster", "production", "edge-1", code=1)
    assert unknown.err.startswith("moorage: container instance of cluster 'production' 'edge-1' not found")
    assert "'agnt' not found" in cli("agent", "--cluster", "agnt", code=1).err


def test_running_in_a_cluster_without_instances_says_how_to_add_one(cli: Cli) -> None:
    cli("create-cluster")
    cli.register({"name": "a"})
    assert "register-container-instance --cluster default" in cli("run-task", "web", code=1).err


def test_broken_json_is_told_with_line_and_column(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text('{\n  "family": "web",\n  "containerDefinitions": [,]\n}\n')

    ran = cli("register-task-definition", f"file://{path}", code=1)

    assert ran.err.startswith(f"moorage: {path}: line 3, column 28: not JSON: ")
    assert cli("list-task-definition-families").json == {"families": []}


def test_each_finding_of_a_document_is_a_line(cli: Cli) -> None:
    containers = [{"name": "a", "image": "x", "memory": 16}, {"name": "b", "memory": "16"}]
    document = {"family": "web", "containerDefinitions": containers}

    ran = cli("register-task-definition", "--cli-input-json", json.dumps(document), code=1)

    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("moorage: --cli-input-json: containerDefinitions[1].memory: ")
    assert lines[1].startswith("moorage: --cli-input-json: containerDefinitions[1].image: ")


def test_the_document_is_kept_byte_for_byte_from_wherever_it_comes(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = b'\xef\xbb\xbf{ "family":"web",\r\n"containerDefinitions":[{"name":"a","image":"busybox","memory":16}]}'
    path = tmp_path / "web.json"
    path.write_bytes(document)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))

    cli("register-task-definition", "--cli-input-json", "file://web.json")
    cli("register-task-definition", "web.json")
    cli("register-task-definition", "-")
    cli("register-task-definition", "--cli-input-json", GOOD.decode())

    stored = [(cli.home / f"task-definitions/web/{n}.json").read_bytes() for n in (1, 2, 3, 4)]
    assert stored == [document, document, document, GOOD]
    assert cli("list-task-definitions", "--sort", "DESC").json["taskDefinitionArns"][0].endswith("web:4")


def test_what_is_not_honoured_is_told_on_stderr(cli: Cli) -> None:
    document = {"family": "w", "containerDefinitions": [{"name": "a", "image": "x", "memory": 16, "privilegd": True}]}
    ran = cli("register-task-definition", "--cli-input-json", json.dumps(document))
    (line,) = ran.err.splitlines()
    assert line.startswith("moorage: warning: --cli-input-json: containerDefinitions[0].privilegd: ")


def test_a_missing_file_is_told_with_the_nearest(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "web-server.json").write_bytes(GOOD)
    ran = cli("register-task-definition", str(tmp_path / "webserver.json"), code=1)
    assert ran.err == f"moorage: {tmp_path}/webserver.json: no such file; did you mean {tmp_path}/web-server.json?\n"
    assert "is not a file" in cli("register-task-definition", "/dev/null", code=1).err


def test_flags_go_over_the_json_input(cli: Cli) -> None:
    both = cli("create-cluster", "--cli-input-json", '{"clusterName": "one"}', "--cluster-name", "two")
    assert both.json["cluster"]["clusterName"] == "two"
    assert cli("create-cluster", "--cli-input-json", '{"clusterName": "one"}').json["cluster"]["clusterName"] == "one"
    unknown = cli("create-cluster", "--cli-input-json", '{"clusterNam": "one"}', code=1)
    assert unknown.err == "moorage: clusterNam is not known here, or not supported yet; did you mean clusterName?\n"
    broken = cli("create-cluster", "--cli-input-json", "{", code=1)
    assert broken.err.startswith("moorage: --cli-input-json: line 1, column 2: not JSON: ")


def test_a_broken_cluster_file_hides_no_other_and_is_not_rewritten(cli: Cli) -> None:
    cli("create-cluster", "good")
    path = cli.home / "clusters" / "bad.toml"
    path.write_text('name = "bad"\nstatus = ACTIVE\n')

    ran = cli("list-clusters")

    assert [arn.rsplit("/", 1)[-1] for arn in ran.json["clusterArns"]] == ["good"]
    assert "bad.toml" in ran.err
    assert "line 2, column" in ran.err
    assert "bad.toml" in cli("describe-clusters", "bad", code=1).err
    assert path.read_text() == 'name = "bad"\nstatus = ACTIVE\n'


def test_a_broken_config_is_told_and_everything_works(cli: Cli) -> None:
    cli.home.mkdir()
    (cli.home / "config.toml").write_text('default_clutser = "prod"\n')
    ran = cli("list-clusters")
    assert "moorage: warning: " in ran.err
    assert "did you mean 'default_cluster'?" in ran.err


def test_home_may_stand_anywhere(cli: Cli, tmp_path: Path) -> None:
    other = tmp_path / "other"
    cli("create-cluster", "here")
    cli("create-cluster", "there", "--home", str(other))
    cli("create-cluster", f"--home={other}", "too")
    assert sorted(path.name for path in (other / "clusters").glob("*.toml")) == ["there.toml", "too.toml"]


def test_foreign_text_never_drives_the_terminal(cli: Cli) -> None:
    hostile = "\x1b]0;owned\x07\u202e"
    for form in ("json", "text", "table"):
        out = cli("describe-clusters", hostile, "--output", form).out
        assert "owned" in out
        assert not any(character in out for character in "\x1b\x07\u202e")
    err = cli("list-tasks", "--cluster", hostile, code=1).err
    assert not any(character in err for character in "\x1b\x07\u202e")


def test_a_fault_of_ours_is_one_line_and_a_report(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        secret = "hunter2"  # a local variable must not be in the report
        raise RuntimeError(f"length {len(secret)}")

    monkeypatch.setattr(main_module, "_open_dashboard", broken)

    ran = cli(code=70)

    (line,) = ran.err.splitlines()
    (report,) = (cli.home / "state").glob("fault-*.txt")
    assert line == f"moorage: this is a fault of Moorage: RuntimeError: length 7; a report is in {report}"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "in broken" in text
    assert "length 7" in text
    assert "Traceback" not in ran.err

    monkeypatch.setenv("MOORAGE_DEBUG", "1")
    assert "Traceback" in cli(code=70).err
