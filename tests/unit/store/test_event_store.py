"""The store of events: each once, whoever writes; bounded; private; a spoilt file is set aside and told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.model.errors import MoorageError
from app.model.event import Event, event_key
from app.model.safe_text import SafeText
from app.store import database
from app.store.event_rows import micros
from app.store.events import MOST_EVENTS, EventQuery, EventStore
from app.store.folder_lock import held_folder
from app.store.home import Home, resolve_home
from tests.unit.store.test_atomic_files import mode_of

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CONTAINER = "c" * 64
ROOT = Path(__file__).parents[3]


def event(what: str = "started", seconds: float = 0, **members: Any) -> Event:
    at = NOW + timedelta(seconds=seconds)
    made = Event(
        key=event_key("engine", what, at.isoformat(), members.get("container_id", CONTAINER)),
        at=at,
        what=what,
        source="event",
        cluster=SafeText("prod"),
        instance=SafeText("edge-1"),
        container_id=CONTAINER,
        watcher=SafeText("me-1"),
    )
    return replace(made, **members)


def reach(what: str, seconds: float, watcher: str = "me-1") -> Event:
    members: dict[str, Any] = {"source": "watch", "container_id": "", "watcher": SafeText(watcher)}
    return event(what, seconds, key=event_key(what, watcher, seconds), **members)


@pytest.fixture
def store(home: Home) -> EventStore:
    return EventStore(home)


def found(store: EventStore, **asked: Any) -> list[tuple[str, float]]:
    """(what, seconds) of the events, the oldest first."""
    return [(one.what, (one.at - NOW).total_seconds()) for one in store.find(EventQuery(**asked))[::-1]]


def test_an_event_comes_back_as_it_was(store: EventStore) -> None:
    given = event(
        "died",
        task_id="ab" * 16,
        family=SafeText("web"),
        revision=7,
        container=SafeText("app"),
        exit_code=137,
        detail=SafeText("why"),
        by=SafeText("ops"),
        command=SafeText("moorage events"),
        host_at=NOW + timedelta(seconds=3, microseconds=1),
    )
    assert store.add([given]) == 1
    (kept,) = store.find(EventQuery())
    assert replace(kept, id=0, version=0) == given
    assert (kept.id, kept.version) == (1, 1)


def test_what_thousands_of_events_have_in_common_is_in_memory_once(store: EventStore) -> None:
    """They are kept in memory for whoever looks, and come a few at a time."""
    members = {"task_id": "ab" * 16, "container": SafeText("svc-00001"), "detail": SafeText("busybox:latest")}
    store.add([event("started", 1, host_at=NOW + timedelta(seconds=1), **members)])
    (first,) = store.find(EventQuery())
    store.add([event("started", 2, **members)])
    (second,) = store.find(EventQuery(after_version=first.version))

    for name in ("what", "source", "cluster", "instance", "task_id", "container", "container_id", "detail", "watcher"):
        assert getattr(first, name) is getattr(second, name), name
    assert first.host_at is first.at


def test_a_mere_look_makes_no_file(store: EventStore, home: Home) -> None:
    assert store.find(EventQuery()) == []
    assert store.marks() == {}
    assert store.version() == store.count(EventQuery()) == store.prune(NOW) == 0
    assert not home.state.exists()


def test_the_file_is_private(store: EventStore, home: Home, any_umask: int) -> None:
    store.add([event()])
    assert mode_of(home.state) == 0o700
    assert {mode_of(path) for path in home.state.iterdir()} == {0o600}


def test_what_two_watchers_hear_is_kept_once(store: EventStore, home: Home) -> None:
    heard = [event("created", 0), event("started", 1), event("died", 2)]
    assert store.add(heard) == 3
    assert EventStore(home).add([replace(one, watcher=SafeText("me-2")) for one in heard]) == 0
    # One engine in two clusters: each cluster has its own.
    assert store.add([replace(heard[0], cluster=SafeText("other"))]) == 1
    assert found(store, clusters=("prod",)) == [("created", 0), ("started", 1), ("died", 2)]


def test_the_engines_word_takes_the_place_of_what_a_list_told(store: EventStore) -> None:
    store.add([event("started", 1.2, source="list", key="listed")])
    assert store.add([event("started", 1.3, exit_code=None, detail=SafeText("said"))]) == 1
    assert store.add([event("started", 1.3), event("started", 1.25, source="list", key="listed again")]) == 0
    (kept,) = store.find(EventQuery())
    assert (kept.source, kept.detail, kept.at, kept.version) == ("event", "said", NOW + timedelta(seconds=1.3), 2)
    # Another start, long after, is another one, by whatever way it is told.
    store.add([event("started", 20, source="list", key="much later")])
    store.add([event("started", 40)])
    assert found(store) == [("started", 1.3), ("started", 20), ("started", 40)]


def test_a_container_is_created_and_removed_once(store: EventStore) -> None:
    store.add([event("created", 0)])
    assert store.add([event("created", 100, source="list", key="a clock that was set")]) == 0


def test_of_a_burst_the_highest_number_counts(store: EventStore) -> None:
    for count in (1, 4, 3, 9, 9):
        store.add([event("died", 5, key="burst", count=count)])
    assert [one.count for one in store.find(EventQuery())] == [9]
    assert store.count(EventQuery()) == 9


def test_an_outage_is_told_once_though_two_notice_it(store: EventStore) -> None:
    told = [
        reach("connected", 0),
        reach("connected", 1, "me-2"),
        reach("back", 2, "me-2"),
        reach("silent", 10),
        reach("silent", 14, "me-2"),
        reach("back", 20),
        reach("silent", 21, "me-2"),
        reach("back", 22, "me-2"),
    ]
    store.add(told)
    assert found(store) == [("connected", 0), ("silent", 10), ("back", 20)]
    # One process that sees it go and come all the time tells it each time.
    store.add([reach("silent", 23), reach("back", 24), reach("silent", 60, "me-2"), reach("back", 61, "me-2")])
    assert found(store)[3:] == [("silent", 23), ("back", 24), ("silent", 60), ("back", 61)]


def test_a_query_takes_what_is_asked_for(store: EventStore) -> None:
    task = "0123456789abcdef" * 2
    store.add([event("created", 0, task_id=task), event("died", 10, task_id="f" * 32), event("removed", 20)])
    store.add([event("oom", 30, cluster=SafeText("edge"))])
    assert found(store, task="0123") == [("created", 0)]
    assert found(store, task=task) == [("created", 0)]
    assert found(store, clusters=("edge", "none")) == [("oom", 30)]
    assert found(store, since=NOW + timedelta(seconds=10), until=NOW + timedelta(seconds=20)) == [("died", 10)]
    assert found(store, limit=2) == [("removed", 20), ("oom", 30)]
    assert [one.what for one in store.find(EventQuery(after_version=1))] == ["oom"]
    assert store.version() == 2


def test_old_ones_and_too_many_are_forgotten(store: EventStore) -> None:
    store.add(event("started", second, container_id=f"{second:064x}") for second in range(100))
    store.write_marks(
        {"watched prod/gone": micros(NOW - timedelta(days=60)), "watched prod/edge-1": micros(NOW + timedelta(days=1))}
    )
    assert store.prune(NOW + timedelta(seconds=40)) == 40
    assert store.prune(NOW - timedelta(days=1), most=25) == 35
    assert found(store)[0] == ("started", 75)
    assert store.marks().keys() == {"version", "watched prod/edge-1"}
    # What is told after a pruning is still new to those who ask for what is new.
    before = store.version()
    store.add([event("oom", 200)])
    assert store.version() > before
    assert MOST_EVENTS >= 10_000


def test_marks_only_go_up(store: EventStore) -> None:
    store.write_marks({"dashboard": 5})
    store.write_marks({"dashboard": 3, "other": 1})
    assert store.marks() == {"dashboard": 5, "other": 1}


def test_hostile_text_is_made_safe_and_cut(store: EventStore, home: Home) -> None:
    nasty = SafeText("\x1b[31mred\x07\n" + "x" * 2000)
    store.add([event(detail=nasty, container=nasty, instance=nasty, command=nasty)])
    (kept,) = store.find(EventQuery())
    for text in (kept.detail, kept.container, kept.instance, kept.command):
        assert "\x1b" not in text
        assert "\n" not in text
    assert len(kept.detail) == 500
    assert len(kept.command) < 4001


def test_a_row_that_cannot_be_understood_is_left_out_and_told(store: EventStore, home: Home) -> None:
    store.add([event("created", 0), event("died", 1), event("oom", 2), event("removed", 3)])
    with closing(sqlite3.connect(home.state / "events.sqlite3", isolation_level=None)) as connection:
        connection.execute("UPDATE event SET what = 'exploded' WHERE id = 1")
        connection.execute("UPDATE event SET at = 'yesterday' WHERE id = 2")
        connection.execute(f"UPDATE event SET at = {2**62} WHERE id = 3")
    assert [one.what for one in store.find(EventQuery())] == ["removed"]
    (warning,) = store.take_warnings()
    assert warning.startswith("3 events in ")


def test_a_damaged_file_is_set_aside_and_a_new_one_begins(store: EventStore, home: Home) -> None:
    store.add([event()])
    path = home.state / "events.sqlite3"
    path.write_bytes(b"nonsense" * 1000)
    store.add([event("died", 9)])
    assert found(store) == [("died", 9)]
    (warning,) = store.take_warnings()
    assert "the list of events" in warning
    assert "was moved to events.sqlite3.broken-1" in warning
    assert (home.state / "events.sqlite3.broken-1").read_bytes().startswith(b"nonsense")


def test_the_history_is_no_list_of_events(store: EventStore, home: Home) -> None:
    home.state.mkdir(parents=True)
    with closing(sqlite3.connect(home.state / "events.sqlite3")) as connection:
        connection.execute("CREATE TABLE event (id INTEGER)")
    os.chmod(home.state / "events.sqlite3", 0o600)
    store.add([event()])
    assert "it is not a list of events of Moorage" in store.take_warnings()[0]


def test_a_file_that_is_held_for_too_long_is_an_error_in_one_line(
    store: EventStore, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    store.add([event()])
    with held_folder(home.state, 1, alone=True), pytest.raises(MoorageError, match="another process holds it"):
        store.add([event("died", 1)])


WRITER = """
import sys
from datetime import timedelta
from app.store.events import EventStore
from app.store.home import resolve_home
from tests.unit.store.test_event_store import event, reach
store = EventStore(resolve_home(sys.argv[1], {}))
for second in range(60):
    store.add([event("started", second, container_id=f"{second % 7:064x}"), reach("silent", 100 + second, sys.argv[2])])
"""


def test_four_processes_at_once_keep_each_event_once(store: EventStore, home: Home) -> None:
    root = str(home.state.parent)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, root, f"me-{number}"], cwd=ROOT, stderr=subprocess.PIPE)
        for number in range(4)
    ]
    assert [(writer.wait(timeout=60), writer.stderr.read() if writer.stderr else b"") for writer in writers] == [
        (0, b"")
    ] * 4
    kept = store.find(EventQuery())
    assert sorted((one.at - NOW).total_seconds() for one in kept if one.what == "started") == list(range(60))
    assert sum(one.what == "silent" for one in kept) == 1
    assert len({one.version for one in kept}) >= 60


def test_a_disk_that_fills_up_is_one_line_and_what_was_kept_stays(small_disk: Path) -> None:
    store = EventStore(resolve_home(str(small_disk), {}))
    try:
        store.add([event()])
    except MoorageError as error:
        # There is not even room for the tables.
        assert "see that its disk has room" in error.message or "No space left" in error.message
    with pytest.raises(MoorageError, match=r"room|space"):
        store.add(event("died", second, detail=SafeText("x" * 400)) for second in range(1000))
    subprocess.run(["mount", "-o", "remount,size=4m,nr_inodes=99", str(small_disk)], check=True)
    store.add([event("oom", 5)])
    assert "oom" in [one.what for one in store.find(EventQuery())]
    assert store.take_warnings() == []


def test_a_read_only_file_system_is_one_line(small_disk: Path, make_read_only: Callable[[Path], None]) -> None:
    make_read_only(small_disk)
    with pytest.raises(MoorageError, match="Read-only"):
        EventStore(resolve_home(str(small_disk), {})).add([event()])
