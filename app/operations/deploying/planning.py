"""The plan of a deploy: everything that can be known is known before anything is built, and told in steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.fleet.fleet import Fleet
from app.hosts.policy.rule import PolicyError, ReadOnlyError
from app.model.cluster import ClusterFile
from app.model.deployment import DeployKind, DeployStep, ImageBuild
from app.model.errors import Finding, MoorageError
from app.model.ids import definition_arn
from app.model.image_requests import BuildImageRequest, DeployRequest
from app.model.instance import InstanceKey
from app.model.names import BUILT_IN
from app.model.requests import RunTaskRequest, parse_request
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task
from app.operations.blueprint import Blueprint, blueprint_of
from app.operations.compose_up import saying_the_same, tasks_of, told
from app.operations.deploying.source import DeploySource, read_deploy
from app.operations.deploying.standing import Standing, new_seed, stand
from app.operations.launch import surveyed, verdict_on
from app.operations.planning import reaching
from app.operations.schedulers import check_scheduler
from app.operations.session import Session, find_entry
from app.operations.tasks import unanswered

_HOLDERS_TOLD = 3


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """What a deploy does, as far as it is known before anything is built.

    Attributes:
        blueprint: of the definition; its revision is the one that is there already, or the next.
        changed: a new revision is registered.
        builder: by a build's image, the instance that builds it, or has it where nothing is built.
        standing: if every image that is built comes out changed.
        seed: of chance, for this plan and for its launch.
        rebuilds: images are built; False: what is there is taken.
        warnings: in lines.
    """

    source: DeploySource
    cluster: ClusterFile
    blueprint: Blueprint
    changed: bool
    builder: dict[str, InstanceKey]
    standing: Standing
    seed: int
    rebuilds: bool
    steps: tuple[DeployStep, ...]
    warnings: tuple[str, ...]

    @property
    def definition(self) -> str:
        return f"{self.blueprint.family}:{self.blueprint.revision}"

    def step(self, work: DeployKind, subject: str = "") -> DeployStep:
        """The planned one; another where the cluster has changed since, and more is to be done than was planned."""
        planned = (one for one in self.steps if one.work == work and one.subject in ("", subject))
        return next(planned, DeployStep(work, safe_line(f"{work} {subject}".strip()), SafeText(safe_line(subject))))

    def question(self) -> list[str]:
        """What is done, in lines, for whoever is asked."""
        return [str(step.words) for step in self.steps]

    def shape(self) -> dict[str, Any]:
        """JSON of ours."""
        return {
            "cluster": self.cluster.name,
            "file": self.source.file,
            "taskDefinitionArn": definition_arn(self.blueprint.family, self.blueprint.revision),
            "group": self.source.group,
            "count": self.source.count,
            "steps": [{"work": step.work, "detail": str(step.words)} for step in self.steps],
            "placements": [key.name for key in self.standing.places],
            "replaced": [task.id for task in self.standing.replaced],
        }


def plan_deploy(session: Session, request: DeployRequest) -> DeployPlan:
    """Read the files and look at the cluster; nothing is changed.

    Raises MoorageError for whatever would fail later and can be known now: a document, a policy, a secret that has no
    source, room that is short, an instance that is unknown or does not answer.
    """
    source = read_deploy(session, request)
    cluster = session.cluster(source.cluster)
    check_scheduler(session, cluster.scheduler)
    if session.policies.of(cluster.name).read_only:
        raise ReadOnlyError("deploy", cluster.name)
    same = saying_the_same(session, source.imported)
    blueprint = _blueprint(session, source, cluster, same.revision if same else None)
    warnings = [*source.warnings, *_reaching(session, blueprint)]
    fleet = surveyed(session, cluster)
    running = tasks_of(fleet, cluster.name, source.group)
    warnings += [
        f"{failure['arn']} does not answer; what runs there of {source.group} stays"
        for failure in unanswered(fleet, cluster).get("failures", ())
    ]
    seed = new_seed()

    def stays(task: Task) -> bool:
        return same is not None and not source.builds and is_of(task, blueprint)

    standing = stand(fleet.instances, blueprint.demand, source.count, running, stays, seed)
    refuse_if_short(standing)
    builder = _builders(source.builds, cluster, fleet, standing)
    if source.deliver == "none" and source.builds and not request.no_build:
        # Where it is built is where it runs.
        only = {builder[build.image] for build in source.delivered}
        standing = stand(fleet.instances, blueprint.demand, source.count, running, stays, seed, only)
        refuse_if_short(standing)
    steps = _steps(source, blueprint, standing, builder, changed=same is None, rebuilds=not request.no_build)
    return DeployPlan(
        source, cluster, blueprint, same is None, builder, standing, seed, not request.no_build, steps, tuple(warnings)
    )


def is_of(task: Task, blueprint: Blueprint) -> bool:
    """Is it a task of this very revision?"""
    return (task.family, task.revision) == (blueprint.family, blueprint.revision)


def refuse_if_short(standing: Standing) -> None:
    """Raises MoorageError when not all tasks have a place, with the first reasons why not."""
    if standing.fits:
        return
    reasons = [f"{why.key.name}: {why.words}" for why in standing.refusals]
    told_reasons = "; ".join(reasons[:_HOLDERS_TOLD]) + ("; …" if len(reasons) > _HOLDERS_TOLD else "")
    room, missing = len(standing.places), "1 task" if standing.missing == 1 else f"{standing.missing} tasks"
    short = f"there is room for {room} of {missing}" if room else f"there is no room for {missing}"
    raise MoorageError(f"{short}: {told_reasons}")


def foreign_scheduler(cluster: ClusterFile) -> bool:
    """Does somebody choose the instances who can be asked at the launch alone?"""
    return cluster.scheduler not in ("", BUILT_IN)


def goals(cluster: ClusterFile, standing: Standing) -> tuple[InstanceKey, ...]:
    """The instances that tasks may be started on: those that get the images."""
    return standing.able if foreign_scheduler(cluster) else tuple(dict.fromkeys(standing.places))


def build_request(build: ImageBuild, key: InstanceKey) -> BuildImageRequest:
    """Of ``moorage build`` for one of the images. Raises MoorageError for what it does not take."""
    arguments = [name if value is None else f"{name}={value}" for name, value in build.args.items()]
    members = {
        "path": build.context,
        "tag": [build.image],
        "file": build.dockerfile,
        "cluster": key.cluster,
        "containerInstance": key.name,
        "buildArg": arguments,
        "target": build.target,
        "platform": build.platform,
        "noCache": build.no_cache,
        "pull": build.pull,
    }
    return parse_request(BuildImageRequest, members)


def listed(keys: Iterable[InstanceKey]) -> str:
    return ", ".join(key.name for key in keys)


def _blueprint(session: Session, source: DeploySource, cluster: ClusterFile, revision: int | None) -> Blueprint:
    definition, family = source.understood.definition, source.understood.definition.family
    if revision is None:
        known = family in session.definitions.families() and session.definitions.revisions(family)
        revision = max(known, default=0) + 1 if known else 1
    name = f"{family}:{revision}"
    request = RunTaskRequest(cluster=cluster.name, task_definition=name, group=source.group, count=source.count)
    return blueprint_of(session, request, cluster, family, revision, definition)


def _reaching(session: Session, blueprint: Blueprint) -> list[str]:
    """What somebody is asked before it is made. Raises PolicyError for what the cluster denies."""
    found: Sequence[Finding] = reaching(session, blueprint)
    policy = session.policies.of(blueprint.cluster.name)
    verdict = verdict_on(session, blueprint)
    if found and (policy.dangerous == "deny" or verdict.level == "deny"):
        from app.hosts.policy.rule import Rule
        from app.hosts.policy.verdict import refusal_words

        raise PolicyError(refusal_words(verdict, Rule("", policy.dangerous, blueprint.cluster.name)))
    return [str(finding) for finding in found]


def _builders(
    builds: Sequence[ImageBuild], cluster: ClusterFile, fleet: Fleet, standing: Standing
) -> dict[str, InstanceKey]:
    """Who builds each image: whom the file names, else where the first task goes, so that least has to be sent.

    Raises MoorageError for one that is unknown, draining or does not answer.
    """
    found: dict[str, InstanceKey] = {}
    chosen: InstanceKey | None = None
    for build in builds:
        if build.on:
            key = InstanceKey(cluster.name, find_entry(cluster, build.on).name)
            state = fleet.instances[key]
            if not state.live:
                why = state.freshness.reason or "no answer yet"
                raise MoorageError(f"{key.name}, which is to build {build.image}, does not answer: {why}")
        else:
            key = chosen or _able_to_build(fleet, standing)
        # What one image is built FROM another needs it beside it.
        chosen = chosen or key
        found[build.image] = key
        build_request(build, key)
    return found


def _able_to_build(fleet: Fleet, standing: Standing) -> InstanceKey:
    live = [key for key, state in fleet.instances.items() if state.live]
    if standing.places:
        return standing.places[0]
    if standing.current:
        return standing.current[0].instance
    if not live:
        raise MoorageError("no instance of the cluster answers, so that nothing can be built")
    return min(live)


def _steps(
    source: DeploySource,
    blueprint: Blueprint,
    standing: Standing,
    builder: dict[str, InstanceKey],
    *,
    changed: bool,
    rebuilds: bool,
) -> tuple[DeployStep, ...]:
    name = f"{blueprint.family}:{blueprint.revision}"
    steps: list[DeployStep] = []

    def add(work: DeployKind, words: str, subject: str = "") -> None:
        steps.append(DeployStep(work, safe_line(words), SafeText(safe_line(subject))))

    for build in source.builds:
        where = builder[build.image].name
        if rebuilds:
            add("build", f"build {build.image} on {where}", build.image)
        else:
            add("check", f"look where {build.image} is", build.image)
    targets = goals(blueprint.cluster, standing)
    for build in source.delivered:
        others = [key for key in targets if key != builder[build.image]]
        where = "where tasks go, if it is not there"
        if others and rebuilds:
            where = f"where tasks go: {listed(others)}"
        if source.deliver == "push":
            add("push", f"push {build.image} from {builder[build.image].name}", build.image)
            add("pull", f"pull {build.image} {where}", build.image)
        elif source.deliver == "copy":
            add("copy", f"copy {build.image} to {where}", build.image)
    add("register", f"register {name}" if changed else f"{name} says the same already; nothing is registered")
    one = len(standing.replaced) == 1
    stop = f"stop {_tasks(standing.replaced)}"
    if source.builds and not changed:
        stop += f", if {'its' if one else 'their'} image has changed"
    if standing.replaced and standing.stop_first:
        add("stop", f"{stop}: there is no room for {'it' if one else 'them'} and what comes after")
    add("run", _run_words(source, name, standing))
    if standing.replaced and not standing.stop_first:
        add("stop", stop)
    return tuple(steps)


def _tasks(tasks: Sequence[Task]) -> str:
    return ", ".join(f"task {told(task)}" for task in tasks)


def _run_words(source: DeploySource, name: str, standing: Standing) -> str:
    if not standing.missing:
        return f"{len(standing.current)} of {name} run already"
    places = Counter(key.name for key in standing.places)
    where = ", ".join(f"{key}{f' ×{count}' if count > 1 else ''}" for key, count in places.items())
    kept = f"; {len(standing.current)} run already" if standing.current else ""
    return f"run {standing.missing} of {name} in group {source.group} on {where}{kept}"
