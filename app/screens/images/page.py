"""One image: each of its copies, and the tasks that run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from app.fleet.changes import ChangeSet
from app.model.instance import InstanceKey
from app.model.task import Task
from app.operations.images.uses import image_uses
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.facts import Facts
from app.screens.filtering import exactly
from app.screens.images.deeds import IMAGE_DEEDS, ImageDeeds
from app.screens.images.rows import (
    COPY_COLUMNS,
    USE_COLUMNS,
    copy_row,
    image_argument,
    image_key,
    image_title,
    missing_row,
    moved_cell,
)
from app.screens.images.shape import show_image
from app.screens.images.uses import Use, use_row, uses_of
from widgets.cells import Cell, Row, Span
from widgets.live_table import LiveTable
from widgets.presence import is_here

if TYPE_CHECKING:
    from app.model.image import HostImage
    from app.operations.images.listing import ImageRow
    from app.screens.images.feed import Known

_NOBODY = "No task of the cluster runs it."


class ImageScreen(ImageDeeds):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        *(name for name in IMAGE_DEEDS if name not in ("image.build", "image.prune")),
        *("json", "copy", "copy.command", "jump.tasks", "next.pane"),
        *INSIDE,
    )

    def __init__(self, desk: Desk, cluster: str, key: str) -> None:
        super().__init__(desk)
        self._cluster = cluster
        self._key = key
        self._last: ImageRow | None = None
        self._uses: dict[str, Use] = {}
        self._seen = -1

    def cluster_in_sight(self) -> str:
        return self._cluster

    def crumbs(self) -> Iterable[str]:
        return (self._cluster, "images", image_title(self._last) if self._last else self._key)

    def status(self) -> Cell:
        row = self._row
        if row is None:
            return (Span("gone" if self._known.survey else "not looked yet", "muted"),)
        instances = len(self.desk.fleet.of_cluster(self._cluster))
        there = Span(f"on {len(row.copies)} of {instances}", "ok" if len(row.copies) == instances else "muted")
        moved = (*moved_cell(len(row.moved)), Span("  ")) if row.moved else ()
        return (*moved, there, Span(f"  {formats.size(row.size)}", "muted"))

    def content(self) -> ComposeResult:
        with Horizontal(id="image-top"):
            copies = LiveTable(COPY_COLUMNS, id="image-copies", classes="panel", markable=False, openable=False)
            copies.border_title = " Copies "
            yield copies
            facts = Facts(id="image-facts", classes="panel -divided")
            facts.border_title = "Image "
            yield facts
        uses = LiveTable(USE_COLUMNS, id="image-uses", classes="panel", markable=False, empty=_NOBODY)
        uses.border_title = " Tasks that run it "
        yield uses

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#image-copies").focus()

    # --- what it shows ---------------------------------------------------------------------------------------------

    @property
    def _known(self) -> Known:
        return self.desk.images.of(self._cluster)

    @property
    def _row(self) -> ImageRow | None:
        survey = self._known.survey
        return next((row for row in survey.rows if image_key(row) == self._key), None) if survey else None

    def sync(self, changes: ChangeSet | None) -> None:
        known = self.desk.images.look(self._cluster, self._changed)
        row = self._row
        self._last = row or self._last
        copies, uses = self.query_one("#image-copies", LiveTable), self.query_one("#image-uses", LiveTable)
        if known.survey is None:
            copies.empty_text = known.problem or "Looking where it is…"
            return
        if row is None:
            copies.empty_text = "No instance has it any more."
            copies.set_rows([])
            uses.set_rows([])
            return
        newest = max(row.copies, key=lambda copy: copy.created.timestamp() if copy.created else 0.0).id
        rows: list[Row] = [copy_row(copy, newest, self.now()) for copy in row.copies]
        rows += [missing_row(key) for key in row.missing]
        rows += [missing_row(key, why) for key, why in sorted(known.survey.failures.items())]
        copies.set_rows(rows)
        if changes is None or changes.tasks or known.version != self._seen:
            self._seen = known.version
            found = uses_of(row, self.desk.fleet, image_uses(self.desk.fleet, self._cluster))
            made = [(use_row(use), use) for use in found]
            self._uses = {line.key: use for line, use in made}
            uses.set_rows([line for line, _ in made])
        self._tell()

    def _changed(self) -> None:
        if is_here(self):
            self.refresh_now(None)
            self.refresh_bindings()

    @on(LiveTable.RowHighlighted, "#image-copies")
    def _tell(self) -> None:
        """All that is known of the copy at the cursor, or why nothing is."""
        row, survey = self._row, self._known.survey
        name = self.query_one("#image-copies", LiveTable).cursor_key or ""
        copy = next((copy for copy in row.copies if copy.instance.name == name), None) if row else None
        why = survey.failures.get(InstanceKey(self._cluster, name), "") if survey else ""
        facts = [("On", name), ("Not read", str(why))] if why else [("On", name), ("State", "it does not have it")]
        self.query_one("#image-facts", Facts).show(copy_facts(copy) if copy else facts if name else [])

    # --- keys ------------------------------------------------------------------------------------------------------

    def chosen_image(self) -> ImageRow | None:
        return self._row

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is gone can be pulled again, and nothing else."""
        if action in ("json", "jump_tasks") and self._row is None:
            return False
        return super().check_action(action, parameters)

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one("#image-copies"), self.query_one("#image-uses")])

    def action_json(self) -> None:
        show_image(self, self._cluster, self._row)

    def action_copy(self) -> None:
        if row := self._row:
            self.copy(image_argument(row), "name" if row.name else "id")

    def action_copy_command(self) -> None:
        self.copy(f"moorage list-images --cluster {self._cluster}", "command")

    def action_jump_tasks(self) -> None:
        if (row := self._row) is not None and row.name:
            wanted = exactly("image", row.name)
            self.app.push_screen(self.desk.doors.cluster(self._cluster, wanted=wanted))

    @property
    def _chosen_task(self) -> Task | None:
        use = self._uses.get(self.query_one("#image-uses", LiveTable).cursor_key or "")
        return use.task if use else None

    @on(LiveTable.RowActivated, "#image-uses")
    def _open(self) -> None:
        if task := self._chosen_task:
            self.app.push_screen(self.desk.doors.task(task.id, task.instance))


def copy_facts(copy: HostImage) -> Sequence[tuple[str, str]]:
    """Names and values; foreign text in them is safe already."""
    facts = [
        ("On", copy.instance.name),
        ("Names", "\n".join(map(str, copy.names)) or "none: a newer image has taken it over"),
        ("Id", copy.id),
        ("Digests", "\n".join(map(str, copy.digests)) or "none: no registry has told of it"),
        ("Size", formats.size(copy.size)),
        ("Created", copy.created.astimezone().strftime("%d %b %Y %H:%M:%S") if copy.created else ""),
        ("Containers", " ".join(one[:12] for one in copy.containers[:20])),
    ]
    return [(name, value) for name, value in facts if value]
