"""Drafts that wait: which one to go on with, or to begin anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from app.model.errors import MoorageError
from app.model.safe_text import safe_line
from app.operations.editing import EditStart, read_text
from app.screens import formats
from app.screens.desk import Desk
from app.store.drafts import Draft, DraftStore, HeldDraft
from widgets.cells import Column, Row, cell
from widgets.confirm import Confirm
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints
from widgets.live_table import LiveTable
from widgets.presence import is_on_top

_COLUMNS = (
    Column("what", "DRAFT", min_width=16, weight=2),
    Column("size", "LINES", width=6, align="right"),
    Column("age", "SAVED", width=8, align="right"),
)
_ANEW = "anew"


class DraftsDialog(Dialog[None]):
    """Offers drafts that nobody edits.

    Args:
        chosen: gets the draft that is gone on with, held; or None for a beginning without one.
        anew: what beginning anew is called; "" where there is nothing to begin.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "discard", "discard", id="drafts.discard", tooltip="Discard the draft at the cursor"),
        Binding("escape,q", "cancel", "cancel", id="drafts.cancel", tooltip="Leave without doing anything"),
    ]

    def __init__(
        self,
        desk: Desk,
        drafts: Sequence[Draft],
        chosen: Callable[[tuple[HeldDraft, Draft] | None], None],
        anew: str = "",
    ) -> None:
        super().__init__()
        self._desk = desk
        self._drafts = {draft.id: draft for draft in drafts}
        self._chosen = chosen
        self._anew = anew

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog drafts-dialog")
        dialog.border_title = "Drafts that are kept"
        with dialog:
            yield LiveTable(_COLUMNS, id="drafts", markable=False)
            yield KeyHints(id="drafts-keys")

    def on_mount(self) -> None:
        self._show()
        self.query_one(LiveTable).focus()

    def _show(self) -> None:
        now = self._desk.session.now()
        rows = [
            Row(
                draft.id,
                (
                    cell(draft_title(draft), "accent"),
                    cell(str(draft.text.count("\n")), "muted"),
                    cell(formats.age(draft.saved_at, now), "muted"),
                ),
            )
            for draft in self._drafts.values()
        ]
        if self._anew:
            rows.append(Row(_ANEW, (cell(self._anew), cell(""), cell(""))))
        self.query_one(LiveTable).set_rows(rows)

    def action_cancel(self) -> None:
        self.dismiss()

    @on(LiveTable.RowActivated)
    def _activated(self, event: LiveTable.RowActivated) -> None:
        if not is_on_top(self):
            return  # a second enter comes before it is gone
        if event.key == _ANEW:
            self.dismiss()
            self._chosen(None)
            return
        try:
            taken = DraftStore(self._desk.session.home).take_up(event.key)
        except MoorageError as error:
            self.app.notify(error.message, severity="error", markup=False)
            return
        if taken is None:
            self.app.notify("Somebody else goes on with it already", severity="warning", markup=False)
            return
        self.dismiss()
        self._chosen(taken)

    def action_discard(self) -> None:
        key = self.query_one(LiveTable).cursor_key
        if key is None or key not in self._drafts:
            return
        draft = self._drafts[key]

        def answered(yes: bool | None) -> None:
            if yes:
                self._discard(draft)

        lines = [f"The draft of {draft_title(draft)}, {draft.text.count(chr(10))} lines. It cannot be brought back."]
        self.app.push_screen(Confirm("Discard this draft?", lines, action="Discard"), answered)

    def _discard(self, draft: Draft) -> None:
        try:
            taken = DraftStore(self._desk.session.home).take_up(draft.id)
            if taken is not None:
                taken[0].discard()
        except MoorageError as error:
            self.app.notify(error.message, severity="error", markup=False)
            return
        self._drafts.pop(draft.id, None)
        if self._drafts:
            self._show()
        else:
            self.dismiss()
            if self._anew:
                self._chosen(None)


def draft_title(draft: Draft) -> str:
    """``web, from web:7``; the family as it is typed at the moment."""
    members = read_text(draft.text).members or {}
    family = members.get("family")
    name = safe_line(family)[:60] if isinstance(family, str) and family else "no name yet"
    return f"{name}, from {draft.base[0]}:{draft.base[1]}" if draft.base else f"{name}, new"


def start_of(draft: Draft) -> EditStart:
    return EditStart(draft.text, draft.base, draft.seen)


def waiting_for(desk: Desk, start: EditStart) -> list[Draft]:
    """Drafts of the same revision as ``start``, or of new definitions where it is new; none when they can't be read."""
    try:
        return [draft for draft in DraftStore(desk.session.home).waiting() if draft.base == start.base]
    except MoorageError:
        return []
