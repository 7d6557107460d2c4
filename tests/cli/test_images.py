"""Images on the instances of a cluster, from the command line: pull, push, tag, remove, list, prune."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.model.image import short_image_id
from app.model.image_requests import PruneImagesRequest
from app.operations.images.pruning import plan_prune, prune_images
from app.operations.session import Session
from app.store.home import resolve_home
from tests.cli.calling import Cli
from tests.cli.process import command, running
from tests.engine.images import image_id, make_image
from tests.engine_bed import Daemon, Registry, wait_until
from tests.terminal import TerminalProgram

WEB = "127.0.0.1:5000/web:7"
LIVE = ["sleep", "60"]


@pytest.fixture
def cli(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))  # nobody's credentials
    return cli


def endpoints(engines: list[Daemon]) -> list[str]:
    return [daemon.endpoint for daemon in engines]


def states(answer: object) -> dict[str, str]:
    return {one["containerInstance"]: one["state"] for one in answer["images"]}  # type: ignore[index]


def test_pushed_from_one_and_pulled_on_all(
    clustered: Callable[..., Cli], engines: list[Daemon], shared_registry: Registry
) -> None:
    cli = clustered(*endpoints(engines))
    made = make_image(engines[1], WEB)
    pushed = cli("push", WEB).json
    ((moved,), failures) = pushed["images"], pushed["failures"]
    assert (moved["containerInstance"], moved["state"], failures) == ("edge-2", "done", [])
    assert moved["detail"].startswith("sha256:")

    pulled = cli("pull", WEB)
    assert states(pulled.json) == {"edge-1": "done", "edge-2": "present", "edge-3": "done"}
    assert {one["detail"] for one in pulled.json["images"]} == {moved["detail"]}
    assert [image_id(daemon, WEB) for daemon in engines] == [made] * 3
    assert "edge-1: pull 127.0.0.1:5000/web:7: begins" in pulled.err.splitlines()
    assert states(cli("pull", WEB, "--container-instances", "edge-3").json) == {"edge-3": "present"}

    audited = cli("audit", "--output", "json").json["entries"]
    told = {(one["verb"], one["outcome"]): one["detail"] for one in audited}
    assert told["push", "done"] == f"{WEB}: 1 done"


def test_a_pull_that_fails_is_never_the_copy_that_was_there(
    clustered: Callable[..., Cli], engines: list[Daemon], shared_registry: Registry
) -> None:
    """One has an old copy of what the registry has not, the other has none: both are failures, by name."""
    cli = clustered(*endpoints(engines))
    make_image(engines[0], WEB, 4096)
    failed = cli("pull", WEB, "--container-instances", "edge-1", "edge-2", code=1)
    assert failed.json["images"] == []
    assert [one["containerInstance"] for one in failed.json["failures"]] == ["edge-1", "edge-2"]
    for name in ("edge-1", "edge-2"):
        (line,) = [line for line in failed.err.splitlines() if line.startswith(f"moorage: {name}: ")]
        assert "no such image or tag" in line


def test_hosts_that_do_not_answer_are_named_and_the_others_go_on(
    clustered: Callable[..., Cli], fresh_engine: Callable[..., Daemon], engine: Daemon, registry: Registry
) -> None:
    other = fresh_engine()
    cli = clustered(engine.endpoint, other.endpoint)
    image = registry.push("web:7")
    other.kill()
    pulled = cli("pull", image, code=1)
    assert states(pulled.json) == {"edge-1": "done"}
    (failure,) = pulled.json["failures"]
    assert (failure["containerInstance"], failure["reason"]) == ("edge-2", "FAILED")
    assert failure["detail"].startswith("no Docker Engine is listening there")
    listed = cli("list-images", code=1)
    assert [one["detail"][:6] for one in listed.json["failures"]] == ["edge-2"]
    assert image in [one["name"] for one in listed.json["images"]]
    engine.run(["true"])  # or busybox would go
    for argv in (
        ["tag", image, "--tag", "web:8"],
        ["remove-image", image, "--yes"],
        ["prune-images", "--all", "--yes"],
    ):
        done = cli(*argv, code=1)
        assert [one["containerInstance"] for one in done.json["images"]] == ["edge-1"] * len(done.json["images"]) != []
        (line,) = [line for line in done.err.splitlines() if line.startswith("moorage: edge-2: ")]
        assert "no Docker Engine is listening there" in line


def test_which_of_two_images_of_one_name_is_pushed_has_to_be_said(
    clustered: Callable[..., Cli], engines: list[Daemon], shared_registry: Registry
) -> None:
    """One was built anew, say, and the other host has the old one."""
    cli = clustered(*endpoints(engines))
    first, second = (make_image(daemon, WEB, 4096) for daemon in engines[:2])
    refused = cli("push", WEB, code=1).err
    told = f"({short_image_id(first)} on edge-1; {short_image_id(second)} on edge-2)"
    assert refused == f"moorage: {WEB} is not the same image everywhere {told}: say which with --container-instance\n"
    cli("push", WEB, "--container-instance", "edge-2")
    cli("pull", WEB, "--container-instances", "edge-3")
    assert image_id(engines[2], WEB) == second


def test_an_image_for_another_processor_is_no_success(
    clustered: Callable[..., Cli], engine: Daemon, registry: Registry
) -> None:
    """Docker 20.10 takes the one that there is; later engines say no."""
    cli = clustered(engine.endpoint)
    image = registry.push("web:7")
    assert states(cli("pull", image, "--platform", "linux/amd64").json) == {"edge-1": "done"}
    failed = cli("pull", image, "--platform", "linux/arm64/v8", code=1)
    (failure,) = failed.json["failures"]
    assert re.search(r"came for linux/amd64: the registry has none for linux/arm64/v8|platform", failure["detail"])


def test_hosts_that_got_different_images_are_told_apart(
    clustered: Callable[..., Cli], engines: list[Daemon], tmp_path: Path
) -> None:
    """As where a tag moves between two pulls: here each host has a registry of its own at that address."""
    cli = clustered(*endpoints(engines[:2]))
    registries = []
    try:
        for number, daemon in enumerate(engines[:2]):
            folder = tmp_path / f"registry-{number}"
            folder.mkdir()
            registries.append(Registry(daemon, folder))
            registries[-1].start()
            assert registries[-1].push("web:7") == WEB
        pulled = cli("pull", WEB)
    finally:
        for registry in registries:
            registry.close()
    first, second = (one["detail"][:19] for one in pulled.json["images"])
    words = f"{WEB} is not the same everywhere, its tag has moved meanwhile; pull again: "
    assert f"moorage: warning: {words}{first} on edge-1; {second} on edge-2" in pulled.err
    (row,) = [one for one in cli("list-images").json["images"] if one["name"] == WEB]
    assert len(row["imageIds"]) == 2


def test_listed_with_what_runs_and_what_has_moved(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*endpoints(engines[:2]))
    first = image_id(engines[0], "busybox:latest")
    for daemon in engines[:2]:
        daemon.api.tag("busybox:latest", "web", "7")
    cli.register({"name": "main", "image": "web:7", "command": LIVE})
    task = cli("start-task", "web", "--container-instances", "edge-1").json["tasks"][0]["taskArn"]
    listed = {one["name"]: one for one in cli("list-images").json["images"]}
    assert (listed["web:7"]["taskArns"], listed["web:7"]["movedTaskArns"]) == ([task], [])
    assert (listed["web:7"]["imageIds"], listed["web:7"]["missingOn"]) == ([first], [])

    moved = make_image(engines[0], "web:7", 4096)
    found = cli("list-images").json
    row = next(one for one in found["images"] if one["name"] == "web:7")
    assert (row["taskArns"], row["movedTaskArns"]) == ([task], [task])
    assert sorted(row["imageIds"]) == sorted([moved, first])
    assert {one["containerInstance"]: one["count"] for one in found["disk"]} == {"edge-1": 2, "edge-2": 1}

    table = cli("list-images", "--output", "table").out.splitlines()
    (line,) = [line for line in table if line.startswith("web:7")]
    assert table[0].split() == ["IMAGE", "ID", "SIZE", "CREATED", "ON", "TASKS", "MOVED"]
    short = task.rsplit("/", 1)[-1][:8]
    assert "2 of 2: edge-1, edge-2" in line
    assert line.count(short) == 2


def test_tagged_where_it_is_and_what_loses_its_name_is_told(
    clustered: Callable[..., Cli], engines: list[Daemon]
) -> None:
    cli = clustered(*endpoints(engines))
    made = make_image(engines[0], "web:7")
    lost = make_image(engines[0], "web:latest")
    tagged = cli("tag", "web:7", "--tag", "web")
    assert states(tagged.json) == {"edge-1": "done"}
    assert f"edge-1: web:latest was another image before: {lost[:19]} has lost that name" in tagged.err
    assert image_id(engines[0], "web:latest") == made
    assert states(cli("tag", "web:7", "--tag", "web").json) == {"edge-1": "present"}
    missing = cli("tag", "web:7", "--tag", "web:8", "--container-instances", "edge-1", "edge-2", code=1)
    assert states(missing.json) == {"edge-1": "done"}
    assert "edge-2: there is no image web:7" in missing.err
    assert "'nothing:1' not found" in cli("tag", "nothing:1", "--tag", "web:9", code=1).err


def test_removed_only_with_a_yes_and_never_what_is_used(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*endpoints(engines))
    for daemon in engines[:2]:
        make_image(daemon, "web:7")
    refused = cli("remove-image", "web:7", code=1)
    assert "it wants a yes first; say it with --yes" in refused.err
    assert image_id(engines[0], "web:7")

    assert states(cli("remove-image", "web:7", "--yes").json) == {"edge-1": "done", "edge-2": "done"}
    assert [image_id(daemon, "web:7") for daemon in engines] == ["", "", ""]
    assert "'web:7' not found" in cli("remove-image", "web:7", "--yes", code=1).err

    engines[2].run(LIVE, name="somebodys")
    one = ["--container-instances", "edge-3"]
    used = cli("remove-image", "busybox", *one, "--yes", code=1)
    assert "edge-3: busybox:latest is used by container somebodys; stop and remove them first" in used.err
    assert image_id(engines[2], "busybox:latest")


def test_pruned_is_exactly_what_was_listed(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*endpoints(engines[:2]))
    first, second = engines[:2]
    old = make_image(first, "web:7", 2 << 20)
    new = make_image(first, "web:7", 1 << 20)
    kept = make_image(second, "db:1", 4096)
    # Of a container that has ended: a person may want to look into it, or start it again.
    changed = second.api.commit(second.run(["true"]), "mine", "1")["Id"]
    second.api.create_container("mine:1", ["true"], name="ended")
    second.api.tag("busybox:latest", "mine", "1", force=True)

    planned = cli("prune-images", "--dry-run")
    assert [(one["imageId"], one["names"]) for one in planned.json["images"]] == [(old, [])]
    assert planned.json["bytes"] == 2 << 20
    assert "nothing was removed" in planned.err
    assert "wants a yes first" in cli("prune-images", code=1).err
    ids = {one["Id"] for daemon in (first, second) for one in daemon.api.images()}
    assert {old, new, kept, changed} <= ids

    gone = cli("prune-images", "--yes")
    assert [one["imageId"] for one in gone.json["images"]] == [old]
    assert {one["Id"] for daemon in (first, second) for one in daemon.api.images()} == ids - {old}
    assert cli("prune-images", "--yes").json["images"] == []

    # busybox of the first has no container; that of the second has one.
    unused = cli("prune-images", "--all", "--yes", "--container-instances", "edge-2").json
    assert [one["imageId"] for one in unused["images"]] == [kept]
    assert {one["Id"] for one in second.api.images()} >= {changed}


def test_what_changes_between_the_list_and_the_yes(
    clustered: Callable[..., Cli], engine: Daemon, fresh_engine: Callable[..., Daemon]
) -> None:
    """One image has got a container, one a name, and one instance is gone: what was listed of others goes."""
    other = fresh_engine()
    cli = clustered(engine.endpoint, other.endpoint)
    going, used, named, lost = (make_image(daemon, "web:7") for daemon in (engine, engine, engine, other))
    make_image(engine, "web:7")
    make_image(other, "web:7")
    session, request = Session(resolve_home(str(cli.home), {})), PruneImagesRequest()
    plan = plan_prune(session, request)
    assert {image.id for image in plan.images} == {going, used, named, lost}

    engine.api.create_container(used, ["true"])
    engine.api.tag(named, "web", "8")
    other.kill()
    done = prune_images(session, request, lambda _: None, plan)
    assert [image.id for image in done.images] == [going]
    reason = "it is used or has a name by now"
    assert {(image.id, why) for image, why in done.skipped} == {(used, reason), (named, reason)}
    assert [(key.name, why[:19]) for key, why in done.failures.items()] == [("edge-2", "no Docker Engine is")]
    assert image_id(engine, "web:8") == named


@pytest.mark.parametrize("verb", ["pull", "tag", "push", "remove-image", "prune-images"])
def test_a_read_only_cluster_keeps_its_images(clustered: Callable[..., Cli], engine: Daemon, verb: str) -> None:
    cli = clustered(engine.endpoint)
    made = make_image(engine, "web:7", 4096)
    engine.api.tag("web:7", "web", "8")
    cli("update-cluster", "--cluster", "default", "--policy", "read-only", "--yes")
    argv = {"tag": ["web:7", "--tag", "web:9"], "prune-images": ["--all"]}.get(verb, ["web:7"])
    refused = cli(verb, *argv, "--yes", code=1)
    assert "read-only" in refused.err
    assert image_id(engine, "web:7") == image_id(engine, "web:8") == made
    assert image_id(engine, "web:9") == ""


def test_a_cluster_that_wants_a_yes_is_asked_before_a_pull(
    clustered: Callable[..., Cli], engine: Daemon, registry: Registry
) -> None:
    cli = clustered(engine.endpoint)
    image = registry.push("web:7")
    cli("update-cluster", "--cluster", "default", "--policy", "confirm", "--yes")
    assert "pull was not done: cluster 'default' wants a yes first" in cli("pull", image, code=1).err
    assert image_id(engine, image) == ""
    assert states(cli("pull", image, "--yes").json) == {"edge-1": "done"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pull_that_is_ended_says_what_exists(
    clustered: Callable[..., Cli],
    engines: list[Daemon],
    shared_registry: Registry,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    cli = clustered(*endpoints(engines[:2]))
    make_image(engines[0], WEB, 1 << 20)
    cli("push", WEB)
    shared_registry.pause()
    with running(tmp_path / "out", cli.home, "pull", WEB) as pull:
        wait_until(lambda: pull.err.count("begins") == 2, within=60, what="both have begun")
        assert pull.end(number) == 128 + number
        told = pull.err.splitlines()
    for name in ("edge-1", "edge-2"):
        words = f"moorage: pull of {WEB} on {name} was broken off: its name there means what it meant before"
        assert words in told
    assert not any("Traceback" in line for line in told)
    assert image_id(engines[1], WEB) == ""


def test_in_a_terminal_each_instance_has_one_line(
    clustered: Callable[..., Cli], engines: list[Daemon], shared_registry: Registry
) -> None:
    cli = clustered(*endpoints(engines))
    made = make_image(engines[1], WEB, 64 << 20)
    digest = cli("push", WEB).json["images"][0]["detail"]
    with TerminalProgram(command(cli.home, "pull", WEB, "--output", "text")) as program:
        assert program.end() == 0
        lines = program.screen().splitlines()
        seen = program.seen.decode()
    done = f"pull {WEB}  done: {short_image_id(digest)}"
    assert lines[:3] == [f"edge-1  {done}", f"edge-2  pull {WEB}  is there already", f"edge-3  {done}"]
    assert sum(line.startswith("edge-") for line in lines) == 3
    assert re.search(r"edge-[13]  pull \S+  [▆▁]+ +[0-9]+%  [0-9.]+[KM]?B?/64M", seen)
    assert image_id(engines[0], WEB) == image_id(engines[2], WEB) == made

    engines[0].api.remove_image(WEB)
    shared_registry.pause()
    with TerminalProgram(command(cli.home, "pull", WEB, "--container-instances", "edge-1")) as program:
        program.until_shown("edge-1  pull .* begins")
        program.press(b"\x03")
        assert program.end() == 130
        assert "broken off: its name there means what it meant before" in program.screen().replace("\n", "")


def test_bad_names_are_one_line(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    for argv in (
        ["pull", "Web:7"],
        ["pull", "web:7", "--container-instances", "edge-9"],
        ["push", f"web@sha256:{'a' * 64}"],
        ["push", "nothing:1"],
        ["tag", "busybox", "--tag", f"web@sha256:{'a' * 64}"],
        ["remove-image", "web:", "--yes"],
        ["pull", "web:7", "--cluster", "nowhere"],
    ):
        (line,) = cli(*argv, code=1).err.splitlines()
        assert line.startswith("moorage: ")
