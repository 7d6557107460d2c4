"""A first look at engines: what it makes of answers, and that nothing an engine does keeps the program waiting."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.hosts.glance import MOST_BYTES, MOST_ENGINES, Glance
from app.hosts.labels import container_name, labels_of
from app.hosts.records import KIND, record_labels
from app.model.instance import Instance, InstanceKey
from app.model.record import record_name
from app.model.update import HostRead, HostUpdate, InfoRead
from tests.unit.builders import NOW, record, tag

KEY = InstanceKey("prod", "edge-1")
CONTAINER = {"Id": "ab" * 32, "Names": ["/web\x1b[2J"], "Image": "nginx", "State": "running", "Created": 1700000000}
GOOD: Mapping[str, Any] = {
    "/containers": [CONTAINER],
    "/volumes": {"Volumes": None},
    "/info": {"NCPU": 4, "MemTotal": 8 << 30, "ServerVersion": "28.5.2"},
    "/version": {"ApiVersion": "1.51"},
}


class Engine:
    """Answers each path as told: a document, or the very bytes; None: never."""

    def __init__(self, path: Path, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self._held: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(256)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        path = connection.recv(4096).split()[1].decode()
        self.asked.append(path)
        answer = next(self._answers[start] for start in self._answers if path.startswith(start))
        if answer is None:
            self._held.append(connection)
            return
        if not isinstance(answer, bytes):
            answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(answer).encode()
        try:
            connection.sendall(answer)
        except OSError:
            return  # nobody wants the rest
        finally:
            connection.close()

    def close(self) -> None:
        self._server.close()
        for connection in self._held:
            connection.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a short path: sockets have no room for long ones."""
    return tmp_path_factory.mktemp("s")


def look(path: Path, answers: Mapping[str, Any], within: float = 20) -> list[HostUpdate]:
    engine = Engine(path, answers)
    try:
        return Glance([instance(path)]).read(within)
    finally:
        engine.close()


def instance(path: Path, number: int = 1) -> Instance:
    return Instance(InstanceKey("prod", f"edge-{number}"), "0" * 32, f"unix://{path}", "ACTIVE", NOW)


def test_what_an_engine_runs_and_is(folder: Path) -> None:
    info, read = look(folder / "s", GOOD)
    assert isinstance(info, InfoRead)
    assert isinstance(read, HostRead)
    assert (info.instance, info.info.version, info.info.registered.cpu) == (KEY, "28.5.2", 4096)
    assert [(one.name, one.state) for one in read.containers] == [("web␛[2J", "running")]


def test_only_records_of_ours_are_asked_for(folder: Path) -> None:
    engine = Engine(folder / "s", GOOD)
    Glance([instance(folder / "s")]).read(20)
    engine.close()
    assert [KIND in path for path in engine.asked if path.startswith("/volumes")] == [True]
    assert not [path for path in engine.asked if "/json" in path and "all=1" not in path], "nothing is inspected"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"nonsense",
        b"HTTP/1.0 500 no\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nnull",
        b"HTTP/1.0 200 OK\r\n\r\n[null]",
        b"HTTP/1.0 200 OK\r\n\r\n[{}]",
        b"HTTP/1.0 200 OK\r\n\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.0 200 OK\r\n\r\n" + b" " * (MOST_BYTES + 1) + b"[]",
    ],
)
@pytest.mark.parametrize("path", ["/containers", "/volumes", "/info"])
def test_an_answer_that_cannot_be_used_is_none(folder: Path, path: str, bad: bytes) -> None:
    assert look(folder / "s", {**GOOD, path: bad}) == []


def test_an_engine_that_does_not_answer_is_left_to_its_watcher(folder: Path) -> None:
    began = time.monotonic()
    assert look(folder / "s", {**GOOD, "/info": None}, within=0.05) == []
    assert time.monotonic() - began < 15


def test_what_is_no_engine_costs_nothing(folder: Path) -> None:
    (folder / "file").write_text("")
    elsewhere = Instance(KEY, "0" * 32, "tcp://127.0.0.1:1", "ACTIVE", NOW)
    strange = [instance(folder / "none"), instance(folder / "file"), instance(folder / ("x" * 200)), elsewhere]
    assert Glance(strange).read(20) == []
    assert Glance([]).read(20) == []


def test_of_a_large_fleet_a_few_are_asked(folder: Path) -> None:
    engine = Engine(folder / "s", GOOD)
    updates = Glance([instance(folder / "s", number) for number in range(MOST_ENGINES + 3)]).read(20)
    engine.close()
    assert len({update.instance for update in updates}) == MOST_ENGINES


def test_what_would_take_long_to_read_is_left_to_its_watcher(folder: Path) -> None:
    """Each could be read; both would be too much."""
    half = [{**CONTAINER, "Image": "x" * (MOST_BYTES * 2 // 3)}]
    engine = Engine(folder / "s", {**GOOD, "/containers": half})
    updates = Glance([instance(folder / "s", number) for number in (1, 2)]).read(20)
    engine.close()
    assert {update.instance.name for update in updates} == {"edge-1"}


def test_a_task_that_ended_is_left_to_its_watcher_with_its_records(folder: Path) -> None:
    """The list does not tell when and how: what is said of it at a glance would be wrong."""
    entries, volumes = [], []
    for number, state in enumerate(("running", "exited"), 1):
        one = tag("web", task_id=f"{number:032x}", family="web", revision=1, containers=1)
        name = container_name(one)
        labels = labels_of(one)
        entries.append({**CONTAINER, "Id": f"{number:064x}", "Names": [f"/{name}"], "State": state, "Labels": labels})
        note = record("web", task_id=one.task_id, family="web", revision=1)
        volumes.append({"Name": record_name(note), "Labels": record_labels(note)})
    _, read = look(folder / "s", {**GOOD, "/containers": entries, "/volumes": {"Volumes": volumes}})
    assert isinstance(read, HostRead)
    assert [one.tag.task_id for one in read.containers if one.tag] == [f"{1:032x}"]
    assert [one.task_id for one in read.records] == [f"{1:032x}"]
