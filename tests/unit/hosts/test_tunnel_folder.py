"""Where the sockets of tunnels go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.hosts.errors import HostError
from app.hosts.ssh.folder import LONGEST_PATH, NAME_BYTES, socket_folder


def test_the_folder_that_is_wanted_is_made_for_us_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = socket_folder(tmp_path / "state" / "ssh", {})
    finally:
        os.umask(before)
    assert folder == tmp_path / "state" / "ssh"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    socket_folder(folder, {})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_path_that_is_too_long_gives_way_to_the_runtime_folder(tmp_path: Path) -> None:
    long = tmp_path / ("x" * LONGEST_PATH)
    runtime = tmp_path / "run"
    runtime.mkdir()
    assert socket_folder(long, {"XDG_RUNTIME_DIR": str(runtime)}) == runtime / "moorage"
    assert not long.exists()
    assert len(os.fsencode(runtime / "moorage")) + 1 + NAME_BYTES <= LONGEST_PATH


def test_a_link_or_a_file_in_its_place_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "theirs"
    target.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    for name in ("link", "file"):
        with pytest.raises(HostError, match="no place for the socket"):
            socket_folder(tmp_path / name, {})
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_else_s_folder_is_not_used(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o777)
    os.chown(theirs, 12345, 12345)
    runtime = tmp_path / "run"
    assert socket_folder(theirs, {"XDG_RUNTIME_DIR": str(runtime)}) == runtime / "moorage"


def test_nobody_else_may_be_able_to_swap_it(tmp_path: Path) -> None:
    shared, runtime = tmp_path / "shared", tmp_path / "run"
    shared.mkdir()
    shared.chmod(0o777)
    assert socket_folder(shared / "ssh", {"XDG_RUNTIME_DIR": str(runtime)}) == runtime / "moorage"
    shared.chmod(0o1777)
    assert socket_folder(shared / "ssh", {"XDG_RUNTIME_DIR": str(runtime)}) == shared / "ssh"
