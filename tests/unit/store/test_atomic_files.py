from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.model.errors import MoorageError
from app.store import atomic, reading

STEPS = ("open", "fchmod", "write", "fsync", "link", "rename", "close", "unlink")
Write = Callable[[Path, bytes], object]


class FaultyOs:
    """``os``, with the n-th call of the named functions failing in a given way."""

    def __init__(self, at: int, act: Callable[[], None], names: tuple[str, ...] = STEPS) -> None:
        self._left = at
        self._act = act
        self._names = names
        self.happened = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self._names:
            return real

        def call(*args: Any, **keywords: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.happened = True
                self._act()
            return real(*args, **keywords)

        return call


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith((atomic.TEMPORARY_PREFIX, atomic.LOCK_PREFIX))]


def fail_with(code: int) -> Callable[[], None]:
    def act() -> None:
        raise OSError(code, os.strerror(code))

    return act


def test_write_once_makes_a_private_file_and_never_a_second(tmp_path: Path, any_umask: int) -> None:
    path = tmp_path / "a.json"
    assert atomic.write_once(path, b"one") is True
    assert atomic.write_once(path, b"two") is False
    assert path.read_bytes() == b"one"
    assert mode_of(path) == 0o600
    assert path.stat().st_nlink == 1
    assert leftovers(tmp_path) == []


def test_replace_keeps_the_mode_private(tmp_path: Path, any_umask: int) -> None:
    path = tmp_path / "a.toml"
    atomic.replace(path, b"one")
    path.chmod(0o644)
    atomic.replace(path, b"two" * 100_000)
    assert path.read_bytes() == b"two" * 100_000
    assert mode_of(path) == 0o600
    assert leftovers(tmp_path) == []


def test_folders_are_private_whatever_the_umask(tmp_path: Path, any_umask: int) -> None:
    atomic.make_folder(tmp_path / "a" / "b" / "c")
    assert [mode_of(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    folder.chmod(0o755)
    atomic.make_folder(folder)
    assert mode_of(folder) == 0o755
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MoorageError, match="cannot make the folder"):
        atomic.make_folder(tmp_path / "file" / "below")


@pytest.mark.parametrize("write", [atomic.write_once, atomic.replace], ids=["write_once", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_a_failure_at_any_step_leaves_the_old_or_the_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, code: int
) -> None:
    path = tmp_path / "a"
    if write is atomic.replace:
        path.write_bytes(b"old")
    told: list[str] = []
    for at in range(1, 40):
        faulty = FaultyOs(at, fail_with(code), STEPS[:6])
        monkeypatch.setattr(atomic, "os", faulty)
        try:
            write(path, b"new")
        except MoorageError as error:
            told.append(error.message)
        monkeypatch.undo()
        assert leftovers(tmp_path) == []
        if not faulty.happened:
            break
        if path.exists():
            assert path.read_bytes() in (b"old", b"new")
    assert len(told) >= 6
    assert all(str(tmp_path) in message and os.strerror(code) in message for message in told)
    assert path.read_bytes() == b"new"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ShortOs(FaultyOs):
        def __getattr__(self, name: str) -> Any:
            if name == "write":
                return lambda fd, data: os.write(fd, bytes(data[:3]))
            return getattr(os, name)

    monkeypatch.setattr(atomic, "os", ShortOs(0, lambda: None))
    assert atomic.write_once(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def killed_at_every_step(write: Callable[[], object]) -> Iterator[bool]:
    """Run ``write`` in children that are killed before their n-th step; yields whether that one was killed."""
    for at in range(1, 40):
        child = os.fork()
        if child == 0:
            try:
                atomic.os = FaultyOs(at, lambda: os.kill(os.getpid(), signal.SIGKILL))  # type: ignore[attr-defined, assignment]
                write()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        yield os.WIFSIGNALED(status)
        if not os.WIFSIGNALED(status):
            return


def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic.replace(path, b"old")
    outcomes = []
    for killed in killed_at_every_step(lambda: atomic.replace(path, b"new" * 1000)):
        outcomes.append((killed, path.read_bytes()))
        assert path.read_bytes() in (b"old", b"new" * 1000)
        atomic.replace(path, b"old")
    assert (True, b"old") in outcomes
    assert (True, b"new" * 1000) in outcomes
    assert outcomes[-1] == (False, b"new" * 1000)
    assert all(name.startswith(atomic.TEMPORARY_PREFIX) for name in leftovers(tmp_path))
    assert leftovers(tmp_path)


def test_a_kill_at_any_step_of_write_once_leaves_nothing_or_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    outcomes = set()
    for _ in killed_at_every_step(lambda: atomic.write_once(path, b"new" * 1000)):
        outcomes.add(path.read_bytes() if path.exists() else None)
        path.unlink(missing_ok=True)
    assert outcomes == {None, b"new" * 1000}


def test_sweep_removes_old_temporary_files_only(tmp_path: Path) -> None:
    old = time.time() - 7200
    for name in (".tmp-1-old", ".tmp-2-young", "a.json", ".lock-a"):
        (tmp_path / name).write_bytes(b"x")
        if name != ".tmp-2-young":
            os.utime(tmp_path / name, (old, old))
    (tmp_path / ".tmp-folder").mkdir()
    os.utime(tmp_path / ".tmp-folder", (old, old))
    assert atomic.sweep(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == [".lock-a", ".tmp-2-young", ".tmp-folder", "a.json"]
    assert atomic.sweep(tmp_path / "missing") == 0


def test_replace_follows_a_symbolic_link_and_keeps_it(tmp_path: Path) -> None:
    target = tmp_path / "git" / "prod.toml"
    target.parent.mkdir(mode=0o700)
    target.write_bytes(b"old")
    link = tmp_path / "prod.toml"
    link.symlink_to(target)
    atomic.replace(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_write_once_does_not_write_through_a_symbolic_link(tmp_path: Path) -> None:
    link = tmp_path / "a"
    link.symlink_to(tmp_path / "elsewhere")
    assert atomic.write_once(link, b"x") is False
    assert not (tmp_path / "elsewhere").exists()


def test_a_linked_folder_is_refused_where_a_plain_one_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(MoorageError, match="link"):
        atomic.write_once(tmp_path / "link" / "a", b"x", plain_folder=True)
    assert os.listdir(tmp_path / "real") == []
    assert atomic.write_once(tmp_path / "link" / "a", b"x")


def test_a_folder_that_everyone_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(MoorageError, match="chmod o-w"):
        atomic.write_once(folder / "a", b"x")
    assert os.listdir(folder) == []


def test_a_strangers_folder_or_file_is_refused_unless_root_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.stat_result((stat.S_IFDIR | 0o755, 1, 1, 1, 4242, 4242, 0, 0, 0, 0))
    file = os.stat_result((stat.S_IFREG | 0o644, 1, 1, 1, 4242, 4242, 0, 0, 0, 0))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MoorageError, match="belongs to user 4242"):
        atomic._check_owner(Path("/x"), folder)
    with pytest.raises(MoorageError, match="belongs to user 4242"):
        reading._check_status(Path("/x"), file, 10)
    for user in (0, 4242):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        atomic._check_owner(Path("/x"), folder)
        reading._check_status(Path("/x"), file, 10)


def test_errors_name_path_and_reason(tmp_path: Path) -> None:
    with pytest.raises(MoorageError, match=r"cannot write .*/missing/a: No such file or directory \(ENOENT\)"):
        atomic.write_once(tmp_path / "missing" / "a", b"x")
    with pytest.raises(MoorageError, match="ENAMETOOLONG"):
        atomic.replace(tmp_path / ("a" * 300), b"x")


def test_remove(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert atomic.remove(tmp_path / "a") is True
    assert atomic.remove(tmp_path / "a") is False


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "a"
    atomic.replace(path, b"old")
    for write in (atomic.replace, lambda _, data: atomic.write_once(small_disk / "b", data)):
        with pytest.raises(MoorageError, match=r"No space left on device \(ENOSPC\)") as caught:
            write(path, b"x" * 100_000)
        assert str(small_disk) in caught.value.message
    assert path.read_bytes() == b"old"
    assert os.listdir(small_disk) == ["a"]
    atomic.replace(path, b"new")
    assert path.read_bytes() == b"new"


def test_inodes_used_up(small_disk: Path) -> None:
    path = small_disk / "a"
    atomic.replace(path, b"old")
    with contextlib.suppress(OSError):
        for number in range(30):
            (small_disk / f"filler-{number}").touch()
    assert len(os.listdir(small_disk)) < 30
    with pytest.raises(MoorageError, match="ENOSPC"):
        atomic.replace(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_read_only_file_system(small_disk: Path, make_read_only: Callable[[Path], None]) -> None:
    path = small_disk / "a"
    atomic.replace(path, b"old")
    make_read_only(small_disk)
    with pytest.raises(MoorageError, match=r"read-only.*--home"):
        atomic.replace(path, b"new")
    with pytest.raises(MoorageError, match="EROFS"), atomic.locked(path):
        pytest.fail("the lock was held")
    assert path.read_bytes() == b"old"


def test_the_lock_excludes_threads_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    inside: list[int] = []
    most = []

    def work() -> None:
        for _ in range(20):
            with atomic.locked(path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == 160
    assert set(most) == {1}
    assert os.listdir(tmp_path) == []


def test_a_lock_has_a_deadline(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with atomic.locked(path), pytest.raises(MoorageError, match="another process"), atomic.locked(path, timeout=0.05):
        pytest.fail("the lock was held twice")
    with atomic.locked(path):
        assert os.listdir(tmp_path) == [".lock-a"]


def test_a_lock_file_of_a_killed_process_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".lock-a").touch()
    with atomic.locked(tmp_path / "a", timeout=1):
        assert (tmp_path / ".lock-a").exists()
    assert os.listdir(tmp_path) == []


def test_a_lock_is_let_go_of_on_errors_and_names_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    with pytest.raises(ValueError, match="x"), atomic.locked(path):
        raise ValueError("x")
    with atomic.locked(path, timeout=0):
        assert len(os.listdir(tmp_path)) == 1


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".lock-a").symlink_to(tmp_path / "victim")
    with pytest.raises(MoorageError, match="cannot lock"), atomic.locked(tmp_path / "a"):
        pytest.fail("the link was followed")
    assert not (tmp_path / "victim").exists()
