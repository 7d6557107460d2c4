from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.model.errors import MoorageError
from app.model.safe_text import SafeText, safe
from app.store import atomic, database
from app.store.folder_lock import held_folder
from app.store.history import HistoryStore
from app.store.home import Home, resolve_home
from app.store.past_task import PastTask
from tests.unit.store import worker_processes
from tests.unit.store.past_tasks import NOW, TASK_ID, TASKS, past_container, past_task
from tests.unit.store.test_atomic_files import FaultyOs, fail_with, mode_of

DAY = timedelta(days=1)


@pytest.fixture
def store(home: Home) -> HistoryStore:
    return HistoryStore(home)


def file_of(home: Home) -> Path:
    return home.state / "history.sqlite3"


def names(home: Home) -> list[str]:
    return sorted(path.name for path in home.state.iterdir())


def execute(home: Home, *statements: str) -> None:
    with closing(sqlite3.connect(file_of(home), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_mere_look_makes_no_file(store: HistoryStore, home: Home) -> None:
    assert store.find(TASK_ID) == []
    assert store.search() == []
    assert store.forget_before(NOW) == 0
    assert not home.state.exists()


def test_the_file_is_private_and_complete_at_once(store: HistoryStore, home: Home, any_umask: int) -> None:
    store.remember(past_task())

    assert mode_of(home.state) == 0o700
    assert mode_of(file_of(home)) == 0o600
    assert names(home) == ["history.sqlite3"]
    with closing(sqlite3.connect(file_of(home))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


@given(TASKS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_task_comes_back_as_it_was(tmp_path: Path, task: PastTask) -> None:
    store = HistoryStore(resolve_home(str(tmp_path), {}))
    store.forget_before(datetime(9999, 1, 1, tzinfo=UTC))

    store.remember(task)

    assert store.find(task.id) == [task]
    assert store.take_warnings() == []


def test_remembering_again_changes_nothing_and_writes_nothing(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    before = file_of(home).read_bytes()

    store.remember(past_task())

    assert file_of(home).read_bytes() == before
    assert store.search() == [past_task()]


def test_what_was_known_once_is_not_lost(store: HistoryStore) -> None:
    store.remember(past_task())
    store.remember(past_task(tags=(), containers=(past_container(last_lines=(), exit_code=None),)))

    assert store.find(TASK_ID) == [past_task()]


def test_a_task_is_found_by_its_id_or_the_start_of_it(store: HistoryStore) -> None:
    twin = past_task(id=SafeText(TASK_ID[:8] + "f" * 24), stopped_at=NOW + DAY)
    other = past_task(id=SafeText("f" * 32))
    for task in (past_task(), twin, other):
        store.remember(task)

    assert store.find(TASK_ID) == [past_task()]
    assert store.find(TASK_ID[:8]) == [twin, past_task()]
    assert store.find("ffff") == [other]
    assert store.find("fff") == []
    assert store.find("0123%") == []
    assert store.find("\udcff\0 no id") == []


def test_search_takes_the_newest_of_what_is_asked_for(store: HistoryStore) -> None:
    tasks = [
        past_task(id=SafeText(f"{day:032x}"), stopped_at=NOW + day * DAY, family=SafeText(family))
        for day, family in enumerate(["web", "web", "job", "web"])
    ]
    tasks[1] = past_task(id=SafeText(f"{1:032x}"), cluster=SafeText("edge"), started_by=SafeText("ci"), stopped_at=None)
    for task in tasks:
        store.remember(task)

    assert store.search() == [tasks[3], tasks[2], *sorted([tasks[0], tasks[1]], key=lambda task: task.id)]
    assert store.search(limit=2) == [tasks[3], tasks[2]]
    assert store.search(family="job") == [tasks[2]]
    assert store.search(cluster="edge") == store.search(started_by="ci") == [tasks[1]]
    assert store.search(cluster="default", family="web", since=NOW + DAY) == [tasks[3]]
    assert store.search(since=tasks[2].stopped_at) == [tasks[3], tasks[2]]
    assert sorted(store.ids()) == sorted((task.created_at, task.id) for task in tasks)
    assert store.ids(cluster="edge", instance="edge") == [(tasks[1].created_at, tasks[1].id)]
    assert store.ids(cluster="edge", instance="other") == []


def test_every_search_has_an_index(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    with closing(sqlite3.connect(file_of(home))) as connection:
        for column in ("cluster", "family", "started_by"):
            query = f"EXPLAIN QUERY PLAN SELECT * FROM task WHERE {column} = 'x' ORDER BY ended_at DESC, id LIMIT 9"
            assert "SEARCH task USING INDEX" in str(connection.execute(query).fetchall())


def test_what_ended_before_a_moment_is_forgotten_whole(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    store.remember(past_task(id=SafeText("f" * 32), stopped_at=NOW + DAY))

    assert store.forget_before(NOW) == 0
    assert store.forget_before(NOW + DAY) == 1
    assert [task.id for task in store.search()] == ["f" * 32]
    with closing(sqlite3.connect(file_of(home))) as connection:
        assert connection.execute("SELECT DISTINCT task_id FROM container").fetchall() == [("f" * 32,)]


def test_of_very_many_tasks_those_that_ended_first_are_forgotten(store: HistoryStore, home: Home) -> None:
    for number in range(5):
        store.remember(past_task(id=SafeText(f"{number}" * 32), stopped_at=NOW + number * DAY))

    assert store.forget_before(NOW, most=2) == 3
    assert [task.id[:1] for task in store.search()] == ["4", "3"]
    with closing(sqlite3.connect(file_of(home))) as connection:
        assert len(connection.execute("SELECT DISTINCT task_id FROM container").fetchall()) == 2


def test_lines_are_cut_safe_and_few(store: HistoryStore) -> None:
    hostile = ["old", *["x"] * 17, "\x1b[31mred\x1b[0m\ttab", "a" * 1001, "\x1b]0;title\x07\udcff"]
    store.remember(past_task(containers=(past_container(last_lines=tuple(map(SafeText, hostile))),)))

    (part,) = store.find(TASK_ID)[0].containers

    assert len(part.last_lines) == 20
    assert part.last_lines[-3:] == ("red\ttab", "a" * 999 + "…", "␛]0;title␇\\u{dcff}")


# --- several at once --------------------------------------------------------------------------------------------------


def test_many_processes_write_at_once_and_nothing_is_lost(home: Home, tmp_path: Path) -> None:
    workers = [worker_processes.start("remember", tmp_path / "home", who, 25) for who in range(6)]
    told = [task_id for worker in workers for task_id in worker_processes.acknowledged(worker)]

    store = HistoryStore(home)
    assert len(told) == 150
    assert {task.id for task in store.search(limit=None)} == {*told, "f" * 32}
    (shared,) = store.find("f" * 32)
    assert {part.name for part in shared.containers} == {f"{who}-{number}" for who in range(6) for number in range(25)}
    assert names(home) == ["history.sqlite3"]


def test_a_killed_writer_leaves_what_it_told(home: Home, tmp_path: Path) -> None:
    worker = worker_processes.start("remember", tmp_path / "home", 1, 10_000)
    assert worker.stdout is not None
    first = [worker.stdout.readline().strip() for _ in range(20)]
    worker.kill()
    told = [*first, *worker_processes.acknowledged(worker)]

    store = HistoryStore(home)
    assert {task.id for task in store.search(limit=None)} >= set(told)
    store.remember(past_task())
    assert store.find(TASK_ID) == [past_task()]
    assert store.take_warnings() == []


def test_processes_go_on_while_the_file_is_spoilt_under_them(home: Home, tmp_path: Path) -> None:
    HistoryStore(home).remember(past_task())
    workers = [worker_processes.start("damage", tmp_path / "home", who, 15) for who in range(4)]
    for worker in workers:
        assert len(worker_processes.acknowledged(worker)) == 15

    store = HistoryStore(home)
    store.remember(past_task())
    assert store.find(TASK_ID) == [past_task()]
    assert any(name.startswith("history.sqlite3.broken-") for name in names(home))


def test_a_folder_that_somebody_holds_for_too_long_is_one_line(
    store: HistoryStore, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.remember(past_task())
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    with (
        held_folder(home.state, 1, alone=True),
        pytest.raises(MoorageError, match="another process holds it"),
    ):
        store.search()
    with held_folder(home.state, 1):
        assert store.search() == [past_task()]


# --- a file that is no history ----------------------------------------------------------------------------------------


def test_a_file_torn_anywhere_costs_the_history_and_nothing_more(store: HistoryStore, home: Home) -> None:
    for number in range(40):
        store.remember(past_task(id=SafeText(f"{number:032x}")))
    whole = file_of(home).read_bytes()
    moved = 0
    for length in [*range(0, 200, 33), *range(200, len(whole), 4099)]:
        file_of(home).write_bytes(whole[:length])

        store.search(limit=None)
        store.remember(past_task())

        assert past_task() in store.find(TASK_ID)
        moved += len(store.take_warnings())
        file_of(home).unlink()
    assert moved > 5
    assert len([name for name in names(home) if ".broken-" in name]) == moved


def test_pages_of_rubbish_raise_nothing_but_our_own_error(store: HistoryStore, home: Home) -> None:
    for number in range(40):
        store.remember(past_task(id=SafeText(f"{number:032x}")))
    whole = file_of(home).read_bytes()
    for start in range(0, len(whole), 1024):
        spoilt = whole[:start] + os.urandom(700) + whole[start + 700 :]
        file_of(home).write_bytes(spoilt)

        for look in (store.search, lambda: store.remember(past_task()), lambda: store.forget_before(NOW)):
            try:
                look()
            except MoorageError as error:
                assert error.message == safe(error.message)
                assert str(home.state) in error.message
        file_of(home).unlink(missing_ok=True)


def test_a_table_whose_name_is_no_text_is_moved_aside(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    whole = file_of(home).read_bytes()
    # Before how a table is made stands what it is called.
    at = whole.index(b"CREATE TABLE ")
    name = re.match(rb"CREATE TABLE (\w+)", whole[at:])
    assert name is not None
    spoilt = whole[:at].replace(name[1], b"\xba" + name[1][1:]) + b"X" + whole[at + 1 :]
    file_of(home).write_bytes(spoilt)

    assert store.search() == []
    assert "it is damaged" in store.take_warnings()[0]


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"[section]\nkey = 1\n", b"SQLite format 3\0 and no more"])
def test_what_is_no_database_is_moved_aside_and_told(store: HistoryStore, home: Home, content: bytes) -> None:
    home.state.mkdir(parents=True)
    file_of(home).write_bytes(content)

    store.remember(past_task())

    assert store.find(TASK_ID) == [past_task()]
    assert (home.state / "history.sqlite3.broken-1").read_bytes() == content
    (warning,) = store.take_warnings()
    assert "was moved to history.sqlite3.broken-1" in warning
    assert store.take_warnings() == []


def test_another_programs_database_is_moved_aside_with_its_log_of_changes(store: HistoryStore, home: Home) -> None:
    home.state.mkdir(parents=True)
    execute(home, "CREATE TABLE theirs (a)", "INSERT INTO theirs VALUES (1)")
    (home.state / "history.sqlite3-wal").write_bytes(b"")
    (home.state / "history.sqlite3.broken-1").write_text("an older one")

    assert store.find(TASK_ID) == []

    assert names(home) == ["history.sqlite3.broken-1", "history.sqlite3.broken-2", "history.sqlite3.broken-2-wal"]
    assert (home.state / "history.sqlite3.broken-1").read_text() == "an older one"
    assert "it is not a history of Moorage" in store.take_warnings()[0]


def test_a_new_history_that_another_has_made_meanwhile_is_not_moved(
    store: HistoryStore, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.state.mkdir(parents=True)
    file_of(home).write_bytes(b"no database")
    real = store._move_aside

    def late(*given: Any) -> None:
        HistoryStore(home).remember(past_task())
        real(*given)

    monkeypatch.setattr(store, "_move_aside", late)
    store.remember(past_task(id=SafeText("f" * 32)))

    assert names(home) == ["history.sqlite3", "history.sqlite3.broken-1"]
    assert len(store.search()) == 2


def test_a_history_without_its_tables_is_moved_aside(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    execute(home, "DROP TABLE container")

    assert store.find(TASK_ID) == []
    store.remember(past_task())

    assert store.find(TASK_ID) == [past_task()]
    assert len(store.take_warnings()) == 1


def test_a_newer_moorages_history_is_left_alone(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    execute(home, "PRAGMA user_version = 2")
    before = file_of(home).read_bytes()

    for look in (store.search, lambda: store.find(TASK_ID), lambda: store.remember(past_task())):
        with pytest.raises(MoorageError, match="a newer Moorage wrote it"):
            look()
    assert file_of(home).read_bytes() == before
    assert names(home) == ["history.sqlite3"]


def test_rows_that_say_nonsense_are_left_out_and_told(store: HistoryStore, home: Home) -> None:
    ids = [f"{number:032x}" for number in range(6)]
    for task_id in ids:
        store.remember(past_task(id=SafeText(task_id)))
    execute(
        home,
        f"UPDATE task SET created_at = 'yesterday' WHERE id = '{ids[0]}'",
        f"UPDATE task SET tags = '[[[[' WHERE id = '{ids[1]}'",
        f"UPDATE task SET family = x'ff00' WHERE id = '{ids[2]}'",
        f"UPDATE container SET last_lines = '[7]' WHERE task_id = '{ids[3]}'",
        f"UPDATE task SET created_at = 7, started_by = CAST(x'ff41' AS TEXT) WHERE id = '{ids[5]}'",
        f"UPDATE task SET stopped_reason = 'a' || char(27, 10) || 'b' WHERE id = '{ids[4]}'",
    )

    (left,) = store.search()
    assert len(store.ids()) == 4

    assert left.stopped_reason == "a␛␤b"
    assert store.take_warnings() == [
        f"{count} tasks in {file_of(home)} cannot be read and are left out" for count in (5, 2)
    ]
    execute(home, f"UPDATE task SET started_by = CAST(x'ff41' AS TEXT) WHERE id = '{ids[4]}'")
    assert store.find(ids[4])[0].started_by == "\ufffdA"
    store.remember(past_task(id=SafeText(ids[0])))
    assert store.find(ids[0]) == [past_task(id=SafeText(ids[0]))]


def test_a_pipe_a_folder_and_a_link_are_refused_in_a_line(store: HistoryStore, home: Home, tmp_path: Path) -> None:
    home.state.mkdir(parents=True)
    makers: list[Callable[[Path], object]] = [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(tmp_path / "x")]
    for make in makers:
        make(file_of(home))
        with pytest.raises(MoorageError, match="it is not a regular file"):
            store.remember(past_task())
        file_of(home).rename(tmp_path / "aside")
        (tmp_path / "aside").rmdir() if (tmp_path / "aside").is_dir() else (tmp_path / "aside").unlink()


def test_a_file_that_anybody_may_write_is_refused(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    file_of(home).chmod(0o666)
    with pytest.raises(MoorageError, match="run chmod o-w"):
        store.find(TASK_ID)


# --- no room, no right ------------------------------------------------------------------------------------------------


def test_a_full_disk_is_one_line_and_what_was_known_stays(store: HistoryStore, home: Home) -> None:
    store.remember(past_task())
    # SQLite writes a change here first; this device takes nothing.
    (home.state / "history.sqlite3-wal").symlink_to("/dev/full")

    with pytest.raises(MoorageError, match="see that its disk has room") as caught:
        store.remember(past_task(id=SafeText("f" * 32)))

    assert str(file_of(home)) in caught.value.message
    (home.state / "history.sqlite3-wal").unlink(missing_ok=True)
    assert store.search() == [past_task()]


def test_a_disk_that_fills_up_loses_nothing_that_was_told(small_disk: Path) -> None:
    home = resolve_home(str(small_disk), {})
    store = HistoryStore(home)
    told = []

    def fill() -> None:
        for number in range(1000):
            task = past_task(id=SafeText(f"{number:032x}"))
            store.remember(task)
            told.append(task.id)

    with pytest.raises(MoorageError):
        fill()
    assert store.take_warnings() == []
    assert not any(".broken-" in name for name in names(home))
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    assert {task.id for task in store.search(limit=None)} >= set(told)


def test_a_read_only_file_system_is_one_line(small_disk: Path, make_read_only: Callable[[Path], None]) -> None:
    make_read_only(small_disk)
    with pytest.raises(MoorageError, match="EROFS"):
        HistoryStore(resolve_home(str(small_disk), {})).remember(past_task())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_file_that_cannot_be_made_is_one_line(
    store: HistoryStore, home: Home, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    home.state.mkdir(parents=True)
    monkeypatch.setattr(atomic, "os", FaultyOs(1, fail_with(code), ("write", "fchmod")))
    with pytest.raises(MoorageError, match=errno.errorcode[code]):
        store.remember(past_task())
    assert names(home) == []


def test_a_state_folder_that_is_a_file_is_one_line(store: HistoryStore, home: Home) -> None:
    home.state.parent.mkdir(parents=True)
    home.state.write_text("")
    for look in (store.search, lambda: store.remember(past_task())):
        with pytest.raises(MoorageError):
            look()


def test_a_number_that_no_database_holds_is_one_line(store: HistoryStore) -> None:
    with pytest.raises(MoorageError, match="out of range"):
        store.remember(past_task(revision=2**63))
    assert store.search() == []


def test_the_store_costs_no_start_its_sqlite(home: Home) -> None:
    script = "import sys, app.store.history, app.operations.history; sys.exit('sqlite3' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=worker_processes.ROOT, check=True)


def test_leftovers_of_a_killed_maker_are_swept(store: HistoryStore, home: Home) -> None:
    home.state.mkdir(parents=True)
    leftover = home.state / ".tmp-1-dead"
    leftover.write_bytes(b"")
    os.utime(leftover, (0, 0))

    store.remember(past_task())

    assert names(home) == ["history.sqlite3"]
    assert stat.S_ISREG(file_of(home).stat().st_mode)
