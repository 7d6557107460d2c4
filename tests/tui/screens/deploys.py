"""A deploy for screens that stand still: its plan, in the middle of a copy, and failed with what is left."""

from __future__ import annotations

from types import SimpleNamespace

from app.model.cluster import ClusterFile
from app.model.deployment import DeployKind, DeployProgress, DeployStep, ImageBuild
from app.model.image_progress import TransferProgress
from app.model.image_requests import DeployRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.operations.deploying.outcome import Deployed, DeployFailure
from app.operations.deploying.planning import DeployPlan
from app.operations.deploying.source import DeploySource
from app.operations.deploying.standing import Standing
from app.screens.dashboard import Dashboard
from app.screens.deploying.plan_screen import DeployPlanScreen
from app.screens.deploying.work import DeployWork
from tests.tui.screens.imaging import EDGE_1, EDGE_2, EDGE_3, MIB, NOW

COMMAND = "moorage deploy --file moorage.toml --cluster prod"


def _step(work: DeployKind, words: str, image: str = "") -> DeployStep:
    return DeployStep(work, SafeText(words), SafeText(image))


def plan(spoil: str = "") -> DeployPlan:
    image = f"registry.lan/web:8{spoil}"
    steps = (
        _step("build", f"build {image} on edge-1", image),
        _step("copy", f"copy {image} to where tasks go: edge-2, edge-3", image),
        _step("register", "register web:8"),
        _step("run", "run 3 of web:8 in group deploy:web on edge-1, edge-2, edge-3"),
        _step("stop", f"stop task 3f3f3f3f of web:7 on edge-1{spoil}"),
    )
    source = DeploySource(
        file=f"moorage.toml{spoil}",
        path="moorage.toml",
        cluster="prod",
        imported=SimpleNamespace(),  # type: ignore[arg-type]
        understood=SimpleNamespace(),  # type: ignore[arg-type]
        builds=(ImageBuild(image, "/src"),),
        deliver="copy",
        count=3,
        group="deploy:web",
        in_place=(image,),
        warnings=(),
    )
    return DeployPlan(
        source=source,
        cluster=ClusterFile(name="prod"),
        blueprint=SimpleNamespace(family="web", revision=8),  # type: ignore[arg-type]
        changed=True,
        builder={image: EDGE_1},
        standing=Standing((), (), 3, places=(EDGE_1, EDGE_2, EDGE_3)),
        seed=1,
        rebuilds=True,
        steps=steps,
        warnings=(f"taskdef.json: taskRoleArn: kept, not honoured{spoil}; leave it out", "edge-4 does not answer"),
    )


def plan_screen(app: Dashboard, spoil: str = "") -> DeployPlanScreen:
    return DeployPlanScreen(app.desk, DeployRequest(file="moorage.toml", cluster="prod"), plan(spoil))


def deploy_in_the_middle(app: Dashboard, spoil: str = "") -> DeployWork:
    """The image is built, and on its way to two instances."""
    made = plan(spoil)
    now = [NOW - 30]
    work = DeployWork(7, made, COMMAND, lambda: now[0])
    build, copy = made.steps[:2]
    image = SafeText(f"registry.lan/web:8{spoil}")
    work.take(DeployProgress(build, "working"))
    now[0] = NOW - 12
    work.take(DeployProgress(build, "done", SafeText("2b88f32e8904")))
    work.take(DeployProgress(copy, "working"))
    for key, done in ((EDGE_2, 61), (EDGE_3, 17)):
        moving = TransferProgress("copy", image, key, "working", done=done * MIB, total=66 * MIB, rate=4.2 * MIB)
        work.take(DeployProgress(copy, "working", transfer=moving))
    app.desk.works.clock = lambda: NOW
    app.desk.works._works.append(work)
    return work


def failed_deploy(app: Dashboard, spoil: str = "") -> DeployWork:
    """A moment later: the disk of one was full."""
    work = deploy_in_the_middle(app, spoil)
    made, copy = work.plan, work.plan.steps[1]
    why = SafeText(f"edge-3: no space left on device{spoil}")
    image = made.source.in_place[0]
    ended = TransferProgress("copy", SafeText(image), InstanceKey("prod", "edge-3"), "failed", why)
    work.take(DeployProgress(copy, "working", transfer=ended))
    work.take(DeployProgress(copy, "failed", why))
    failure = DeployFailure(copy, why)
    deployed = Deployed(made, images={image: (EDGE_1, "sha256:" + "2b88f32e8904" * 5)}, failure=failure)
    work.end(*work.judged(deployed), NOW - 2)
    return work
