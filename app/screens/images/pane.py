"""The images of a cluster, all instances together, and what they take on each of their disks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from app.screens.desk import Desk
from app.screens.filtering import parse_filter
from app.screens.images.rows import (
    DISK_COLUMNS,
    EMPTY_IMAGES,
    IMAGE_COLUMNS,
    IMAGE_ORDERS,
    LOOKING,
    disk_rows,
    failures_cell,
    image_key,
    image_row,
    image_subject,
)
from app.screens.instances import EMPTY_INSTANCES
from app.screens.tables.orders import ordered
from app.store.table_memory import Arrangement
from widgets.cell_line import CellLine
from widgets.cells import Cell, Span
from widgets.live_table import LiveTable
from widgets.presence import GoesQuietly

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.operations.images.listing import ImageRow, ImageSurvey
    from app.screens.images.feed import Known

_NO_MATCH = "No image matches the filter. esc clears it."


class ImagesPane(GoesQuietly, Vertical):
    """Shows what the feed knows. ``changed`` is called when it knows something else."""

    DEFAULT_CSS = """
    ImagesPane { height: 1fr; width: 1fr; }
    ImagesPane #images-disk { height: auto; max-height: 30%; }
    """

    def __init__(self, desk: Desk, cluster: str, changed: Callable[[], None], *, id: str) -> None:
        super().__init__(id=id)
        self._desk = desk
        self._cluster = cluster
        self._changed = changed
        self._rows: dict[str, ImageRow] = {}
        self._shown: tuple[object, ...] = ()
        self.count = 0
        self.total = 0
        """Images with the filter, and without."""

    def compose(self) -> ComposeResult:
        yield LiveTable(IMAGE_COLUMNS, id="images-table", empty=LOOKING)
        yield CellLine(id="images-line")
        disk = LiveTable(DISK_COLUMNS, id="images-disk", classes="panel", markable=False, openable=False, pointed=False)
        disk.border_title = " Disk "
        disk.can_focus = False
        yield disk

    @property
    def takes_keys(self) -> LiveTable:
        """What takes the keys."""
        return self.table

    @property
    def table(self) -> LiveTable:
        return self.query_one("#images-table", LiveTable)

    @property
    def chosen(self) -> ImageRow | None:
        """The image at the cursor; None also before there is a table."""
        tables = self.query("#images-table").results(LiveTable)
        return next((self._rows.get(table.cursor_key or "") for table in tables), None)

    @property
    def marked(self) -> Sequence[ImageRow]:
        """The marked ones, in their order."""
        marked = self.table.marked
        return [row for key, row in self._rows.items() if key in marked]

    def show(self, wanted: str, arrangement: Arrangement, instances: int, now: datetime) -> None:
        """Bring it up to date, and see that it is asked for. ``wanted``: a filter."""
        if not instances:
            self._show_nothing()
            return
        known = self._desk.images.look(self._cluster, self._changed)
        survey = known.survey
        # Ages of images are hours and days: once a minute is often enough for them.
        widths = {placed.column.key: placed.width for placed in self.table.column_layout.placed}
        shown = (known.version, wanted, arrangement, instances, widths, int(now.timestamp()) // 60)
        if shown == self._shown:
            return
        self._shown = shown
        matches = parse_filter(wanted)
        every: Sequence[ImageRow] = survey.rows if survey is not None else ()
        found = [row for row in every if not wanted or matches(image_subject(row))]
        found = ordered(found, IMAGE_ORDERS, arrangement)
        self.count, self.total = len(found), len(every)
        self._rows = {image_key(row): row for row in found}
        self.table.empty_text = self._empty(known, wanted)
        self.table.set_rows([image_row(row, instances, now, widths) for row in found])
        self._tell(known, survey)

    def _show_nothing(self) -> None:
        """There is nobody to ask."""
        self._shown, self._rows, self.count, self.total = (), {}, 0, 0
        self.table.empty_text = EMPTY_INSTANCES
        self.table.set_rows([])
        for name in ("#images-line", "#images-disk"):
            self.query_one(name).display = False

    def _empty(self, known: Known, wanted: str) -> str:
        if known.survey is None:
            return f"The images are not known: {known.problem}" if known.problem else LOOKING
        return _NO_MATCH if wanted and known.survey.rows else EMPTY_IMAGES

    def _tell(self, known: Known, survey: ImageSurvey | None) -> None:
        line: Cell = failures_cell(survey.failures) if survey is not None else ()
        if known.problem and survey is not None:
            line = (Span("✕ not renewed  ", "bad"), Span(known.problem, "muted"))
        told = self.query_one("#images-line", CellLine)
        told.display = bool(line)
        told.set(line)
        disk = self.query_one("#images-disk", LiveTable)
        disk.display = survey is not None and bool(survey.disk)
        if survey is not None:
            disk.set_rows(disk_rows(survey))
