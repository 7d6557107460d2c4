"""Which tasks are made of an image, and whether its name has come to mean another one since. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from app.fleet.fleet import Fleet
from app.model.image import short_image_id
from app.model.image_reference import same_image_name
from app.model.manifest import read_manifest
from app.model.safe_text import safe_line
from app.model.task import Task, TaskContainer
from app.screens import formats
from app.screens.images.rows import USE_COLUMNS
from app.screens.rows import pick
from widgets.cells import Cell, Row, cell

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow, ImageSurvey
    from app.operations.images.uses import ImageUses


@dataclass(frozen=True, slots=True)
class Use:
    """One container of a task. ``runs``: what it is made of; ``now``: what the image's name means on its instance."""

    task: Task
    part: TaskContainer
    runs: str
    now: str

    @property
    def moved(self) -> bool:
        return self.runs != self.now and self.task.last_status != "STOPPED"


@lru_cache(4096)
def _same(image: str, name: str) -> bool:
    """Ten thousand tasks have but a few images."""
    return same_image_name(image, name)


def uses_of(row: ImageRow, fleet: Fleet, uses: ImageUses) -> list[Use]:
    """The tasks that have the image, by its name or by its id; what moved comes first.

    Args:
        uses: of the cluster, as the fleet is now.
    """
    found: dict[tuple[str, str], Use] = {}
    for copy in row.copies:
        by_name = uses.of_name(copy.instance, row.name) if row.name else []
        for told in (*uses.of_image(copy.instance, copy.id), *by_name):
            task = fleet.find_task(told.task_id)
            if task is None or not told.id:
                continue
            for part in task.containers:
                if part.runtime is not None and part.runtime.image_id == told.id:
                    found[task.id, part.name] = Use(task, part, told.id, copy.id)
    return sorted(found.values(), key=lambda use: (not use.moved, use.task.instance, use.task.id))


def use_row(use: Use) -> Row:
    words: Cell = cell("as the name says", "muted")
    if use.moved:
        words = cell(f"▲ moved, now {short_image_id(use.now)}", "warn")
    elif use.runs != use.now:
        words = cell("had the name before", "muted")
    cells: dict[str, Cell] = {
        "task": cell(use.task.id[:8], "accent"),
        "definition": cell(use.task.definition),
        "instance": cell(use.task.instance.name),
        "status": formats.task_status(use.task),
        "container": cell(use.part.name),
        "id": cell(short_image_id(use.runs), "warn" if use.moved else ""),
        "moved": words,
    }
    return Row(f"{use.task.id}/{use.part.name}", pick(USE_COLUMNS, cells))


def digest_facts(task: Task, survey: ImageSurvey | None) -> list[tuple[str, str]]:
    """Of each container of a task what it really runs, as far as it is known, and whether its name has moved since.

    ``survey``: of its cluster, if somebody has looked of late.
    """
    lines: list[str] = []
    names = _names_of(task.manifest)
    for part in task.containers:
        runtime = part.runtime
        if runtime is None or not runtime.image_id:
            continue
        # An engine tells of one whose name means something else by now only the id.
        name = names.get(part.name) or str(runtime.image)
        words = f"{name} is {short_image_id(runtime.image_id)}"
        named = _id_now(survey, task, name) if survey is not None else ""
        digests = _digests(survey, task, runtime.image_id) if survey is not None else ()
        if digests:
            words += f", {digests[0].rpartition('@')[2][:19]}…"
        if named and named != runtime.image_id:
            words += f"; the name has moved since, and is {short_image_id(named)} now"
        lines.append(f"{part.name}: {words}" if len(task.containers) > 1 else words)
    return [("Image", "\n".join(lines))] if lines else []


@lru_cache(8)
def _names_of(manifest: str) -> Mapping[str, str]:
    """By container, the image as the definition names it."""
    found: dict[str, str] = {}
    for part in read_manifest(manifest).containers:
        if isinstance(part.get("name"), str) and isinstance(part.get("image"), str):
            found[part["name"]] = safe_line(part["image"])
    return found


def _id_now(survey: ImageSurvey, task: Task, name: str) -> str:
    for row in survey.rows:
        if row.name and _same(row.name, name):
            return next((copy.id for copy in row.copies if copy.instance == task.instance), "")
    return ""


def _digests(survey: ImageSurvey, task: Task, image_id: str) -> Sequence[str]:
    for row in survey.rows:
        for copy in row.copies:
            if copy.id == image_id and copy.instance == task.instance:
                return copy.digests
    return ()
