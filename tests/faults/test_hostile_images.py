"""Verbs of images on an engine that means harm: each ends, in lines that drive no terminal, whatever it is told."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.images import listing, pushing
from app.hosts.images.breaking import Break, BrokenOffError
from app.hosts.images.layers import Layers
from app.hosts.images.pulling import pull
from app.main import main
from tests.cli.calling import Cli
from tests.engine_bed.hostile import HostileEngine, Said, chunks, plain, told
from tests.faults.bad_inputs import spoilt
from tests.terminal_bytes import foreign

ID = f"sha256:{'a' * 64}"
EVIL = "\x1b]52;c;YQ==\x07\x1b[2J\u202e[/x]\n"
IMAGE = {
    "Id": f"sha256:{EVIL}", "RepoTags": [f"web:7{EVIL}", "web:7"], "RepoDigests": [EVIL], "Size": 1 << 80,
    "Created": -5, "Config": {"Labels": {EVIL: EVIL}}, "Os": EVIL, "Architecture": EVIL,
}  # fmt: skip
FRAMES = (
    {"status": f"Downloading{EVIL}", "id": EVIL, "progressDetail": {"current": 1 << 80, "total": -1}},
    {"status": "Downloading", "id": EVIL, "progressDetail": {"current": 5, "total": 9}},
    {"status": f"Digest: {ID}"},
    {"status": EVIL, "aux": {"Digest": EVIL, "Tag": EVIL}},
)
SHAPES: tuple[object, ...] = (None, [], {}, "x", [5], {"Id": []}, {"Id": ID, "RepoTags": 5, "RepoDigests": 5}, [IMAGE])
READS = ("/images/json", "/images/web:7/json", "/images/web:8/json", "/system/df", "/containers/json")
WRITES = ("/images/create", "/images/web/push", "/images/web:7/tag", "/images/web:7", f"/images/{ID}")
VERBS: tuple[tuple[str, ...], ...] = (
    ("list-images", "--output", "table"),
    ("pull", "web:7"),
    ("push", "web:7"),
    ("tag", "web:7", "--tag", "web:8"),
    ("remove-image", "web:7", "--yes"),
    ("prune-images", "--all", "--yes"),
)


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[HostileEngine]:
    with HostileEngine(tmp_path) as server:
        server.answers.update(dict.fromkeys(("/images/web:7/json", "/images/web:8/json"), told(IMAGE)))
        server.answers["/images/json"] = told([IMAGE, {**IMAGE, "Id": ID}])
        server.answers["/system/df"] = told({"LayersSize": 1 << 80, "Images": [IMAGE], "BuildCache": [IMAGE]})
        server.answers["/images/create"] = server.answers["/images/web/push"] = lambda: frames(*FRAMES)
        server.answers["/images/web:7/tag"] = plain(b"", "201 Created")
        server.answers["/images/web:7"] = told([{"Deleted": EVIL}, {"Untagged": EVIL}])
        server.answers[f"/images/{ID}"] = told([{"Deleted": EVIL}])
        yield server


def frames(*told_frames: object) -> Said:
    return chunks(json.dumps(frame).encode() + b"\n" for frame in told_frames)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.hosts.engine.PULL_SILENCE", 1.0)
    monkeypatch.setattr(pushing, "PUSH_SILENCE", 1.0)
    for name in ("LIST_TIMEOUT", "DISK_TIMEOUT"):
        monkeypatch.setattr(listing, name, 1.0)


def every_verb(cli: Cli, capsys: pytest.CaptureFixture[str]) -> list[int]:
    codes = []
    for verb in VERBS:
        capsys.readouterr()
        codes.append(main(["--home", str(cli.home), *verb]))
        out, err = capsys.readouterr()
        assert foreign((out + err).encode()) == [], verb
        assert "a fault of Moorage" not in err, (verb, err)
        assert len(out) + len(err) < 100_000, verb
    return codes


def test_foreign_words_everywhere(
    clustered: Callable[..., Cli], evil: HostileEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = clustered(evil.endpoint)
    assert set(every_verb(cli, capsys)) <= {0, 1}


@pytest.mark.parametrize("path", [*READS, *WRITES])
def test_an_answer_of_another_shape(
    clustered: Callable[..., Cli], evil: HostileEngine, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    cli = clustered(evil.endpoint)
    for shape in SHAPES:
        evil.answers[path] = told(shape)
        assert set(every_verb(cli, capsys)) <= {0, 1}


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "500 Internal Server Error", "302 Found"])
def test_a_refusal_with_foreign_words(
    clustered: Callable[..., Cli], evil: HostileEngine, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    cli = clustered(evil.endpoint)
    for path in WRITES:
        evil.answers[path] = plain(json.dumps({"message": EVIL * 5}).encode(), status)
    evil.answers["/images/web:8/json"] = plain(b"{}", "404 Not Found")
    assert every_verb(cli, capsys)[1:5] == [1, 1, 1, 1]


def test_answers_that_are_spoilt(
    clustered: Callable[..., Cli], evil: HostileEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = clustered(evil.endpoint)
    chance = random.Random(8)
    seeds = [json.dumps(one).encode() for one in ([IMAGE], IMAGE, *FRAMES)]
    for _ in range(6):
        for path in (*READS, *WRITES):
            body = spoilt(seeds, chance)
            evil.answers[path] = plain(body)
        assert set(every_verb(cli, capsys)) <= {0, 1}


def test_a_pull_that_says_ever_more_is_bounded_and_can_be_ended(evil: HostileEngine) -> None:
    endless = ({"status": "Downloading", "id": f"{n}", "progressDetail": {"total": 9}} for n in itertools.count())
    evil.answers["/images/create"] = lambda: frames(*itertools.islice(endless, 3000), *itertools.repeat({}, 10_000))
    breaking, most = Break(), 0

    def going(layers: Layers, changed: bool) -> None:
        nonlocal most
        most = max(most, len(layers.each()))
        if layers.each()[-1].id == "2999" or not changed:
            breaking.now()

    with pytest.raises(BrokenOffError):
        pull(Engine(parse_endpoint(evil.endpoint)), "web:7", going=going, breaking=breaking)
    assert most == 1000
