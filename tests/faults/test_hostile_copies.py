"""Copies from and to engines that mean harm: each ends in one line, with little kept, whatever is said."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import archive
from app.hosts.images.copying import Place, copied
from app.model.errors import MoorageError
from app.model.image_progress import TransferProgress
from app.model.instance import InstanceKey
from tests.engine_bed.hostile import INFO, HostileEngine, Said, chunks, plain, told
from tests.faults.bad_inputs import spoilt
from tests.terminal_bytes import foreign

EVIL = "\x1b]52;c;YQ==\x07\x1b[2J\u202e[/x]\n"
IMAGE: dict[str, Any] = {
    "Id": f"sha256:{'a' * 64}", "RepoTags": ["web:7"], "Size": 1000, "Os": "linux", "Architecture": "amd64",
    "RootFS": {"Layers": ["sha256:b"]}, "Config": {"Env": ["A=1"]},
}  # fmt: skip
TAR = os.urandom(1 << 20) + bytes(1024)
SHAPES: tuple[Any, ...] = (
    None, [], "x", 5, {}, {**IMAGE, "RepoTags": 5}, {**IMAGE, "Config": [1]}, {**IMAGE, "Config": {"Labels": [1]}},
    {**IMAGE, "Size": 1 << 80}, {**IMAGE, "RootFS": 7}, {"Id": EVIL, "RepoTags": [EVIL, "web:7"], "Os": EVIL},
)  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Iterator[HostileEngine]:
    with HostileEngine(tmp_path, "source") as server:
        server.answers["/images/web:7/json"] = told(IMAGE)
        server.answers["/images/web:7/get"] = lambda: chunks([TAR])
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Iterator[HostileEngine]:
    with HostileEngine(tmp_path, "target") as server:
        server.answers["/info"] = told({**INFO, "ID": "y"})
        server.answers["/images/load"] = lambda: chunks([b'{"stream":"Loaded image: web:7"}\n'])
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SILENCE", "PACKING", "UNPACKING"):
        monkeypatch.setattr(archive, name, 3.0)


def copy(source: HostileEngine, target: HostileEngine) -> TransferProgress:
    """How it ended; one that is not begun counts as failed. Every event can be shown to anybody."""
    events: list[TransferProgress] = []
    key = InstanceKey("prod", "edge")
    places = [Place(key, Engine(parse_endpoint(one.endpoint), timeout=2)) for one in (source, target)]
    try:
        (end,) = copied("web:7", places[0], places[1:], events.append)
    except MoorageError as error:
        end = TransferProgress("copy", places[0].key.name, key, "failed", error.message)  # type: ignore[arg-type]
    for event in (*events, end):
        assert foreign(event.detail.encode()) == []
        assert "\n" not in event.detail
        assert len(event.detail) < 4000
        assert "fault of Moorage" not in event.detail, event.detail
    return end


def test_an_engine_that_says_it_has_loaded_what_it_has_not(source: HostileEngine, target: HostileEngine) -> None:
    end = copy(source, target)
    assert (end.state, end.detail) == ("failed", "what is there now under this name is not what was sent")


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_image_of_another_shape(source: HostileEngine, target: HostileEngine, side: str) -> None:
    for shape in SHAPES:
        {"source": source, "target": target}[side].answers["/images/web:7/json"] = told(shape)
        assert copy(source, target).state in ("failed", "present" if side == "target" else "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: plain(json.dumps({"message": f"no{EVIL}"}).encode(), "500 Internal Server Error"), "edge: no"),
        (lambda: plain(b"", "302 Found", "Location: /images/json\r\n"), "failed (302)"),
        (lambda: chunks([TAR[: 1 << 19]]), "broke off: it is not whole"),
        (
            lambda: chunks([TAR[:99], b'\n{"errorDetail":{"message":"disk"},"error":"the disk died"}\n']),
            "the disk died",
        ),
        (lambda: plain(TAR[:100], headers="Content-Encoding: gzip\r\n"), "encoded"),
        (lambda: [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "length cannot be read"),
        (lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc"], "in time"),
        (lambda: [b"GOPHER\r\n\r\n"], "not HTTP"),
        (lambda: itertools.repeat(b"x" * 5000), "no end of its headers"),
    ],
    ids=["500", "redirect", "half a tar", "an error behind it", "encoded", "no length", "short", "no HTTP", "no head"],
)
def test_a_source_that_sends_no_image(
    source: HostileEngine, target: HostileEngine, answer: Callable[[], Said], words: str
) -> None:
    source.answers["/images/web:7/get"] = answer
    end = copy(source, target)
    assert end.state == "failed"
    assert words in end.detail


def test_a_tar_without_an_end_fills_no_disk(source: HostileEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 10 << 20)
    source.answers["/images/web:7/get"] = lambda: chunks(itertools.repeat(TAR))
    engine, came = Engine(parse_endpoint(source.endpoint)), 0
    with pytest.raises(HostError, match="far larger than the image"):  # noqa: PT012 - how much has come counts
        for piece in archive.saved(engine, "web:7", 1000, lambda: None):
            came += len(piece)
    assert came <= 11 << 20


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: plain(json.dumps({"message": f"no{EVIL}"}).encode(), "500 Internal Server Error"), "no"),
        (lambda: chunks([b'{"errorDetail":{},"error":"no space left on device"}\n']), "no space left on device"),
        (lambda: chunks([b"[" * 5000 + b"\n"]), "cannot be read"),
        (lambda: chunks(itertools.repeat(b'{"status":"x"}\n' * 5000)), "without end"),
        (lambda: chunks([b'{"status":"\\u001b[2J","progressDetail":{"current":-5,"total":1}}\n']), "not what was sent"),
    ],
    ids=["500", "an error", "deep", "endless", "foreign words"],
)
def test_a_target_that_answers_before_it_has_all(
    source: HostileEngine, target: HostileEngine, answer: Callable[[], Said], words: str
) -> None:
    target.answers["/images/load"] = answer
    end = copy(source, target)
    assert end.state == "failed"
    assert words in end.detail


def test_answers_that_are_spoilt(source: HostileEngine, target: HostileEngine) -> None:
    chance = random.Random(5)
    seeds = [json.dumps(IMAGE).encode(), b'{"status":"Loading layer","progressDetail":{"current":1,"total":2}}']
    for _ in range(30):
        for server, path in ((source, "/images/web:7/json"), (target, "/images/web:7/json"), (target, "/images/load")):
            server.answers[path] = (
                told(IMAGE) if server is source and chance.random() < 0.7 else plain(spoilt(seeds, chance))
            )
        assert copy(source, target).state in ("failed", "present")


def test_the_error_is_the_engines_own(source: HostileEngine, target: HostileEngine) -> None:
    with pytest.raises(HostError, match="no"):
        Engine(parse_endpoint(target.endpoint)).image("nobody")
    target.answers["/info"] = plain(b"{}", "500 Internal Server Error")
    assert copy(source, target).state == "failed"
