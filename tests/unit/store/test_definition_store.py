from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.store import atomic
from app.store.definitions import DefinitionStore, StoredRevision
from app.store.home import Home, resolve_home
from app.store.revision_files import MAX_REVISION, RevisionConflict, Template
from tests.figures import tell
from tests.unit.store import worker_processes

NOW = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
DOCUMENT = b'{\r\n  "family": "web", "x": null\t}\n\n'


def put(home: Home, name: str, content: bytes = b"{}") -> Path:
    path = home.definitions / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_an_empty_home(home: Home) -> None:
    store = DefinitionStore(home)
    assert (store.families(), store.revisions("web"), store.problems()) == ([], [], [])
    assert store.latest_active("web") is None
    assert store.fingerprint() == ()
    with pytest.raises(NotFoundError, match="there are none yet") as caught:
        store.read("web", 1)
    assert caught.value.code == "ClientException"
    assert not home.definitions.exists()


def test_register_keeps_the_bytes_and_counts_up(home: Home, any_umask: int) -> None:
    store = DefinitionStore(home)
    first = store.register("web", DOCUMENT, "ops", NOW)
    assert first == StoredRevision("web", 1, DOCUMENT, "ACTIVE", NOW, "ops", None) == store.read("web", 1)
    second = store.register("web", b"{}", "ci", LATER)
    assert second.revision == 2
    assert store.revisions("web") == [1, 2]
    assert store.families() == ["web"]
    assert store.latest_active("web") == second
    assert store.problems() == []
    folder = home.definitions / "web"
    assert sorted(os.listdir(folder)) == ["1.json", "1.toml", "2.json", "2.toml"]
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in os.listdir(folder)} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(home.definitions.stat().st_mode) == 0o700


def test_times_are_stored_in_utc(home: Home) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "", NOW.astimezone(timezone(timedelta(hours=12, minutes=45))))
    found = store.read("web", 1)
    assert found.registered_at == NOW
    assert found.registered_at.utcoffset() == timedelta(0)


def test_deregister(home: Home) -> None:
    store = DefinitionStore(home)
    for _ in range(3):
        store.register("web", DOCUMENT, "ops", NOW)
    done = store.deregister("web", 3, LATER)
    assert done == StoredRevision("web", 3, DOCUMENT, "INACTIVE", NOW, "ops", LATER) == store.read("web", 3)
    assert store.deregister("web", 3, LATER + timedelta(days=1)) == done
    latest = store.latest_active("web")
    assert latest is not None
    assert latest.revision == 2
    assert store.revisions("web") == [1, 2, 3]
    store.deregister("web", 1, LATER)
    store.deregister("web", 2, LATER)
    assert store.latest_active("web") is None
    assert store.register("web", DOCUMENT, "ops", NOW).revision == 4
    assert (home.definitions / "web" / "3.json").read_bytes() == DOCUMENT


def test_a_number_is_never_given_twice(home: Home) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    store.register("web", DOCUMENT, "ops", NOW)
    (home.definitions / "web" / "2.json").unlink()
    assert store.register("web", DOCUMENT, "ops", NOW).revision == 3
    put(home, f"web/{MAX_REVISION}.json")
    with pytest.raises(MoorageError, match="last revision"):
        store.register("web", DOCUMENT, "ops", NOW)


def test_a_taken_number_is_passed_over(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer's file appears between the count and the link."""
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    real = atomic.write_first_free

    def late(folder: Path, *args: object, **keywords: object) -> str | None:
        put(home, "web/2.json", b"theirs")
        return real(folder, *args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(atomic, "write_first_free", late)
    assert store.register("web", b"ours", "ops", NOW).revision == 3
    assert store.read("web", 2).document == b"theirs"
    assert store.read("web", 3).document == b"ours"


@pytest.mark.parametrize("family", ["..", "a/b", "a\0b", "", "x" * 300, "CON", "nul", "-a", ".a", "a.b", "é", "a\n"])
def test_bad_family_names_touch_no_path(home: Home, family: str) -> None:
    store = DefinitionStore(home)
    calls: list[Callable[[], object]] = [
        lambda: store.revisions(family),
        lambda: store.read(family, 1),
        lambda: store.latest_active(family),
        lambda: store.register(family, DOCUMENT, "ops", NOW),
        lambda: store.deregister(family, 1, NOW),
    ]
    for call in calls:
        with pytest.raises(MoorageError, match="family name") as caught:
            call()
        assert caught.value.code == "ClientException"
    assert not home.definitions.exists()


def test_families_that_differ_by_case_alone_are_refused(home: Home) -> None:
    store = DefinitionStore(home)
    store.register("Web", DOCUMENT, "ops", NOW)
    with pytest.raises(MoorageError, match="case alone"):
        store.register("web", DOCUMENT, "ops", NOW)
    assert store.register("Web", DOCUMENT, "ops", NOW).revision == 2


def test_a_document_has_a_limit(home: Home) -> None:
    with pytest.raises(MoorageError, match="1,048,576"):
        DefinitionStore(home).register("web", b" " * (1024 * 1024 + 1), "ops", NOW)
    assert DefinitionStore(home).register("f" * 255, b" " * 1024 * 1024, "ops", NOW).revision == 1


@pytest.mark.parametrize("revision", [0, -1, 9, MAX_REVISION + 1])
def test_an_unknown_revision_offers_the_nearest(home: Home, revision: int) -> None:
    store = DefinitionStore(home)
    put(home, "web/0.json")
    store.register("web", DOCUMENT, "ops", NOW)
    with pytest.raises(NotFoundError, match=rf"'web:{revision}' not found; did you mean 'web:1'"):
        store.read("web", revision)
    with pytest.raises(NotFoundError, match="'wbe' not found; did you mean 'web'"):
        store.deregister("wbe", 1, NOW)


def test_without_a_sidecar_a_revision_is_active_since_its_file(home: Home) -> None:
    path = put(home, "web/1.json", DOCUMENT)
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    store = DefinitionStore(home)
    assert store.read("web", 1) == StoredRevision("web", 1, DOCUMENT, "ACTIVE", NOW, "", None)
    assert store.deregister("web", 1, LATER) == StoredRevision("web", 1, DOCUMENT, "INACTIVE", NOW, "", LATER)
    assert store.read("web", 1).registered_at == NOW
    assert store.problems() == []


def test_unknown_keys_of_a_sidecar_survive(home: Home) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    path = home.definitions / "web" / "1.toml"
    path.write_text(path.read_text() + 'colour = "of a newer program"\n')
    store.deregister("web", 1, LATER)
    assert 'colour = "of a newer program"' in path.read_text()
    assert "INACTIVE" in path.read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"status = ", "line 1, column 10"),
        (b'\nstatus = "active"', "status: line 2, column 1: is not valid"),
        (b"registeredAt = 2025-01-31T09:30:00", "registeredAt: line 1, column 1"),
        (b'deregisteredAt = "x"', "deregisteredAt: line 1, column 1"),
        (b"registeredBy = 1", "registeredBy: line 1, column 1"),
        (b"note = 1", "note: line 1, column 1"),
        (b'note = "' + b"x" * 1001 + b'"', "at most 1,000 characters"),
        (b"\xff", "line 1, column 1"),
        (b"#" * 300_000, "262,144"),
    ],
    ids=range(9),
)
def test_a_broken_sidecar_is_told_left_alone_and_hides_no_other(home: Home, content: bytes, words: str) -> None:
    store = DefinitionStore(home)
    for _ in range(2):
        store.register("web", DOCUMENT, "ops", NOW)
    path = put(home, "web/2.toml", content)
    calls: list[Callable[[], object]] = [lambda: store.read("web", 2), lambda: store.deregister("web", 2, NOW)]
    for call in calls:
        with pytest.raises(DocumentError) as caught:
            call()
        assert words in str(caught.value)
    (problem,) = store.problems()
    assert words in str(problem)
    assert problem.source == str(path)
    latest = store.latest_active("web")
    assert latest is not None
    assert latest.revision == 1
    assert store.revisions("web") == [1, 2]
    assert store.register("web", DOCUMENT, "ops", NOW).revision == 3
    assert path.read_bytes() == content


def test_problems_tell_of_strays_and_broken_documents(home: Home, tmp_path: Path) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    put(home, "web/2.json", b'{"a": 1,\n "a": 2}')
    put(home, "web/3.json", b"")
    put(home, "web/7.toml", b'status = "ACTIVE"')
    put(home, "web/007.json")
    put(home, "web/notes.txt")
    put(home, "web/.tmp-1-00")
    put(home, "web/.lock-1.toml")
    put(home, "README.md")
    put(home, "a b/1.json")
    (home.definitions / "web" / "4.json").symlink_to(tmp_path / "secret")
    (home.definitions / "web" / "5.json").mkdir()
    os.mkfifo(home.definitions / "web" / "6.json")
    (home.definitions / "linked").symlink_to(home.definitions / "web")
    told = {str(Path(problem.source).relative_to(home.definitions)): str(problem) for problem in store.problems()}
    assert sorted(told) == [
        "README.md", "a b", "linked", "web/007.json", "web/2.json", "web/3.json", "web/4.json", "web/5.json",
        "web/6.json", "web/7.toml", "web/notes.txt"
    ]  # fmt: skip
    assert "line 2, column 2" in told["web/2.json"]
    assert "empty" in told["web/3.json"]
    assert "symbolic link" in told["web/4.json"]
    assert store.families() == ["web"]
    assert store.read("web", 1).revision == 1
    assert store.register("web", DOCUMENT, "ops", NOW).revision == 8


def test_a_linked_family_or_document_is_not_followed(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    (outside / "1.json").write_bytes(b"{}")
    home.definitions.mkdir(parents=True, mode=0o700)
    (home.definitions / "web").symlink_to(outside)
    store = DefinitionStore(home)
    assert (store.families(), store.revisions("web")) == ([], [])
    calls: list[Callable[[], object]] = [
        lambda: store.read("web", 1),
        lambda: store.register("web", DOCUMENT, "ops", NOW),
    ]
    for call in calls:
        with pytest.raises(MoorageError, match="link"):
            call()
    put(home, "api/2.json")
    (home.definitions / "api" / "1.json").symlink_to(outside / "1.json")
    with pytest.raises(DocumentError, match="symbolic link"):
        store.read("api", 1)
    assert os.listdir(outside) == ["1.json"]


def test_a_linked_folder_of_all_definitions_is_followed(home: Home, tmp_path: Path) -> None:
    (tmp_path / "git").mkdir(mode=0o700)
    home.definitions.parent.mkdir()
    home.definitions.symlink_to(tmp_path / "git")
    assert DefinitionStore(home).register("web", DOCUMENT, "ops", NOW).revision == 1
    assert (tmp_path / "git" / "web" / "1.json").read_bytes() == DOCUMENT


def test_the_fingerprint_changes_with_every_change(home: Home) -> None:
    store = DefinitionStore(home)
    seen = [store.fingerprint()]
    for family in ("web", "web", "api"):
        store.register(family, DOCUMENT, "ops", NOW)
        seen.append(store.fingerprint())
    store.deregister("web", 1, NOW)
    seen.append(store.fingerprint())
    put(home, "web/2.toml", b'status = "INACTIVE"')
    seen.append(store.fingerprint())
    assert len(set(seen)) == len(seen)
    assert store.fingerprint() == store.fingerprint()


def test_who_registers_may_have_any_name(home: Home) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "o\x1b[31mps\udcff\n", NOW)
    assert "\x1b" not in store.read("web", 1).registered_by
    assert store.problems() == []


def test_a_full_disk(small_disk: Path) -> None:
    store = DefinitionStore(resolve_home(str(small_disk), {}))
    store.register("web", DOCUMENT, "ops", NOW)
    with pytest.raises(MoorageError, match=r"ENOSPC"):
        store.register("web", b" " * 200_000, "ops", NOW)
    assert sorted(os.listdir(small_disk / "task-definitions" / "web")) == ["1.json", "1.toml"]
    assert store.register("web", DOCUMENT, "ops", NOW).revision == 2


def test_a_read_only_home(small_disk: Path, make_read_only: Callable[[Path], None]) -> None:
    store = DefinitionStore(resolve_home(str(small_disk), {}))
    store.register("web", DOCUMENT, "ops", NOW)
    make_read_only(small_disk)
    calls: list[Callable[[], object]] = [
        lambda: store.register("web", DOCUMENT, "ops", NOW),
        lambda: store.register("api", DOCUMENT, "ops", NOW),
        lambda: store.deregister("web", 1, NOW),
    ]
    for call in calls:
        with pytest.raises(MoorageError, match=r"read-only: choose another folder with --home"):
            call()
    assert store.read("web", 1).status == "ACTIVE"


def test_a_sidecar_that_cannot_be_written_does_not_undo_the_revision(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, *_: object, **__: object) -> bool:
        raise MoorageError(f"cannot write {path}")

    monkeypatch.setattr(atomic, "write_once", fail)
    stored = DefinitionStore(home).register("web", DOCUMENT, "ops", NOW)
    assert (stored.revision, stored.status, stored.registered_by) == (1, "ACTIVE", "")
    assert DefinitionStore(home).read("web", 1) == stored


def test_eight_processes_register_160_revisions(home: Home) -> None:
    workers = [worker_processes.start("register", home.config_file.parent, who, 20) for who in range(8)]
    told = dict(line.split() for worker in workers for line in worker_processes.acknowledged(worker))
    store = DefinitionStore(home)
    assert store.revisions("web") == list(range(1, 161))
    assert {str(n): store.read("web", n).document.decode() for n in range(1, 161)} == told
    assert len(set(told.values())) == 160
    assert all(store.read("web", n).registered_by == told[str(n)].split("/")[0] for n in range(1, 161))
    tell(
        "registrations",
        writers=8,
        killed=0,
        acknowledged=len(told),
        lost=160 - len(told),
        doubled=160 - len(set(told.values())),
        gaps=0,
    )


def test_of_eight_processes_that_expect_the_same_revision_one_registers(home: Home) -> None:
    """Twelve rounds, each won by exactly one."""
    workers = [worker_processes.start("register_first", home.config_file.parent, who, 12) for who in range(8)]
    told = [line.split() for worker in workers for line in worker_processes.acknowledged(worker)]
    store = DefinitionStore(home)
    assert store.revisions("web") == list(range(1, 13))
    assert sorted(int(number) for number, _ in told) == list(range(1, 13))
    assert {number: store.read("web", int(number)).note for number, _ in told} == {n: f"by {who}" for n, who in told}


def test_kill_9_in_the_middle_loses_and_doubles_nothing(home: Home) -> None:
    workers = [worker_processes.start("register", home.config_file.parent, who, 20) for who in range(8)]
    lines: list[list[str]] = [[] for _ in workers]
    for number, worker in enumerate(workers[:4]):
        assert worker.stdout is not None
        lines[number] += [worker.stdout.readline().removesuffix("\n") for _ in range(number + 1)]
        worker.send_signal(signal.SIGKILL)
    for number, worker in enumerate(workers):
        lines[number] += worker_processes.acknowledged(worker)
    told = [line.split() for some in lines for line in some if " " in line]
    store = DefinitionStore(home)
    numbers = store.revisions("web")
    documents = [store.read("web", n).document.decode() for n in numbers]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(set(documents)) == len(documents)
    assert 80 + 10 <= len(told) <= len(numbers) <= 160
    assert all(documents[int(number) - 1] == document for number, document in told)
    lost = sum(documents[int(number) - 1] != document for number, document in told)
    doubled = len(told) - len({number for number, _ in told})
    tell("registrations", writers=8, killed=4, acknowledged=len(told), lost=lost, doubled=doubled, gaps=0)
    assert [worker.returncode for worker in workers[4:]] == [0] * 4
    old = 1_000_000_000
    for name in os.listdir(home.definitions / "web"):
        if name.startswith(atomic.TEMPORARY_PREFIX):
            os.utime(home.definitions / "web" / name, (old, old))
    assert store.register("web", b"{}", "ops", NOW).revision == len(numbers) + 1
    assert not [name for name in os.listdir(home.definitions / "web") if name.startswith(atomic.TEMPORARY_PREFIX)]


TEMPLATE = Template(b"Resources: {}\r\n", "yaml")


def test_a_template_is_kept_beside_its_revision(home: Home, any_umask: int) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    stored = store.register("web", DOCUMENT, "ops", NOW, TEMPLATE)
    store.register("web", DOCUMENT, "ops", NOW, Template(b"{}", "json"))
    assert stored == StoredRevision("web", 2, DOCUMENT, "ACTIVE", NOW, "ops", None) == store.read("web", 2)
    assert store.template("web", 1) is None
    assert store.template("web", 2) == TEMPLATE
    assert store.template("web", 3) == Template(b"{}", "json")
    with pytest.raises(NotFoundError):
        store.template("web", 4)
    assert (store.problems(), store.revisions("web")) == ([], [1, 2, 3])
    folder = home.definitions / "web"
    assert sorted(os.listdir(folder)) == [
        "1.json", "1.toml", "2.cloudformation.yaml", "2.json", "2.toml", "3.cloudformation.json", "3.json", "3.toml"
    ]  # fmt: skip
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in os.listdir(folder)} == {0o600}


def test_a_template_has_a_limit(home: Home) -> None:
    with pytest.raises(MoorageError, match="1,048,577 bytes"):
        DefinitionStore(home).register("web", b"{}", "ops", NOW, Template(b" " * (1024 * 1024 + 1), "yaml"))
    assert not home.definitions.exists()


def test_a_registration_that_dies_after_its_template_gives_no_revision_and_no_number_twice(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DefinitionStore(home)
    real = atomic.write_once

    def dying(path: Path, data: bytes, **keywords: bool) -> bool:
        if path.name == "1.json":
            os._exit(9)
        return real(path, data, **keywords)

    child = os.fork()
    if child == 0:
        atomic.write_once = dying
        store.register("web", DOCUMENT, "ops", NOW, TEMPLATE)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (store.families(), store.revisions("web")) == ([], [])
    (problem,) = store.problems()
    assert "1.cloudformation.yaml" in problem.source
    assert "belongs to 1.json, which is not there; remove it: its registration was cut off" in str(problem)
    assert store.register("web", b"{}", "ops", NOW).revision == 2
    assert store.template("web", 2) is None


def test_a_template_never_stands_beside_the_document_of_another_writer(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git, or a person, puts a file there between the template and the link."""
    store = DefinitionStore(home)
    real = atomic.write_once

    def late(path: Path, data: bytes, **keywords: bool) -> bool:
        if path.name == "1.json":
            put(home, "web/1.json", b"theirs")
        return real(path, data, **keywords)

    monkeypatch.setattr(atomic, "write_once", late)
    assert store.register("web", b"ours", "ops", NOW, TEMPLATE).revision == 2
    assert (store.read("web", 1).document, store.template("web", 1)) == (b"theirs", None)
    assert (store.read("web", 2).document, store.template("web", 2)) == (b"ours", TEMPLATE)


def test_a_full_disk_keeps_no_template_without_its_revision(small_disk: Path) -> None:
    store = DefinitionStore(resolve_home(str(small_disk), {}))
    with pytest.raises(MoorageError, match=r"ENOSPC"):
        store.register("web", b" " * 200_000, "ops", NOW, TEMPLATE)
    assert os.listdir(small_disk / "task-definitions" / "web") == []
    assert store.register("web", DOCUMENT, "ops", NOW, TEMPLATE).revision == 1


def test_a_linked_template_is_not_followed(home: Home, tmp_path: Path) -> None:
    store = DefinitionStore(home)
    store.register("web", DOCUMENT, "ops", NOW)
    (home.definitions / "web" / "1.cloudformation.yaml").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(DocumentError, match="symbolic link"):
        store.template("web", 1)


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("", ""),
        ("more memory, for the new cache", "more memory, for the new cache"),
        ('  two lines:\r\n\t"the second" \\ é \n', 'two lines:\n\t"the second" \\ é'),
        ("red \x1b[31m \udcff", "red ␛[31m \\u{dcff}"),
        ("x" * 1000, "x" * 1000),
    ],
    ids=range(5),
)
def test_a_note_is_kept(home: Home, note: str, kept: str) -> None:
    store = DefinitionStore(home)
    assert store.register("web", DOCUMENT, "ops", NOW, note=note).note == kept == store.read("web", 1).note
    assert store.deregister("web", 1, LATER).note == kept == store.read("web", 1).note
    assert store.problems() == []


@pytest.mark.parametrize("note", ["x" * 1001, "\u202e" * 400], ids=["long", "long when it is made safe"])
def test_a_note_has_a_limit(home: Home, note: str) -> None:
    with pytest.raises(MoorageError, match="the limit is 1,000: make it shorter"):
        DefinitionStore(home).register("web", DOCUMENT, "ops", NOW, note=note)
    assert not home.definitions.exists()


def test_a_note_that_was_written_by_hand_is_made_safe(home: Home) -> None:
    put(home, "web/1.json", DOCUMENT)
    put(home, "web/1.toml", b'note = """\nfirst\nsecond \\u001b[2J"""')
    assert DefinitionStore(home).read("web", 1).note == "first\nsecond ␛[2J"


def test_an_expected_revision(home: Home) -> None:
    store = DefinitionStore(home)
    with pytest.raises(RevisionConflict, match=r"web has no revision any more \(web:3 was the latest\)") as caught:
        store.register("web", DOCUMENT, "ops", NOW, expected=3)
    assert (caught.value.latest, store.revisions("web")) == (0, [])
    assert store.register("web", DOCUMENT, "ops", NOW, expected=0).revision == 1
    with pytest.raises(RevisionConflict, match=r"web:1 has come in between \(there was no such family\)"):
        store.register("web", DOCUMENT, "ops", NOW, expected=0)
    assert store.register("web", DOCUMENT, "ops", NOW, expected=1).revision == 2
    with pytest.raises(RevisionConflict, match="not registered: web:2 has come in between") as caught:
        store.register("web", DOCUMENT, "ops", NOW, TEMPLATE, expected=1)
    assert (caught.value.latest, store.revisions("web"), store.problems()) == (2, [1, 2], [])
    store.deregister("web", 2, NOW)
    assert store.register("web", DOCUMENT, "ops", NOW, expected=2).revision == 3
