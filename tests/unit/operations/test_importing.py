"""Documents of every format, and the folder of a Compose file, which nothing leads out of."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.interop.cloudformation import to_template
from app.interop.yaml_text import render_yaml
from app.model.errors import DocumentError, MoorageError, UsageError
from app.operations.compose_folder import MAX_FILES, ComposeFolder
from app.operations.importing import (
    Imported,
    ImportOptions,
    check_all,
    import_path,
    read_definitions,
    register_imported,
)
from app.operations.session import Session
from app.store.home import resolve_home

CONTAINER: dict[str, Any] = {"name": "a", "image": "busybox", "memory": 16}
SMALL: dict[str, Any] = {"family": "web", "containerDefinitions": [CONTAINER]}
COMPOSE = "name: web\nservices: {a: {image: busybox, mem_limit: 16m, stop_grace_period: 30s}}\n"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(resolve_home(str(tmp_path / "home"), {}))


def read(data: str, folder: Path, **options: Any) -> list[Imported]:
    return read_definitions(
        data.encode(), "x", neighbours=ComposeFolder(str(folder)), environment={}, options=ImportOptions(**options)
    )


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(SMALL),
        json.dumps({"taskDefinition": {**SMALL, "revision": 3, "status": "ACTIVE"}, "tags": []}),
        json.dumps({**SMALL, "networkMode": None}),
        json.dumps(to_template(SMALL)),
        render_yaml(to_template(SMALL)),
        COMPOSE,
        json.dumps({"name": "web", "services": {"a": {"image": "busybox", "mem_limit": "16m"}}}),
    ],
    ids=["register", "describe", "console", "cloudformation", "cloudformation yaml", "compose", "compose json"],
)
def test_every_format_is_told_by_its_content(document: str, tmp_path: Path, session: Session) -> None:
    (one,) = read(document, tmp_path)
    assert one.family == "web"
    container = one.members["containerDefinitions"][0]
    assert {key: container[key] for key in CONTAINER} == CONTAINER
    (registered,) = register_imported(session, [one])
    assert registered.stored.family == "web"
    assert registered.stored.revision == 1


def test_json_of_ecs_is_stored_byte_for_byte_and_a_template_beside_what_was_made_of_it(
    tmp_path: Path, session: Session
) -> None:
    odd = json.dumps(SMALL, indent=7)
    (registered,) = register_imported(session, read(odd, tmp_path))
    assert registered.stored.document == odd.encode()
    template = render_yaml(to_template(SMALL))
    (registered,) = register_imported(session, read(template, tmp_path))
    stored = session.definitions.template("web", 2)
    assert stored is not None
    assert stored.data == template.encode()


def test_an_array_takes_the_family_that_is_given(tmp_path: Path) -> None:
    assert read(json.dumps([CONTAINER]), tmp_path, family="f")[0].family == "f"
    assert read(json.dumps(SMALL), tmp_path, family="f")[0].family == "f"
    with pytest.raises(DocumentError, match="names no family"):
        read(json.dumps([CONTAINER]), tmp_path)


def test_a_template_with_several_gives_all_or_the_one_that_is_chosen(tmp_path: Path) -> None:
    template = to_template(SMALL)
    other = to_template({**SMALL, "family": "other"})
    template["Resources"].update(other["Resources"])
    assert [one.family for one in read(json.dumps(template), tmp_path)] == ["web", "other"]
    assert [one.family for one in read(json.dumps(template), tmp_path, logical_id="Other")] == ["other"]
    with pytest.raises(MoorageError, match="--family is for one"):
        read(json.dumps(template), tmp_path, family="x")


@pytest.mark.parametrize(
    ("document", "options"),
    [
        (COMPOSE, {"logical_id": "X"}),
        (json.dumps(SMALL), {"logical_id": "X"}),
        (json.dumps(SMALL), {"split": True}),
        (json.dumps(to_template(SMALL)), {"profiles": ("p",)}),
        (json.dumps(SMALL), {"project_name": "p"}),
    ],
)
def test_an_option_of_another_format_is_wrong_usage(document: str, options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(document, tmp_path, **options)


@pytest.mark.parametrize("document", ["a: 1\n", "just text\n", "[1, 2", "", "- a\n- b\n", "services", "{}", "\x00"])
def test_what_is_none_of_the_formats_is_told(document: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        check_all(read(document, tmp_path))
    assert all(line.startswith("x: ") for line in caught.value.message.splitlines())


def test_two_of_one_family_are_not_imported_together(tmp_path: Path) -> None:
    with pytest.raises(MoorageError, match="import one by one"):
        check_all([*read(COMPOSE, tmp_path), *read(json.dumps(SMALL), tmp_path)])


def test_a_file_is_imported_with_what_stands_beside_it(tmp_path: Path, session: Session) -> None:
    folder = tmp_path / "My Shop"
    (folder / "sub").mkdir(parents=True)
    (folder / ".env").write_text("TAG=7\n")
    (folder / "sub" / "base.yaml").write_text(
        "services: {b: {image: 'x:$TAG', mem_limit: 8m, env_file: b.env, volumes: ['./d:/d']}}\n"
    )
    (folder / "sub" / "b.env").write_text("A=1\n")
    (folder / "compose.yaml").write_text("services: {web: {extends: {file: sub/base.yaml, service: b}}}\n")
    (one,) = import_path(session, str(folder / "compose.yaml"))
    assert one.family == one.project == "myshop"
    container = one.members["containerDefinitions"][0]
    assert container["image"] == "x:7"
    assert container["environment"] == [{"name": "A", "value": "1"}]
    assert one.members["volumes"][0]["host"] == {"sourcePath": str(folder / "sub" / "d")}


def test_what_is_no_file_is_not_imported(tmp_path: Path, session: Session) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("none", "no such file"), ("pipe", "is not a regular file"), ("\0", "is no path")):
        with pytest.raises(MoorageError, match=words):
            import_path(session, str(tmp_path / name))
    with pytest.raises(MoorageError, match=r"is not a regular file|Is a directory"):
        import_path(session, str(tmp_path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "project"
    (inside / "sub").mkdir(parents=True)
    (inside / "a.env").write_text("A=1\n")
    (tmp_path / "secret").write_text("S=1\n")
    (inside / "link").symlink_to("a.env")
    (inside / "sub" / "up").symlink_to("../a.env")
    (inside / "out").symlink_to("../secret")
    (inside / "far").symlink_to("/etc")
    (inside / "chain").symlink_to("out")
    (inside / "loop").symlink_to("loop")
    os.mkfifo(inside / "pipe")
    (inside / "big").write_bytes(b"x" * (1024 * 1024 + 1))
    return inside


@pytest.mark.parametrize("path", ["a.env", "link", "sub/up", "sub/../a.env"])
def test_a_file_inside_the_folder_is_read(folder: Path, path: str) -> None:
    assert ComposeFolder(str(folder)).read(path) == b"A=1\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../secret", "leads out of the folder"),
        ("out", "leads out of the folder"),
        ("chain", "leads out of the folder"),
        ("far/passwd", "leads out of the folder"),
        ("/etc/passwd", "leads out of the folder"),
        ("pipe", "is not a regular file"),
        ("sub", "is not a regular file"),
        ("big", "has more than the 1,048,576 bytes allowed"),
        ("loop", "cannot be read"),
        ("a\0b", "is no path of a file"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_what_is_outside_or_no_file_is_refused(folder: Path, path: str, words: str) -> None:
    with pytest.raises(MoorageError, match=words) as caught:
        ComposeFolder(str(folder)).read(path)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("path", ["none", "none/none", "a.env/b"])
def test_what_is_not_there_is_not_found(folder: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        ComposeFolder(str(folder)).read(path)


def test_only_so_many_files_are_read_and_each_once(folder: Path) -> None:
    files = ComposeFolder(str(folder))
    for number in range(MAX_FILES):
        (folder / f"{number}.env").write_text("")
        files.read(f"{number}.env")
    files.read("0.env")
    with pytest.raises(MoorageError, match=f"more than {MAX_FILES} other files"):
        files.read("a.env")


def test_a_link_that_is_put_there_meanwhile_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.path.realpath

    def swap(path: Any, **options: Any) -> str:
        found = str(real(path, **options))
        if found.endswith("a.env"):
            (folder / "a.env").unlink()
            (folder / "a.env").symlink_to("../secret")
        return found

    monkeypatch.setattr(os.path, "realpath", swap)
    with pytest.raises(MoorageError, match="cannot be read"):
        ComposeFolder(str(folder)).read("a.env")
