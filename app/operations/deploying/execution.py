"""A deploy, step by step: build, bring the images to where tasks go, register, run, and stop what is replaced.

Nothing is stopped before everything that replaces it is in place. Whatever ends it, what was done stays done: the same
deploy again finds it and goes on from there.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from app.model.deployment import DeployProgress, DeployState, DeployStep, ImageBuild, TellDeploy
from app.model.errors import MoorageError
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_requests import (
    CopyImageRequest,
    DeployRequest,
    PullImageRequest,
    PushImageRequest,
)
from app.model.instance import InstanceKey
from app.model.progress import Progress, Tell
from app.model.safe_text import SafeText, safe_line
from app.model.task import Task
from app.operations.blueprint import Blueprint
from app.operations.compose_up import Up, registered, settle, stop_all, tasks_of, told
from app.operations.deeds import command_of, kept, told_if_failed
from app.operations.deploying.delivering import Whereabouts
from app.operations.deploying.outcome import Deployed, DeployFailure, deployed_words
from app.operations.deploying.planning import DeployPlan, build_request, goals, is_of, listed, refuse_if_short
from app.operations.deploying.proving import faults
from app.operations.deploying.standing import Standing, stand
from app.operations.images.building import BuildError, BuildStoppedError, build_image
from app.operations.images.copying import copy_image
from app.operations.images.pulling import pull_image
from app.operations.images.pushing import push_image
from app.operations.images.transfers import Transferred
from app.operations.launch import accepted, launch_with, surveyed
from app.operations.policy import ask_first
from app.operations.schedulers import scheduler_for
from app.operations.session import Session

_REPLACED = "replaced by moorage deploy"
_ROLLED_BACK = "moorage deploy: not all tasks came up, so those before go on"


class _StoppedError(Exception):
    """A person has broken it off between two steps, or in one."""


class _FailedError(Exception):
    """The step has failed, and that was told."""


def agree(session: Session, request: DeployRequest, plan: DeployPlan) -> None:
    """Have everything asked that a deploy asks, before it begins; who has answered is not asked again.

    Raises PolicyError when the answer is no.
    """
    with told_if_failed(session, "deploy", command_of("deploy", request), cluster=plan.cluster.name):
        ask_first(session, "deploy", plan.cluster.name, plan.question)
        accepted(session, plan.blueprint)


def deploy(
    session: Session,
    request: DeployRequest,
    plan: DeployPlan,
    tell: TellDeploy,
    stop: threading.Event | None = None,
    deployed: Deployed | None = None,
) -> Deployed:
    """Do what was planned. A step that fails ends it, and is told by the answer's ``failure``.

    Args:
        plan: of this very request.
        stop: breaks off a build or a transfer once it is set; a launch that has begun is seen through.
        deployed: is filled as it goes on, for who may not live to see the answer.

    Raises PolicyError when somebody who is asked says no; then nothing was done.
    """
    # As it is kept it can be called from anywhere: the file has said which cluster, and stands in some folder.
    whole = request.model_copy(update={"cluster": plan.cluster.name, "file": os.path.abspath(plan.source.path)})
    done: Deployed = _deploy(session, whole, plan, tell, stop or threading.Event(), deployed or Deployed(plan))
    return done


@kept("deploy", deployed_words, asks=False)
def _deploy(
    session: Session, _: DeployRequest, plan: DeployPlan, tell: TellDeploy, stop: threading.Event, deployed: Deployed
) -> Deployed:
    ask_first(session, "deploy", plan.cluster.name, plan.question)
    return _Deploy(session, plan, accepted(session, plan.blueprint), tell, stop, deployed).run()


class _Deploy:
    def __init__(
        self,
        session: Session,
        plan: DeployPlan,
        blueprint: Blueprint,
        tell: TellDeploy,
        stop: threading.Event,
        done: Deployed,
    ) -> None:
        self._session = session
        self._plan = plan
        self._blueprint = blueprint
        self._tell = tell
        self._stop = stop
        self._done = done
        self._where = Whereabouts(session, plan.cluster)

    def run(self) -> Deployed:
        try:
            for build in self._plan.source.builds:
                self._build(build)
            if self._plan.source.deliver == "push":
                for build in self._plan.source.delivered:
                    self._push(build)
            with self._step(self._plan.step("run"), told=False):
                standing = self._stand(None)
                refuse_if_short(standing)
                targets = goals(self._plan.cluster, standing)
            for build in self._plan.source.delivered:
                self._bring(build, targets)
            self._register()
            self._launch(targets)
        except _FailedError:
            pass
        return self._done

    # --- steps -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _step(self, step: DeployStep, *, breaks: bool = True, told: bool = True) -> Iterator[None]:
        """Told when it begins, and when it fails or is broken off; raises _FailedError then.

        Args:
            breaks: it is not begun any more once a person has broken off; False for what has to be seen through.
            told: False where it has ended already, for all that anybody sees.
        """
        self._done.at = step
        try:
            if breaks and self._stop.is_set():
                raise _StoppedError
            if told:
                self._tell(DeployProgress(step, "working"))
            yield
        except (_StoppedError, BuildStoppedError):
            self._fail(step, "it was broken off", stopped=True)
        except BuildError as error:
            self._fail(step, error.message, lines=error.lines)
        except MoorageError as error:
            self._fail(step, error.message)

    def _fail(self, step: DeployStep, why: str, *, stopped: bool = False, lines: tuple[SafeText, ...] = ()) -> None:
        words = safe_line(why)
        self._done.failure = DeployFailure(step, words, stopped, lines)
        self._tell(DeployProgress(step, "stopped" if stopped else "failed", words))
        raise _FailedError

    def _end(self, step: DeployStep, words: str, state: DeployState = "done") -> None:
        self._tell(DeployProgress(step, state, safe_line(words)))

    def _build(self, build: ImageBuild) -> None:
        key = self._plan.builder[build.image]
        if not self._plan.rebuilds:
            step = self._plan.step("check", build.image)
            with self._step(step):
                found, image_id = self._where.find(build.image, build.on)
                self._done.images[build.image] = found, image_id
                self._end(step, f"{_short(image_id)} on {found.name}")
            return
        step = self._plan.step("build", build.image)
        with self._step(step):
            built = build_image(
                self._session,
                build_request(build, key),
                lambda progress: self._tell(DeployProgress(step, "working", build=progress)),
                self._stop,
            )
            self._done.built.append(built)
            self._done.images[build.image] = built.instance, built.image_id
            cached = bool(built.steps) and all(one.state == "cached" for one in built.steps[1:])
            self._end(step, f"{_short(built.image_id)}{', all from the cache' if cached else ''}")

    def _push(self, build: ImageBuild) -> None:
        step, (key, _) = self._plan.step("push", build.image), self._done.images[build.image]
        with self._step(step):
            request = PushImageRequest(image=build.image, cluster=key.cluster, container_instance=key.name)
            self._sent(step, push_image(self._session, request, self._telling(step), self._stop))
            self._end(step, "the registry has it")

    def _bring(self, build: ImageBuild, targets: tuple[InstanceKey, ...]) -> None:
        """To where tasks go; in the end each of them has the very image that was built."""
        deliver, image = self._plan.source.deliver, build.image
        if deliver == "none":
            return
        source = self._done.images[image]
        step = self._plan.step("pull" if deliver == "push" else "copy", image)
        with self._step(step):
            lacking = self._where.wrong_on(image, source, targets)
            others = [key for key in targets if key.name in lacking]
            if not others:
                self._end(step, f"it is on {listed(targets)}" if targets else "nothing is started", "nothing")
                return
            if source[0] in others:
                raise MoorageError(f"{source[0].name} {lacking[source[0].name]}")
            names, cluster = [key.name for key in others], self._plan.cluster.name
            if deliver == "push":
                pull = PullImageRequest(
                    image=image, cluster=cluster, container_instances=names, platform=build.platform
                )
                self._sent(step, pull_image(self._session, pull, self._telling(step), self._stop))
            else:
                copy = CopyImageRequest.model_validate(
                    {"image": image, "cluster": cluster, "from": source[0].name, "to": names}
                )
                self._sent(step, copy_image(self._session, copy, self._telling(step), self._stop))
            self._check(image, source, targets)
            self._end(step, f"it is on {listed(targets)}")

    def _sent(self, step: DeployStep, sent: Transferred) -> None:
        self._done.sent.append(sent)
        if sent.succeeded:
            return
        if self._stop.is_set():
            raise _StoppedError
        bad = [result for result in sent.results if result.state not in ("done", "present")]
        raise MoorageError("; ".join(f"{result.instance.name}: {result.detail}" for result in bad))

    def _check(self, image: str, source: tuple[InstanceKey, str], targets: tuple[InstanceKey, ...]) -> None:
        """Nothing older may run under that name. Raises MoorageError."""
        if wrong := self._where.wrong_on(image, source, targets):
            name, words = next(iter(wrong.items()))
            raise MoorageError(f"{name} {words}; deploy again")

    def _register(self) -> None:
        step = self._plan.step("register")
        with self._step(step):
            said: list[str] = []
            stored, _ = registered(self._session, self._plan.source.imported, said.append)
            self._done.stored, self._done.registered = stored, said[0].startswith("registered")
            self._blueprint = replace(self._blueprint, revision=stored.revision)
            name = f"{stored.family}:{stored.revision}"
            words = f"{name} is registered" if self._done.registered else f"{name} says the same already"
            self._end(step, words, "done" if self._done.registered else "nothing")

    # --- running ---------------------------------------------------------------------------------------------------

    def _stand(self, only: tuple[InstanceKey, ...] | None) -> Standing:
        """What stays and what is missing, now that the images are known."""
        plan = self._plan
        fleet = surveyed(self._session, plan.cluster)
        running = tasks_of(fleet, plan.cluster.name, plan.source.group)
        wanted = self._wanted()
        same = not plan.changed or self._done.stored is not None

        def stays(task: Task) -> bool:
            return same and is_of(task, self._blueprint) and self._where.runs(task, wanted)

        if only is None and plan.source.deliver == "none":
            # Where it was built is where it runs.
            homes = {self._done.images[build.image][0] for build in plan.source.delivered}
            only = tuple(homes) if homes else None
        return stand(fleet.instances, self._blueprint.demand, plan.source.count, running, stays, plan.seed, only)

    def _wanted(self) -> dict[str, tuple[InstanceKey, str]]:
        """By container, who has the image that it is to run, and the image's id there; of those that are built."""
        return {
            part.name: self._done.images[build.image]
            for part in self._blueprint.definition.container_definitions
            if (build := self._plan.source.build_of(part.image)) is not None
        }

    def _launch(self, targets: tuple[InstanceKey, ...]) -> None:
        """Once the first task is stopped or started all is seen through: half of it would be the worst of both."""
        run, stop = self._plan.step("run"), self._plan.step("stop")
        brought = bool(self._plan.source.delivered)
        with self._step(run):
            standing = self._stand(targets if brought else None)
            if brought and standing.missing and not targets:
                raise MoorageError("a task has ended meanwhile; deploy again")
            self._done.current, self._done.replaced = list(standing.current), list(standing.replaced)
            refuse_if_short(standing)
        if not standing.replaced and stop in self._plan.steps:
            self._end(stop, "the image is the same: what runs stays", "nothing")
        if standing.stop_first and standing.replaced:
            self._stop_replaced(stop, standing)
        if standing.missing:
            self._run(run, standing, targets if brought else None)
        else:
            self._end(run, f"{_already(standing.current, self._plan.definition)}; nothing is started", "nothing")
        if standing.replaced and not standing.stop_first:
            self._stop_replaced(stop, standing)
        if standing.missing:
            self._agree(run)

    def _run(self, step: DeployStep, standing: Standing, only: tuple[InstanceKey, ...] | None) -> None:
        with self._step(step, breaks=False):
            blueprint, rng = self._blueprint, random.Random(self._plan.seed)
            self._done.launched = launched = launch_with(
                self._session,
                blueprint,
                standing.missing,
                scheduler_for(self._session, blueprint.cluster, "", rng),
                self._telling_launch(step),
                only=only,
                in_place=frozenset(self._plan.source.in_place),
            )
            wanted = self._wanted()
            why, wrong = faults(
                self._session, self._plan.cluster, launched, lambda task: self._where.runs(task, wanted)
            )
            if not why:
                where = ", ".join(f"{task.id[:8]} on {task.instance.name}" for task in launched.tasks)
                self._end(step, f"RUNNING: {where}")
                return
            # Where the old go on, none of the new stays beside them.
            if standing.replaced and not standing.stop_first:
                wrong = [task for task in launched.tasks if task.last_status == "RUNNING"]
            ends = {task.id: task for task in self._stop_all(wrong, _ROLLED_BACK, step)}
            launched.tasks = [ends.get(task.id, task) for task in launched.tasks]
            raise MoorageError(why)

    def _stop_replaced(self, step: DeployStep, standing: Standing) -> None:
        with self._step(step, breaks=False):
            ends = self._stop_all(standing.replaced, _REPLACED, step)
            self._done.stopped += ends
            self._end(step, ", ".join(f"task {told(task)}" for task in ends))

    def _stop_all(self, tasks: tuple[Task, ...] | list[Task], reason: str, step: DeployStep) -> list[Task]:
        fleet = surveyed(self._session, self._plan.cluster) if tasks else None
        return stop_all(self._session, fleet, tasks, reason, self._telling_launch(step)) if fleet else []

    def _agree(self, step: DeployStep) -> None:
        """Of two deploys at the same time one gives way, as two ups do."""
        stored = self._done.stored
        assert stored is not None
        up = Up(stored, launched=self._done.launched)
        source = self._plan.source
        with self._step(step, breaks=False, told=False):
            settle(
                self._session,
                self._plan.cluster,
                up,
                source.group,
                source.count,
                self._telling_launch(step),
                self._session.complain,
            )

    def _telling_launch(self, step: DeployStep) -> Tell:
        def tell(progress: Progress) -> None:
            self._tell(DeployProgress(step, "working", launch=progress))

        return tell

    def _telling(self, step: DeployStep) -> TellTransfer:
        def tell(progress: TransferProgress) -> None:
            self._tell(DeployProgress(step, "working", transfer=progress))

        return tell


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def _already(tasks: Sequence[Task], definition: str) -> str:
    """``2 of web:7 run already``; one that comes up, or whose launch was cut off, is told apart."""
    states = Counter(task.last_status for task in tasks)
    if set(states) <= {"RUNNING"}:
        return f"{len(tasks)} of {definition} {'runs' if len(tasks) == 1 else 'run'} already"
    return (
        f"of {definition} there are {', '.join(f'{count} {state}' for state, count in sorted(states.items()))} already"
    )
