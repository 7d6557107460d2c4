"""Verbs that write, killed or refused at any of their system calls, and in which order they ask what of the disk."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from app.store.clusters import ClusterStore
from app.store.definitions import DefinitionStore
from app.store.home import resolve_home
from tests.cli.process import command, run
from tests.faults.tracing import counted, injected, needs_strace, written_down
from tests.figures import tell, times

DEFINITION = json.dumps(
    {"family": "web", "containerDefinitions": [{"name": "c", "image": "b", "memory": 16, "command": ["x" * 5000]}]}
)
ENTRY = f"""
[[instance]]
name = "edge-1"
id = "{"0" * 32}"
endpoint = "unix:///nowhere"
registered_at = 2026-01-01T00:00:00Z
"""
VERBS = {
    "create-cluster": ("--cluster-name", "prod"),
    "register-task-definition": ("--cli-input-json", DEFINITION),
    "put-attributes": ("--cluster", "old", "--attributes", "name=zone,value=b,targetId=edge-1"),
}
ERRORS = ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOLCK")
SAMPLE = 8

pytestmark = needs_strace


@pytest.fixture(scope="module")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("model") / "home"
    assert run(home, "create-cluster", "--cluster-name", "old").returncode == 0
    path = home / "clusters" / "old.toml"
    path.write_text(path.read_text() + ENTRY)
    assert run(home, "register-task-definition", "--cli-input-json", DEFINITION).returncode == 0
    return home


@pytest.fixture
def home(model_home: Path, tmp_path: Path) -> Path:
    shutil.copytree(model_home, tmp_path / "home")
    return tmp_path / "home"


def argv_of(verb: str, home: Path) -> list[str]:
    return command(home, verb, *VERBS[verb])


def torn(home: Path) -> list[str]:
    """What of a home cannot be read whole."""
    places, found = resolve_home(str(home), {}), []
    clusters, definitions = ClusterStore(places), DefinitionStore(places)
    for name in clusters.names():
        try:
            if not clusters.read(name).instances and name == "old":
                found.append("old has lost its instance")
        except MoorageError as error:
            found.append(error.message)
    documents = {revision: definitions.read("web", revision).document for revision in definitions.revisions("web")}
    spoilt = [f"web:{revision}" for revision, document in documents.items() if document != DEFINITION.encode()]
    return [*found, *spoilt, *map(str, definitions.problems())]


def places_of(verb: str, home: Path, tmp_path: Path, seed: str) -> list[tuple[str, int]]:
    """Which calls to spoil: some of all that the verb makes, more for figures."""
    other = tmp_path / "counted"
    shutil.copytree(home, other)
    ended, lines = written_down(argv_of(verb, other), tmp_path)
    assert ended.code == 0, ended.err
    everything = [(call, at) for call, count in sorted(counted(lines).items()) for at in range(1, count + 1)]
    assert len(everything) > 20
    return random.Random(seed).sample(everything, min(times(SAMPLE), len(everything)))


@pytest.mark.parametrize("verb", VERBS)
def test_kill_9_at_any_call_leaves_every_file_whole(model_home: Path, home: Path, tmp_path: Path, verb: str) -> None:
    kills = 0
    for number, (call, at) in enumerate(places_of(verb, home, tmp_path, verb)):
        one = tmp_path / str(number)
        shutil.copytree(model_home, one)
        ended = injected(argv_of(verb, one), call, "signal=KILL", at)
        kills += ended.killed
        assert torn(one) == [], (call, at)
        again = run(one, verb, *VERBS[verb])
        assert again.returncode == 0, again.stderr
        assert torn(one) == [], (call, at)
    assert kills >= SAMPLE // 2
    tell("files", kills=kills, torn=0)


@pytest.mark.parametrize("verb", VERBS)
def test_an_error_at_any_call_is_a_line_and_leaves_every_file_whole(
    model_home: Path, home: Path, tmp_path: Path, verb: str
) -> None:
    refused = 0
    for number, (call, at) in enumerate(places_of(verb, home, tmp_path, f"{verb} errors")):
        one = tmp_path / str(number)
        shutil.copytree(model_home, one)
        ended = injected(argv_of(verb, one), call, f"error={ERRORS[number % len(ERRORS)]}", at)
        assert ended.code in (0, 1), (call, at, ended)
        assert "fault of Moorage" not in ended.err
        assert "Traceback" not in ended.err
        assert ended.code == 0 or ended.err.startswith("moorage: "), (call, at, ended)
        refused += ended.code
        assert torn(one) == [], (call, at)
    tell("files", errors=number + 1, told=refused, torn=0)


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_acknowledged_survives_a_power_cut(home: Path, tmp_path: Path, verb: str) -> None:
    """A file gets its name only once its bytes are on the disk, and its folder is asked for before anybody is told."""
    _, lines = written_down(argv_of(verb, home), tmp_path)
    synced: set[str] = set()
    waiting: set[str] = set()
    named = 0
    for line in lines:
        if match := re.match(r"f(?:data)?sync\(\d+<(.+?)>\)", line):
            synced.add(match[1])
            waiting.discard(match[1])
        elif match := re.match(r'(?:rename|link)at2?\(\d+<(.+?)>, "(.+?)", \d+<(.+?)>, "(.+?)"', line):
            folder, temporary, into, name = match.groups()
            if "/state" in folder:  # which may be lost
                continue
            assert f"{folder}/{temporary}" in synced, line
            waiting.add(into)
            named += 1
            synced.discard(f"{folder}/{name}")
        elif line.startswith("write(1<"):
            assert waiting == set(), "told before the folder was on the disk"
    assert named >= 1
    assert waiting == set()


def test_a_file_system_without_links_is_told_with_the_remedy(home: Path) -> None:
    """As some network file systems and FUSE are."""
    for error in ("EPERM", "EOPNOTSUPP"):
        ended = injected(argv_of("create-cluster", home), "linkat", f"error={error}", 1)
        assert ended.code == 1
        assert "hard links" in ended.err
        assert not (home / "clusters" / "prod.toml").exists()


def test_a_file_system_without_locks_is_told_with_the_remedy(home: Path) -> None:
    ended = injected(argv_of("put-attributes", home), "flock", "error=ENOLCK", 1)
    assert ended.code == 1
    assert "no locks" in ended.err
    assert torn(home) == []
