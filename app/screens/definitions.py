"""Task definitions: families, their revisions, and the document of the one at the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.model.errors import DocumentError
from app.model.safe_text import safe
from app.model.strict_json import parse_json
from app.screens.actions import INSIDE, TABLE_ACTIONS, bindings
from app.screens.definition_actions import DefinitionActions
from app.screens.definition_rows import (
    FAMILY_COLUMNS,
    REVISION_COLUMNS,
    RevisionKey,
    family_row,
    family_subject,
    revision_rows,
)
from app.screens.definition_shelf import DefinitionShelf
from app.screens.desk import Desk
from app.screens.filtering import FAMILY_TERMS, completions, exactly
from app.screens.json_screen import masked_json
from app.screens.standing import fleet_status
from app.screens.tables.orders import family_orders, revision_orders
from app.store.definitions import StoredRevision
from widgets.cells import Cell, Row, Span
from widgets.json_view import JsonView
from widgets.live_table import LiveTable
from widgets.presence import is_here

EMPTY_FAMILIES = """No task definition yet.

n makes one
i registers the samples"""
EMPTY_DOCUMENT = """A task definition is ECS JSON: the containers of a task and what they need.
A family of them has numbered revisions that never change.

Your own, from a shell:
  moorage register-task-definition --cli-input-json file://web.json"""
_KEYS = ("edit", "new.definition", "diff", "run", "filter", "deregister", "bring.back", "drafts", "reveal", "json")


class DefinitionsScreen(DefinitionActions):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            *_KEYS, "next.pane", "register.samples", "jump.tasks", "copy", "copy.command", *TABLE_ACTIONS, *INSIDE
        ),
    ]
    ARRANGED = ("families", "revisions")
    FILTER_TERMS = FAMILY_TERMS

    def __init__(self, desk: Desk, family: str = "", revision: int = 0) -> None:
        super().__init__(desk)
        self._wanted: RevisionKey | None = (family, revision) if family else None
        self.shelf = DefinitionShelf(desk.session, lambda problem: self.say(problem, bad=True))
        self._left_with: set[RevisionKey] | None = None
        self._family_shown: str | None = None
        self._shown: tuple[object, ...] | None = None
        self._revealed = False
        self._can: tuple[str, bool] = ("", False)

    def crumbs(self) -> Iterable[str]:
        chosen = self.chosen()
        return ("definitions", f"{chosen.family}:{chosen.revision}") if chosen else ("definitions",)

    def status(self) -> Cell:
        drafts = len(self.shelf.drafts)
        told = (Span(f"{drafts} draft{'' if drafts == 1 else 's'}  ", "busy"),) if drafts else ()
        return (*told, *fleet_status(self.desk.fleet, len(self.desk.monitor.broken)))

    def content(self) -> ComposeResult:
        with Horizontal(id="definitions-panes"):
            yield LiveTable(FAMILY_COLUMNS, id="families", empty=EMPTY_FAMILIES, markable=False)
            with Vertical(id="definition-side"):
                revisions = LiveTable(REVISION_COLUMNS, id="revisions", classes="panel -divided")
                revisions.border_title = "Revisions "
                yield revisions
                yield Static("", id="revision-note", markup=False)
                document = JsonView(id="document", classes="panel -divided")
                document.border_title = "Document "
                yield document

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#families").focus()

    # --- coming and going ------------------------------------------------------------------------------------------

    def on_screen_suspend(self) -> None:
        self._left_with = self.shelf.keys()

    def on_screen_resume(self) -> None:
        """What was registered meanwhile is what one wants to see."""
        self.shelf.look(now=True)
        super().on_screen_resume()
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self.go_to(wanted)
        known, self._left_with = self._left_with, None
        new = self.shelf.keys() - known if known is not None else ()
        if new:
            self.go_to(max(new, key=self._since))

    def _since(self, key: RevisionKey) -> tuple[float, RevisionKey]:
        stored = self.shelf.read(key)
        return (stored.registered_at.timestamp() if stored else 0, key)

    def go_to(self, key: RevisionKey) -> None:
        if not is_here(self):
            return
        self.query_one("#families", LiveTable).move_to(key[0])
        self.refresh_now(None)
        if self._family == key[0]:
            self.query_one("#revisions", LiveTable).move_to(f"{key[0]}:{key[1]}")
            self.refresh_now(None)

    # --- showing ---------------------------------------------------------------------------------------------------

    def sync(self, changes: ChangeSet | None) -> None:
        self.shelf.look()
        running = Counter((t.family, t.revision) for t in self.desk.fleet.tasks() if t.last_status == "RUNNING")
        self.query_one("#families", LiveTable).set_rows(self._family_rows(running))
        self._show_revisions(running)

    def _family_rows(self, running: Counter[RevisionKey]) -> list[Row]:
        matches, rows = self.row_filter(), []
        drafts = Counter(draft.base[0] for draft in self.shelf.drafts if draft.base)
        newest_of = [newest for family in self.shelf.families if (newest := self.shelf.newest(family))]
        latest = [newest for newest in newest_of if matches(family_subject(newest))]
        self.counted(len(latest), len(newest_of))
        short = self.has_class("-narrow")
        for newest in self.arranged(self.query_one("#families", LiveTable), latest, family_orders(running)):
            own = {revision: count for (name, revision), count in running.items() if name == newest.family}
            rows.append(family_row(newest, own, short=short, drafts=drafts[newest.family]))
        return rows

    def _show_revisions(self, running: Counter[RevisionKey]) -> None:
        family = self._family
        table = self.query_one("#revisions", LiveTable)
        own = sorted(self.shelf.family(family).values(), key=lambda stored: -stored.revision)
        rows = revision_rows(
            self.arranged(table, own, revision_orders(running)), running, self.shelf.broken, self.now()
        )
        table.border_title = f"Revisions of {family} " if family else "Revisions "
        table.set_rows(rows)
        if family != self._family_shown and rows:
            # Another family: its latest revision is meant, until one is chosen.
            self._family_shown = family
            table.move_to(f"{family}:{max(self.shelf.family(family))}")
        self._show_document()
        can = (stored.status if (stored := self.chosen()) else "", bool(self.shelf.drafts))
        if can != self._can:
            self._can = can
            self.refresh_bindings()

    def _show_document(self) -> None:
        stored = self.chosen()
        shown = (stored.family, stored.revision, stored.note, self._revealed) if stored else ()
        if shown == self._shown:
            return
        self._shown = shown
        note = self.query_one("#revision-note", Static)
        note.display = bool(stored and stored.note)
        note.update(Content(safe(stored.note) if stored else ""))
        view = self.query_one("#document", JsonView)
        text, masked = _shown_document(stored, self._revealed) if stored else (EMPTY_DOCUMENT, False)
        view.set_text(text)
        told = "secrets masked " if masked else ""
        view.border_title = f"{stored.family}:{stored.revision} {told}" if stored else "Document "

    def completions(self, text: str) -> list[str]:
        values = {"family": self.shelf.families, "state": ["active", "inactive"]}
        return completions(text, lambda term: values.get(term, ()), self.FILTER_TERMS)

    # --- what is chosen --------------------------------------------------------------------------------------------

    @property
    def _family(self) -> str | None:
        table = self.query_one_optional("#families", LiveTable)
        return table.cursor_key if table is not None else None

    def chosen(self) -> StoredRevision | None:
        family = self._family
        if family is None:
            return None
        key = self.query_one("#revisions", LiveTable).cursor_key
        revision = int(key.rpartition(":")[2]) if key and key.rpartition(":")[0] == family else 0
        own = self.shelf.family(family)
        return own.get(revision) or (own[max(own)] if own else None)

    def marked_revisions(self) -> list[int]:
        return sorted(int(key.rpartition(":")[2]) for key in self.query_one("#revisions", LiveTable).marked)

    @on(LiveTable.RowHighlighted)
    def _moved(self) -> None:
        self.refresh_now(None)

    @on(LiveTable.RowActivated, "#families")
    def _to_revisions(self) -> None:
        self.query_one("#revisions").focus()

    @on(LiveTable.RowActivated, "#revisions")
    def _open(self) -> None:
        self.action_json()

    def action_jump_tasks(self) -> None:
        if family := self._family:
            self.app.push_screen(self.desk.doors.tasks(exactly("family", family)))

    def action_next_pane(self) -> None:
        self.focus_next_pane([self.query_one(name) for name in ("#families", "#revisions", "#document")])

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self.refresh_now(None)


def _shown_document(stored: StoredRevision, revealed: bool) -> tuple[str, bool]:
    """The document, indented, and whether something is masked in it; one that somebody broke by hand says where."""
    try:
        return masked_json(parse_json(stored.document, f"{stored.family}/{stored.revision}.json"), revealed=revealed)
    except DocumentError as error:
        return error.message, False
