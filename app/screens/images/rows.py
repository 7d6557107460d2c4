"""Images on instances → rows. Pure, and the only place that formats them for the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len

from app.model.image import HostImage, ImageDisk, short_image_id
from app.model.instance import InstanceKey
from app.screens import formats
from app.screens.filtering import Subject, subject
from app.screens.rows import pick
from app.screens.tables.orders import Orders, natural
from widgets.cells import Cell, Column, Row, Span, cell
from widgets.meter import overlay_bar

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow, ImageSurvey

IMAGE_COLUMNS = (
    Column("image", "IMAGE", min_width=24, weight=6),
    Column("id", "ID", width=12, priority=3),
    Column("size", "SIZE", width=6, align="right"),
    Column("created", "CREATED", width=7, align="right", priority=2),
    Column("on", "ON", min_width=10, weight=1),
    Column("tasks", "TASKS", width=12),
)
DISK_COLUMNS = (
    Column("instance", "INSTANCE", min_width=10, weight=1),
    Column("bar", "DISK OF IMAGES", width=20, priority=2),
    Column("used", "USED", width=6, align="right"),
    Column("reclaimable", "UNUSED", width=6, align="right"),
    Column("count", "IMAGES", width=6, align="right", priority=1),
    Column("cache", "BUILD CACHE", width=11, align="right", priority=3),
    Column("note", "", min_width=4, weight=5),
)
"""UNUSED: of no container, so that it would be free again."""
EMPTY_IMAGES = """No image yet.

An image is what containers are made of. A launch pulls what it needs by itself.
Press p to pull one from a registry, b to build one on an instance."""
LOOKING = "Looking which images there are…"
SHORTEST = 12
"""Cells of a name below which it is of no use to choose which end is cut."""
FEW = 2
"""Instances that are named where they have an image; of more it is told how many they are."""
LONGEST_NAMES = 40
_BAR = 20


def image_key(row: ImageRow) -> str:
    """The key of its row: what has no name is known by its id."""
    return str(row.name) or row.copies[0].id


def image_title(row: ImageRow) -> str:
    """What it is called, also where it has no name."""
    return str(row.name) or f"<none> {short_image_id(row.copies[0].id)}"


def image_argument(row: ImageRow) -> str:
    """What names it to an operation."""
    return str(row.name) or row.copies[0].id


def fitting_name(name: str, width: int) -> str:
    """A name in so many cells: its end has the tag, which tells it from its neighbours, so it is cut in front."""
    size = cell_len(name)
    if size <= width or width < SHORTEST:
        return name
    cut = len(name) - width + 1
    while cell_len(name[cut:]) > width - 1:
        cut += 1
    return f"…{name[cut:]}"


def image_row(row: ImageRow, instances: int, now: datetime, widths: Mapping[str, int] = MappingProxyType({})) -> Row:
    """``instances``: how many the cluster has; ``widths``: of the columns in cells, as far as they are known."""
    cells: dict[str, Cell] = {
        "image": cell(fitting_name(image_title(row), widths.get("image", 0))),
        "id": cell(short_image_id(row.ids[0]), "muted") if len(row.ids) == 1 else cell(f"{len(row.ids)} ids", "warn"),
        "size": cell(formats.size(row.size)),
        "created": cell(formats.age(row.created, now), "muted"),
        "on": on_cell(row, instances, widths.get("on", LONGEST_NAMES)),
        "tasks": tasks_cell(row),
    }
    return Row(image_key(row), pick(IMAGE_COLUMNS, cells), dim=row.dangling)


def on_cell(row: ImageRow, instances: int, width: int) -> Cell:
    """Where it is: by names when they are few and fit, else how many of them."""
    names = " ".join(copy.instance.name for copy in row.copies)
    if len(row.copies) == 1 or (len(row.copies) <= FEW and cell_len(names) <= width):
        return cell(names)
    return cell(f"{len(row.copies)} of {instances}")


def tasks_cell(row: ImageRow) -> Cell:
    """How many tasks are made of it, and how many run another image than its name means now."""
    if not row.tasks:
        return cell(formats.NOTHING, "muted")
    moved = (Span(f"  ▲ {len(row.moved)} moved", "warn"),) if row.moved else ()
    return (Span(str(len(row.tasks))), *moved)


def moved_cell(count: int) -> Cell:
    """Tasks that run another image than its name means now."""
    return cell(f"▲ moved: {count} task{'' if count == 1 else 's'}", "warn") if count else cell("")


def image_subject(row: ImageRow) -> Subject:
    names = " ".join(str(name) for copy in row.copies for name in (*copy.names, *copy.digests))
    hosts = " ".join(copy.instance.name for copy in row.copies)
    state = " ".join(
        word
        for word, there in (
            ("dangling", row.dangling),
            ("unused", not any(copy.containers for copy in row.copies)),
            ("moved", bool(row.moved)),
            ("missing", bool(row.missing)),
        )
        if there
    )
    return subject(
        f"{image_title(row)} {names} {' '.join(row.ids)} {hosts} {state}",
        image=f"{image_title(row)} {names}",
        host=hosts,
        state=state,
    )


IMAGE_ORDERS: Orders[ImageRow] = {
    "image": lambda row: natural(row.name) or None,
    "id": lambda row: row.ids[0] if row.ids else None,
    "size": lambda row: row.size,
    "created": lambda row: -row.created.timestamp() if row.created else None,
    "on": lambda row: len(row.copies),
    "tasks": lambda row: (len(row.moved), len(row.tasks)),
}


# --- disks ------------------------------------------------------------------------------------------------------------


def disk_rows(survey: ImageSurvey) -> list[Row]:
    """Of each instance what its images take; all bars in the scale of the fullest."""
    largest = max((disk.used for disk in survey.disk.values()), default=0)
    return [disk_row(key.name, disk, largest) for key, disk in sorted(survey.disk.items())]


def disk_row(name: str, disk: ImageDisk, largest: int) -> Row:
    """The part that containers use is brighter than what nothing uses."""
    whole = disk.used / largest if largest else 0.0
    needed = max(disk.used - disk.reclaimable, 0) / largest if largest else 0.0
    cells: dict[str, Cell] = {
        "instance": cell(name),
        "bar": overlay_bar(whole, needed, _BAR),
        "used": cell(formats.size(disk.used)),
        "reclaimable": cell(formats.size(disk.reclaimable), "" if disk.reclaimable else "muted"),
        "count": cell(str(disk.count), "muted"),
        "cache": cell(formats.size(disk.build_cache) if disk.build_cache else formats.NOTHING, "muted"),
        "note": cell(""),
    }
    return Row(name, pick(DISK_COLUMNS, cells))


def failures_cell(failures: Mapping[InstanceKey, str]) -> Cell:
    """Instances that could not be asked, in one line."""
    if not failures:
        return ()
    told = "; ".join(f"{key.name}: {why}" for key, why in sorted(failures.items()))
    return (Span(f"✕ {len(failures)} not read  ", "bad"), Span(told, "muted"))


def total_words(rows: Sequence[ImageRow], disks: Iterable[ImageDisk]) -> Cell:
    """How much there is, for the header."""
    known, named = list(disks), sum(not row.dangling for row in rows)
    spans = [Span(f"{named} image{'' if named == 1 else 's'}", "strong")]
    if known:
        used, free = sum(disk.used for disk in known), sum(disk.reclaimable for disk in known)
        spans.append(Span(f"  {formats.size(used)} on disk, {formats.size(free)} unused", "muted"))
    return tuple(spans)


# --- one image --------------------------------------------------------------------------------------------------------

COPY_COLUMNS = (
    Column("instance", "INSTANCE", min_width=10, weight=2),
    Column("state", "", width=12),
    Column("id", "ID", width=12),
    Column("size", "SIZE", width=6, align="right"),
    Column("created", "CREATED", width=7, align="right", priority=2),
    Column("containers", "CONTAINERS", width=10, align="right", priority=1),
    Column("digest", "DIGEST", min_width=12, weight=3, priority=3),
)
USE_COLUMNS = (
    Column("task", "TASK", width=8),
    Column("definition", "DEFINITION", min_width=12, weight=2),
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("status", "STATUS", width=11, priority=1),
    Column("container", "CONTAINER", min_width=9, weight=1, priority=2),
    Column("id", "RUNS", width=12),
    Column("moved", "", min_width=22, weight=3),
)


def copy_row(copy: HostImage, newest: str, now: datetime) -> Row:
    """``newest``: the id that the name has on the instance whose image is the youngest."""
    same = copy.id == newest
    cells: dict[str, Cell] = {
        "instance": cell(copy.instance.name),
        "state": cell("● there", "ok") if same else cell("▲ differs", "warn"),
        "id": cell(short_image_id(copy.id), "" if same else "warn"),
        "size": cell(formats.size(copy.size)),
        "created": cell(formats.age(copy.created, now), "muted"),
        "containers": cell(str(len(copy.containers)) if copy.containers else formats.NOTHING),
        "digest": cell(digest_words(copy.digests), "muted"),
    }
    return Row(copy.instance.name, pick(COPY_COLUMNS, cells))


def missing_row(key: InstanceKey, why: str = "") -> Row:
    """An instance that does not have it, or that nobody could ask."""
    cells: dict[str, Cell] = {column.key: cell("") for column in COPY_COLUMNS}
    cells |= {"instance": cell(key.name), "state": cell("✕ not read", "bad") if why else cell("○ missing", "muted")}
    cells["digest"] = cell(why, "bad")
    return Row(key.name, pick(COPY_COLUMNS, cells), dim=not why)


def digest_words(digests: Sequence[str]) -> str:
    """What registries call it: ``sha256:0123456789ab``, once for each."""
    found = dict.fromkeys(digest.rpartition("@")[2] for digest in digests)
    return " ".join(f"sha256:{short_image_id(digest)}" for digest in found)
