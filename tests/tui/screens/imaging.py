"""Images for screens that stand still: what there is on which instance, a pull and a build in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.model.build_progress import BuildProgress, BuildStep
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.image import HostImage, ImageDisk
from app.model.image_progress import LayerProgress, TransferProgress
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.operations.images import listing, pruning, transfers
from app.operations.images.listing import ImageRow, ImageSurvey
from app.operations.images.pruning import Prune
from app.operations.images.uses import ImageUses, TaskImage
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.images import feed, page
from app.screens.images.works import BuildWork, Transfer, Work
from tests.tui.screens.still import HOSTS
from tests.unit.builders import at

EDGE_1, EDGE_2, EDGE_3 = HOSTS
MIB = 1 << 20
WEB_NOW, WEB_BEFORE, BASE, OLD = ("sha256:" + digit * 64 for digit in "a9c0")
NOW = 1000.0
"""What the clock of works says."""


def host_image(instance: InstanceKey, image_id: str, *names: str, size: int = 66 * MIB, spoil: str = "") -> HostImage:
    digest = f"{names[0].rpartition(':')[0]}@sha256:{image_id[-2:] * 32}" if names else ""
    return HostImage(
        instance,
        image_id,
        tuple(SafeText(f"{name}{spoil}") for name in names),
        (SafeText(f"{digest}{spoil}"),) if digest else (),
        size,
        at(-86400 * 3),
        ("ab" * 32,) if names and instance == EDGE_1 else (),
    )


def image_row(name: str, *copies: HostImage, spoil: str = "", **changes: object) -> ImageRow:
    missing = tuple(key for key in (EDGE_1, EDGE_2) if key not in {copy.instance for copy in copies})
    row = ImageRow(
        SafeText(f"{name}{spoil}" if name else ""), copies, missing, size=copies[0].size, created=copies[0].created
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def survey(spoil: str = "") -> ImageSurvey:
    """Four images on two instances; the third does not answer. What has a lone surrogate is no name in any request."""
    spoil = spoil.replace("\ud800", "")
    why = SafeText(f"unreachable since 12:02:42: the event stream ended{spoil}")
    rows = (
        image_row(
            "busybox:latest", *(host_image(key, BASE, "busybox:latest", size=4 * MIB) for key in (EDGE_1, EDGE_2))
        ),
        image_row(
            "registry.lan/web:7",
            host_image(EDGE_1, WEB_NOW, f"registry.lan/web:7{spoil}", "registry.lan/web:latest"),
            host_image(EDGE_2, WEB_BEFORE, f"registry.lan/web:7{spoil}"),
            spoil=spoil,
            tasks=("3f" * 16,),
            moved=("3f" * 16,),
        ),
        image_row("shop:2", host_image(EDGE_2, "sha256:" + "5e" * 32, "shop:2", size=1200 * MIB)),
        image_row("", host_image(EDGE_1, OLD, size=65 * MIB)),
    )
    disk = {
        EDGE_1: ImageDisk(used=135 * MIB, reclaimable=65 * MIB, count=3),
        EDGE_2: ImageDisk(used=1270 * MIB, reclaimable=1204 * MIB, count=3, build_cache=310 * MIB),
    }
    return ImageSurvey(rows, disk, {EDGE_3: why})


def plan(spoil: str = "") -> Prune:
    big = host_image(EDGE_2, "sha256:" + "5e" * 32, f"shop:2{spoil}", size=1200 * MIB)
    return Prune((host_image(EDGE_1, OLD, size=65 * MIB), big))


def put_images(monkeypatch: pytest.MonkeyPatch, spoil: str = "") -> None:
    """What operations that only look answer."""
    found = survey(spoil)
    running = TaskImage("3f" * 16, EDGE_1, f"registry.lan/web:7{spoil}", "sha256:" + "b" * 64)
    for where in feed, page:
        monkeypatch.setattr(where, "image_uses", lambda *_: ImageUses({EDGE_1: (running,)}))
    monkeypatch.setattr(listing, "survey_images", lambda *_: found)
    monkeypatch.setattr(pruning, "plan_prune", lambda *_: plan(spoil))
    monkeypatch.setattr(transfers, "chosen_instances", _known)
    monkeypatch.setattr(Session, "cluster", lambda _, name: ClusterFile(name=name))


def _known(cluster: ClusterFile, names: Sequence[str]) -> None:
    for name in names:
        if name not in {key.name for key in HOSTS}:
            raise MoorageError(f"there is no container instance {name!r} in cluster {cluster.name!r}")


# --- works ------------------------------------------------------------------------------------------------------------


def _put(app: Dashboard, work: Work) -> None:
    board = app.desk.works
    board.clock = lambda: NOW
    board._works.append(work)


def pull_progress(spoil: str = "") -> list[TransferProgress]:
    image = SafeText(f"registry.lan/web:7{spoil}")
    layers = (
        LayerProgress(SafeText("2a1c0d3e4f5a"), "exists", SafeText("Already exists")),
        LayerProgress(SafeText("7b6a5c4d3e2f"), "done", SafeText("Pull complete"), 12 * MIB, 12 * MIB),
        LayerProgress(SafeText("a1b2c3d4e5f6"), "working", SafeText(f"Downloading{spoil}"), 41 * MIB, 66 * MIB),
        LayerProgress(SafeText("c0ffee00beef"), "waiting", SafeText("Waiting")),
    )
    why = SafeText(f"no space left on device{spoil}")
    return [
        TransferProgress(
            "pull", image, EDGE_1, "working", SafeText("Downloading"), layers, 53 * MIB, 78 * MIB, 12.3 * MIB
        ),
        TransferProgress("pull", image, EDGE_2, "present", SafeText(f"sha256:{'ad' * 32}")),
        TransferProgress("pull", image, EDGE_3, "failed", why),
    ]


def pull_in_the_middle(app: Dashboard, spoil: str = "") -> Transfer:
    """On three instances: one works, one had it, one failed."""
    command = "moorage pull --image registry.lan/web:7 --cluster prod"
    work = Transfer(1, "pull", "prod", f"registry.lan/web:7{spoil}", command, NOW - 12)
    for progress in pull_progress(spoil):
        work.take(progress)
    _put(app, work)
    return work


def build_in_the_middle(app: Dashboard, spoil: str = "") -> BuildWork:
    """At the third of five steps."""
    command = "moorage build --path . --tag registry.lan/web:8 --cluster prod"
    work = BuildWork(2, "build", "prod", f"registry.lan/web:8{spoil}", command, NOW - 14)
    work.tags = (f"registry.lan/web:8{spoil}",)
    steps = (
        BuildStep(1, 5, SafeText("FROM busybox:latest"), "cached"),
        BuildStep(2, 5, SafeText(f"COPY . /site{spoil}"), "done", 0.42),
        BuildStep(3, 5, SafeText("RUN make -C /site"), "working", 11.7),
    )
    lines = ("make: entering directory '/site'", f"cc -O2 -o serve serve.c{spoil}", "serve.c:12: warning: unused")
    work.take(
        BuildProgress(
            EDGE_1,
            SafeText(f"registry.lan/web:8{spoil}"),
            "building",
            steps,
            tuple(map(SafeText, lines)),
            sent=8 * MIB,
            total=8 * MIB,
        )
    )
    _put(app, work)
    return work


def failed_build(app: Dashboard, spoil: str = "") -> BuildWork:
    """The same, a moment later."""
    work = build_in_the_middle(app, spoil)
    assert work.progress is not None
    why = SafeText(f"step 3 of 5 failed, RUN make -C /site: exit code 2{spoil}")
    steps = (*work.progress.steps[:2], replace(work.progress.steps[2], state="failed", seconds=13.0))
    lines = (SafeText("make: *** [serve] Error 1"),)
    work.take(replace(work.progress, state="failed", steps=steps, lines=lines, detail=why))
    work.end("failed", why, NOW - 1)
    return work
