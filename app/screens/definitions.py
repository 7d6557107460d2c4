"""Task definitions: families, their revisions, and the document of the one at the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from app.fleet.changes import ChangeSet
from app.model.errors import DocumentError, MoorageError
from app.model.ids import definition_arn
from app.model.requests import DeregisterTaskDefinitionRequest
from app.model.strict_json import parse_json
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.filtering import subject
from app.screens.frame import FrameScreen
from app.screens.json_screen import shown_json
from app.screens.samples import register_samples
from app.store.definitions import StoredRevision
from widgets.cells import Column, Row, cell
from widgets.confirm import Confirm
from widgets.json_view import JsonView
from widgets.live_table import LiveTable

FAMILY_COLUMNS = (
    Column("family", "FAMILY", min_width=12, weight=3),
    Column("latest", "LATEST", width=6, align="right"),
    Column("running", "RUNNING", width=7, align="right"),
)
REVISION_COLUMNS = (
    Column("revision", "REVISION", width=8, align="right"),
    Column("status", "STATUS", width=10),
    Column("running", "RUNNING", width=7, align="right", priority=2),
    Column("by", "REGISTERED BY", min_width=8, weight=1, priority=1),
    Column("age", "AGE", width=4, align="right"),
)
EMPTY_FAMILIES = """No task definition yet.

i registers the samples"""
EMPTY_DOCUMENT = """A task definition is ECS JSON: the containers of a task and what they need.
A family of them has numbered revisions that never change.

Your own, from a shell:
  moorage register-task-definition --cli-input-json file://web.json"""


class DefinitionsScreen(FrameScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run", "json", "deregister", "filter", "next.pane", "register.samples", "copy", "copy.command"),
        *bindings(*INSIDE),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._revisions: dict[tuple[str, int], StoredRevision] = {}
        self._broken: set[tuple[str, int]] = set()
        self._family_shown: str | None = None
        self._fingerprint: tuple[object, ...] | None = None
        self._shown: tuple[str, int] | str | None = "nothing yet"

    def crumbs(self) -> Iterable[str]:
        chosen = self._chosen
        return ("definitions", f"{chosen[0]}:{chosen[1]}") if chosen else ("definitions",)

    def content(self) -> ComposeResult:
        with Horizontal(id="definitions-panes"):
            yield LiveTable(FAMILY_COLUMNS, id="families", empty=EMPTY_FAMILIES, markable=False)
            with Vertical(id="definition-side"):
                revisions = LiveTable(REVISION_COLUMNS, id="revisions", classes="panel -divided", markable=False)
                revisions.border_title = "Revisions "
                yield revisions
                document = JsonView(id="document", classes="panel -divided")
                document.border_title = "Document "
                yield document

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#families").focus()

    # --- reading the store -----------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Read what is new in the store; revisions never change, but for their status."""
        store = self.desk.session.definitions
        fingerprint = store.fingerprint()
        if fingerprint == self._fingerprint:
            return
        self._fingerprint = fingerprint
        self._revisions = {}
        self._broken = set()
        for family in store.families():
            for revision in store.revisions(family):
                try:
                    stored = self._revisions[family, revision] = store.read(family, revision)
                    parse_json(stored.document, family)
                except DocumentError:
                    self._broken.add((family, revision))  # shown as broken; its document pane says where
                except MoorageError as error:
                    self.say(error.message, bad=True)

    def sync(self, changes: ChangeSet | None) -> None:
        self._load()
        running = Counter((t.family, t.revision) for t in self.desk.fleet.tasks() if t.last_status == "RUNNING")
        self.query_one("#families", LiveTable).set_rows(self._family_rows(running))
        self._show_revisions(running)

    def _family_rows(self, running: Counter[tuple[str, int]]) -> list[Row]:
        matches, rows = self.row_filter(), []
        for family in sorted({family for family, _ in self._revisions}):
            if not matches(subject(family, family=family)):
                continue
            active = [
                r for (name, r), stored in self._revisions.items() if name == family and stored.status == "ACTIVE"
            ]
            count = sum(number for (name, _), number in running.items() if name == family)
            latest = cell(str(max(active)), "accent") if active else cell("none", "muted")
            rows.append(
                Row(
                    family,
                    (cell(family), latest, cell(str(count) if count else formats.NOTHING, "ok" if count else "muted")),
                    dim=not active,
                )
            )
        return rows

    def _show_revisions(self, running: Counter[tuple[str, int]]) -> None:
        family, now, rows = self._family, datetime.now(UTC), []
        own = sorted((key for key in self._revisions if key[0] == family), key=lambda key: -key[1])
        for key in own:
            stored, count = self._revisions[key], running[key]
            active = stored.status == "ACTIVE"
            status = cell("● ACTIVE", "ok") if active else cell("○ INACTIVE", "muted")
            if key in self._broken:
                status = cell("✕ BROKEN", "bad")
            rows.append(
                Row(
                    f"{family}:{key[1]}",
                    (
                        cell(str(key[1])),
                        status,
                        cell(str(count) if count else formats.NOTHING, "ok" if count else "muted"),
                        cell(stored.registered_by or formats.NOTHING, "muted"),
                        cell(formats.age(stored.registered_at, now), "muted"),
                    ),
                    dim=not active,
                )
            )
        table = self.query_one("#revisions", LiveTable)
        table.border_title = f"Revisions of {family} " if family else "Revisions "
        table.set_rows(rows)
        if family != self._family_shown and rows:
            # Another family: its latest revision is meant, until one is chosen.
            self._family_shown = family
            table.move_to(rows[0].key)
        self._show_document()

    def _show_document(self) -> None:
        chosen = self._chosen
        if chosen == self._shown:
            return
        self._shown = chosen
        view = self.query_one("#document", JsonView)
        stored = self._revisions.get(chosen) if chosen else None
        view.set_text(_shown_document(stored) if stored else EMPTY_DOCUMENT)
        view.border_title = f"{chosen[0]}:{chosen[1]} " if chosen else "Document "

    # --- what is chosen --------------------------------------------------------------------------------------------

    @property
    def _family(self) -> str | None:
        tables = self.query("#families")
        return tables.first(LiveTable).cursor_key if tables else None

    @property
    def _chosen(self) -> tuple[str, int] | None:
        family = self._family
        if family is None:
            return None
        key = self.query_one("#revisions", LiveTable).cursor_key
        revision = int(key.rpartition(":")[2]) if key else 0
        if (family, revision) in self._revisions:
            return family, revision
        own = [number for name, number in self._revisions if name == family]
        return (family, max(own)) if own else None

    @on(LiveTable.RowHighlighted)
    def _moved(self) -> None:
        self.refresh_now(None)

    @on(LiveTable.RowActivated, "#families")
    def _to_revisions(self) -> None:
        self.query_one("#revisions").focus()

    @on(LiveTable.RowActivated, "#revisions")
    def _open(self) -> None:
        self.action_json()

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one(name) for name in ("#families", "#revisions", "#document")])

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        chosen = self._chosen
        self.app.push_screen(self.desk.doors.run(f"{chosen[0]}:{chosen[1]}" if chosen else ""))

    def action_json(self) -> None:
        from app.operations.definition_shape import definition_shape

        if chosen := self._chosen:
            try:
                shape = definition_shape(self._revisions[chosen])
            except DocumentError as error:
                self.say(error.message, bad=True)
                return
            self.app.push_screen(self.desk.doors.json(["definitions", f"{chosen[0]}:{chosen[1]}", "JSON"], shape))

    def action_copy(self) -> None:
        if chosen := self._chosen:
            self.copy(definition_arn(*chosen), "ARN")

    def action_copy_command(self) -> None:
        if chosen := self._chosen:
            self.copy(f"moorage describe-task-definition --task-definition {chosen[0]}:{chosen[1]}", "command")

    def action_deregister(self) -> None:
        chosen = self._chosen
        if chosen is None or self._revisions[chosen].status != "ACTIVE":
            self.say("Nothing to deregister: no ACTIVE revision is chosen")
            return
        name = f"{chosen[0]}:{chosen[1]}"

        def work() -> object:
            from app.operations.definitions import deregister_task_definition

            return deregister_task_definition(self.desk.session, DeregisterTaskDefinitionRequest(task_definition=name))

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(work, lambda _: self._changed(f"Deregistered {name}"))

        lines = [
            f"{name} becomes INACTIVE: what runs goes on, nothing new is started from it.",
            "Its document is kept.",
        ]
        self.app.push_screen(Confirm(f"Deregister {name}?", lines, action="Deregister"), answered)

    def action_samples(self) -> None:
        self.desk.jobs.run(
            lambda: register_samples(self.desk.session), lambda names: self._changed(samples_message(names))
        )

    def _changed(self, message: str) -> None:
        self.say(message)
        self.refresh_now(None)


def _shown_document(stored: StoredRevision) -> str:
    """The document, indented; one that somebody broke by hand says where."""
    try:
        return shown_json(parse_json(stored.document, f"{stored.family}/{stored.revision}.json"))
    except DocumentError as error:
        return error.message


def samples_message(names: list[str]) -> str:
    return (
        f"Registered {len(names)} sample definitions: {', '.join(names)}" if names else "The samples are there already"
    )
