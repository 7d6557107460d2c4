"""Building images on the instances of a cluster: ``moorage build``."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from app.hosts.errors import HostError
from app.hosts.images.building import BuildError, BuildOrder, BuildStoppedError, run_build
from app.interop.dockerfile import base_images
from app.model.build_progress import BuildProgress, BuildState, BuildStep, TellBuild
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.image_reference import parse_reference
from app.model.image_requests import BuildImageRequest
from app.model.instance import Instance, InstanceKey
from app.model.registry import Credential
from app.model.safe_text import safe_line
from app.operations.deeds import command_of, keep_deed, told_if_failed
from app.operations.images.build_trouble import explained, refuse_what_is_built_wrongly
from app.operations.images.context import find_context
from app.operations.policy import ask_first
from app.operations.session import Session, find_entry, instances_of

__all__ = ["BuildError", "BuildStoppedError", "Built", "build_image"]

_MOST_SKIPPED = 5
"""Names in the warning of what cannot be sent."""


@dataclass(frozen=True, slots=True)
class Built:
    """A build that succeeded. ``tags``: with what was left out in them; ``seconds``: of all of it, sending too."""

    image_id: str
    tags: tuple[str, ...]
    instance: InstanceKey
    seconds: float
    steps: tuple[BuildStep, ...]

    def shape(self) -> dict[str, Any]:
        """JSON of ours: ECS builds nothing."""
        return {
            "imageId": self.image_id,
            "tags": list(self.tags),
            "containerInstance": self.instance.name,
            "seconds": round(self.seconds, 1),
            "steps": [
                {
                    "step": step.number,
                    "instruction": step.words,
                    "cached": step.state == "cached",
                    "seconds": round(step.seconds, 1),
                }
                for step in self.steps
            ],
        }

    def words(self) -> str:
        """For the log of what was done."""
        cached = sum(step.state == "cached" for step in self.steps)
        return (
            f"{', '.join(self.tags)} on {self.instance.name}: {short_id(self.image_id)}, {len(self.steps)} steps, "
            f"{cached} of them cached"
        )


def build_image(session: Session, request: BuildImageRequest, tell: TellBuild, stop: Event | None = None) -> Built:
    """Send the context to an instance, build there, and name the image.

    A build runs code on the host, in containers with the engine's usual network: a cluster that wants a yes is asked.

    Args:
        tell: called from this thread; its last event is done, failed or stopped.
        stop: breaks it off once it is set.

    Raises BuildError, BuildStoppedError, and MoorageError for what is found before anything is sent.
    """
    cluster = session.cluster(request.cluster)
    command = command_of("build", request)
    with told_if_failed(session, "build", command, cluster=cluster.name):
        tags = _tags(request.tag)
        arguments = _arguments(request.build_arg, os.environ)
        if request.container_instance:
            find_entry(cluster, request.container_instance)
        ask_first(session, "build", cluster.name, [command])
        built = _build(session, request, cluster, tags, arguments, tell, stop)
    keep_deed(session, "build", built.words(), command, cluster=cluster.name, instance=built.instance.name)
    return built


def _build(
    session: Session,
    request: BuildImageRequest,
    cluster: ClusterFile,
    tags: tuple[str, ...],
    arguments: Mapping[str, str],
    tell: TellBuild,
    stop: Event | None,
) -> Built:
    began = time.monotonic()

    def go_on() -> None:
        if stop is not None and stop.is_set():
            raise BuildStoppedError

    context = find_context(request.path, request.file, go_on)
    refuse_what_is_built_wrongly(context.text)
    _tell_skipped(session, context.skipped)
    instance = _builder(session, cluster, request.container_instance)
    order = BuildOrder(
        tags=tags,
        dockerfile=context.dockerfile,
        arguments=arguments,
        target=request.target,
        platform=request.platform,
        no_cache=request.no_cache,
        pull=request.pull,
        credentials=_credentials(session, context.text, arguments),
    )
    told = _Told(BuildProgress(instance.key, safe_line(tags[0]), "sending", total=context.total), tell)
    with told.how_it_ends(context.text, arguments, cluster.name):
        result = run_build(session.engine(instance.reached_by), order, context.pieces(), told.last, told, stop)
    told.end("done", result.image_id, result.steps)
    return Built(result.image_id, tags, instance.key, time.monotonic() - began, result.steps)


class _Told:
    """Hands on what a build tells, and what is the end of it. ``last``: the event that was told last."""

    def __init__(self, begun: BuildProgress, tell: TellBuild) -> None:
        self.last = begun
        self._tell = tell

    def __call__(self, progress: BuildProgress) -> None:
        self.last = progress
        self._tell(progress)

    def end(self, state: BuildState, detail: str, steps: tuple[BuildStep, ...] | None = None) -> None:
        steps = self.last.steps if steps is None else steps
        self._tell(replace(self.last, state=state, steps=steps, lines=(), detail=safe_line(detail)))

    @contextlib.contextmanager
    def how_it_ends(self, text: str, arguments: Mapping[str, str], cluster: str) -> Iterator[None]:
        """Tell it, and raise BuildError with the remedy for whatever the engine says no to."""
        try:
            yield
        except (BuildStoppedError, KeyboardInterrupt):
            self.end("stopped", "the build was stopped")
            raise
        except MoorageError as error:
            found = error if isinstance(error, BuildError) else None
            if isinstance(error, HostError) and not error.unanswered:
                # It said no before the first step: the Dockerfile is none, say.
                found = BuildError(error.message)
            better = error if found is None else explained(found, text, arguments, cluster)
            self.end("failed", better.message)
            if found is None:
                raise
            raise better from None


def _tags(given: Sequence[str]) -> tuple[str, ...]:
    references = [parse_reference(tag) for tag in given]
    for reference in references:
        if reference.digest:
            raise MoorageError(
                f"{reference}: an image is built under a name and a tag; its digest comes of what is in it",
                code="InvalidParameterException",
            )
    return tuple(dict.fromkeys(map(str, references)))


def _arguments(given: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """NAME alone is taken from the environment, and left to the Dockerfile where it is not there: as docker does."""
    found: dict[str, str] = {}
    for position, text in enumerate(given):
        name, equals, value = text.partition("=")
        if not name.strip():
            raise MoorageError(f"buildArg[{position}]: no name before =", code="InvalidParameterException")
        if equals:
            found[name] = value
        elif name in environment:
            found[name] = environment[name]
    return found


def _tell_skipped(session: Session, skipped: Sequence[str]) -> None:
    if skipped:
        more = f" and {len(skipped) - _MOST_SKIPPED} more" if len(skipped) > _MOST_SKIPPED else ""
        names = ", ".join(skipped[:_MOST_SKIPPED])
        session.complain(safe_line(f"not sent, as they are sockets, pipes or devices: {names}{more}"))


def _credentials(session: Session, text: str, arguments: Mapping[str, str]) -> tuple[Credential, ...]:
    """Of the registries of base images alone: no other is shown anything."""
    registries: dict[str, None] = {}
    for image in base_images(text, arguments):
        try:
            registries[parse_reference(image).registry] = None
        except MoorageError:
            continue  # the engine says what is wrong with it
    found = (session.credential_for(registry) for registry in registries)
    return tuple(credential for credential in found if credential is not None)


def _builder(session: Session, cluster: ClusterFile, named: str) -> Instance:
    """The one that is named; else, of those that answer and take tasks, the one with the most memory left for them."""
    every = {instance.key.name: instance for instance in instances_of(cluster, cluster.name)}
    if named:
        return every[find_entry(cluster, named).name]
    fleet = session.survey(cluster)
    free = {
        state.instance.key.name: state.registered.memory - state.reserved.memory
        for state in fleet.instances.values()
        if state.live and not state.draining
    }
    if not free:
        raise MoorageError(
            f"no instance of cluster {cluster.name!r} answers and takes tasks; name one that shall build by "
            "--container-instance",
            code="InvalidParameterException",
        )
    return every[max(sorted(free), key=lambda name: free[name])]


def short_id(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
