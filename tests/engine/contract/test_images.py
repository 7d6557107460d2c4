"""Images that are there: lists, names, removals, archives, disk use. Asked of the simulated engine and a real one."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.engine.contract.asking import LIVE, Heard, Subject, create, refusal

_NOBODY = ("<none>:<none>", "<none>@<none>")


def layer() -> bytes:
    """A root file system that nobody has yet."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("layer")
        entry.size = 5000
        tar.addfile(entry, io.BytesIO(os.urandom(5000)))
    return buffer.getvalue()


def imported(subject: Subject, name: str, tag: str = "1", changes: Iterable[str] = ('CMD ["sh"]',)) -> str:
    """A new image under that name; returns its id."""
    subject.api.import_image_from_data(layer(), repository=f"{name}:{tag}", tag=tag, changes=list(changes))
    return str(subject.api.inspect_image(f"{name}:{tag}")["Id"])


def names(entry: dict[str, Any], member: str = "RepoTags") -> list[str]:
    return [name for name in entry[member] or () if name not in _NOBODY]


def listed(subject: Subject) -> dict[str, list[str]]:
    """Names by id, of all but busybox."""
    found = {entry["Id"]: sorted(names(entry)) for entry in subject.api.images()}
    return {id: tags for id, tags in found.items() if "busybox:latest" not in tags}


def frames(answer: Any) -> list[dict[str, Any]]:
    return [frame for frame in answer if frame]


def failure(told: list[dict[str, Any]]) -> str:
    """Of frames whose last one says why it failed."""
    last = told[-1]
    assert last["error"] == last["errorDetail"]["message"]
    return str(last["error"])


# --- lists and names --------------------------------------------------------------------------------------------------


def test_an_image_with_several_names_and_one_without(subject: Subject) -> None:
    first = imported(subject, "shop/app", changes=["LABEL a=b"])
    second = imported(subject, "shop/app")
    subject.api.tag("shop/app:1", "other", "2")
    assert listed(subject) == {first: [], second: ["other:2", "shop/app:1"]}
    entries = {entry["Id"]: entry for entry in subject.api.images()}
    nameless, named = entries[first], entries[second]
    assert named.keys() >= {
        "Containers",
        "Created",
        "Id",
        "Labels",
        "ParentId",
        "RepoDigests",
        "RepoTags",
        "SharedSize",
        "Size",
    }
    assert isinstance(named["Created"], int) and named["Created"] > 1_700_000_000
    assert (named["Containers"], named["SharedSize"], named["Labels"]) == (-1, -1, None)
    assert nameless["Labels"] == {"a": "b"} and names(nameless, "RepoDigests") == names(named, "RepoDigests") == []
    assert nameless["Size"] >= 5000
    created = [entry["Created"] for entry in subject.api.images()]
    assert created == sorted(created, reverse=True), "the newest first"

    def found(**filters: Any) -> list[str]:
        return [entry["Id"] for entry in subject.api.images(filters=filters)]

    assert found(dangling=True) == [first] and first not in found(dangling=False)
    assert found(reference="shop/app") == found(reference="shop/app:1") == found(reference="other") == [second]
    assert [names(entry) for entry in subject.api.images("shop/*")] == [["shop/app:1"]], "its other name is not told"
    assert found(label="a=b") == [first] and found(label="a=c") == []


def test_inspect(subject: Subject) -> None:
    made = imported(subject, "shop/app", changes=["ENV A=1", "CMD serve", "EXPOSE 80", "VOLUME /data /more"])
    told = subject.api.inspect_image("shop/app:1")
    assert (told["Id"], told["RepoTags"], told["RepoDigests"]) == (made, ["shop/app:1"], [])
    assert (told["Os"], told["Architecture"], told["RootFS"]["Type"]) == ("linux", "amd64", "layers")
    assert len(told["RootFS"]["Layers"]) == 1 and told["RootFS"]["Layers"][0].startswith("sha256:")
    assert (told["Config"]["Env"], told["Config"]["Cmd"]) == (["A=1"], ["/bin/sh", "-c", "serve"])
    assert told["Config"]["ExposedPorts"] == {"80/tcp": {}} and told["Config"]["Volumes"] == {"/data": {}, "/more": {}}
    assert told["Created"].startswith("20") and told["Size"] >= 5000
    short = made.removeprefix("sha256:")[:12]
    assert subject.api.inspect_image(short)["Id"] == subject.api.inspect_image(made)["Id"] == made
    status, words = refusal(lambda: subject.api.inspect_image("nope"))
    assert status == 404 and words.endswith("No such image: nope:latest")


def test_tag(subject: Subject) -> None:
    one, two = imported(subject, "one"), imported(subject, "two")
    heard = Heard(subject)
    assert subject.api.tag("one:1", "127.0.0.1:5000/team/app", "7")
    assert subject.api.tag(one, "plain")
    assert subject.api.tag("two:1", "127.0.0.1:5000/team/app", "7"), "it moves"
    assert listed(subject) == {one: ["one:1", "plain:latest"], two: ["127.0.0.1:5000/team/app:7", "two:1"]}
    assert [event["Actor"]["Attributes"]["name"] for event in heard.events("tag", kind="image")] == [
        "127.0.0.1:5000/team/app:7", "plain", "127.0.0.1:5000/team/app:7"
    ]  # fmt: skip
    assert refusal(lambda: subject.api.tag("nope:1", "x")) == (404, "No such image: nope:1")
    status, words = refusal(lambda: subject.api.tag("one:1", "UPPER"))
    assert status in (400, 500) and words.endswith("invalid reference format: repository name must be lowercase")
    status, words = refusal(lambda: subject.api.tag("one:1", "a b"))
    assert status in (400, 500) and words.endswith("invalid reference format")


def test_a_container_of_a_tag_that_moved_is_listed_by_its_image(subject: Subject) -> None:
    subject.api.tag("busybox", "app", "1")
    made = subject.api.create_container("app:1", LIVE)["Id"]

    def told() -> str:
        return str(subject.api.containers(all=True)[0]["Image"])

    assert told() == "app:1"
    imported(subject, "app")
    busybox = subject.api.inspect_image("busybox")["Id"]
    assert told() == busybox and subject.api.inspect_container(made)["Config"]["Image"] == "app:1"
    subject.api.tag("busybox", "app", "1")
    assert told() == "app:1"


# --- removal ----------------------------------------------------------------------------------------------------------


def test_a_name_is_taken_away_and_the_last_one_takes_the_image(subject: Subject) -> None:
    heard = Heard(subject)
    made = imported(subject, "shop/app")
    (layer_id,) = subject.api.inspect_image(made)["RootFS"]["Layers"]
    subject.api.tag("shop/app:1", "other")
    assert subject.api.remove_image("shop/app:1") == [{"Untagged": "shop/app:1"}]
    assert subject.api.remove_image("other") == [
        {"Untagged": "other:latest"}, {"Deleted": made}, {"Deleted": layer_id}
    ]  # fmt: skip
    assert listed(subject) == {}
    told = heard.events("untag", "delete", kind="image")
    assert [(event["Action"], event["Actor"]["ID"]) for event in told] == [
        ("untag", made), ("untag", made), ("delete", made)
    ]  # fmt: skip
    assert refusal(lambda: subject.api.remove_image("other")) == (404, "No such image: other:latest")


def test_by_its_id_an_image_goes_with_its_name(subject: Subject) -> None:
    made = imported(subject, "shop/app")
    told = subject.api.remove_image(made)
    assert told[:2] == [{"Untagged": "shop/app:1"}, {"Deleted": made}]
    made = imported(subject, "shop/app")
    subject.api.tag("shop/app:1", "shop/other")
    short = made.removeprefix("sha256:")[:12]
    assert refusal(lambda: subject.api.remove_image(made)) == (
        409, f"conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
    )  # fmt: skip
    told = subject.api.remove_image(made, force=True)
    assert {"Deleted": made} in told and sum("Untagged" in entry for entry in told) == 2


def test_what_containers_use_stays(subject: Subject) -> None:
    subject.api.tag("busybox", "app", "1")
    subject.api.remove_image("busybox:latest", force=True)
    made = subject.api.create_container("app:1", LIVE)["Id"]
    image = subject.api.inspect_image("app:1")["Id"]
    short, user = image.removeprefix("sha256:")[:12], made[:12]
    try:
        words = 'conflict: unable to remove repository reference "app:1" (must force) - '
        told = (409, f"{words}container {user} is using its referenced image {short}")
        assert refusal(lambda: subject.api.remove_image("app:1")) == told
        assert refusal(lambda: subject.api.remove_image(image)) == (
            409,
            f"conflict: unable to delete {short} (must be forced) - image is being used by stopped container {user}",
        )
        subject.api.start(made)
        running = (
            409,
            f"conflict: unable to delete {short} (cannot be forced) - image is being used by running container {user}",
        )
        assert refusal(lambda: subject.api.remove_image(image)) == running
        assert refusal(lambda: subject.api.remove_image(image, force=True)) == running
        assert subject.api.remove_image("app:1", force=True) == [{"Untagged": "app:1"}], "the image stays"
        assert subject.api.containers()[0]["Image"] == image
        assert refusal(lambda: subject.api.remove_image(image)) == running
    finally:
        subject.api.tag(image, "busybox", "latest")


def test_prune(subject: Subject) -> None:
    nameless = imported(subject, "shop/app")
    named = imported(subject, "shop/app")
    used = imported(subject, "shop/used")
    subject.api.create_container("shop/used:1")
    create(subject, LIVE, "keeper")
    told = subject.api.prune_images()
    assert {"Deleted": nameless} in told["ImagesDeleted"]
    assert told["SpaceReclaimed"] >= 5000 and set(listed(subject)) == {named, used}
    told = subject.api.prune_images({"dangling": False})
    assert {"Untagged": "shop/app:1"} in told["ImagesDeleted"] and {"Deleted": named} in told["ImagesDeleted"]
    assert set(listed(subject)) == {used}
    assert subject.api.prune_images() == {"ImagesDeleted": None, "SpaceReclaimed": 0}


def test_disk_use(subject: Subject) -> None:
    before = subject.api.df()
    first, second = imported(subject, "one"), imported(subject, "two")
    subject.api.create_container("two:1")
    told = subject.api.df()
    entries = {entry["Id"]: entry for entry in told["Images"]}
    assert (entries[first]["Containers"], entries[second]["Containers"]) == (0, 1)
    assert entries[first]["SharedSize"] == entries[second]["SharedSize"] == 0
    grown = entries[first]["Size"] + entries[second]["Size"]
    assert told["LayersSize"] - before["LayersSize"] == grown >= 10_000
    assert entries[first]["RepoTags"] == ["one:1"] and told["BuildCache"] in ([], None)


# --- archives ---------------------------------------------------------------------------------------------------------


def saved(subject: Subject, name: str) -> bytes:
    return b"".join(subject.api.get_image(name))


def test_what_is_saved_can_be_loaded_again(subject: Subject) -> None:
    made = imported(subject, "shop/app", changes=["ENV A=1", "LABEL b=c", 'CMD ["sh"]'])
    subject.api.tag("shop/app:1", "shop/app", "2")
    before = subject.api.inspect_image(made)
    archive, whole, nameless = saved(subject, "shop/app:1"), saved(subject, "shop/app"), saved(subject, made)
    for name in ("shop/app:1", "shop/app:2"):
        subject.api.remove_image(name)
    told = frames(subject.api.load_image(archive))
    assert told[-1]["stream"] == "Loaded image: shop/app:1\n"
    assert {frame["status"] for frame in told[:-1]} <= {"Loading layer"}
    assert listed(subject) == {made: ["shop/app:1"]}
    after = subject.api.inspect_image(made)
    for member in ("Config", "RootFS", "Created", "Os", "Architecture", "Size"):
        assert after[member] == before[member]
    frames(subject.api.load_image(whole))
    assert listed(subject) == {made: ["shop/app:1", "shop/app:2"]}
    subject.api.remove_image(made, force=True)
    assert frames(subject.api.load_image(nameless))[-1]["stream"] == f"Loaded image ID: {made}\n"
    assert listed(subject) == {made: []}
    assert refusal(lambda: saved(subject, "nope:1")) == (404, "reference does not exist")


def test_a_loaded_image_takes_over_the_name(subject: Subject) -> None:
    old = imported(subject, "shop/app")
    archive = saved(subject, "shop/app:1")
    new = imported(subject, "shop/app")
    frames(subject.api.load_image(archive))
    assert listed(subject) == {old: ["shop/app:1"], new: []}


def broken(archive: bytes, damage: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with other contents; None leaves a file out."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar, tarfile.open(fileobj=buffer, mode="w") as out:
        for entry in tar:
            file = tar.extractfile(entry) if entry.isreg() else None
            content = damage(entry.name, file.read()) if file is not None else b""
            if content is not None:
                entry.size = len(content)
                out.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda archive: archive[: len(archive) // 3], "unexpected EOF"),
        (lambda archive: broken(archive, _other_layer), "invalid diffID for layer 0: expected"),
        (lambda archive: broken(archive, _no_layer), "no such file or directory"),
        (lambda archive: broken(archive, _fewer_layers), "invalid manifest, layers length mismatch: expected"),
    ],
)
def test_an_archive_that_is_broken_leaves_nothing(
    subject: Subject, damage: Callable[[bytes], bytes], words: str
) -> None:
    imported(subject, "shop/app")
    archive = saved(subject, "shop/app:1")
    subject.api.remove_image("shop/app:1")
    assert words in failure(frames(subject.api.load_image(damage(archive))))
    assert listed(subject) == {}


def _is_layer(name: str, content: bytes) -> bool:
    return name.endswith("/layer.tar") or (name.startswith("blobs/") and not content.startswith(b"{"))


def _other_layer(name: str, content: bytes) -> bytes:
    return layer() if _is_layer(name, content) else content


def _no_layer(name: str, content: bytes) -> bytes | None:
    return None if _is_layer(name, content) else content


def _fewer_layers(name: str, content: bytes) -> bytes:
    if name != "manifest.json":
        return content
    return json.dumps([{**entry, "Layers": []} for entry in json.loads(content)]).encode()
