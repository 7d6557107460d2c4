"""The dialogs of deeds with images: what each asks for, the command that does the same, and how it is begun.

Loaded when the first of them is opened.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.model.errors import MoorageError
from app.model.image_reference import parse_reference
from app.model.image_requests import (
    BuildImageRequest,
    CopyImageRequest,
    PullImageRequest,
    PushImageRequest,
    TagImageRequest,
)
from app.model.requests import Request, parse_request
from app.operations.deeds import command_of
from app.screens.drain_many import check_typed, typed_fields
from app.screens.form_dialog import Field, FormDialog, Values
from app.screens.images.beginning import begin_build, begin_transfer
from app.screens.images.rows import image_argument, image_title

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow
    from app.screens.frame import FrameScreen
    from app.screens.images.works import BuildWork, Transfer

MOST_NAMED = 8
"""Instances that stand in a field by themselves; for more of them it is empty, which means all."""
_ALL = "all of the cluster; or names, as in edge-1 edge-2"
_PLATFORM = "the host's own; or as in linux/arm64"


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", [], False)}


def _words(text: str) -> list[str]:
    """Names with blanks or commas between them."""
    return text.replace(",", " ").split()


def _known_instances(screen: FrameScreen, cluster: str, names: Sequence[str]) -> None:
    """In a thread. Raises MoorageError for a name that the cluster does not have."""
    from app.operations.images.transfers import chosen_instances

    chosen_instances(screen.desk.session.cluster(cluster), names)


def _dialog(
    screen: FrameScreen,
    title: str,
    cluster: str,
    fields: Sequence[Field],
    action: str,
    commands: Callable[[Values], Sequence[tuple[str, Request]]],
    begin: Callable[[Values, str], Callable[[], object]],
    lines: Sequence[str],
) -> FormDialog:
    """
    Args:
        commands: the verbs that do the same, with their requests; raises MoorageError for what is no request.
        begin: gets the values and the command in a thread, and gives back what begins it on the screen's.
    """
    typed = typed_fields(screen.desk, [cluster])

    def command(values: Values) -> str:
        return " && ".join(command_of(verb, request) for verb, request in commands(values))

    def work(values: Values) -> Callable[[], object]:
        check_typed(values, typed)
        return begin(values, command(values))

    return FormDialog(screen.desk, title, [*fields, *typed], action, work, lines, command)


# --- pull ------------------------------------------------------------------------------------------------------------


def pull_dialog(screen: FrameScreen, cluster: str, row: ImageRow | None) -> FormDialog:
    """A name, wherever it may be; by itself that of the row at the cursor."""

    def request(values: Values) -> PullImageRequest:
        members = {"image": values["image"], "cluster": cluster, "containerInstances": _words(values["instances"])}
        return parse_request(PullImageRequest, _given({**members, "platform": values["platform"]}))

    def begin(values: Values, command: str) -> Callable[[], object]:
        wanted = request(values)
        name = str(parse_reference(wanted.image))
        _known_instances(screen, cluster, wanted.container_instances)

        def run(work: Transfer) -> object:
            from app.operations.images.pulling import pull_image

            return pull_image(screen.desk.session, wanted, work.take, work.stop)

        return lambda: begin_transfer(screen, "pull", cluster, name, command, run)

    lacking = row.missing if row is not None and len(row.missing) <= MOST_NAMED else ()
    missing = " ".join(key.name for key in lacking)
    fields = [
        Field("image", "Image", str(row.name) if row is not None else "", "as in nginx:1.28 or registry.lan/web:7"),
        Field("instances", "Instances", missing, _ALL),
        Field("platform", "Platform", "", _PLATFORM),
    ]
    lines = ["Each instance pulls from the registry by itself, with your credentials for it."]
    return _dialog(
        screen, f"Pull an image in {cluster}", cluster, fields, "Pull", lambda v: [("pull", request(v))], begin, lines
    )


# --- push ------------------------------------------------------------------------------------------------------------


def push_dialog(screen: FrameScreen, cluster: str, row: ImageRow) -> FormDialog:
    """From one instance to the registry of its name, or under another name to another registry."""
    first = row.copies[0].instance.name

    def tag(values: Values) -> TagImageRequest | None:
        if not values["as"] or values["as"] == values["image"]:
            return None
        members = {"image": values["image"], "tag": values["as"], "cluster": cluster}
        return parse_request(TagImageRequest, {**members, "containerInstances": [values["instance"] or first]})

    def push(values: Values) -> PushImageRequest:
        members = {"image": values["as"] or values["image"], "cluster": cluster}
        return parse_request(PushImageRequest, _given({**members, "containerInstance": values["instance"]}))

    def commands(values: Values) -> Sequence[tuple[str, Request]]:
        named, pushed = tag(values), push(values)
        return [("tag", named), ("push", pushed)] if named is not None else [("push", pushed)]

    def begin(values: Values, command: str) -> Callable[[], object]:
        named, wanted = tag(values), push(values)
        name = str(parse_reference(wanted.image))
        _known_instances(screen, cluster, [values["instance"]] if values["instance"] else [])

        def run(work: Transfer) -> object:
            from app.operations.images.pushing import push_image
            from app.operations.images.tagging import tag_image

            session = screen.desk.session
            if named is not None:
                unsettled = [one for one in tag_image(session, named).results if one.state == "failed"]
                if unsettled:
                    raise MoorageError(f"{unsettled[0].instance.name}: {unsettled[0].detail}")
            return push_image(session, wanted, work.take, work.stop)

        return lambda: begin_transfer(screen, "push", cluster, name, command, run)

    fields = [
        Field("image", "Image", image_argument(row), "as in registry.lan/web:7"),
        Field("as", "As", "", "its own name; or another, that it gets first"),
        Field("instance", "From", first, "the first instance that has it"),
    ]
    lines = ["The registry is the first part of the name; without one it is Docker Hub."]
    return _dialog(screen, f"Push {image_title(row)}", cluster, fields, "Push", commands, begin, lines)


# --- tag -------------------------------------------------------------------------------------------------------------


def tag_dialog(screen: FrameScreen, cluster: str, row: ImageRow) -> FormDialog:
    """Another name, on all instances that have the image or on some."""
    where = " ".join(copy.instance.name for copy in row.copies)

    def request(values: Values) -> TagImageRequest:
        members = {"image": image_argument(row), "tag": values["tag"], "cluster": cluster}
        return parse_request(TagImageRequest, _given({**members, "containerInstances": _words(values["instances"])}))

    def begin(values: Values, command: str) -> Callable[[], object]:
        wanted = request(values)
        name = str(parse_reference(wanted.tag))
        _known_instances(screen, cluster, wanted.container_instances)

        def run(work: Transfer) -> object:
            from app.operations.images.tagging import tag_image

            return tag_image(screen.desk.session, wanted)

        return lambda: begin_transfer(screen, "tag", cluster, name, command, run)

    fields = [
        Field("tag", "New name", str(row.name), "as in registry.lan/web:8"),
        Field("instances", "Instances", where, _ALL),
    ]
    lines = [f"{image_title(row)} keeps its names. Where the new one is taken, it means this image from now on."]
    return _dialog(
        screen, f"Tag {image_title(row)}", cluster, fields, "Tag", lambda v: [("tag", request(v))], begin, lines
    )


# --- copy ------------------------------------------------------------------------------------------------------------


def copy_dialog(screen: FrameScreen, cluster: str, row: ImageRow) -> FormDialog:
    """From the first that has it to all others, through this machine."""
    missing = " ".join(key.name for key in row.missing) if len(row.missing) <= MOST_NAMED else ""

    def request(values: Values) -> CopyImageRequest:
        to = _words(values["to"])
        members = {"image": image_argument(row), "cluster": cluster, "from": values["from"], "to": to, "toAll": not to}
        return parse_request(CopyImageRequest, _given(members))

    def begin(values: Values, command: str) -> Callable[[], object]:
        wanted = request(values)
        _known_instances(screen, cluster, [*wanted.to, *([wanted.from_] if wanted.from_ else [])])

        def run(work: Transfer) -> object:
            from app.operations.images.copying import copy_image

            return copy_image(screen.desk.session, wanted, work.take, work.stop)

        return lambda: begin_transfer(screen, "copy", cluster, image_title(row), command, run)

    fields = [
        Field("from", "From", row.copies[0].instance.name, "the first instance that has it"),
        Field("to", "To", missing, "all others of the cluster; or names, as in edge-1 edge-2"),
    ]
    lines = ["It goes through this machine, and through no registry. Who has the very same image is left out."]
    return _dialog(
        screen,
        f"Copy {image_title(row)}",
        cluster,
        fields,
        "Copy",
        lambda v: [("copy-image", request(v))],
        begin,
        lines,
    )


# --- build -----------------------------------------------------------------------------------------------------------


def build_dialog(screen: FrameScreen, cluster: str) -> FormDialog:
    """A folder here, built on an instance."""

    def request(values: Values) -> BuildImageRequest:
        if not values["tags"]:
            raise MoorageError("Names: at least one, as in registry.lan/web:7")
        members = {
            "path": os.path.expanduser(values["path"]),
            "tag": _words(values["tags"]),
            "file": os.path.expanduser(values["file"]),
            "cluster": cluster,
            "containerInstance": values["instance"],
            "buildArg": _arguments(values["args"]),
            "target": values["target"],
            "platform": values["platform"],
            "noCache": bool(values["nocache"]),
            "pull": bool(values["pull"]),
        }
        return parse_request(BuildImageRequest, _given(members))

    def begin(values: Values, command: str) -> Callable[[], object]:
        wanted = request(values)
        for tag in wanted.tag:
            parse_reference(tag)
        if wanted.container_instance:
            _known_instances(screen, cluster, [wanted.container_instance])
        if not os.path.isdir(wanted.path):
            raise MoorageError(f"{wanted.path}: there is no such folder here")

        def run(work: BuildWork) -> object:
            from app.operations.images.building import build_image

            return build_image(screen.desk.session, wanted, work.take, work.stop)

        return lambda: begin_build(screen, cluster, tuple(wanted.tag), command, run)

    fields = [
        Field("path", "Folder", ".", "on this machine; all of it but .dockerignore is sent"),
        Field("tags", "Names", "", "as in registry.lan/web:7"),
        Field("file", "Dockerfile", "", "Dockerfile in the folder", close=True),
        Field("instance", "On", "", "the instance with the most free memory", close=True),
        Field("args", "Arguments", "", "NAME=VALUE, with blanks between them", close=True),
        Field("target", "Target", "", "the last stage", close=True),
        Field("platform", "Platform", "", _PLATFORM, close=True),
        Field("nocache", "No cache", "", "do every step again", box=True, close=True),
        Field("pull", "Newer base", "", "look in the registry for newer base images", box=True, close=True),
    ]
    return _dialog(
        screen, f"Build in {cluster}", cluster, fields, "Build", lambda v: [("build", request(v))], begin, ()
    )


def _arguments(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise MoorageError(f"Arguments: {str(error).lower()}") from None
