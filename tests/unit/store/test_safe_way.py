"""Programs that are run because config.toml says so: only those that no stranger could have written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.model.errors import DocumentError
from app.store.safe_way import checked_program

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "program"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n", encoding="ascii")
    path.chmod(0o755)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        checked_program(path)
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix(f"{path}: ")


def test_a_good_one_and_a_link_to_it(program: Path, tmp_path: Path) -> None:
    assert checked_program(program) == program
    link = tmp_path / "link"
    link.symlink_to("bin/program")
    assert checked_program(link) == program
    assert checked_program(Path("/bin/sh")) == Path(os.path.realpath("/bin/sh"))


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.chmod(0o644), "is not executable; run chmod +x {path}"),
        (lambda path: path.chmod(0o775), "can be written by others; run chmod go-w {path}"),
        (lambda path: path.chmod(0o757), "can be written by others; run chmod go-w {path}"),
        (lambda path: path.unlink(), "cannot be run: No such file or directory; correct the path"),
        (to_pipe, "is not a regular file; write the path of a program"),
        (lambda path: path.parent.chmod(0o777), "every user may write in its folder; run chmod o-w {path.parent}"),
    ],
)
def test_what_speaks_against_running_it(program: Path, change: Callable[[Path], None], words: str) -> None:
    change(program)
    assert refusal(program) == words.format(path=program)


def test_a_link_in_a_folder_that_every_user_can_write(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "link").symlink_to(program)
    folder.chmod(0o777)
    assert "every user may write in its folder" in refusal(folder / "link")


@needs_root
def test_a_stranger_s(program: Path) -> None:
    os.chown(program, 12345, 0)
    assert refusal(program) == "belongs to user 12345; use a file of your own, or of root's"


@needs_root
def test_a_stranger_s_in_a_sticky_folder(program: Path) -> None:
    program.parent.chmod(0o1777)
    assert checked_program(program) == program
    os.chown(program, 12345, 0)
    assert "belongs to user 12345" in refusal(program)
