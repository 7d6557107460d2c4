"""What is to be deployed: a ``moorage.toml``, a Compose file or a task definition, read whole and checked."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.model.definition_document import DefinitionDocument
from app.model.deployment import Delivery, DeployFile, ImageBuild
from app.model.errors import MoorageError
from app.model.image_reference import DOCKER_HUB, parse_reference, same_image_name
from app.model.image_requests import DeployRequest
from app.model.safe_text import safe_line
from app.operations.compose_up import group_of
from app.operations.deploying.files import FILES
from app.operations.importing import Imported, ImportOptions, bytes_of, checked, import_path
from app.operations.session import Session
from app.store.deploy_file import DEFAULT_NAME, parse_deploy_file

MOST_AT_ONCE = 10
"""What one run-task starts."""
_MOST_GROUP = 255


@dataclass(frozen=True, slots=True)
class DeploySource:
    """``file``: as it was named, ``path``: the same for the system. ``understood``: the definition.

    ``in_place``: images of its containers that are built; ``deliver``: how these reach other instances. ``group``: of
    its tasks. ``warnings``: in lines.
    """

    file: str
    path: str
    cluster: str
    imported: Imported
    understood: DefinitionDocument
    builds: tuple[ImageBuild, ...]
    deliver: Delivery
    count: int
    group: str
    in_place: tuple[str, ...]
    warnings: tuple[str, ...]

    def build_of(self, image: str) -> ImageBuild | None:
        """The build of a container's image, if it is built."""
        return next((one for one in self.builds if same_image_name(one.image, image)), None)

    @property
    def delivered(self) -> tuple[ImageBuild, ...]:
        """The builds that a container runs; others are what these are built FROM, and stay where they are."""
        return tuple(one for one in self.builds if any(same_image_name(one.image, image) for image in self.in_place))


def read_deploy(session: Session, request: DeployRequest) -> DeploySource:
    """Everything that the files say, before any engine is asked.

    Raises MoorageError, DocumentError among them, with every finding of a document at once.
    """
    name = request.file or _default()
    path = os.path.expanduser(name)
    told: list[str] = []
    if path.endswith(".toml"):
        file = parse_deploy_file(bytes_of(path), path)
        if not file.document:
            raise MoorageError(f"{name}: does not say what to run")
        document = os.path.relpath(file.document) if not os.path.isabs(path) else file.document
    else:
        document, file = path, DeployFile(os.path.abspath(path))
    imported = _only_one(import_path(session, document, ImportOptions(builds=True)), document)
    told += [f"{imported.source}: {finding}" for finding in imported.losses]
    understood = checked(imported)
    told += [f"{imported.source}: {finding}" for finding in understood.warnings]
    builds = _with(file.builds, imported.builds)
    images = [part.image for part in understood.definition.container_definitions]
    told += _unused(builds, images, name)
    for build in builds:
        _check_files(build, name)
        if file.deliver == "push":
            _check_pushable(build.image, name)
    count = request.count or file.count or min(imported.replicas, MOST_AT_ONCE)
    if not (request.count or file.count) and count < imported.replicas:
        told.append(f"{imported.replicas} tasks are wanted; at most {MOST_AT_ONCE} are started at once")
    family = understood.definition.family
    return DeploySource(
        file=name,
        path=path,
        cluster=session.cluster_name(request.cluster or file.cluster),
        imported=replace(imported, family=family),
        understood=understood,
        builds=builds,
        deliver=file.deliver,
        count=count,
        group=group_of(imported.project) if imported.project else f"deploy:{family}"[:_MOST_GROUP],
        in_place=tuple(dict.fromkeys(one for one in images if any(same_image_name(b.image, one) for b in builds))),
        warnings=tuple(told),
    )


def _default() -> str:
    for name in FILES:
        if os.path.lexists(name):
            return name
    raise MoorageError(f"there is no {DEFAULT_NAME} here, no Compose file and no {FILES[-2]}; name one with -f")


def _only_one(imported: Sequence[Imported], name: str) -> Imported:
    if len(imported) != 1:
        raise MoorageError(f"{name}: has {len(imported)} task definitions, and one is deployed; make a file of it")
    return imported[0]


def _with(own: Sequence[ImageBuild], others: Sequence[ImageBuild]) -> tuple[ImageBuild, ...]:
    """Those of ``moorage.toml``, and those of its Compose file that it does not build otherwise."""
    added = [one for one in others if not any(same_image_name(one.image, mine.image) for mine in own)]
    return (*own, *added)


def _unused(builds: Sequence[ImageBuild], images: Sequence[str], name: str) -> list[str]:
    """Others may be what these are built FROM; when none is used at all, a name is wrong."""
    unused = [one.image for one in builds if not any(same_image_name(one.image, image) for image in images)]
    if unused and len(unused) == len(builds):
        close = difflib.get_close_matches(unused[0], images, 1, 0)
        raise MoorageError(
            f"{name}: builds {unused[0]}, which no container of the definition runs: did you mean {close[0]!r}?"
        )
    return [f"{name}: {image} is built, and no container runs it" for image in unused]


def _check_pushable(image: str, name: str) -> None:
    """Of Docker Hub's own images nobody else may push one."""
    reference = parse_reference(image)
    if reference.registry == DOCKER_HUB and reference.repository.startswith("library/"):
        raise MoorageError(
            f'{name}: deliver = "push": {image} names no registry; write one, as in registry.lan/{image}, '
            "here and in the definition"
        )


def _check_files(build: ImageBuild, name: str) -> None:
    if parse_reference(build.image).digest:
        raise MoorageError(f"{name}: {build.image}: what is built gets a tag and no digest; write a tag")
    if not os.path.isdir(build.context):
        problem = "is no folder" if os.path.lexists(build.context) else "no such folder"
        raise MoorageError(f"{name}: the context of {build.image}: {safe_line(build.context)}: {problem}")
    dockerfile = build.dockerfile or os.path.join(build.context, "Dockerfile")
    if not os.path.isfile(dockerfile):
        raise MoorageError(f"{name}: the Dockerfile of {build.image}: {safe_line(dockerfile)}: no such file")
