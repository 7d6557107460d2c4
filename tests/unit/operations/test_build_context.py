"""The folder that is sent: what is in the tar, what is left out, and one line for whatever is wrong with it."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from app.operations.images import context_walk
from app.operations.images.context import BuildContext, find_context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return made


def sent(context: BuildContext) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(whole(context))) as tar:
        return {entry.name: entry for entry in tar}


def whole(context: BuildContext) -> bytes:
    return b"".join(piece for piece, _ in context.pieces())


def refusal(path: Path | str, dockerfile: Path | str = "") -> str:
    with pytest.raises(MoorageError) as caught:
        list(find_context(str(path), str(dockerfile)).pieces())
    assert "\n" not in caught.value.message
    return caught.value.message


def test_files_folders_and_links_are_sent_as_roots_with_their_modes_and_times(folder: Path) -> None:
    (folder / "bin").mkdir(mode=0o750)
    (folder / "bin" / "run").write_bytes(b"#!/bin/sh\n")
    (folder / "bin" / "run").chmod(0o755)
    os.utime(folder / "bin" / "run", (1_000_000_000, 1_000_000_000))
    (folder / "out").symlink_to("/etc")
    (folder / "dangling").symlink_to("nowhere")
    context = find_context(str(folder))
    found = sent(context)
    assert list(found) == ["Dockerfile", "bin", "bin/run", "dangling", "out"]
    assert all((entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "", "") for entry in found.values())
    assert found["bin"].isdir()
    assert found["bin"].mode == 0o750
    assert (found["bin/run"].mode, found["bin/run"].mtime) == (0o755, 1_000_000_000)
    assert (found["out"].type, found["out"].linkname) == (tarfile.SYMTYPE, "/etc")
    assert context.total == sum(entry.size for entry in found.values())
    assert sum(count for _, count in context.pieces()) == context.total
    assert (context.dockerfile, context.text) == ("Dockerfile", "FROM scratch\nCOPY . /\n")


def test_names_of_any_length_and_of_any_bytes_arrive(folder: Path) -> None:
    long = "/".join(["d" * 200] * 3)
    (folder / long).mkdir(parents=True)
    (folder / long / "grüße-日本").write_text("x")
    odd = os.fsencode(folder) + b"/caf\xe9"
    with open(odd, "w", encoding="ascii") as file:
        file.write("odd")
    found = sent(find_context(str(folder)))
    assert f"{long}/grüße-日本" in found
    assert os.fsdecode(b"caf\xe9") in found


def test_what_is_ignored_is_not_sent_but_the_two_files_that_docker_reads_are(folder: Path) -> None:
    (folder / ".dockerignore").write_text("*\n!src/**/*.py\n")
    (folder / "src" / "deep").mkdir(parents=True)
    (folder / "src" / "deep" / "a.py").touch()
    (folder / "src" / "deep" / "a.txt").touch()
    (folder / "src" / "empty").mkdir()
    (folder / "other").mkdir()
    (folder / "other" / "b").touch()
    found = sent(find_context(str(folder)))
    assert list(found) == [".dockerignore", "Dockerfile", "src", "src/deep", "src/deep/a.py"]


def test_a_huge_file_that_is_ignored_costs_nothing(folder: Path) -> None:
    with open(folder / "disk.img", "wb") as file:
        file.truncate(6 << 30)
    (folder / ".dockerignore").write_text("*.img\n")
    assert find_context(str(folder)).total < 100


def test_an_ignore_file_beside_a_named_dockerfile_goes_before_the_folders(folder: Path) -> None:
    (folder / "prod.Dockerfile").write_text("FROM scratch\n")
    (folder / "prod.Dockerfile.dockerignore").write_text("secret\n")
    (folder / ".dockerignore").write_text("needed\n")
    for name in ("secret", "needed"):
        (folder / name).touch()
    found = sent(find_context(str(folder), str(folder / "prod.Dockerfile")))
    assert "needed" in found
    assert "secret" not in found
    assert "needed" not in sent(find_context(str(folder)))


def test_a_dockerfile_outside_is_sent_under_a_name_that_copy_leaves_out(folder: Path) -> None:
    outside = folder.parent / "Dockerfile.ci"
    outside.write_text("FROM scratch\n")
    (folder / ".dockerignore").write_text("tmp")
    context = find_context(str(folder), str(outside))
    with tarfile.open(fileobj=io.BytesIO(whole(context))) as tar:
        names = tar.getnames()
        dockerfile = tar.extractfile(context.dockerfile)
        ignored = tar.extractfile(".dockerignore")
        assert dockerfile is not None
        assert ignored is not None
        assert dockerfile.read() == b"FROM scratch\n"
        assert ignored.read().decode() == f"tmp\n.dockerignore\n{context.dockerfile}\n"
    assert names.count(".dockerignore") == 1
    assert context.dockerfile.startswith(".dockerfile.")


def test_dockerfile_may_be_written_small_or_be_a_link(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "Dockerfile").rename(folder / "docker" / "web")
    (folder / "dockerfile").symlink_to("docker/web")
    (folder / ".dockerignore").write_text("docker")
    context = find_context(str(folder))
    assert context.dockerfile == "docker/web"
    assert "docker/web" in sent(context)


def test_sockets_and_pipes_are_left_out_and_told(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)
        try:
            listening.bind("sock")
        finally:
            os.chdir(here)
        context = find_context(str(folder))
    assert context.skipped == ("pipe", "sock")
    assert list(sent(context)) == ["Dockerfile"]


def test_what_is_no_folder_to_build_is_told_in_one_line(folder: Path) -> None:
    assert "No such file or directory; name a folder" in refusal(folder / "missing")
    assert "is no folder" in refusal(folder / "Dockerfile")
    assert "fetch it first" in refusal("https://example.com/x.git")
    assert "fetch it first" in refusal("-")
    assert "it is no path" in refusal("a\0b")


def test_a_dockerfile_that_cannot_be_taken_is_told_in_one_line(folder: Path) -> None:
    assert "there is no Dockerfile; name it by --file" in refusal(folder, folder / "Other")
    assert "is not read from stdin" in refusal(folder, "-")
    assert "is not a regular file" in refusal(folder, folder)
    (folder / "Dockerfile").write_text("\n# nothing\n\n")
    assert "the Dockerfile is empty" in refusal(folder)
    (folder / "Dockerfile").write_text("#" * (2 << 20))
    assert "has more than the 1,048,576 bytes allowed" in refusal(folder)
    (folder / "Dockerfile").unlink()
    assert "there is no Dockerfile; name it by --file" in refusal(folder)
    os.mkfifo(folder / "Dockerfile")
    assert "is not a regular file" in refusal(folder)


def test_no_file_of_this_machine_is_sent_because_a_link_in_the_folder_leads_to_it(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("FROM scratch\n# canary\n")
    (folder / ".dockerignore").symlink_to(secret)
    assert "is a link out of the folder" in refusal(folder)
    assert "canary" not in refusal(folder)
    (folder / "Dockerfile.dockerignore").write_text("x")
    outside = folder.parent / "Dockerfile.ci"
    outside.write_text("FROM scratch\n")
    (folder.parent / "Dockerfile.ci.dockerignore").write_text("x")
    assert b"canary" not in whole(find_context(str(folder), str(outside)))
    (folder / ".dockerignore").unlink()
    (folder / "Dockerfile").unlink()
    (folder / "Dockerfile").symlink_to(secret)
    assert "is a link out of the folder; name the Dockerfile by --file" in refusal(folder)
    assert b"canary" in whole(find_context(str(folder), str(secret)))


def test_an_ignore_file_that_is_wrong_is_told_with_its_line(folder: Path) -> None:
    (folder / ".dockerignore").write_text("ok\n[a\n")
    assert refusal(folder) == f"{folder}/.dockerignore: line 2: '[a': a [ has no ]"


def test_what_cannot_be_read_is_named_with_the_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").touch()
    monkeypatch.setattr(os, "access", lambda path, *_args, **_named: path != "secret")  # root may read everything
    told = refusal(folder)
    assert told.startswith(f"{folder}/secret: cannot be sent: Permission denied; ")
    assert told.endswith(".dockerignore")
    (folder / ".dockerignore").write_text("secret")
    assert "secret" not in sent(find_context(str(folder)))


@pytest.mark.parametrize("change", ["shorter", "longer", "gone", "linked", "folder"])
def test_a_file_that_changes_while_it_is_sent_ends_it_in_one_line(folder: Path, change: str) -> None:
    log = folder / "sub" / "log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (1 << 20))
    (folder.parent / "passwd").write_text("stolen")
    context = find_context(str(folder))
    pieces = context.pieces()
    came = b""
    if change in ("shorter", "longer"):
        while len(came) < 1 << 18:
            came += next(pieces)[0]
        with open(log, "ab") as file:
            file.truncate((1 << 19) if change == "shorter" else (1 << 21))
    else:
        log.unlink()
        if change == "linked":
            log.symlink_to(folder.parent / "passwd")
        if change == "folder":
            log.parent.rmdir()
            log.parent.symlink_to(folder.parent)
            (folder.parent / "log").write_text("stolen")
    rest: list[bytes] = []
    with pytest.raises(MoorageError, match=r"^sub/log: changed while it was sent: ") as caught:
        rest.extend(piece for piece, _ in pieces)
    assert "\n" not in caught.value.message
    assert b"stolen" not in came + b"".join(rest)


def test_a_folder_that_goes_before_it_is_sent_is_one_line(folder: Path) -> None:
    context = find_context(str(folder))
    folder.rename(folder.parent / "moved")
    with pytest.raises(MoorageError, match="changed while it was sent: No such file or directory"):
        whole(context)


def test_thousands_of_small_files_are_sent_in_few_pieces(folder: Path) -> None:
    for number in range(1000):
        (folder / str(number)).write_bytes(b"x" * 10)
    pieces = list(find_context(str(folder)).pieces())
    assert len(pieces) < 10
    assert sum(count for _, count in pieces) == 10_000 + len("FROM scratch\nCOPY . /\n")


def test_more_than_the_budget_is_told_with_what_takes_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "data").mkdir()
    with open(folder / "data" / "big", "wb") as file:
        file.truncate(5 << 30)
    assert refusal(folder) == (
        f"{folder}: more than 4 GiB would be sent, of which data has 5.0; write what the build does not need into "
        ".dockerignore"
    )
    (folder / "data" / "big").unlink()
    monkeypatch.setattr(context_walk, "MOST_ENTRIES", 3)
    for number in range(5):
        (folder / "data" / str(number)).touch()
    assert "more than 3 files would be sent" in refusal(folder)


def test_folders_in_folders_without_end_are_refused(folder: Path) -> None:
    (folder / "/".join(["d"] * 120)).mkdir(parents=True)
    assert "more than 100 folders are in each other" in refusal(folder)


def test_somebody_may_end_the_walk(folder: Path) -> None:
    class EndError(Exception):
        pass

    def end() -> None:
        raise EndError

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(EndError):
        find_context(str(folder), go_on=end)
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_is_never_in_memory_as_a_whole(folder: Path) -> None:
    with open(folder / "big", "wb") as file:
        file.truncate(300 << 20)
    context = find_context(str(folder))
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece, _ in context.pieces())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 300 << 20
    assert most < 4 << 20
    assert stat.S_ISREG(os.stat(folder / "big").st_mode)
