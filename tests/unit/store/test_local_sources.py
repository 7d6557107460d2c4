from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.model.errors import MoorageError
from app.store.config import Config
from app.store.local_sources import MAX_ENVIRONMENT_FILE, MAX_SECRET, LocalSources

CANARY = "canary-7f3a"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
S3 = "arn:aws:s3:::bucket/web.env"
PER_EXAMPLE = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.mkdir(mode=0o700)
    return made


def with_secrets(folder: Path, environ: Mapping[str, str] | None = None, **secrets: str) -> LocalSources:
    return LocalSources(Config(secrets=secrets), folder, environ or {})


def with_secret_in(folder: Path, content: bytes, reference: str = "key") -> LocalSources:
    put(folder / "secret", content)
    return LocalSources(Config(secrets={reference: "file:secret"}), folder, {})


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refusal(sources: LocalSources, reference: str = "key", table: str = "secrets") -> str:
    """The message of a refusal, which keeps to the rules that all of them have."""
    with pytest.raises(MoorageError) as caught:
        sources.secret(reference) if table == "secrets" else sources.environment_file(reference)
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.code == "ResourceInitializationError"
    assert CANARY not in told
    assert CANARY not in repr(sources)
    assert caught.value.message.count("\n") == 0
    assert f"{reference} " in caught.value.message
    assert f"under [{table}] in " in caught.value.message
    assert f'config.toml, such as "{reference}" = "' in caught.value.message
    return caught.value.message


def test_a_secret_of_the_environment_is_taken_as_it_is(folder: Path) -> None:
    assert with_secrets(folder, {"A": " x\n"}, key="env:A").secret("key") == " x\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"x", "x"), (b"x\n", "x"), (b"x\r\n", "x"), (b"x\n\n", "x\n"), (b" x \n", " x "), (b"x\r", "x\r"),
        (b"a\nb\n", "a\nb"), ("\ufeffé\n".encode(), "é"),
    ],
)  # fmt: skip
def test_of_a_file_one_line_break_at_the_end_is_dropped(folder: Path, content: bytes, value: str) -> None:
    assert with_secret_in(folder, content).secret("key") == value


def test_paths_are_absolute_or_below_home_or_beside_the_configuration(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "absolute", b"1")
    put(folder / "beside", b"2")
    (tmp_path / "home").mkdir(mode=0o700)
    put(tmp_path / "home" / "own", b"3")
    config = {"a": f"file:{tmp_path}/absolute", "b": "file:beside", "c": "file:~/own", "d": "file:../absolute"}
    sources = LocalSources(Config(secrets=config), folder, {"HOME": str(tmp_path / "home")})
    assert [sources.secret(name) for name in "abcd"] == ["1", "2", "3", "1"]


def test_a_missing_secret_tells_where_to_write_what(folder: Path) -> None:
    message = refusal(with_secrets(folder), f"{SECRET}:password::")
    assert message == (
        f"secret {SECRET}:password:: has no source on this machine; write one under [secrets] in {folder}/config.toml, "
        f'such as "{SECRET}:password::" = "env:DB_PASSWORD"'
    )


def test_the_exact_reference_comes_before_its_base_and_is_taken_whole(folder: Path) -> None:
    secrets = {SECRET: "env:ALL", f"{SECRET}:password::": "env:ONE"}
    sources = LocalSources(Config(secrets=secrets), folder, {"ALL": '{"password": "all", "user": "u"}', "ONE": "one"})
    assert sources.secret(f"{SECRET}:password::") == "one"
    assert sources.secret(f"{SECRET}:user::") == "u"
    assert sources.secret(f"{SECRET}:user:AWSPREVIOUS:") == "u"
    assert sources.secret(f"{SECRET}:::9d4cb84b-ad69-40c0-a0ab-cead36b967e8") == sources.secret(SECRET)
    assert json.loads(sources.secret(SECRET))["password"] == "all"


@pytest.mark.parametrize("reference", [f"{SECRET}:password", f"{SECRET}:password:", f"{SECRET}:password:::"])
def test_a_reference_with_another_number_of_parts_has_no_base(folder: Path, reference: str) -> None:
    sources = LocalSources(Config(secrets={SECRET: "env:A"}), folder, {"A": '{"password": "x"}'})
    assert "has no source" in refusal(sources, reference)


@pytest.mark.parametrize("name", ["key", "/key", "arn:aws:ssm:eu-west-1:123456789012:parameter/key"])
def test_a_parameter_is_found_by_its_bare_name(folder: Path, name: str) -> None:
    sources = LocalSources(Config(secrets={name: "env:A"}), folder, {"A": "x"})
    assert sources.secret("arn:aws:ssm:eu-west-1:123456789012:parameter/key") == "x"


@pytest.mark.parametrize(
    ("member", "value"),
    [("x", "x"), ("", ""), ("é\n", "é\n"), (5432, "5432"), (1234567, "1234567"), (0.5, "0.5"), (True, "true")],
)
def test_a_member_is_text_or_what_json_writes(folder: Path, member: Any, value: str) -> None:
    sources = with_secret_in(folder, json.dumps({"k": member, "other": CANARY}).encode(), SECRET)
    assert sources.secret(f"{SECRET}:k::") == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'{{"other": "{CANARY}"}}', "has no member 'k'"),
        (f'{{"k": ["{CANARY}"]}}', "is no text"),
        (f'{{"k": {{"{CANARY}": 1}}}}', "is no text"),
        ('{"k": null}', "is no text"),
        (f'["{CANARY}"]', "not a JSON object"),
        (f'"{CANARY}"', "not a JSON object"),
        (CANARY, "not a sound JSON document at line 1, column 1"),
        (f'{{"k": "{CANARY}",\n "k": "{CANARY}"}}', "not a sound JSON document at line 2, column 2"),
        (f'{{"{CANARY}": 1, "{CANARY}": 2}}', "not a sound JSON document"),
        (f'{{"k": "{CANARY}\\u0000"}}', "NUL"),
        (f'{{"k": "{CANARY}\\ud800"}}', "not a sound JSON document"),
        ("[" * 5000, "not a sound JSON document"),
        (f'{{"k": {CANARY}}}', "not a sound JSON document"),
    ],
)
def test_a_member_that_cannot_be_had_is_told_without_the_rest(folder: Path, content: str, words: str) -> None:
    assert words in refusal(with_secret_in(folder, content.encode(), SECRET), f"{SECRET}:k::")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (CANARY.encode() + b"\0", "NUL"),
        (CANARY.encode() + b"\xff", "not UTF-8"),
        (CANARY.encode() * 6000, "the limit is 65,536"),
    ],
)
def test_a_file_that_cannot_be_a_secret_is_refused(folder: Path, content: bytes, words: str) -> None:
    assert words in refusal(with_secret_in(folder, content))


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "without that environment variable"),
        ({"A": ""}, "is empty"),
        ({"A": CANARY + "\udcff"}, "not UTF-8"),
        ({"A": CANARY + "\0"}, "NUL"),
        ({"A": CANARY * 6000}, "the limit is 65,536"),
    ],
)
def test_a_variable_that_cannot_be_a_secret_is_refused(folder: Path, environ: dict[str, str], words: str) -> None:
    message = refusal(with_secrets(folder, environ, key="env:A"))
    assert words in message
    assert "cannot be taken from env:A" in message


def test_a_secret_may_have_64_kib(folder: Path) -> None:
    assert len(with_secret_in(folder, b"x" * MAX_SECRET).secret("key")) == MAX_SECRET
    assert len(with_secrets(folder, {"A": "x" * MAX_SECRET}, key="env:A").secret("key")) == MAX_SECRET


@pytest.mark.parametrize(("mode", "words"), [(0o620, "by its group; run chmod g-w"), (0o602, "by every user")])
def test_a_secret_that_others_may_write_is_refused(folder: Path, mode: int, words: str) -> None:
    put(folder / "secret", CANARY.encode(), mode)
    assert words in refusal(with_secrets(folder, key="file:secret"))


def test_a_secret_that_others_may_read_is_taken(folder: Path) -> None:
    put(folder / "secret", b"x", 0o444)
    assert with_secrets(folder, key="file:secret").secret("key") == "x"


def test_only_a_regular_file_is_read_and_nothing_is_waited_for(folder: Path) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe", 0o600)
    put(folder / "file", CANARY.encode())
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    names = ["folder", "pipe", "/dev/zero", "loop", "dangling", "missing", "file/below", "missing/below"]
    told = {name: refusal(with_secrets(folder, key=f"file:{name}")) for name in names}
    for name in ("folder", "pipe", "/dev/zero"):
        assert "is not a regular file" in told[name]
    for name in ("dangling", "missing", "missing/below"):
        assert "there is no such file; put it there" in told[name]
    assert "too many symbolic links" in told["loop"]
    assert "Not a directory" in told["file/below"]


def test_links_are_followed_through_folders_of_ones_own(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    put(tmp_path / "real" / "secret", b"x")
    (folder / "absolute").symlink_to(tmp_path / "real")
    (folder / "relative").symlink_to("../real/../real")
    (folder / "file").symlink_to("absolute/secret")
    for name in ("absolute/secret", "relative/secret", "file", "relative/../config/file"):
        assert with_secrets(folder, key=f"file:{name}").secret("key") == "x"


def test_a_folder_that_every_user_may_write_is_not_gone_through(folder: Path, tmp_path: Path) -> None:
    (folder / "open").mkdir()
    put(folder / "open" / "secret", CANARY.encode())
    (folder / "open" / "link").symlink_to(put(folder / "other", CANARY.encode()))
    (folder / "way").symlink_to("open/secret")
    (folder / "open").chmod(0o777)
    for name in ("open/secret", "open/link", "way"):
        assert "every user may write in its folder" in refusal(with_secrets(folder, key=f"file:{name}"))
    (folder / "open").chmod(0o1777)
    for name in ("open/secret", "open/link", "way"):
        assert with_secrets(folder, key=f"file:{name}").secret("key") == CANARY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_in_a_sticky_folder_nothing_on_the_way_is_a_strangers(folder: Path) -> None:
    (folder / "sticky").mkdir()
    (folder / "sticky").chmod(0o1777)
    put(folder / "own", CANARY.encode())
    (folder / "sticky" / "link").symlink_to("../own")
    (folder / "sticky" / "folder").mkdir(mode=0o755)
    put(folder / "sticky" / "folder" / "secret", CANARY.encode())
    put(folder / "sticky" / "file", CANARY.encode())
    for name in ("link", "folder", "file"):
        os.chown(folder / "sticky" / name, 4242, 4242, follow_symlinks=False)
    for name in ("link", "folder/secret", "file"):
        assert "belongs to user 4242" in refusal(with_secrets(folder, key=f"file:sticky/{name}"))


def test_hostile_names_stay_one_line_without_controls(tmp_path: Path) -> None:
    hostile = 'a\x1b[31m\nb\u202e"c'
    folder = tmp_path / hostile
    folder.mkdir(mode=0o700)
    (folder / "link").symlink_to(put(folder / f"{hostile}.txt", b"x", 0o620))
    for sources in (with_secrets(folder), LocalSources(Config(secrets={hostile: "file:link"}), folder, {})):
        with pytest.raises(MoorageError) as caught:
            sources.secret(hostile)
        assert caught.value.message.isprintable()


# --- environment files ---------------------------------------------------------------------------------------------


def with_environment(folder: Path, content: bytes, mode: int = 0o600) -> LocalSources:
    put(folder / "web.env", content, mode)
    return LocalSources(Config(environment_files={S3: "web.env"}), folder, {})


@pytest.mark.parametrize(
    ("content", "variables"),
    [
        (b"", []),
        (b"A=1", [("A", "1")]),
        (b"A=1\nB=2\n", [("A", "1"), ("B", "2")]),
        (b"A=1\r\nB=2\r\n", [("A", "1"), ("B", "2")]),
        (b"A=1\r\r\n", [("A", "1\r")]),
        (b"A=1\rB=2\n", [("A", "1\rB=2")]),
        (b"#A=1\n# B=2\nC=3\n", [("C", "3")]),
        (b" #A=1\n", [(" #A", "1")]),
        (b"A=1 # 2\n", [("A", "1 # 2")]),
        (b"A\n\nB=2\n", [("B", "2")]),
        (b"A=b=c==\n", [("A", "b=c==")]),
        (b" A = 'x' \n", [(" A ", " 'x' ")]),
        (b"export A=\"$B\"\n", [("export A", '"$B"')]),
        (b"=1\nA=\n", [("A", "")]),
        (b"A=1\nB=2\nA=3\n", [("A", "3"), ("B", "2")]),
        ("\ufeffA=é\u2028x\x0bB=1\n".encode(), [("A", "é\u2028x\x0bB=1")]),
    ],
)  # fmt: skip
def test_an_environment_file_is_read_as_the_agent_does(
    folder: Path, content: bytes, variables: list[tuple[str, str]]
) -> None:
    assert with_environment(folder, content).environment_file(S3) == variables


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="=\n\r\0\ufeff"), min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=12)


@PER_EXAMPLE
@given(st.dictionaries(NAMES.filter(lambda name: name[0] != "#"), VALUES), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_line_by_line_is_read_back(folder: Path, variables: dict[str, str], end: str) -> None:
    content = "".join(f"{name}={value}{end}" for name, value in variables.items())
    assert with_environment(folder, content.encode()).environment_file(S3) == list(variables.items())


@PER_EXAMPLE
@given(st.binary(max_size=60))
@example(b"\xef\xbb\xbf")
@example(b"A=\xff")
def test_any_file_gives_variables_or_one_refusal(folder: Path, content: bytes) -> None:
    try:
        found = with_environment(folder, content).environment_file(S3)
    except MoorageError as error:
        assert error.code == "ResourceInitializationError"
        assert b"\0" in content or "not UTF-8" in error.message
        return
    lines = content.decode().removeprefix("\ufeff").split("\n")
    assert all(f"{name}={value}" in [line.removesuffix("\r") for line in lines] for name, value in found)
    assert len({name for name, _ in found}) == len(found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"A=1\nB=" + CANARY.encode() + b"\xff", "line 2, column 14: the text is not UTF-8"),
        (b"A=" + CANARY.encode() + b"\0", "NUL"),
        (b"A" * (MAX_ENVIRONMENT_FILE + 1), "the limit is 1,048,576"),
    ],
)
def test_an_environment_file_that_cannot_be_one_is_refused(folder: Path, content: bytes, words: str) -> None:
    assert words in refusal(with_environment(folder, content), S3, "environment_files")


def test_an_environment_file_may_have_one_mib(folder: Path) -> None:
    content = b"A=" + b"x" * (MAX_ENVIRONMENT_FILE - 2)
    assert len(with_environment(folder, content).environment_file(S3)[0][1]) == MAX_ENVIRONMENT_FILE - 2


def test_a_group_may_write_an_environment_file_but_not_every_user(folder: Path) -> None:
    assert with_environment(folder, b"A=1", 0o664).environment_file(S3) == [("A", "1")]
    assert "by every user" in refusal(with_environment(folder, b"A=1", 0o666), S3, "environment_files")


def test_a_missing_environment_file_tells_where_to_write_what(folder: Path) -> None:
    message = refusal(LocalSources(Config(), folder, {}), S3, "environment_files")
    assert message == (
        f"environment file {S3} has no file on this machine; write one under [environment_files] in "
        f'{folder}/config.toml, such as "{S3}" = "env/web.env"'
    )
    gone = LocalSources(Config(environment_files={S3: "gone.env"}), folder, {})
    assert "gone.env: there is no such file" in refusal(gone, S3, "environment_files")


def test_without_a_home_folder_the_remedy_is_an_absolute_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert "write an absolute path" in refusal(with_secrets(folder, key="file:~/x"))
