"""The audit log: whole lines whoever writes, nothing lost when it is put aside, and one bad line hides no other."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from app.model.errors import MoorageError
from app.store.audit import LONGEST_LINE, NAME, AuditLog
from app.store.home import Home, resolve_home


def entry(number: int, **members: Any) -> dict[str, Any]:
    return {"time": "2026-01-01T00:00:00+00:00", "verb": "stop-task", "number": number, **members}


def numbers(log: AuditLog) -> list[int]:
    return [one["number"] for one in log.read()[0]]


@pytest.mark.usefixtures("any_umask")
def test_what_is_appended_is_read_and_nobody_else_may_read_it(home: Home) -> None:
    log = AuditLog(home)
    assert log.read() == ([], 0)

    for number in range(3):
        log.append(entry(number, detail="two\nlines \x1b[31m \u202e \ud800"))

    assert numbers(log) == [0, 1, 2]
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    data = log.path.read_bytes()
    assert data.isascii() and data.count(b"\n") == 3 and b"\x1b" not in data


def test_a_mode_that_somebody_loosened_is_made_strict_again(home: Home) -> None:
    log = AuditLog(home)
    log.append(entry(0))
    log.path.chmod(0o644)
    log.append(entry(1))
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_what_is_there_is_only_ever_appended_to(home: Home) -> None:
    log = AuditLog(home)
    log.append(entry(0))
    before = log.path.read_bytes()
    log.append(entry(1))
    assert log.path.read_bytes().startswith(before)


def test_a_line_that_was_cut_off_hides_no_other(home: Home) -> None:
    log = AuditLog(home)
    log.append(entry(0))
    with log.path.open("ab") as file:
        file.write(b'{"time": "2026-01')
    log.append(entry(1))
    with log.path.open("ab") as file:
        file.write(b"[1]\n" + b"[" * 100_000 + b"\n")
    log.append(entry(2))

    entries, broken = log.read()
    assert [one["number"] for one in entries] == [0, 1, 2]
    assert broken >= 2


def test_a_large_file_is_put_aside_and_the_oldest_go(home: Home) -> None:
    log = AuditLog(home, max_bytes=2_000, most_files=3)
    for number in range(200):
        log.append(entry(number))

    files = sorted(home.state.glob("audit*.jsonl"))
    assert len(files) <= 3
    assert all(file.stat().st_size < 2_200 for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    kept = numbers(log)
    assert kept == list(range(200 - len(kept), 200))
    assert len(kept) > 25


def test_nothing_is_lost_or_mixed_when_many_write_at_once(home: Home) -> None:
    def write(first: int) -> None:
        log = AuditLog(home, max_bytes=20_000, most_files=1_000)
        for number in range(first, first + 50):
            log.append(entry(number, detail="x" * 200))

    threads = [threading.Thread(target=write, args=(first * 50,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries, broken = AuditLog(home).read()
    assert broken == 0
    assert sorted(one["number"] for one in entries) == list(range(400))
    assert len(list(home.state.glob("audit-*.jsonl"))) > 1


_WRITER = """
import sys
from app.store.audit import AuditLog
from app.store.home import resolve_home
log = AuditLog(resolve_home(sys.argv[1], {}), max_bytes=5_000, most_files=1_000)
for number in range(30):
    log.append({"time": "t", "verb": "v", "number": int(sys.argv[2]) * 30 + number})
"""


def test_processes_do_not_mix_their_lines_either(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    children = [subprocess.Popen([sys.executable, "-c", _WRITER, str(folder), str(number)]) for number in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]

    entries, broken = AuditLog(resolve_home(str(folder), {})).read()
    assert (broken, sorted(one["number"] for one in entries)) == (0, list(range(90)))


def test_what_is_too_long_is_cut_and_says_so(home: Home) -> None:
    log = AuditLog(home)
    log.append(entry(0, detail="y" * 200_000, ids=["0" * 32] * 1_000))

    (found,) = log.read()[0]
    assert found["cut"] is True
    assert found["detail"].startswith("yyy") and len(found["ids"]) == 100
    assert log.path.stat().st_size < LONGEST_LINE


def test_a_link_in_its_place_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.state.mkdir(parents=True)
    (tmp_path / "precious").write_text("precious")
    (home.state / NAME).symlink_to(tmp_path / "precious")

    with pytest.raises(MoorageError, match="symbolic link"):
        AuditLog(home).append(entry(0))
    with pytest.raises(MoorageError, match="symbolic link"):
        AuditLog(home).read()
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_pipe_in_its_place_keeps_nobody_waiting(home: Home) -> None:
    home.state.mkdir(parents=True)
    os.mkfifo(home.state / NAME)
    assert AuditLog(home).read() == ([], 0)
    with pytest.raises(MoorageError, match="no regular file"):
        AuditLog(home).append(entry(0))


def refused(log: AuditLog, one: dict[str, Any]) -> str:
    """Why an entry is not taken, "" when it is."""
    try:
        log.append(one)
    except MoorageError as error:
        return error.message
    return ""


def test_a_full_disk_is_told_and_the_next_line_is_whole(small_disk: Path) -> None:
    home = resolve_home(str(small_disk / "home"), {})
    log = AuditLog(home)
    log.append(entry(0))
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    told = [problem for number in range(1, 200) if (problem := refused(log, entry(number, detail="z" * 500)))]
    assert told and all("free some space" in problem for problem in told)
    filler.unlink()

    log.append(entry(1_000))

    entries, broken = log.read()
    assert entries[-1]["number"] == 1_000
    assert broken <= 1
    assert json.loads(log.path.read_bytes().splitlines()[-1])["number"] == 1_000
