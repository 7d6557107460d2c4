"""Asks for a file, and takes one of the task definitions in it, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from app.model.errors import MoorageError
from app.model.safe_text import safe_line
from app.screens.choice_dialog import Choice, ChoiceDialog
from app.screens.desk import Desk
from app.screens.form_dialog import Field, FormDialog

if TYPE_CHECKING:
    from app.operations.importing import Imported

Push = Callable[[Any], object]
"""Shows a dialog."""


def definition_file_dialog(
    desk: Desk, title: str, action: str, push: Push, take: Callable[[Imported], object], family: str = ""
) -> FormDialog:
    """
    Args:
        take: gets the definition, on the screen's thread, once every dialog is closed.
        family: the one that is meant where the file has several; "" asks.
    """

    def work(values: dict[str, str]) -> Callable[[], object]:
        from app.operations.importing import import_path

        if not values["path"]:
            raise MoorageError("give the path of a file: Compose, CloudFormation, or JSON of ECS")
        found = import_path(desk.session, values["path"])
        meant = [one for one in found if one.family == family] if len(found) > 1 else found
        if len(meant) == 1:
            return partial(take, meant[0])
        if not found:
            raise MoorageError(f"{values['path']}: has no task definition")
        choices = [Choice(safe_line(one.family), images_of(one.members), partial(take, one)) for one in found]
        return lambda: push(ChoiceDialog("Which of them?", ("FAMILY", "IMAGES"), choices))

    hint = "Compose, CloudFormation or JSON of ECS"
    return FormDialog(desk, title, [Field("path", "File", "", hint)], action, work)


def images_of(members: Any) -> str:
    """The images of a definition's containers, whatever is wrong in it."""
    containers = members.get("containerDefinitions") if isinstance(members, dict) else None
    images = [one.get("image") for one in containers if isinstance(one, dict)] if isinstance(containers, list) else []
    return safe_line(", ".join(str(image) for image in images if image)) or "no image"
