"""A new task definition: from scratch, a sample, a copy, a running container or a file, and then into the editor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.model.errors import DocumentError, MoorageError
from app.model.strict_json import decode_utf8, parse_json
from app.operations.definition_shape import registered_members
from app.operations.editing import EditStart, edit_blank, edit_members
from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.definition_file import Push, definition_file_dialog, images_of
from app.screens.desk import Desk
from app.screens.form_dialog import Field, FormDialog
from app.screens.samples import sample_files
from app.store.definitions import StoredRevision

if TYPE_CHECKING:
    from app.operations.importing import Imported

Edit = Callable[[EditStart], object]
"""Opens the editor."""


def new_definition_dialog(desk: Desk, chosen: StoredRevision | None, push: Push, edit: Edit) -> ChoiceDialog:
    """Asks what to begin with. ``chosen`` is the revision that may be copied."""

    def from_file(imported: Imported) -> None:
        edit(edit_members(imported.members, imported.losses))

    choices = [
        Choice("from scratch", "nothing but an empty form", lambda: edit(edit_blank())),
        Choice("a sample…", "a small definition that runs as it is", lambda: push(_samples(edit))),
    ]
    if chosen is not None:
        name = f"{chosen.family}:{chosen.revision}"
        choices.append(Choice(f"a copy of {name}…", "as another family", lambda: push(_copy_form(desk, chosen, edit))))
    choices += [
        Choice("a container…", "any that runs on an instance", lambda: push(_container_form(desk, edit))),
        Choice(
            "a file…",
            "Compose, CloudFormation, JSON of ECS",
            lambda: push(definition_file_dialog(desk, "From a file", "Edit", push, from_file)),
        ),
    ]
    return ChoiceDialog("New task definition", ("FROM", "WHAT IT BEGINS WITH"), choices)


def _samples(edit: Edit) -> ChoiceDialog:
    choices = [Choice(path.stem, _images(path), partial(_edit_sample, path, edit)) for path in sample_files()]
    return ChoiceDialog("From a sample", ("SAMPLE", "IMAGES"), choices)


def _images(path: Path) -> str:
    try:
        return images_of(parse_json(path.read_bytes(), path.name))
    except (OSError, DocumentError):
        return "cannot be read"


def _edit_sample(path: Path, edit: Edit) -> None:
    edit(EditStart(decode_utf8(path.read_bytes(), path.name)))


def _copy_form(desk: Desk, chosen: StoredRevision, edit: Edit) -> FormDialog:
    def work(values: dict[str, str]) -> Callable[[], object]:
        family = values["family"]
        if not family:
            raise MoorageError("give the new family a name")
        if family in desk.session.definitions.families():
            raise MoorageError(f"family {family!r} is there already; choose another name, or edit it with e")
        return partial(edit, edit_members({**registered_members(chosen), "family": family}))

    title = f"A copy of {chosen.family}:{chosen.revision}"
    return FormDialog(desk, title, [Field("family", "New family", "", "letters, digits, - and _")], "Edit", work)


def _container_form(desk: Desk, edit: Edit) -> FormDialog:
    def work(values: dict[str, str]) -> Callable[[], object]:
        from app.operations.container_import import members_of_container

        if not values["container"]:
            raise MoorageError("give a container's name, or its id")
        found = members_of_container(desk.session, values["cluster"], values["instance"], values["container"])
        return partial(edit, edit_members(*found))

    with_instances = (key.cluster for key in desk.fleet.instances)
    known = next(with_instances, next(iter(desk.fleet.clusters), desk.session.config.default_cluster))
    fields = [
        Field("cluster", "Cluster", known, "letters, digits, - and _"),
        Field("instance", "Instance", "", "every one of the cluster if empty"),
        Field("container", "Container", "", "its name, or the beginning of its id"),
    ]
    return FormDialog(desk, "From a running container", fields, "Edit", work)
